"""Projects, accounts, memberships, keys, logins, audit rows and deletions."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PROJECT = sa.String(64)
_ACCOUNT = sa.String(36)
_ACTOR = sa.String(340)


def upgrade() -> None:
    op.create_table(
        "server",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_server"),
    )
    op.create_table(
        "projects",
        sa.Column("project_id", _PROJECT, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("session_key", sa.String(500), nullable=False),
        sa.Column("retention_days", sa.Integer),
        sa.Column("redaction_patterns", sa.JSON, nullable=False),
        sa.Column("human_tools", sa.JSON, nullable=False),
        sa.Column("scripted_humans", sa.Boolean, nullable=False),
        sa.Column("price_overrides", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("project_id", name="pk_projects"),
    )
    _create_accounts()
    _create_credentials()
    _create_history()


def _create_accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("account_id", _ACCOUNT, nullable=False),
        sa.Column("email", sa.String(320), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("password_hash", sa.String(500), nullable=False),
        sa.Column("owner", sa.Boolean, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="pk_accounts"),
        sa.UniqueConstraint("email", name="uq_accounts_email"),
    )
    op.create_table(
        "memberships",
        sa.Column("project_id", _PROJECT, nullable=False),
        sa.Column("account_id", _ACCOUNT, nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "account_id", name="pk_memberships"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_memberships_project_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name="fk_memberships_account_id",
            ondelete="CASCADE",
        ),
    )


def _create_credentials() -> None:
    op.create_table(
        "keys",
        sa.Column("key_id", sa.String(36), nullable=False),
        sa.Column("project_id", _PROJECT, nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("prefix", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("created_by", _ACTOR, nullable=False),
        sa.Column("expires_ns", sa.BigInteger),
        sa.Column("revoked_ns", sa.BigInteger),
        sa.Column("last_used_ns", sa.BigInteger),
        sa.PrimaryKeyConstraint("key_id", name="pk_keys"),
        sa.UniqueConstraint("sha256", name="uq_keys_sha256"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_keys_project_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_keys_prefix", "keys", ["prefix"])
    op.create_index("ix_keys_project_id", "keys", ["project_id"])
    op.create_table(
        "logins",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("account_id", _ACCOUNT, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_logins"),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name="fk_logins_account_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_logins_account_id", "logins", ["account_id"])


def _create_history() -> None:
    op.create_table(
        "audit",
        sa.Column(
            "audit_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("project_id", _PROJECT, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("actor", _ACTOR, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("details", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit"),
    )
    op.create_index("ix_audit_project_id_audit_id", "audit", ["project_id", "audit_id"])
    op.create_table(
        "deletions",
        sa.Column("project_id", _PROJECT, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("target", sa.String(500), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("by", _ACTOR, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "kind", "target", name="pk_deletions"),
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore a backup instead.")
