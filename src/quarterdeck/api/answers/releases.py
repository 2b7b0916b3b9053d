"""Releases that began with a share, what the watch found of them, and outcomes by version."""

from typing import Any, Literal

from quarterdeck.api.answers.answer import Answer, Instant, Usd
from quarterdeck.api.answers.environments import EnvironmentMove, RunningVersion
from quarterdeck.api.answers.shapes import Estimate, Verdict
from quarterdeck.storage.records.release_checks import ReleaseState
from quarterdeck.workflows.canary import Metric
from quarterdeck.workflows.canary_decision import Action
from quarterdeck.workflows.manifest import StickyBy


class WatchedSessions(Answer):
    """Those that are over, or of which it is known how they ended."""

    stable: int
    candidate: int


class WatchedDifference(Answer):
    """The candidate's minus the stable version's.  The interval holds for any number of looks."""

    value: float | Usd | None
    low: float | None
    high: float | None
    level: float
    """The chance that the interval ever leaves out the true difference."""
    method: Literal["exact", "approximate"]
    verdict: Verdict


class WatchedNeeds(Answer):
    """Until something is decided, if things go on as they do; about."""

    more_sessions: int | None
    """Of both versions.  Null: more than a million."""
    about_s: float | None


class WatchedMetric(Answer):
    metric: Metric
    stable: Estimate
    """With an interval for one look, as everywhere."""
    candidate: Estimate
    difference: WatchedDifference
    limit: float | None
    """How far it may go the wrong way; of the cost per success as a share of the stable one's.
    Null: it decides nothing."""
    broken: bool
    """Worse for certain, and beyond its limit."""
    beyond: bool
    """Beyond its limit as far as one knows, certain or not."""
    needs: WatchedNeeds | None


class WatchedPoint(Answer):
    at: Instant
    n_stable: int
    n_candidate: int
    """Known outcomes so far."""
    difference: float
    low: float | None
    high: float | None


class ReleaseWatched(Answer):
    """What the last look found."""

    verdict: Verdict
    action: Action
    """What the rule says, whether or not anything happens by itself."""
    why: str
    checked_at: Instant
    """Of the last look that found something new."""
    sessions: WatchedSessions
    rule: str
    """In words."""
    announced: str
    """What will happen by itself, and when."""
    limit: float
    """Of the difference in completion, where a fall begins to matter: 0 or below."""
    minimum: int
    metrics: list[WatchedMetric]
    curve: list[WatchedPoint]
    """The difference in completion by time, at most 200 points."""
    notes: list[str]


class ReleaseRow(Answer):
    release_id: str
    workflow: str
    environment: str
    stable: RunningVersion
    candidate: RunningVersion
    share: float
    """The last one that the candidate had."""
    sticky_by: StickyBy
    state: ReleaseState
    auto: bool
    rule: dict[str, Any]
    started_at: Instant
    ended_at: Instant | None
    verdict: Verdict


class ReleaseShown(ReleaseRow):
    moves: list[EnvironmentMove]
    """Newest first."""
    watch: ReleaseWatched | None
    """Null: nobody looked while it ran."""


class ReleaseList(Answer):
    releases: list[ReleaseRow]
    """Last begun first."""


class VersionOutcomes(Answer):
    version: str | None
    """Null: sessions that told none."""
    environments: list[str]
    sessions: int
    known: int
    """Of known outcome."""
    completion: Estimate
    intervention: Estimate
    cost_per_success: Estimate
    recovery: Estimate
    quality: Estimate
    first_at: Instant
    last_at: Instant


class WorkflowOutcomes(Answer):
    versions: list[VersionOutcomes]
    """Last seen first."""
