"""
The answer of `GET /overview`: how the project's agents do, against before, and what needs somebody.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant
from quarterdeck.api.answers.shapes import Difference, Estimate


class Behind(Answer):
    """
    A filter of sessions: `GET /sessions` with these three answers exactly the sessions meant.

    An empty text stands for no such parameter.
    """

    q: str
    since: str
    until: str
    sessions: int


class OverviewPeriod(Answer):
    since: str
    """Sessions that began in [since, until)."""
    until: str
    version: str | None
    """The workflow version that it is of, where versions are compared."""
    complete: bool
    """False where the project's retention has taken a part of it."""
    behind: Behind


class OverviewFigure(Answer):
    name: str
    title: str
    definition: str
    unit: str
    kind: Literal["rate", "mean", "ratio", "sum"]
    better: Literal["higher", "lower"] | None
    """Which way is good; null where neither is."""
    now: Estimate
    before: Estimate
    difference: Difference | None
    """Null for sums, which have no interval and so no verdict."""
    behind: Behind
    """The sessions that `now` is of: those that count in its denominator."""
    counted: Behind | None
    """Those of them that count in the numerator, where a filter can say which."""
    behind_before: Behind


class OverviewOutcomes(Answer):
    success: int
    success_partial: int
    failure: int
    abandoned: int
    interrupted: int
    unknown: int


class OverviewPoint(Answer):
    """One bucket of time.  A bucket without sessions is there too, and its rates are null."""

    since: str
    until: str
    sessions: int
    outcomes: OverviewOutcomes
    cost: Estimate
    unpriced: Estimate
    """Share of the model calls without a price: of them `cost` holds nothing."""
    completion: Estimate
    behind: Behind


class OverviewSeries(Answer):
    bucket: Literal["hour", "day", "week"]
    points: list[OverviewPoint]
    """By time, without holes, at most 300."""


class OverviewRow(Answer):
    """One workflow version, task type or model, most sessions first."""

    workflow: str | None
    version: str | None
    task_type: str | None
    model: str | None
    """Null for the dimensions that the row is not of, and for sessions that have none."""
    sessions: int
    completion: Estimate
    intervention: Estimate
    cost: Estimate
    """Of a model: its own calls."""
    cost_per_success: Estimate
    completion_difference: Difference | None
    """Against the period before; null where versions are compared, and for a row without sessions
    before."""
    behind: Behind


class OverviewAttention(Answer):
    """Something that somebody should look at, most pressing first."""

    kind: Literal[
        "approval", "waiting", "long_running", "task_type_worse", "new_errors", "unpriced_model",
        "refused_intake", "data_finding", "unknown_outcomes",
    ]  # fmt: skip
    count: int
    """Of sessions; of requests where they were refused; of calls that wait for an approval."""
    sentence: str
    """Told in whole: names of the sender's are in it, so it is text of strangers."""
    subject: str | None
    """The task type, model, tool or code that it is about."""
    difference: Difference | None
    since: str | None
    """Since when, where that is known."""
    session_id: str | None
    """The one to begin with, where there is one."""
    behind: Behind | None
    """Null where it is not about sessions."""


class Running(Answer):
    """What is not closed at this moment, whenever it began."""

    open: Behind
    waiting: Behind
    """For a person; these are not among the open ones."""
    longest_s: float | None
    """From the first span until now."""
    longest_session_id: str | None
    usual_s: float | None
    """Half of the closed sessions of the period and the one before took at most so long."""
    long_s: float | None
    """95 of 100 of them did."""
    closed: int
    """How many sessions these two are of."""


class OutcomeKnown(Answer):
    sessions: int
    known: int
    """Sessions of the period whose outcome somebody told.  0: a rate can't be told."""


class OverviewAnswer(Answer):
    as_of: Instant
    now: OverviewPeriod
    before: OverviewPeriod
    compare: Literal["previous", "version"]
    filter: str
    """The filter that all of it stands under, in the filter language; "" = none."""
    outcome_known: OutcomeKnown
    figures: list[OverviewFigure]
    series: OverviewSeries
    workflows: list[OverviewRow]
    task_types: list[OverviewRow]
    models: list[OverviewRow]
    attention: list[OverviewAttention]
    running: Running
