"""Prompts with versions and labels, datasets with cases, experiments with runs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_PROJECT = sa.String(64)
_ACTOR = sa.String(340)
_NAME = sa.String(400)
_ID = sa.String(200)
_PROMPT_ID = sa.String(64)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _instant(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _some(name: str, kind: sa.String) -> sa.Column[str]:
    return sa.Column(name, kind, nullable=False)


def _of_project(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["project_id"], ["projects.project_id"], name=f"fk_{table}_project_id", ondelete="CASCADE"
    )


def upgrade() -> None:
    _create_prompts()
    _create_labels()
    _create_datasets()
    _create_experiments()


def _create_prompts() -> None:
    op.create_table(
        "prompts",
        _some("project_id", _PROJECT),
        _some("prompt_id", _PROMPT_ID),
        _some("name", _NAME),
        _text("description"),
        _json("tags"),
        _json("metadata"),
        _instant("created_ns"),
        _some("created_by", _ACTOR),
        _instant("updated_ns"),
        _number("numbered"),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", name="pk_prompts"),
        sa.UniqueConstraint("project_id", "name", name="uq_prompts_project_id_name"),
        _of_project("prompts"),
    )
    op.create_table(
        "prompt_versions",
        _some("project_id", _PROJECT),
        _some("prompt_id", _PROMPT_ID),
        _number("version"),
        _some("version_id", _ID),
        _some("digest", sa.String(71)),
        _json("content"),
        _text("message"),
        _json("metadata"),
        _instant("created_ns"),
        _some("created_by", _ACTOR),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "version", name="pk_prompt_versions"),
        sa.UniqueConstraint(
            "project_id", "version_id", name="uq_prompt_versions_project_id_version_id"
        ),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id"],
            ["prompts.project_id", "prompts.prompt_id"],
            name="fk_prompt_versions_project_id_prompt_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_prompt_versions_project_id_digest", "prompt_versions", ["project_id", "digest"]
    )


def _create_labels() -> None:
    op.create_table(
        "prompt_labels",
        _some("project_id", _PROJECT),
        _some("prompt_id", _PROMPT_ID),
        _some("label", _ID),
        _number("version"),
        _instant("moved_ns"),
        _some("moved_by", _ACTOR),
        sa.PrimaryKeyConstraint("project_id", "prompt_id", "label", name="pk_prompt_labels"),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id", "version"],
            [
                "prompt_versions.project_id",
                "prompt_versions.prompt_id",
                "prompt_versions.version",
            ],
            name="fk_prompt_labels_project_id_prompt_id_version",
            ondelete="CASCADE",
        ),
    )
    op.create_table(
        "prompt_label_moves",
        sa.Column(
            "move_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        _some("project_id", _PROJECT),
        _some("prompt_id", _PROMPT_ID),
        _some("label", _ID),
        sa.Column("from_version", sa.Integer),
        sa.Column("to_version", sa.Integer),
        _instant("moved_ns"),
        _some("moved_by", _ACTOR),
        sa.PrimaryKeyConstraint("move_id", name="pk_prompt_label_moves"),
        sa.ForeignKeyConstraint(
            ["project_id", "prompt_id"],
            ["prompts.project_id", "prompts.prompt_id"],
            name="fk_prompt_label_moves_project_id_prompt_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index(
        "ix_prompt_label_moves_project_id_prompt_id",
        "prompt_label_moves",
        ["project_id", "prompt_id"],
    )


def _create_datasets() -> None:
    op.create_table(
        "datasets",
        _some("project_id", _PROJECT),
        _some("dataset_id", _ID),
        _some("name", _NAME),
        _text("description"),
        _json("metadata"),
        _some("source", sa.String(64)),
        _number("version"),
        _number("placed"),
        _instant("created_ns"),
        _some("created_by", _ACTOR),
        _instant("updated_ns"),
        sa.PrimaryKeyConstraint("project_id", "dataset_id", name="pk_datasets"),
        sa.UniqueConstraint("project_id", "name", name="uq_datasets_project_id_name"),
        _of_project("datasets"),
    )
    op.create_table(
        "cases",
        _some("project_id", _PROJECT),
        _some("dataset_id", _ID),
        _some("case_id", _ID),
        _number("version"),
        sa.Column("until_version", sa.Integer),
        _number("place"),
        _json("input"),
        _json("expected"),
        _json("metadata"),
        _some("split", _ID),
        _some("source_trace_id", _ID),
        _some("source_span_id", _ID),
        sa.Column("archived", sa.Boolean, nullable=False),
        _json("source"),
        _instant("created_ns"),
        _instant("updated_ns"),
        sa.PrimaryKeyConstraint("project_id", "dataset_id", "case_id", "version", name="pk_cases"),
        sa.ForeignKeyConstraint(
            ["project_id", "dataset_id"],
            ["datasets.project_id", "datasets.dataset_id"],
            name="fk_cases_project_id_dataset_id",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_cases_project_id_case_id", "cases", ["project_id", "case_id"])
    op.create_index(
        "ix_cases_project_id_dataset_id_place", "cases", ["project_id", "dataset_id", "place"]
    )


def _create_experiments() -> None:
    op.create_table(
        "experiments",
        _some("project_id", _PROJECT),
        _some("experiment_id", _ID),
        _some("name", _NAME),
        _some("dataset_id", _ID),
        _text("description"),
        _json("metadata"),
        _some("source", sa.String(64)),
        _instant("started_ns"),
        sa.Column("ended_ns", sa.BigInteger),
        _some("created_by", _ACTOR),
        sa.PrimaryKeyConstraint("project_id", "experiment_id", name="pk_experiments"),
        sa.UniqueConstraint(
            "project_id",
            "name",
            "source",
            "dataset_id",
            name="uq_experiments_project_id_name_source_dataset_id",
        ),
        _of_project("experiments"),
    )
    op.create_table(
        "experiment_runs",
        _some("project_id", _PROJECT),
        _some("experiment_id", _ID),
        _some("run_id", _ID),
        _some("case_id", _ID),
        _some("trace_id", _ID),
        _some("span_id", _ID),
        _number("trial"),
        _json("output"),
        _text("error"),
        _instant("started_ns"),
        _instant("ended_ns"),
        _json("metadata"),
        _json("scores"),
        sa.PrimaryKeyConstraint("project_id", "experiment_id", "run_id", name="pk_experiment_runs"),
        sa.ForeignKeyConstraint(
            ["project_id", "experiment_id"],
            ["experiments.project_id", "experiments.experiment_id"],
            name="fk_experiment_runs_project_id_experiment_id",
            ondelete="CASCADE",
        ),
    )


def downgrade() -> None:
    raise NotImplementedError("Migrations go forward only; restore a backup instead.")
