"""
The tables of memory: a log of writes that is never changed, and what hides parts of it.

Each project counts its writes, reverts and checkpoints with one number, `seq`, so that memory as it
was at any moment can be read again: the newest write of each key at or before the moment that
nothing hid at that moment.  A revert hides writes; to undo it ends the hiding.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from quarterdeck.storage.records.tables import METADATA


def _project_column() -> Column[str]:
    return Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        primary_key=True,
    )


MEMORY_CLOCKS = Table(
    "memory_clocks",
    METADATA,
    _project_column(),
    # The last `seq` given.  Locked by who writes.
    Column("seq", BigInteger, nullable=False),
)

MEMORY_WRITES = Table(
    "memory_writes",
    METADATA,
    _project_column(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("environment", String(100), nullable=False),
    Column("namespace", String(400), nullable=False),
    # "" or whose it is: `user:u-7`, `session:…`, `task:…`.
    Column("scope", String(400), nullable=False),
    Column("key", String(400), nullable=False),
    # SHA-256 of environment, namespace, scope and key: one short index entry for what can be 1,300
    # characters.
    Column("entry_id", String(64), nullable=False),
    Column("value", JSON, nullable=False),
    # What a search looks at (`memory.matching.searchable`): words between spaces.
    Column("text", Text, nullable=False),
    # float32, little-endian; null where the writer gave none.
    Column("embedding", LargeBinary),
    # The key is gone from here on; `value` is null then.
    Column("deleted", Boolean, nullable=False),
    Column("session_id", String(500), nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("span_id", String(16), nullable=False),
    Column("agent", String(400), nullable=False),
    Column("user_id", String(400), nullable=False),
    Column("workflow", String(100), nullable=False),
    Column("version", Integer),
    # Who held the key: `key:…`, `account:…`, `local`.
    Column("by", String(340), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    # The first instant at which it is gone; null: never.
    Column("expires_ns", BigInteger),
    # Its time had come, so value, text and embedding were taken away.
    Column("swept", Boolean, nullable=False),
    # A revert that hides it now, "" for none: kept beside `memory_hides`, which knows all.
    Column("hidden_by", String(64), nullable=False),
    # Whether it is what a get of its key finds now, TTL aside.
    Column("current", Boolean, nullable=False),
    Index("ix_memory_writes_project_id_entry_id_seq", "project_id", "entry_id", "seq"),
    Index("ix_memory_writes_project_id_session_id", "project_id", "session_id"),
    # In the order in which lists and searches want them, so that no text is sorted.
    Index(
        "ix_memory_writes_project_id_current_namespace_seq",
        "project_id",
        "current",
        "namespace",
        "seq",
    ),
    Index("ix_memory_writes_swept_expires_ns", "swept", "expires_ns"),
)

# A row for each write and each revert that hides it, and from when until when it does.  Several
# may hide one write: it is seen again when none does.
MEMORY_HIDES = Table(
    "memory_hides",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("write_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("from_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("revert_id", String(64), primary_key=True),
    # The first `seq` at which it no longer does; null: it still does.
    Column("until_seq", BigInteger),
    # The revert that ended it, on the way back to a checkpoint; "" for any other end.
    Column("ended_by", String(64), nullable=False),
    ForeignKeyConstraint(
        ["project_id", "write_seq"],
        ["memory_writes.project_id", "memory_writes.seq"],
        ondelete="CASCADE",
    ),
    Index("ix_memory_hides_project_id_revert_id", "project_id", "revert_id"),
    Index("ix_memory_hides_project_id_ended_by", "project_id", "ended_by"),
)

MEMORY_REVERTS = Table(
    "memory_reverts",
    METADATA,
    _project_column(),
    Column("revert_id", String(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    # What was chosen, as `memory.selection.Selection`.
    Column("selection", JSON, nullable=False),
    # How many writes it hid, and how many it showed again (only back to a checkpoint).
    Column("hidden", Integer, nullable=False),
    Column("shown", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    Column("by", String(340), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    # When and by whom it was taken back; null and "" while it holds.
    Column("undone_seq", BigInteger),
    Column("undone_ns", BigInteger),
    Column("undone_by", String(340), nullable=False),
)

MEMORY_CHECKPOINTS = Table(
    "memory_checkpoints",
    METADATA,
    _project_column(),
    Column("checkpoint_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("description", Text, nullable=False),
    Column("by", String(340), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# Which session read which write.
MEMORY_READS = Table(
    "memory_reads",
    METADATA,
    Column(
        "read_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("project_id", String(64), nullable=False),
    Column("write_seq", BigInteger, nullable=False),
    Column("session_id", String(500), nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("span_id", String(16), nullable=False),
    Column("agent", String(400), nullable=False),
    Column("workflow", String(100), nullable=False),
    Column("version", Integer),
    Column("at_ns", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "write_seq"],
        ["memory_writes.project_id", "memory_writes.seq"],
        ondelete="CASCADE",
    ),
    Index("ix_memory_reads_project_id_write_seq", "project_id", "write_seq"),
    Index("ix_memory_reads_project_id_session_id", "project_id", "session_id"),
    Index("ix_memory_reads_at_ns", "at_ns"),
)
