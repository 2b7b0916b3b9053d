"""A cost table adds up: each cut to the total, the total to the record's."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly.made import MUCH_LATER_NS, agent, model, span, tool
from captures.load import recorded_requests, replay
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.spending import CutTable, Spending, spending
from quarterdeck.assembly.steps import steps_of
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import Span


def table(*spans: Span) -> tuple[Spending, Session]:
    assembly = Assembly()
    assembly.add(spans)
    session = assembly.session(now_ns=MUCH_LATER_NS)
    numbers = {(s.trace_id, s.span_id): s.number for s in steps_of(spans)}
    failed = session.outcome.label == "failure"
    return spending(assembly, numbers=numbers, failed=failed, cache_saved=lambda _: None), session


def cut(of: Spending, by: str) -> CutTable:
    return next(one for one in of.cuts if one.by == by)


def rows(of: Spending, by: str) -> dict[str, str | None]:
    return {row.key: row.cost_usd for row in cut(of, by).rows}


def assert_adds_up(made: Spending, session: Session) -> None:
    cost = session.cost
    assert [_decimal(made.total_usd), _decimal(made.wasted_usd), _decimal(made.reported_usd)] == [
        cost.total_usd, cost.wasted_usd, cost.reported_usd,
    ]  # fmt: skip
    assert (made.priced_calls, made.unpriced_calls) == (cost.priced_calls, cost.unpriced_calls)
    for one in made.cuts:
        known = [Decimal(row.cost_usd) for row in one.rows if row.cost_usd is not None]
        assert one.total_usd == made.total_usd
        assert (sum(known, Decimal(0)) if known else None) == cost.total_usd
        assert sum(row.unpriced_calls for row in one.rows) == cost.unpriced_calls
    assert sum(row.calls for row in made.unpriced) == cost.unpriced_calls


def _decimal(usd: str | None) -> Decimal | None:
    return None if usd is None else Decimal(usd)


def test_each_call_stands_in_one_row_of_each_cut() -> None:
    made, session = table(
        agent("a", 0, 100, "planner"),
        model("m1", 1, 2, parent="a", tokens=(9, 1), usd="0.10", asks=(("bash", "c1"),)),
        tool("t1", 3, 4, "bash", parent="a", tool_call_id="c1"),
        agent("b", 5, 20, "coder", parent="a"),
        model("m2", 6, 7, parent="b", tokens=(9, 1), usd="0.20", name="claude-4"),
        span("e", 30, 40, parent="a", kind="evaluation", name="judge"),
        model("m3", 31, 32, parent="e", tokens=(9, 1), usd="0.40"),
    )
    assert_adds_up(made, session)
    assert made.total_usd == "0.7"
    assert rows(made, "agent") == {"planner": "0.5", "coder": "0.2"}
    assert rows(made, "tool") == {"asks for bash": "0.1", "no tool": "0.6"}
    assert rows(made, "purpose") == {"work": "0.3", "evaluation": "0.4"}
    assert cut(made, "agent").rows[0].steps == (2, 7)


def test_a_failed_attempt_and_its_retry_are_told_apart() -> None:
    made, session = table(
        agent("a", 0, 100, "x"),
        model("m1", 1, 2, parent="a", tokens=(9, 1), usd="0.10", status="error", input_hash="h"),
        model("m2", 3, 4, parent="a", tokens=(9, 1), usd="0.30", input_hash="h"),
    )
    assert_adds_up(made, session)
    assert rows(made, "attempt") == {"first try": "0.1", "retry": "0.3"}
    assert rows(made, "waste") == {"failed calls": "0.1", "used": "0.3"}
    assert made.wasted_usd == "0.1"


def test_all_that_a_failed_session_cost_is_wasted() -> None:
    made, session = table(
        agent("a", 0, 9, "x", outcome=Outcome(label="failure", source="agent")),
        model("m1", 1, 2, parent="a", tokens=(9, 1), usd="0.30"),
    )
    assert_adds_up(made, session)
    assert rows(made, "waste") == {"failed session": "0.3"}


def test_a_call_without_a_price_is_a_count_with_a_reason_and_never_0() -> None:
    made, session = table(
        agent("a", 0, 9, "x"),
        model("m1", 1, 2, parent="a", tokens=(9, 1), name="house-model"),
        model("m2", 3, 4, parent="a", name="silent-model"),
    )
    assert_adds_up(made, session)
    assert made.total_usd is None
    assert [(u.model, u.reason, u.calls, u.steps) for u in made.unpriced] == [
        ("house-model", "unknown_price", 1, (2,)), ("silent-model", "no_usage", 1, (3,)),
    ]  # fmt: skip


def test_what_the_source_recorded_beyond_its_calls_is_a_row_of_its_own() -> None:
    made, session = table(
        span("s", 0, 50, kind="session", recorded_session_usd=Decimal("1.00")),
        model("m1", 1, 2, parent="s", tokens=(9, 1), usd="0.30"),
    )
    assert_adds_up(made, session)
    assert made.total_usd == "1"
    assert rows(made, "model")["recorded by the source"] == "0.7"


_CALLS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b"]),
        st.one_of(st.none(), st.decimals(0, 5, places=9)),
        st.sampled_from(["ok", "error"]),
        st.sampled_from(["", "h1", "h2"]),
        st.sampled_from(["gpt-4o", "claude-4"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(_CALLS)
def test_whatever_the_calls_are_every_cut_adds_up(
    calls: list[tuple[str, Decimal | None, str, str, str]],
) -> None:
    spans: list[Span] = [agent("a", 0, 900, "planner"), agent("b", 1, 800, "coder", parent="a")]
    for n, (parent, usd, status, hashed, name) in enumerate(calls):
        spans.append(
            model(
                f"m{n}", 2 + n, 2.5 + n, parent=parent, tokens=(7, 3), name=name, status=status,
                usd="" if usd is None else f"{usd:f}", input_hash=hashed,
            )
        )  # fmt: skip
    assert_adds_up(*table(*spans))


@pytest.mark.parametrize(
    "capture",
    ["autogen", "claude_agent_sdk", "crewai_traceloop", "langfuse3", "langgraph", "langsmith",
     "mlflow", "openai_agents", "pydantic_ai", "phoenix"],
)  # fmt: skip
def test_recorded_sessions_add_up(capture: str, shared: Path) -> None:
    for one in replay(recorded_requests(shared / "captures" / capture)):
        assembly = Assembly()
        assembly.add(one.spans)
        made = spending(
            assembly,
            numbers={(s.trace_id, s.span_id): s.number for s in one.steps},
            failed=one.session.outcome.label == "failure",
            cache_saved=lambda _: None,
        )
        assert_adds_up(made, one.session)


def test_the_cache_saves_what_its_tokens_would_have_cost_at_the_full_rate() -> None:
    book = PriceBook.load()
    from msgspec import structs

    from quarterdeck.model.usage import Usage

    call = model("m", 1_788_000_000, 1_788_000_001, name="gpt-4o", provider="openai")
    call = structs.replace(
        call, usage=Usage(input_tokens=1_000_000, output_tokens=0, cache_read_tokens=400_000)
    )
    priced = structs.replace(call, charge=book.charge(call))
    # gpt-4o: 2.50 USD a million, cached 1.25.
    assert book.cache_saved(priced) == Decimal("0.5")
    assert book.context_tokens(priced) == 128_000
    assert book.cache_saved(call) is None
