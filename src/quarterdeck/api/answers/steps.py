"""A session as a story: pages of steps, its spans as columns, its decision tree."""

from quarterdeck.api.answers.answer import Answer, Digits, Instant, Usd, left_out
from quarterdeck.api.answers.content import Content
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
    names: list[str]
    kinds: list[SpanKind]
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
    trace: list[int]
    span: list[str]


class TreeNode(Answer):
    """A node of a decision tree; folded repetitions are one node with its count."""

    id: str
    kind: NodeKind
    label: str
    status: str = left_out()
    count: int = left_out()
    """How often; left out: once."""
    cost_usd: Usd = left_out()
    steps: list[int] = left_out()
    """The numbers of the steps that it stands for."""
    children: list["TreeNode"] = left_out()


class SessionTree(Answer):
    session_id: str
    root: TreeNode
