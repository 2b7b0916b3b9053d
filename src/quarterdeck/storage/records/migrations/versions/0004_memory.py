"""Memory: a log of writes, and what hides parts of it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_memory_clocks()
    _create_memory_writes()
    _create_memory_hides()
    _create_memory_reverts()
    _create_memory_checkpoints()
    _create_memory_reads()


def _create_memory_clocks() -> None:
    op.create_table(
        "memory_clocks",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_memory_clocks"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_memory_clocks_project_id",
            ondelete="CASCADE",
        ),
    )


def _create_memory_writes() -> None:
    op.create_table(
        "memory_writes",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("environment", sa.String(100), nullable=False),
        sa.Column("namespace", sa.String(400), nullable=False),
        sa.Column("scope", sa.String(400), nullable=False),
        sa.Column("key", sa.String(400), nullable=False),
        sa.Column("entry_id", sa.String(64), nullable=False),
        sa.Column("value", sa.JSON, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("embedding", sa.LargeBinary),
        sa.Column("deleted", sa.Boolean, nullable=False),
        sa.Column("session_id", sa.String(500), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("span_id", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(400), nullable=False),
        sa.Column("user_id", sa.String(400), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("by", sa.String(340), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("swept", sa.Boolean, nullable=False),
        sa.Column("hidden_by", sa.String(64), nullable=False),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "seq", name="pk_memory_writes"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_memory_writes_project_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_memory_writes_project_id_current_namespace_seq",
        "memory_writes",
        ["project_id", "current", "namespace", "seq"],
    )
    op.create_index(
        "ix_memory_writes_project_id_entry_id_seq",
        "memory_writes",
        ["project_id", "entry_id", "seq"],
    )
    op.create_index(
        "ix_memory_writes_project_id_session_id", "memory_writes", ["project_id", "session_id"]
    )
    op.create_index("ix_memory_writes_swept_expires_ns", "memory_writes", ["swept", "expires_ns"])


def _create_memory_hides() -> None:
    op.create_table(
        "memory_hides",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("write_seq", sa.BigInteger, nullable=False),
        sa.Column("from_seq", sa.BigInteger, nullable=False),
        sa.Column("revert_id", sa.String(64), nullable=False),
        sa.Column("until_seq", sa.BigInteger),
        sa.Column("ended_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "write_seq", "from_seq", "revert_id", name="pk_memory_hides"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "write_seq"],
            ["memory_writes.project_id", "memory_writes.seq"],
            name="fk_memory_hides_project_id_write_seq",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_memory_hides_project_id_revert_id", "memory_hides", ["project_id", "revert_id"]
    )
    op.create_index(
        "ix_memory_hides_project_id_ended_by", "memory_hides", ["project_id", "ended_by"]
    )


def _create_memory_reverts() -> None:
    op.create_table(
        "memory_reverts",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("revert_id", sa.String(64), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("selection", sa.JSON, nullable=False),
        sa.Column("hidden", sa.Integer, nullable=False),
        sa.Column("shown", sa.Integer, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("by", sa.String(340), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("undone_seq", sa.BigInteger),
        sa.Column("undone_ns", sa.BigInteger),
        sa.Column("undone_by", sa.String(340), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "revert_id", name="pk_memory_reverts"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_memory_reverts_project_id",
            ondelete="CASCADE",
        ),
    )


def _create_memory_checkpoints() -> None:
    op.create_table(
        "memory_checkpoints",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("checkpoint_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("by", sa.String(340), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "checkpoint_id", name="pk_memory_checkpoints"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_memory_checkpoints_project_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("project_id", "name", name="uq_memory_checkpoints_project_id_name"),
    )


def _create_memory_reads() -> None:
    op.create_table(
        "memory_reads",
        sa.Column(
            "read_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("write_seq", sa.BigInteger, nullable=False),
        sa.Column("session_id", sa.String(500), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("span_id", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(400), nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("read_id", name="pk_memory_reads"),
        sa.ForeignKeyConstraint(
            ["project_id", "write_seq"],
            ["memory_writes.project_id", "memory_writes.seq"],
            name="fk_memory_reads_project_id_write_seq",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_memory_reads_project_id_session_id", "memory_reads", ["project_id", "session_id"]
    )
    op.create_index(
        "ix_memory_reads_project_id_write_seq", "memory_reads", ["project_id", "write_seq"]
    )
    op.create_index("ix_memory_reads_at_ns", "memory_reads", ["at_ns"])


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore a backup instead.")
