"""Spans in few words.  Times are seconds; ids are short names."""

from decimal import Decimal
from typing import Any

from quarterdeck.assembly.assemble import assemble
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import Span
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.model.usage import Charge, Usage

S = 1_000_000_000
MUCH_LATER_NS = 10_000_000 * S


def span(span_id: str, start: float, end: float | None, **facts: Any) -> Span:
    """A span of trace `t1`, from `start` to `end` seconds; None = still open."""
    facts.setdefault("trace_id", "t1")
    facts["parent_span_id"] = facts.pop("parent", "")
    end_ns = None if end is None else int(end * S)
    return Span(span_id=span_id, start_ns=int(start * S), end_ns=end_ns, **facts)


def agent(span_id: str, start: float, end: float | None, name: str, **facts: Any) -> Span:
    return span(span_id, start, end, kind="agent", agent=name, name=name, **facts)


def model(
    span_id: str, start: float, end: float | None, *, tokens: tuple[int, int] | None = None,
    usd: str = "", asks: tuple[tuple[str, str], ...] = (), name: str = "gpt-4o", **facts: Any,
) -> Span:  # fmt: skip
    """A model call; `tokens` are input and output, `asks` tool names and call ids."""
    if tokens is not None:
        facts["usage"] = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    if usd:
        facts["charge"] = Charge(usd=Decimal(usd), computed_usd=Decimal(usd))
    facts["requested"] = tuple(ToolRequest(name=tool, call_id=call_id) for tool, call_id in asks)
    facts.setdefault("model_requested", name)
    return span(span_id, start, end, kind="model", name=name, **facts)


def tool(span_id: str, start: float, end: float | None, name: str, **facts: Any) -> Span:
    return span(span_id, start, end, kind="tool", tool=name, name=name, **facts)


def session(*spans: Span, now_ns: int = MUCH_LATER_NS, **options: Any) -> Session:
    return assemble(spans, now_ns=now_ns, **options)
