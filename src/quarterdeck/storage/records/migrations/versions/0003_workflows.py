"""Workflow versions, what runs where, and what waits for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_workflows()
    _create_workflow_versions()
    _create_workflow_files()
    _create_workflow_tags()
    _create_environment_moves()
    _create_release_checks()
    _create_workflow_assignments()
    _create_approvals()


def _create_workflows() -> None:
    op.create_table(
        "workflows",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(340), nullable=False),
        sa.Column("numbered", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "workflow_id", name="pk_workflows"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_workflows_project_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("project_id", "name", name="uq_workflows_project_id_name"),
    )


def _create_workflow_versions() -> None:
    op.create_table(
        "workflow_versions",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(71), nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("pins", sa.JSON, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("git", sa.JSON, nullable=False),
        sa.Column("created_ns", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.String(340), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "workflow_id", "version", name="pk_workflow_versions"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id"],
            ["workflows.project_id", "workflows.workflow_id"],
            name="fk_workflow_versions_project_id_workflow_id",
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint(
            "project_id",
            "workflow_id",
            "digest",
            name="uq_workflow_versions_project_id_workflow_id_digest",
        ),
    )


def _create_workflow_files() -> None:
    op.create_table(
        "workflow_files",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("path", sa.String(400), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "workflow_id", "version", "path", name="pk_workflow_files"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id", "version"],
            [
                "workflow_versions.project_id",
                "workflow_versions.workflow_id",
                "workflow_versions.version",
            ],
            name="fk_workflow_files_project_id_workflow_id_version",
            ondelete="CASCADE",
        ),
    )


def _create_workflow_tags() -> None:
    op.create_table(
        "workflow_tags",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("tag", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("moved_ns", sa.BigInteger, nullable=False),
        sa.Column("moved_by", sa.String(340), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "workflow_id", "tag", name="pk_workflow_tags"),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id"],
            ["workflows.project_id", "workflows.workflow_id"],
            name="fk_workflow_tags_project_id_workflow_id",
            ondelete="CASCADE",
        ),
    )


def _create_environment_moves() -> None:
    op.create_table(
        "environment_moves",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(100), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("stable_version", sa.Integer, nullable=False),
        sa.Column("candidate_version", sa.Integer),
        sa.Column("share_bp", sa.Integer, nullable=False),
        sa.Column("sticky_by", sa.String(16), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("auto", sa.Boolean, nullable=False),
        sa.Column("rule", sa.JSON, nullable=False),
        sa.Column("memory", sa.JSON, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("by", sa.String(340), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "workflow_id", "environment", "revision", name="pk_environment_moves"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id"],
            ["workflows.project_id", "workflows.workflow_id"],
            name="fk_environment_moves_project_id_workflow_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_environment_moves_project_id_release_id",
        "environment_moves",
        ["project_id", "release_id"],
    )


def _create_release_checks() -> None:
    op.create_table(
        "release_checks",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(32), nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("project_id", "release_id", "at_ns", name="pk_release_checks"),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id"],
            ["workflows.project_id", "workflows.workflow_id"],
            name="fk_release_checks_project_id_workflow_id",
            ondelete="CASCADE",
        ),
    )


def _create_workflow_assignments() -> None:
    op.create_table(
        "workflow_assignments",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("workflow_id", sa.String(64), nullable=False),
        sa.Column("environment", sa.String(100), nullable=False),
        sa.Column("session_id", sa.String(500), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("arm", sa.String(16), nullable=False),
        sa.Column("release_id", sa.String(64), nullable=False),
        sa.Column("at_ns", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "workflow_id", "environment", "session_id", name="pk_workflow_assignments"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "workflow_id"],
            ["workflows.project_id", "workflows.workflow_id"],
            name="fk_workflow_assignments_project_id_workflow_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_workflow_assignments_at_ns", "workflow_assignments", ["at_ns"])


def _create_approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("project_id", sa.String(64), nullable=False),
        sa.Column("approval_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("session_id", sa.String(500), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("span_id", sa.String(16), nullable=False),
        sa.Column("agent", sa.String(400), nullable=False),
        sa.Column("tool", sa.String(400), nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("arguments", sa.JSON, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("workflow", sa.String(100), nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("environment", sa.String(100), nullable=False),
        sa.Column("default", sa.String(8), nullable=False),
        sa.Column("asked_ns", sa.BigInteger, nullable=False),
        sa.Column("expires_ns", sa.BigInteger, nullable=False),
        sa.Column("decided_ns", sa.BigInteger),
        sa.Column("decided_by", sa.String(340), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("changed_arguments", sa.JSON),
        sa.PrimaryKeyConstraint("project_id", "approval_id", name="pk_approvals"),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["projects.project_id"],
            name="fk_approvals_project_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_approvals_project_id_session_id", "approvals", ["project_id", "session_id"])
    op.create_index(
        "ix_approvals_project_id_state_asked_ns", "approvals", ["project_id", "state", "asked_ns"]
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore a backup instead.")
