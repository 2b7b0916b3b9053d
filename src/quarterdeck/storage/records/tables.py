"""
The tables of what is transactional: projects, accounts, keys, logins, audit, deletions; prompts,
datasets and experiments.

One definition for SQLite and PostgreSQL, so only types that both have.  Instants are integer
nanoseconds.  Secrets are never here in a form that could be used: keys and logins as SHA-256,
passwords as argon2id.  The migrations make these tables; a test compares the two.
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
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# What this server knows about itself, e.g. the secret that its keys' checksums are made with.
SERVER = Table(
    "server",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

PROJECTS = Table(
    "projects",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("session_key", String(500), nullable=False),
    Column("retention_days", Integer),
    Column("redaction_patterns", JSON, nullable=False),
    Column("human_tools", JSON, nullable=False),
    Column("scripted_humans", Boolean, nullable=False),
    Column("price_overrides", JSON, nullable=False),
)

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", String(36), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("password_hash", String(500), nullable=False),
    Column("owner", Boolean, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

MEMBERSHIPS = Table(
    "memberships",
    METADATA,
    Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column(
        "account_id",
        String(36),
        ForeignKey("accounts.account_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("role", String(16), nullable=False),
)

KEYS = Table(
    "keys",
    METADATA,
    Column("key_id", String(36), primary_key=True),
    Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("name", String(200), nullable=False),
    Column("prefix", String(16), nullable=False, index=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    Column("expires_ns", BigInteger),
    Column("revoked_ns", BigInteger),
    Column("last_used_ns", BigInteger),
    Index("ix_keys_project_id", "project_id"),
)

LOGINS = Table(
    "logins",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column(
        "account_id",
        String(36),
        ForeignKey("accounts.account_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("created_ns", BigInteger, nullable=False),
    Column("expires_ns", BigInteger, nullable=False),
)

AUDIT = Table(
    "audit",
    METADATA,
    # SQLite counts up by itself only for INTEGER; 2**31 changes are enough there too.
    Column(
        "audit_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    # No foreign key: the rows outlive the project that they tell about.
    Column("project_id", String(64), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("actor", String(340), nullable=False),
    Column("action", String(64), nullable=False),
    Column("target", String(500), nullable=False),
    Column("details", JSON, nullable=False),
    Index("ix_audit_project_id_audit_id", "project_id", "audit_id"),
)

DELETIONS = Table(
    "deletions",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("target", String(500), primary_key=True),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", String(340), nullable=False),
)


def _project_column() -> Column[str]:
    return Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        primary_key=True,
    )


PROMPTS = Table(
    "prompts",
    METADATA,
    _project_column(),
    Column("prompt_id", String(64), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("description", Text, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    # The last number given: those of deleted versions are not given again.
    Column("numbered", Integer, nullable=False),
    UniqueConstraint("project_id", "name"),
)


def _of_prompt() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project_id", "prompt_id"],
        ["prompts.project_id", "prompts.prompt_id"],
        ondelete="CASCADE",
    )


PROMPT_VERSIONS = Table(
    "prompt_versions",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("prompt_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("version_id", String(200), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("content", JSON, nullable=False),
    Column("message", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    _of_prompt(),
    UniqueConstraint("project_id", "version_id"),
    Index("ix_prompt_versions_project_id_digest", "project_id", "digest"),
)

PROMPT_LABELS = Table(
    "prompt_labels",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("prompt_id", String(64), primary_key=True),
    Column("label", String(200), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("moved_ns", BigInteger, nullable=False),
    Column("moved_by", String(340), nullable=False),
    ForeignKeyConstraint(
        ["project_id", "prompt_id", "version"],
        [
            "prompt_versions.project_id",
            "prompt_versions.prompt_id",
            "prompt_versions.version",
        ],
        ondelete="CASCADE",
    ),
)

# Each move of a label, never changed: what an environment's history of releases will be.
PROMPT_LABEL_MOVES = Table(
    "prompt_label_moves",
    METADATA,
    Column(
        "move_id",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("project_id", String(64), nullable=False),
    Column("prompt_id", String(64), nullable=False),
    Column("label", String(200), nullable=False),
    Column("from_version", Integer),
    Column("to_version", Integer),
    Column("moved_ns", BigInteger, nullable=False),
    Column("moved_by", String(340), nullable=False),
    _of_prompt(),
    Index("ix_prompt_label_moves_project_id_prompt_id", "project_id", "prompt_id"),
)

DATASETS = Table(
    "datasets",
    METADATA,
    _project_column(),
    Column("dataset_id", String(200), primary_key=True),
    Column("name", String(400), nullable=False),
    Column("description", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("source", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    # The last place given to a case: cases are listed in the order in which they were made.
    Column("placed", Integer, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    UniqueConstraint("project_id", "name"),
)

# A row for each state of a case: the dataset as it was at a version can be read again.
CASES = Table(
    "cases",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("dataset_id", String(200), primary_key=True),
    Column("case_id", String(200), primary_key=True),
    # Of the dataset: the first at which the case was so, and the first at which it no longer was.
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("until_version", Integer),
    Column("place", Integer, nullable=False),
    Column("input", JSON, nullable=False),
    Column("expected", JSON, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("split", String(200), nullable=False),
    Column("source_trace_id", String(200), nullable=False),
    Column("source_span_id", String(200), nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("source", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("updated_ns", BigInteger, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "dataset_id"],
        ["datasets.project_id", "datasets.dataset_id"],
        ondelete="CASCADE",
    ),
    Index("ix_cases_project_id_case_id", "project_id", "case_id"),
    Index("ix_cases_project_id_dataset_id_place", "project_id", "dataset_id", "place"),
)

EXPERIMENTS = Table(
    "experiments",
    METADATA,
    _project_column(),
    Column("experiment_id", String(200), primary_key=True),
    Column("name", String(400), nullable=False),
    # No foreign key: an experiment's results outlive the dataset that they were made on.
    Column("dataset_id", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("source", String(64), nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger),
    Column("created_by", String(340), nullable=False),
    # Products differ in where a name is unique: none is stricter than this.
    UniqueConstraint("project_id", "name", "source", "dataset_id"),
)

EXPERIMENT_RUNS = Table(
    "experiment_runs",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("experiment_id", String(200), primary_key=True),
    Column("run_id", String(200), primary_key=True),
    Column("case_id", String(200), nullable=False),
    Column("trace_id", String(200), nullable=False),
    Column("span_id", String(200), nullable=False),
    Column("trial", Integer, nullable=False),
    Column("output", JSON, nullable=False),
    Column("error", Text, nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("metadata", JSON, nullable=False),
    Column("scores", JSON, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "experiment_id"],
        ["experiments.project_id", "experiments.experiment_id"],
        ondelete="CASCADE",
    ),
)
