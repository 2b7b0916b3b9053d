"""
One span in its session's tree, and what it inherits from above.

A node's context is what its ancestors say: the nearest agent, the nearest tool below that
agent, the nearest model call, the nearest ancestor that carries usage of others.  Late parents
are the normal case (a root arrives last), so contexts are pushed down again when a parent
comes, and the push stops where nothing changes.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from quarterdeck.model.spans import Span, has_ended
from quarterdeck.model.usage import Usage


class Context(NamedTuple):
    agent_name: str
    agent: "Node | None"
    tool: "Node | None"
    """The nearest tool above, with no agent between."""
    tool_name: str
    tool_call_id: str
    model: "Node | None"
    model_tells: bool
    """Whether that model call told tokens."""
    carrier: "Node | None"
    """The nearest ancestor that is no model call and has usage: a total of others, perhaps."""


NOWHERE = Context("", None, None, "", "", None, False, None)


class Node:
    """The winning version of one span, and what assembly knows about it."""

    __slots__ = (
        "agent",
        "below",
        "call",
        "children",
        "ctx",
        "entry",
        "linked",
        "loop",
        "parent",
        "span",
        "step",
        "wraps",
    )

    def __init__(self, span: Span) -> None:
        self.span = span
        self.entry: tuple[int, str, str, Any] = (span.start_ns, span.trace_id, span.span_id, self)
        self.parent: Node | None = None
        self.children: list[Node] | None = None
        self.loop: list[Node] | None = None
        """The cycle of parents it is in (hostile input): its members count as roots."""
        self.ctx: Context | None = None
        """What it inherits; None until it was placed."""
        self.below: Context | None = None
        """What its children inherit; None until one asks."""
        self.agent = ""
        self.wraps = False
        """An agent directly below an agent of the same name: a framework's double wrap."""
        self.linked: Linked | None = None
        self.call: Any = None
        """Billing or tool state, where the span is a call."""
        self.step = False

    def release(self) -> None:
        """Cut its ties, also those to itself; it can't be used again."""
        del self.entry
        self.parent = self.children = self.loop = None
        self.ctx = self.below = self.linked = self.call = None


class Linked(NamedTuple):
    """The version and place under which a node's facts were counted, to take them back."""

    span: Span
    ctx: Context
    agent: str
    entry: tuple[int, str, str, Any]
    wraps: bool


def tells_usage(usage: Usage | None) -> bool:
    return usage is not None and (usage.input_tokens is not None or usage.output_tokens is not None)


def is_call(span: Span) -> bool:
    """A model call on its own account: not a total, not the fetching of a stored response."""
    return span.kind == "model" and not span.usage_is_aggregate and span.subkind != "fetch"


def runs_an_agent(span: Span) -> bool:
    """An agent at work.  Making one is no work of it, though control may pass to it there."""
    return span.kind == "agent" and span.subkind != "create_agent"


def is_carrier(span: Span) -> bool:
    """Has tokens or money and is no model call: an agent's total, a usage span, a metric."""
    if span.usage is None and span.charge is None:
        return False
    if span.kind == "tool" or is_call(span):
        return False
    return tells_usage(span.usage) or (
        span.charge is not None and span.charge.reported_usd is not None
    )


def duration_ns(span: Span) -> int:
    return max(0, span.end_ns - span.start_ns) if span.end_ns is not None else 0


def place(fresh: list[Node], on_change: Callable[[Node], None]) -> int:
    """
    Give every fresh node its context, push what changed down, and call `on_change` for each
    node whose version or context is new.  Returns the number of nodes looked at.
    """
    looked = 0
    new = set(fresh)
    stack = [node for node in fresh if node.parent not in new]
    while stack:
        node = stack.pop()
        looked += 1
        parent = node.parent
        ctx = NOWHERE if parent is None else parent.below or below_of(parent)
        if node in new:
            new.discard(node)
        elif ctx == node.ctx:
            continue
        node.ctx = ctx
        span = node.span
        if span.kind == "agent" and not span.ghost:
            node.agent = span.agent or span.name
            node.wraps = (
                ctx.agent is not None
                and ctx.agent is not node
                and ctx.tool is None
                and ctx.agent_name == node.agent
            )
        else:
            node.agent = span.agent or ctx.agent_name
            node.wraps = False
        node.below = None
        on_change(node)
        if node.children is not None:
            stack.extend(node.children)
    return looked


def below_of(node: Node) -> Context:
    """What the children of `node` inherit; made when the first child asks."""
    span = node.span
    ctx = node.ctx or NOWHERE
    kind = span.kind
    below = ctx
    if span.ghost:
        pass
    elif kind == "agent":
        if not node.wraps:
            below = Context(node.agent, node, None, "", "", ctx.model, ctx.model_tells, ctx.carrier)
    elif kind == "tool":
        # What a tool that calls another agent does is that agent's, where no span names it.
        hint = span.handoff
        called = hint.target if hint is not None and hint.kind != "hands_off" else ""
        below = Context(
            called or node.agent, ctx.agent, node, span.tool or span.name, span.tool_call_id,
            ctx.model, ctx.model_tells, ctx.carrier,
        )  # fmt: skip
    elif kind == "model" and is_call(span):
        # A call without tokens inside one with tokens is that one again, not a place of its own.
        tells = tells_usage(span.usage)
        if ctx.model is None or tells or not ctx.model_tells:
            below = ctx._replace(model=node, model_tells=tells)
    if (span.usage is not None or span.charge is not None) and is_carrier(span):
        below = below._replace(carrier=node)
    node.below = below
    return below


def is_open(span: Span) -> bool:
    return not has_ended(span)
