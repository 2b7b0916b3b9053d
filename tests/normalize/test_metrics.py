"""
Metric points: usage that only they tell, for a session that they name; none raises.
"""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.model.spans import RawMetric, RawSpan, Resource, Span
from quarterdeck.normalize.dialect import Counted, Ignored
from quarterdeck.normalize.metrics import interpret_metric
from quarterdeck.normalize.normalize import normalize_span

SERIES = {"session.id": "s-1", "model": "claude-opus-4", "type": "output"}
TOKENS = RawMetric(
    name="claude_code.token.usage", start_ns=10, time_ns=20, value=7.0, temporality=1,
    attributes=SERIES, resource=Resource(scope_name="com.anthropic.claude_code"),
)  # fmt: skip


def _raw(metric: RawMetric) -> RawSpan:
    reading = interpret_metric(metric)
    assert isinstance(reading, Counted)
    return reading.span


def _span(metric: RawMetric) -> Span:
    return normalize_span(_raw(metric))


def test_tokens_become_an_aggregate_of_their_model_in_their_session() -> None:
    span = _span(TOKENS)
    assert (span.kind, span.subkind, span.session_key) == ("model", "metric", "s-1")
    assert span.usage_is_aggregate
    assert span.synthetic
    assert (span.start_ns, span.end_ns) == (10, 20)
    assert span.model_requested == "claude-opus-4"
    assert span.usage is not None
    assert (span.usage.input_tokens, span.usage.output_tokens) == (None, 7)


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ("input", (7, None, None)),
        ("cacheRead", (7, 7, None)),
        ("cacheCreation", (7, None, 7)),
    ],
)
def test_cached_tokens_are_part_of_the_input(
    told: str, counts: tuple[int, int | None, int | None]
) -> None:
    usage = _span(msgspec.structs.replace(TOKENS, attributes=SERIES | {"type": told})).usage
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read_tokens, usage.cache_write_tokens) == counts


def test_the_cost_is_on_its_own_metric_and_the_tokens_cost_nothing_more() -> None:
    cost = msgspec.structs.replace(TOKENS, name="claude_code.cost.usage", value=0.25)
    reported = [span.charge.reported_usd for span in (_span(cost), _span(TOKENS)) if span.charge]
    assert reported == [Decimal("0.25"), Decimal(0)]


def test_each_delta_point_counts_and_a_point_sent_twice_counts_once() -> None:
    later = msgspec.structs.replace(TOKENS, start_ns=20, time_ns=30)
    assert _raw(TOKENS).span_id == _raw(TOKENS).span_id
    assert _raw(TOKENS).span_id != _raw(later).span_id


def test_of_a_cumulative_series_the_later_point_takes_the_place_of_the_earlier() -> None:
    first = msgspec.structs.replace(TOKENS, temporality=2)
    second = msgspec.structs.replace(first, time_ns=90, value=50.0)
    restarted = msgspec.structs.replace(first, start_ns=95, time_ns=99)
    assert _raw(first).span_id == _raw(second).span_id
    assert _raw(second).end_ns > _raw(first).end_ns
    assert _raw(restarted).span_id != _raw(first).span_id


def test_another_series_of_the_same_metric_is_another_span() -> None:
    other = msgspec.structs.replace(TOKENS, attributes=SERIES | {"query_source": "subagent"})
    assert _raw(other).span_id != _raw(TOKENS).span_id
    assert _raw(other).trace_id == _raw(TOKENS).trace_id


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        (
            "gen_ai.client.token.usage",
            {"gen_ai.token.type": "input", "gen_ai.conversation.id": "c"},
        ),
        ("gen_ai.client.inference.usage.input_tokens", {"session.id": "c"}),
        ("codex.turn.token_usage", {"conversation.id": "c", "token_type": "input"}),
    ],
)
def test_tokens_of_any_sender_count_if_they_name_a_session(
    name: str, attributes: dict[str, str]
) -> None:
    metric = RawMetric(name=name, time_ns=9, value=12, attributes=attributes)
    span = _span(metric)
    assert span.usage is not None
    assert span.usage.input_tokens == 12
    assert span.usage_is_aggregate
    assert interpret_metric(
        RawMetric(name=name, time_ns=9, value=12, attributes={
            k: v for k, v in attributes.items() if not k.endswith(".id")
        })
    ) == Ignored("names no session")  # fmt: skip


def test_codex_tells_cost_in_millionths() -> None:
    metric = RawMetric(
        name="codex.turn.cost_microusd", value=1_500, attributes={"conversation.id": "c"}
    )
    charge = _span(metric).charge
    assert charge is not None
    assert charge.reported_usd == Decimal("0.0015")


@pytest.mark.parametrize(
    "name",
    ["claude_code.session.count", "openclaw.queue.depth", "http.server.duration", "codex.tool.call",
     "gen_ai.client.operation.duration"],
)  # fmt: skip
def test_everything_else_is_not_needed(name: str) -> None:
    metric = RawMetric(name=name, value=1, attributes={"session.id": "s-1"})
    assert interpret_metric(metric) == Ignored("not needed by sessions")


def test_openclaws_hidden_session_key_names_no_session() -> None:
    hidden = {"openclaw.sessionKey": "unknown"}
    told = {"openclaw.sessionKey": "agent:main:t2"}
    metric = RawMetric(name="openclaw.cost.usd", value=0.5, attributes=hidden)
    assert interpret_metric(metric) == Ignored("names no session")
    charge = _span(msgspec.structs.replace(metric, attributes=told)).charge
    assert charge is not None
    assert charge.reported_usd == Decimal("0.5")


_METRICS = st.builds(
    RawMetric,
    name=st.sampled_from(
        ["claude_code.token.usage", "claude_code.cost.usage", "gen_ai.client.token.usage",
         "codex.turn.token_usage", "codex.turn.cost_microusd", "openclaw.cost.usd",
         "openclaw.model.failover"]
    ) | st.text(max_size=20),
    start_ns=st.integers(-(2**63), 2**63 - 1),
    time_ns=st.integers(-(2**63), 2**63 - 1),
    value=st.floats() | st.integers(-(2**63), 2**63 - 1),
    temporality=st.integers(0, 3),
    attributes=st.dictionaries(
        st.sampled_from(
            ["session.id", "conversation.id", "type", "model", "gen_ai.token.type", "token_type",
             "openclaw.sessionKey", "gen_ai.conversation.id"]
        ) | st.text(max_size=8),
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats()
        | st.sampled_from(["input", "output", "cacheRead", "s-1"]) | st.text(max_size=8)
        | st.lists(st.integers(0, 9), max_size=2),
        max_size=5,
    ),
)  # fmt: skip


@given(_METRICS)
def test_any_point_has_a_reading_and_what_it_becomes_is_a_span(metric: RawMetric) -> None:
    reading = interpret_metric(metric)
    assert interpret_metric(metric) == reading
    if isinstance(reading, Ignored):
        assert not reading.reason.startswith("unreadable")
        return
    raw = reading.span
    assert (len(raw.trace_id), len(raw.span_id)) == (32, 16)
    assert 0 <= raw.start_ns <= raw.end_ns < 2**63
    span = normalize_span(raw)
    assert span.synthetic
    assert span.usage_is_aggregate
    assert not any(problem.key == "span" for problem in span.problems)
