"""What runs where, the moves that made it so, and what a session is given to run."""

from typing import Any, Literal

from pydantic import Field

from quarterdeck.api.answers.answer import Answer, Cursor, Instant
from quarterdeck.workflows.environment import Kind
from quarterdeck.workflows.manifest import StickyBy


class RunningVersion(Answer):
    version: int
    digest: str


class Runs(Answer):
    stable: RunningVersion
    candidate: RunningVersion | None
    """The version that has a share; null for none."""
    share: float
    """Of the candidate, 0 to 1."""


class RanBefore(Answer):
    stable: int
    candidate: int | None
    share: float


class EnvironmentMove(Answer):
    revision: int
    """From 1, without a gap."""
    kind: Kind
    before: RanBefore | None
    """Null: it was the environment's first."""
    stable: int
    """A version's number, from this move on."""
    candidate: int | None
    share: float
    sticky_by: StickyBy
    release_id: str
    """Of the canary that it began, changed or ended; empty for none."""
    auto: bool
    """Whether the watch may promote and roll back by itself."""
    rule: dict[str, Any]
    reason: str
    at: Instant
    by: str
    """`key:…`, `account:…`, `local`, or `watch`."""
    evidence: dict[str, Any]
    """What the watch had found; empty where it had found nothing."""
    without_evidence: bool
    """A candidate that was promoted before there was a verdict on it."""
    memory: dict[str, Any]
    """What was taken back with it; empty for nothing."""


class EnvironmentRow(Runs):
    workflow: str
    environment: str
    revision: int
    sticky_by: StickyBy
    release_id: str
    """Of the canary that runs; empty for none."""
    auto: bool
    held: bool
    """The watch does nothing by itself until it is resumed."""
    rule: dict[str, Any]
    since: Instant
    by: str
    reason: str


class EnvironmentList(Answer):
    environments: list[EnvironmentRow]
    """By name."""


class EnvironmentShown(EnvironmentRow):
    moves: list[EnvironmentMove]
    """Newest first."""
    next_cursor: Cursor


class PlannedMemory(Answer):
    checkpoint: str
    """Its name; empty where it is not about one."""
    why: str
    """What was chosen, and why."""
    revert_id: str
    """Empty in a plan, and where there was nothing to take back."""
    writes: int
    """That are hidden."""
    entries: int
    """Of which something else, or nothing, is found afterwards."""
    stays: int
    """Entries that somebody wrote later."""
    readers: int
    """Sessions that read what goes."""


class PlannedMove(Answer):
    from_: Runs | None = Field(alias="from")
    """Null: nothing runs there yet."""
    to: Runs
    memory: PlannedMemory | None
    """Null for what is no rollback."""
    not_moved: list[str]
    """What is left to be done by hand, a sentence each."""
    sessions: str
    """What those in progress do."""


class EnvironmentMoved(Answer):
    move: EnvironmentMove | None
    """Null in a dry run."""
    environment: EnvironmentShown | None
    """As it is now; null: nothing runs there yet."""
    plan: PlannedMove


class Split(Answer):
    """All that it takes to give a session its version without asking again."""

    stable: RunningVersion
    candidate: RunningVersion | None
    share_bp: int
    """Of the candidate, in 1/10,000."""
    sticky_by: StickyBy
    release_id: str
    revision: int


class VersionContent(Answer):
    manifest: dict[str, Any]
    prompts: dict[str, str]
    """By agent; `context:NAME` is a policy's summary prompt."""
    tools: dict[str, dict[str, Any]]
    pins: list[dict[str, Any]]


class Resolution(Answer):
    workflow: str
    environment: str
    version: int
    digest: str
    arm: Literal["stable", "candidate"]
    """Of the release that the session began in."""
    release_id: str
    """That release; empty where no version had a share then."""
    revision: int
    """Of the environment now."""
    split: Split
    content: VersionContent | None
    """Null where the caller has the digest already."""
