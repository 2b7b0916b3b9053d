"""
The tables of what is transactional: projects, accounts, keys, logins, audit, deletions.

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
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
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
