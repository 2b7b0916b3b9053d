"""A session as a story: pages of steps, its spans as columns, its decision tree."""

from quarterdeck.api.answers.answer import Answer, Digits, Instant, Usd, left_out
from quarterdeck.api.answers.content import Content
from quarterdeck.model.interventions import HumanDecision, InterventionKind
from quarterdeck.model.sessions import NodeKind, StepKind
from quarterdeck.model.spans import SpanKind, SpanStatus


class StepPreview(Answer):
    """The beginning of what it was told last and of what it answered; cut ones end in `…`."""

    input: str
    output: str


class StepFrame(Answer):
    number: int
    """From 1, in time order."""
    kind: StepKind
    name: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    agent: str | None
    depth: int
    started_at: Instant
    ended_at: Instant | None
    status: SpanStatus | None
    error: str | None
    model: str | None
    tool: str | None
    input_tokens: int | None
    output_tokens: int | None
    cost_usd: Usd | None
    note: str | None
    """What happened, in words: "retry of step 12"."""
    preview: StepPreview = left_out()
    """Not with `content=true`, nor where no content is kept."""
    content: Content | None = left_out()
    """With `content=true` only."""


class StepPage(Answer):
    session_id: str
    total: int
    steps: list[StepFrame]
    next_from: int | None


SkeletonKind = SpanKind | StepKind


class ActMark(Answer):
    """Where a person acted; the wait before it can be folded: it ends at `at_us`."""

    row: int
    kind: InterventionKind
    decision: HumanDecision
    pending: bool
    """Asked and not answered: the session waits."""
    by: str | None
    at_us: int
    """From the session's start; when it was asked, while nobody has answered."""
    waited_us: int | None


class Skeleton(Answer):
    """
    All spans as columns of equal length, one entry per row; `name`, `kind`, `agent` and `trace`
    are positions in the lists of texts beside them, which are whole in every page.
    """

    session_id: str
    started_ns: Digits
    since: int
    count: int
    """Rows of this page."""
    total: int
    steps: int
    """Steps of the whole session."""
    revision: str
    """Names exactly these rows, those of all pages: of two pages with one revision none has
    moved.  Also what `live` goes on from."""
    open: bool
    """Whether the session may go on."""
    names: list[str]
    """Of a step what was called: agent, model, tool."""
    kinds: list[SkeletonKind]
    """Of a step its step's kind, of other spans the span's."""
    agents: list[str]
    traces: list[str]
    parent: list[int]
    """A row number, always smaller than the row's own; -1: none."""
    name: list[int]
    kind: list[int]
    agent: list[int]
    start_us: list[int]
    """From the row before; of a page's first row from the session's start."""
    duration_us: list[int]
    """-1 while open."""
    error: list[int]
    """1 or 0."""
    cost_nano: list[int | None]
    """Nano-dollars."""
    step: list[int]
    """The step's number; 0: not a step."""
    depth: list[int]
    """Of a step, how many steps are around it; -1: not a step."""
    episode: list[int]
    """Of a failed call the number of the step that recovered from it, -1: none did; 0: no failed
    call, or one of which nobody can tell what it was at."""
    retry: list[int]
    """The how manieth attempt at the same, from 2; 0: the first or only one."""
    trace: list[int]
    span: list[str] = left_out()
    """Not with `ids=false`: half of the bytes, and needed only to open a row that is no step."""
    acts: list[ActMark]
    """People's acts in the rows of this page, in order."""


class TreeNode(Answer):
    """A node of a decision tree; folded repetitions are one node with its count."""

    id: str
    kind: NodeKind
    label: str
    status: str = left_out()
    count: int = left_out()
    """How often; left out: once."""
    cost_usd: Usd = left_out()
    """Its own; of a loop the whole."""
    total_usd: Usd = left_out()
    """With everything below it."""
    verdict: str = left_out()
    """Of a person's act: what they decided; `pending` while nobody did."""
    left: bool = left_out()
    """It was tried and given up: a later attempt took its place."""
    statuses: dict[str, int] = left_out()
    """Of a loop: how its rounds ended, each by the worst of its steps."""
    steps: list[int] = left_out()
    """The numbers of the steps that it stands for."""
    children: list["TreeNode"] = left_out()


class SessionTree(Answer):
    session_id: str
    root: TreeNode
