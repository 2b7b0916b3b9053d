"""
The tables of workflow versions, of what runs where, and of what waits for a person.

A version never changes.  What an environment runs is its newest move and nothing else: a release is
one inserted row, so that a crash leaves the old state or the new one, and of two moves at once the
unique revision lets one through.
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


def _of_workflow() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["project_id", "workflow_id"],
        ["workflows.project_id", "workflows.workflow_id"],
        ondelete="CASCADE",
    )


WORKFLOWS = Table(
    "workflows",
    METADATA,
    Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("workflow_id", String(64), primary_key=True),
    Column("name", String(100), nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    # The last number given.
    Column("numbered", Integer, nullable=False),
    UniqueConstraint("project_id", "name"),
)

WORKFLOW_VERSIONS = Table(
    "workflow_versions",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("workflow_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(71), nullable=False),
    # What `workflows.manifest.Version` says, read once when it was pushed; the files are the truth.
    Column("content", JSON, nullable=False),
    Column("pins", JSON, nullable=False),
    Column("message", Text, nullable=False),
    # {"commit", "branch", "dirty", "repository"} as the pushing side told, {} for none.
    Column("git", JSON, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("created_by", String(340), nullable=False),
    _of_workflow(),
    UniqueConstraint("project_id", "workflow_id", "digest"),
)

WORKFLOW_FILES = Table(
    "workflow_files",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("workflow_id", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("path", String(400), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["project_id", "workflow_id", "version"],
        [
            "workflow_versions.project_id",
            "workflow_versions.workflow_id",
            "workflow_versions.version",
        ],
        ondelete="CASCADE",
    ),
)

WORKFLOW_TAGS = Table(
    "workflow_tags",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("workflow_id", String(64), primary_key=True),
    Column("tag", String(100), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("moved_ns", BigInteger, nullable=False),
    Column("moved_by", String(340), nullable=False),
    _of_workflow(),
)

ENVIRONMENT_MOVES = Table(
    "environment_moves",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("workflow_id", String(64), primary_key=True),
    Column("environment", String(100), primary_key=True),
    # From 1, without a gap: the newest is what runs.
    Column("revision", Integer, primary_key=True, autoincrement=False),
    # release, canary, share, hold, resume, promote, rollback
    Column("kind", String(16), nullable=False),
    Column("stable_version", Integer, nullable=False),
    Column("candidate_version", Integer),
    # Of the candidate, in 1/10,000 of what is assigned.
    Column("share_bp", Integer, nullable=False),
    Column("sticky_by", String(16), nullable=False),
    # The canary that it belongs to, "" for none.  Also the salt of its assignments.
    Column("release_id", String(64), nullable=False),
    # Whether the watch may promote and roll back by itself.
    Column("auto", Boolean, nullable=False),
    # The rule that decides, as `workflows.canary.Rule`; {} without a canary.
    Column("rule", JSON, nullable=False),
    # What happened to memory in the same transaction: {"checkpoint", "revert_id"}; {} for nothing.
    Column("memory", JSON, nullable=False),
    # The verdict and the figures when it was made; {} where nobody looked.
    Column("evidence", JSON, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("by", String(340), nullable=False),
    _of_workflow(),
    Index("ix_environment_moves_project_id_release_id", "project_id", "release_id"),
)

# What the watch of a canary found, each time that it had something new.
RELEASE_CHECKS = Table(
    "release_checks",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("release_id", String(64), primary_key=True),
    Column("at_ns", BigInteger, primary_key=True, autoincrement=False),
    Column("workflow_id", String(64), nullable=False),
    Column("verdict", String(32), nullable=False),
    Column("evidence", JSON, nullable=False),
    _of_workflow(),
)

# Which version a session began with.
WORKFLOW_ASSIGNMENTS = Table(
    "workflow_assignments",
    METADATA,
    Column("project_id", String(64), primary_key=True),
    Column("workflow_id", String(64), primary_key=True),
    Column("environment", String(100), primary_key=True),
    Column("session_id", String(500), primary_key=True),
    Column("version", Integer, nullable=False),
    Column("arm", String(16), nullable=False),
    Column("release_id", String(64), nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    _of_workflow(),
    Index("ix_workflow_assignments_at_ns", "at_ns"),
)

# A tool call, or a step, that waits for a person.
APPROVALS = Table(
    "approvals",
    METADATA,
    Column(
        "project_id",
        String(64),
        ForeignKey("projects.project_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("approval_id", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("session_id", String(500), nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("span_id", String(16), nullable=False),
    Column("agent", String(400), nullable=False),
    Column("tool", String(400), nullable=False),
    Column("question", Text, nullable=False),
    Column("arguments", JSON, nullable=False),
    # Why it is asked: the rule, as the manifest writes it.
    Column("rule", Text, nullable=False),
    Column("workflow", String(100), nullable=False),
    Column("version", Integer),
    Column("environment", String(100), nullable=False),
    # What holds when nobody answers: allow or deny.
    Column("default", String(8), nullable=False),
    Column("asked_ns", BigInteger, nullable=False),
    # The first instant at which it is no longer waited for.
    Column("expires_ns", BigInteger, nullable=False),
    Column("decided_ns", BigInteger),
    Column("decided_by", String(340), nullable=False),
    Column("reason", Text, nullable=False),
    # What a person made of the arguments; null where they stayed.
    Column("changed_arguments", JSON),
    Index("ix_approvals_project_id_state_asked_ns", "project_id", "state", "asked_ns"),
    Index("ix_approvals_project_id_session_id", "project_id", "session_id"),
)
