"""Hypothesis strategies: sessions of spans that collide, nest, repeat and contradict."""

from decimal import Decimal
from typing import cast

from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Problem, Span, SpanKind
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.model.usage import Charge, Usage

few = st.sampled_from
times = st.integers(0, 12)
span_ids = few([f"{n:016x}" for n in range(1, 11)])
call_ids = few(["", "c1", "c2"])
tools = few(["read", "mcp__x__read", "write"])

usages = st.none() | st.builds(
    Usage,
    input_tokens=few([None, 0, 7, 9]),
    output_tokens=few([None, 3]),
    cache_read_tokens=few([None, 2]),
)
charges = st.none() | st.builds(
    Charge,
    usd=few([None, Decimal("0.25"), Decimal("1e-9")]),
    reported_usd=few([None, Decimal("0.5"), Decimal(0)]),
    computed_usd=few([None, Decimal("0.125")]),
)
acts = st.builds(
    HumanAct,
    asked=few(["approval", "question", "edit"]),
    decision=few(["none", "none", "approved", "rejected", "timeout"]),
    auto=few([False, False, True]),
    waited_ns=few([None, None, 5]),
    call_id=call_ids,
    tool=few(["", "read"]),
    answer=few(["", "yes"]),
)
hints = st.builds(
    HandoffHint,
    source=few(["", "A"]),
    target=few(["", "A", "B"]),
    kind=few(["hands_off", "spawns"]),
)
outcomes = st.builds(
    Outcome, label=few(["success", "failure"]), source=few(["agent", "human"]), at_ns=few([0, 4])
)
findings = st.builds(
    Finding, code=few(["reward_missing", "cost_disagrees"]), message=few(["m", "n"])
)
counts = few([(None, None), (None, None), (3, 2), (1, 1)])
scores = st.builds(Score, name=few(["outcome", "taste"]), label=few(["success", "x"]), at_ns=times)


@st.composite
def one_span(draw: st.DrawFn) -> Span:
    """Ids come from a small set, so that spans repeat, cycle and share parents."""
    kind = draw(
        few(
            [
                "agent",
                "agent",
                "model",
                "model",
                "model",
                "tool",
                "tool",
                "step",
                "human",
                "session",
            ]
        )
    )
    start_ns = draw(times)
    rare = draw(st.booleans())
    expected = draw(counts)
    human = draw(acts) if kind == "human" or draw(few([False] * 9 + [True])) else None
    return Span(
        trace_id=draw(few(["a" * 32, "b" * 32])),
        span_id=draw(span_ids),
        parent_span_id=draw(st.just("") | span_ids),
        kind=cast(SpanKind, kind),
        name=draw(few(["A", "B"])),
        span_name=draw(few(["x", "y"])),
        subkind=draw(few(["", "", "mcp"])),
        agent=draw(few(["", "", "A", "B"])),
        agent_role=draw(few(["", "", "coder"])),
        start_ns=start_ns,
        end_ns=draw(st.none() | st.integers(start_ns, 14)),
        status=draw(few(["unset", "ok", "error", "error", "interrupted", "blocked"])),
        partial=draw(few([False, False, True])),
        synthetic=draw(few([False, False, False, True])),
        ghost=draw(few([False] * 9 + [True])),
        session_key=draw(few(["", "", "", "s1", "s2"])),
        task=draw(few(["", "", "t1", "t2"])),
        environment=draw(few(["", "prod"])),
        response_id=draw(few(["", "r1", "r2"])),
        model_requested=draw(few(["", "gpt-4o", "claude-4"])),
        model_served=draw(few(["", "gpt-4o-2024-08-06", "claude-4"])),
        usage=draw(usages),
        usage_is_aggregate=draw(few([False, False, False, True])),
        charge=draw(charges),
        attempt=draw(few([None, None, 2])),
        input_hash=draw(few(["", "h1", "h2"])),
        finish_reasons=draw(few([(), ("length",)])),
        requested=draw(few([(), (ToolRequest(name="read", call_id="c1"),)])),
        answered=draw(few([(), ("c1",), ("c2",)])),
        tool=draw(tools) if kind == "tool" else "",
        tool_call_id=draw(call_ids) if kind == "tool" else "",
        arguments_hash=draw(few(["", "a1"])),
        target=draw(few(["", "/f"])),
        handoff=draw(st.none() | hints) if rare else None,
        human=human,
        outcome=draw(st.none() | outcomes) if rare else None,
        scores=(draw(scores),) if rare and draw(st.booleans()) else (),
        units=draw(few([{}, {"lines": 0.1}, {"lines": 3.0}])) if rare else {},
        tags=draw(few([(), ("t",)])),
        problems=draw(few([(), (Problem("k", "m"),)])) if rare else (),
        case=draw(few(["", "", "case-1", "case-2"])),
        trial=draw(few([None, None, 0, 1])),
        expected_calls=expected[0],
        matched_calls=expected[1],
        recorded_session_usd=draw(few([None, Decimal(0), Decimal("0.3")]))
        if kind == "session"
        else None,
        findings=tuple(draw(st.lists(findings, max_size=2))) if rare else (),
    )


sessions_of_spans = st.lists(one_span(), min_size=1, max_size=14)
