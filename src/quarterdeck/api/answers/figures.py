"""Rates and sums over many sessions, and task types with how they ended."""

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.api.answers.shapes import Estimate
from quarterdeck.api.measures import Bucket, Kind
from quarterdeck.storage.events.figures_reads import Dimension


class Definition(Answer):
    title: str
    definition: str
    unit: str
    kind: Kind


class FiguresOfGroup(Answer):
    bucket: Instant | None
    """When the bucket begins; null where none was asked for."""
    by: dict[Dimension, str | None]
    """The group's value of each dimension; null: sessions that have none."""
    sessions: int
    cases: int
    """Of how many distinct cases the sessions are trials."""
    figures: dict[str, Estimate]


class Figures(Answer):
    definitions: dict[str, Definition]
    """By the figure's name."""
    by: list[Dimension]
    bucket: Bucket | None
    rows: list[FiguresOfGroup]


class OutcomeCounts(Answer):
    success: int
    success_partial: int
    failure: int
    abandoned: int
    interrupted: int
    unknown: int


class TaskType(Answer):
    task_type: str | None
    """Null: sessions that have none."""
    sessions: int
    outcomes: OutcomeCounts
    figures: dict[str, Estimate]


class Tasks(Answer):
    tasks: list[TaskType]
