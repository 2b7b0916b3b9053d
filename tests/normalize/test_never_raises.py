"""
Normalizing never raises: any name, scope, attributes, events and links give a span.

The functions catch everything at their rim, which would hide bugs: these tests look behind it.
Known keys get unknown values, since that is where a parser trusts too much.
"""

from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource
from quarterdeck.normalize import normalize
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.normalize.dialects import DIALECTS

_KNOWN = sorted(
    {source.key for d in DIALECTS for source in d.sources}
    | {source.key for d in DIALECTS for source in d.kinds}
    | {source.key for d in DIALECTS for source in d.contents}
    | {key for d in DIALECTS for f in d.usages for keys in f.keys.values() for key in keys}
    | {f.key for d in DIALECTS for f in d.usages}
    | {key for d in DIALECTS for key in d.recognizes.keys}
    | {
        "quarterdeck.outcome", "quarterdeck.human.kind", "quarterdeck.human.waited_s",
        "quarterdeck.units.lines", "gen_ai.evaluation.score.value", "gen_ai.guardrail.status",
        "gen_ai.transfer.mode", "gen_ai.handoff.to_agent", "final_result", "metadata",
        "pydantic_ai.tool.deferral.name", "logfire.pending_parent_id", "logfire.feedback.name",
        "braintrust.scores", "annotations.0.annotation.name", "annotations.x.annotation.score",
        "agentops.session.end_state", "gen_ai.task.status", "exception.type", "ai.operationId",
    }
)  # fmt: skip
_SCOPES = ["", "app", "ai", "gen_ai", "agentops", "pydantic-ai", "codex_otel"] + [
    scope for d in DIALECTS for scope in (*d.recognizes.scopes, *d.recognizes.scope_names)
]
_NAMES = ["", "chat gpt-4o", "invoke_agent x", "execute_tool y", "x.tool", "running tool"] + [
    f"{name}x" for d in DIALECTS for name in d.recognizes.names
]
_EVENTS = sorted(
    {name for d in DIALECTS for name in (*d.on_event, *d.lifts)}
    | {name for d in DIALECTS for c in d.contents for name in c.events}
    | {"exception"}
)

_HOSTILE = st.sampled_from(
    ["", " ", "{}", "[]", "[{}]", '{"messages": 1}', '[{"role": 1, "content": {}}]', '{"a":', "[[",
     '[{"role":"tool","content":[1]}]', "null", "NaN", "1e999", "-1", "9" * 40, "0", "true",
     "\x00", "GraphInterrupt(", "__REDACTED__", '"' * 9, '{"type": []}', "chat", "llm",
     '[{"parts": [{"type": "tool_call"}]}]', '{"input": -1, "output": "x"}', '"AGENT"']
)  # fmt: skip
_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=20),
    _HOSTILE,
)  # fmt: skip
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(max_size=8),
                st.sampled_from(
                    ["role", "content", "parts", "type", "tool_calls", "function", "kwargs",
                     "lc", "id", "name", "text", "message", "data", "toolUse", "response"]
                ),
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=8,
)  # fmt: skip
_KEYS = st.one_of(
    st.sampled_from(_KNOWN),
    st.sampled_from(_KNOWN).map(
        lambda key: key.replace("#", "0") + ("role" if key.endswith(".") else ".0.x")
    ),
    st.text(max_size=12),
)
_ATTRIBUTES = st.dictionaries(_KEYS, _VALUES, max_size=12)
_SPANS = st.builds(
    RawSpan,
    trace_id=st.just("a" * 32),
    span_id=st.just("b" * 16),
    parent_span_id=st.sampled_from(["", "c" * 16]),
    name=st.one_of(st.sampled_from(_NAMES), st.text(max_size=20)),
    start_ns=st.integers(0, 2**64),
    end_ns=st.integers(0, 2**64),
    status_code=st.integers(-1, 3),
    status_message=st.one_of(_HOSTILE, st.text(max_size=20)),
    attributes=_ATTRIBUTES,
    events=st.lists(
        st.builds(
            RawEvent,
            name=st.one_of(st.sampled_from(_EVENTS), st.text(max_size=8)),
            time_ns=st.integers(0, 2**63),
            attributes=_ATTRIBUTES,
        ),
        max_size=3,
    ).map(tuple),
    links=st.lists(
        st.builds(RawLink, trace_id=st.just("d" * 32), span_id=st.just("e" * 16)), max_size=2
    ).map(tuple),
    resource=st.builds(
        Resource,
        attributes=st.dictionaries(st.sampled_from(_KNOWN), _SCALARS, max_size=3),
        scope_name=st.sampled_from(_SCOPES),
        scope_version=st.sampled_from(["", "1.2.3", "x", "0.39.0"]),
    ),
)

_SETTINGS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_SETTINGS
@given(_SPANS)
def test_any_span_is_normalized_without_help_of_the_rim(raw: RawSpan) -> None:
    span = normalize._normalize(raw, normalize.DEFAULTS, None)
    assert span.trace_id == raw.trace_id
    assert span.kind
    # What the store writes: facts are JSON, and equal input gives equal facts.
    assert msgspec.json.encode(span) == msgspec.json.encode(
        normalize._normalize(raw, normalize.DEFAULTS, None)
    )
    assert msgspec.convert(msgspec.to_builtins(span), type(span)) is not None


@_SETTINGS
@given(_SPANS)
def test_any_content_is_read_without_help_of_the_rim(raw: RawSpan) -> None:
    normalize._content(raw)


@_SETTINGS
@given(_SPANS)
def test_facts_stay_short(raw: RawSpan) -> None:
    span = normalize.normalize_span(raw)
    assert len(span.error_message) <= 500
    assert all(
        len(value) <= 500 for value in msgspec.to_builtins(span).values() if isinstance(value, str)
        and value is not span.span_name
    )  # fmt: skip
    assert len(span.problems) <= 50


@pytest.mark.parametrize("key", ["{", "{}", "{0}", "{a!r:>9}", "}", "{a.b}", "session.id"])
def test_any_session_key_setting_leaves_the_span_readable(key: str) -> None:
    raw = RawSpan(trace_id="a" * 32, span_id="b" * 16, attributes={"session.id": "s"})
    span = normalize.normalize_span(raw, settings=NormalizeSettings(session_key=key))
    assert span.session_key == "s"


def test_deep_nesting_is_no_error() -> None:
    value: Any = "x"
    for _ in range(60):
        value = {"messages": [value]}
    raw = RawSpan(
        trace_id="a" * 32,
        span_id="b" * 16,
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": value,
            "gen_ai.output.messages": "[" * 100_000,
        },
    )
    assert normalize.normalize_span(raw).kind == "model"
    normalize._content(raw)
