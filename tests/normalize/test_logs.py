"""
Log records: which belong to their span, which become one, which say nothing; none raises.
"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.model.spans import RawLog, RawSpan, Resource
from quarterdeck.normalize.dialect import Ignored, Lifted, LogReading, Synthesized
from quarterdeck.normalize.logs import interpret_log
from quarterdeck.normalize.normalize import lift, normalize_span

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
CLAUDE = Resource(scope_name="com.anthropic.claude_code.events")
REQUEST = {
    "session.id": "s-1", "prompt.id": "p-1", "event.name": "api_request", "model": "claude-opus-4",
    "input_tokens": "10", "output_tokens": "2", "duration_ms": "1500", "request_id": "req_1",
}  # fmt: skip


def _one(log: RawLog) -> LogReading:
    readings = interpret_log(log)
    assert len(readings) == 1
    return readings[0]


def _span(log: RawLog) -> RawSpan:
    reading = _one(log)
    assert isinstance(reading, Synthesized)
    return reading.span


def _claude(name: str, **attributes: object) -> RawLog:
    told = {"session.id": "s-1", "event.name": name, **attributes}
    return RawLog(time_ns=2_000_000_000, event_name=name, attributes=told, resource=CLAUDE)


@pytest.mark.parametrize(
    "name",
    [
        "gen_ai.client.inference.operation.details", "gen_ai.user.message", "gen_ai.choice",
        "gen_ai.evaluation.result", "gen_ai.client.operation.exception",
        "gen_ai.execute_tool.exception", "exception",
    ],
)  # fmt: skip
def test_a_genai_event_inside_a_span_belongs_to_it(name: str) -> None:
    log = RawLog(
        time_ns=5, trace_id=TRACE, span_id=SPAN, event_name=name, attributes={"gen_ai.system": "x"}
    )
    reading = _one(log)
    assert isinstance(reading, Lifted)
    assert (reading.event.name, reading.event.time_ns) == (name, 5)
    assert reading.event.attributes["gen_ai.system"] == "x"


def test_the_members_of_a_structured_body_stand_beside_the_attributes() -> None:
    log = RawLog(
        time_ns=5, trace_id=TRACE, span_id=SPAN, event_name="gen_ai.user.message",
        body={"content": "hello", "role": "user"}, attributes={"role": "tool"},
    )  # fmt: skip
    reading = _one(log)
    assert isinstance(reading, Lifted)
    assert reading.event.attributes == {"content": "hello", "role": "tool"}


def test_the_event_name_of_older_senders_is_an_attribute_or_the_body() -> None:
    for log in (
        RawLog(time_ns=1, trace_id=TRACE, span_id=SPAN, attributes={"event.name": "gen_ai.choice"}),
        RawLog(time_ns=1, trace_id=TRACE, span_id=SPAN, body="gen_ai.choice"),
    ):
        reading = _one(log)
        assert isinstance(reading, Lifted)
        assert reading.event.name == "gen_ai.choice"


def test_content_that_a_distribution_moved_into_one_record_reaches_its_span() -> None:
    messages = [{"role": "user", "content": "hi"}]
    log = RawLog(
        time_ns=1, trace_id=TRACE, span_id=SPAN, event_name="strands.telemetry.tracer",
        body={"input": {"messages": messages}, "output": {"messages": []}},
    )  # fmt: skip
    reading = _one(log)
    assert isinstance(reading, Lifted)
    assert reading.event.name == "gen_ai.client.inference.operation.details"
    assert reading.event.attributes["gen_ai.input.messages"] == messages


def test_a_details_event_outside_any_span_becomes_the_call_itself() -> None:
    log = RawLog(
        time_ns=9, event_name="gen_ai.client.inference.operation.details",
        attributes={
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o",
            "gen_ai.conversation.id": "c-1", "gen_ai.response.id": "r-1",
        },
    )  # fmt: skip
    span = normalize_span(_span(log))
    assert (span.kind, span.synthetic, span.session_key) == ("model", True, "c-1")


def test_an_event_that_names_neither_span_nor_session_is_ignored_with_a_reason() -> None:
    reading = _one(RawLog(time_ns=1, event_name="gen_ai.choice"))
    assert reading == Ignored("a GenAI event outside any span, which names no session either")
    assert _one(RawLog(time_ns=1, body="disk is full")) == Ignored(
        "no reading for this kind of record"
    )


def test_a_plain_log_with_an_exception_does_not_fail_the_span_it_was_written_in() -> None:
    log = RawLog(
        time_ns=1, trace_id=TRACE, span_id=SPAN, body="caught", severity=17,
        attributes={"exception.type": "KeyError"},
    )  # fmt: skip
    assert isinstance(_one(log), Ignored)


def test_a_record_sent_twice_gives_the_same_span_and_another_record_another() -> None:
    log = RawLog(time_ns=7, attributes=REQUEST, resource=CLAUDE)
    again = msgspec.structs.replace(log, observed_ns=99)
    other = msgspec.structs.replace(log, attributes=REQUEST | {"request_id": "req_2"})
    assert _span(log).span_id == _span(again).span_id
    assert _span(log).trace_id == _span(other).trace_id
    assert _span(log).span_id != _span(other).span_id


def test_a_claude_call_ends_at_its_record_and_lasted_its_duration() -> None:
    raw = _span(RawLog(time_ns=2_000_000_000, attributes=REQUEST, resource=CLAUDE))
    span = normalize_span(raw)
    assert (span.start_ns, span.end_ns) == (500_000_000, 2_000_000_000)
    assert span.response_id == "req_1"
    assert raw.parent_span_id == _span(_claude("user_prompt", **{"prompt.id": "p-1"})).span_id


def test_a_traced_claude_call_stays_in_its_trace_and_a_traced_prompt_on_its_span() -> None:
    call = RawLog(time_ns=1, trace_id=TRACE, span_id=SPAN, attributes=REQUEST, resource=CLAUDE)
    raw = _span(call)
    assert (raw.trace_id, raw.parent_span_id) == (TRACE, SPAN)
    prompt = msgspec.structs.replace(
        _claude("user_prompt", prompt="hi"), trace_id=TRACE, span_id=SPAN
    )
    reading = _one(prompt)
    assert isinstance(reading, Lifted)
    assert reading.event.name == "claude_code.user_prompt"


def test_a_traced_decision_gives_the_waiting_span_its_call_and_tool() -> None:
    blocked = RawSpan(
        trace_id=TRACE, span_id=SPAN, name="claude_code.tool.blocked_on_user", start_ns=1,
        end_ns=11, attributes={"span.type": "tool.blocked_on_user", "decision": "accept",
                               "source": "user_temporary"},
        resource=Resource(scope_name="com.anthropic.claude_code.tracing"),
    )  # fmt: skip
    decision = msgspec.structs.replace(
        _claude("tool_decision", tool_name="Bash", tool_use_id="tu1", decision="accept"),
        trace_id=TRACE, span_id=SPAN,
    )  # fmt: skip
    reading = _one(decision)
    assert isinstance(reading, Lifted)
    act = normalize_span(lift(blocked, [reading.event])).human
    assert act is not None
    assert (act.call_id, act.tool, act.decision, act.auto) == ("tu1", "Bash", "approved", False)


@pytest.mark.parametrize(
    ("source", "auto"),
    [("config", True), ("hook", True), ("classifier", True), ("user_temporary", False),
     ("user_permanent", False), ("user_reject", False), ("user_abort", False)],
)  # fmt: skip
def test_only_a_users_decision_is_a_persons(source: str, *, auto: bool) -> None:
    log = _claude("tool_decision", decision="reject", source=source, tool_use_id="tu1")
    act = normalize_span(_span(log)).human
    assert act is not None
    assert act.auto is auto
    assert act.decision == ("cancelled" if source == "user_abort" else "rejected")


def test_a_survey_that_nobody_answered_and_bookkeeping_say_nothing() -> None:
    assert _one(_claude("feedback_survey", event_type="appeared")) == Ignored(
        "a survey without an answer"
    )
    assert isinstance(_one(_claude("plugin_loaded")), Ignored)
    assert _one(RawLog(time_ns=1, body="claude_code.api_request")) == Ignored("names no session")


def test_reasons_are_few_whatever_events_are_called() -> None:
    reasons = {
        reading.reason
        for number in range(50)
        for prefix in ("claude_code.", "codex.", "gemini_cli.", "gen_ai.", "")
        for reading in interpret_log(RawLog(time_ns=1, event_name=f"{prefix}made_up_{number}"))
        if isinstance(reading, Ignored)
    }
    assert len(reasons) == 5


def test_a_gemini_tool_call_tells_the_tool_and_who_allowed_it() -> None:
    log = RawLog(
        time_ns=10, event_name="gemini_cli.tool_call",
        attributes={"session.id": "g-1", "function_name": "run_shell", "function_args": "{}",
                    "success": "false", "decision": "reject", "duration_ms": "0"},
    )  # fmt: skip
    readings = interpret_log(log)
    spans = [normalize_span(r.span) for r in readings if isinstance(r, Synthesized)]
    assert [s.kind for s in spans] == ["tool", "human"]
    assert spans[0].status == "blocked"
    act = spans[1].human
    assert act is not None
    assert (act.decision, act.auto, act.tool) == ("rejected", False, "run_shell")


def test_gemini_thoughts_and_tool_prompts_are_added_to_the_counts() -> None:
    log = RawLog(
        time_ns=10, event_name="gemini_cli.api_response",
        attributes={"session.id": "g-1", "model": "gemini-2.5-pro", "input_token_count": "100",
                    "cached_content_token_count": "40", "output_token_count": "5",
                    "thoughts_token_count": "7", "tool_token_count": "3"},
    )  # fmt: skip
    span = normalize_span(_span(log))
    assert span.usage is not None
    assert (span.usage.input_tokens, span.usage.output_tokens) == (103, 12)
    assert (span.usage.cache_read_tokens, span.usage.reasoning_tokens) == (40, 7)


def test_a_codex_chunk_and_a_working_attempt_are_ignored_and_a_failed_one_is_a_call() -> None:
    def record(name: str, **attributes: str) -> RawLog:
        told = {"conversation.id": "c-1", "model": "gpt-5-codex", **attributes}
        return RawLog(time_ns=10, event_name=name, attributes=told)

    delta = record("codex.sse_event", **{"event.kind": "response.output_text.delta"})
    assert _one(delta) == Ignored("a chunk of a stream")
    assert isinstance(
        _one(record("codex.api_request", **{"http.response.status_code": "200"})), Ignored
    )
    failed = normalize_span(
        _span(record("codex.api_request", attempt="2", **{"http.response.status_code": "429"}))
    )
    assert (failed.kind, failed.status, failed.attempt) == ("model", "error", 2)


def test_a_codex_sub_agents_conversation_joins_its_parents() -> None:
    log = RawLog(
        time_ns=10, event_name="codex.agent_communication",
        attributes={"conversation.id": "child", "parent.conversation.id": "parent",
                    "agent.type": "explorer"},
    )  # fmt: skip
    span = normalize_span(_span(log))
    assert set(span.join_keys) == {"codex:child", "codex:parent"}
    assert span.handoff is not None
    assert (span.handoff.source, span.handoff.target) == ("codex", "explorer")
    assert span.handoff.kind == "spawns"


def test_a_traced_codex_tool_result_makes_the_span_it_was_written_in_the_tool() -> None:
    def record(name: str, **attributes: str) -> RawLog:
        told = {"conversation.id": "c-1", **attributes}
        return RawLog(time_ns=10, event_name=name, attributes=told, trace_id=TRACE, span_id=SPAN)

    runtime = RawSpan(
        trace_id=TRACE, span_id=SPAN, name="dispatch", start_ns=1, end_ns=9,
        resource=Resource(scope_name="codex_tui"),
    )  # fmt: skip
    assert normalize_span(runtime).ghost
    result = _one(
        record(
            "codex.tool_result", tool_name="shell", call_id="c9", success="false",
            arguments='{"command": "ls"}', output="denied",
        )
    )  # fmt: skip
    assert isinstance(result, Lifted)
    span = normalize_span(lift(runtime, [result.event]))
    assert (span.kind, span.tool, span.tool_call_id) == ("tool", "shell", "c9")
    assert (span.status, span.target, span.ghost) == ("error", "ls", False)
    # No span tells who allowed it.
    decision = _one(record("codex.tool_decision", call_id="c9", decision="denied", source="user"))
    assert isinstance(decision, Synthesized)
    assert (decision.span.trace_id, decision.span.parent_span_id) == (TRACE, SPAN)


# -- any record whatever ----------------------------------------------------------------------

_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.text(max_size=20)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        "", "api_request", "tool_result", "tool_decision", "user_prompt", "subagent_completed",
        "feedback_survey", "claude_code.api_error", "codex.sse_event", "codex.tool_decision",
        "codex.tool_result", "codex.agent_communication", "codex.compaction_started",
        "gemini_cli.tool_call", "gemini_cli.api_response", "gen_ai.choice", "exception",
        "gen_ai.evaluation.result", "gen_ai.client.inference.operation.details",
    ]
) | st.text(max_size=20)  # fmt: skip
_KEYS = st.sampled_from(
    [
        "session.id", "conversation.id", "prompt.id", "event.name", "event.kind", "decision",
        "source", "tool_name", "tool_use_id", "call_id", "agent_id", "parent_agent_id", "success",
        "duration_ms", "input_tokens", "output_tokens", "cost_usd", "request_id", "event_type",
        "response", "tool_input", "tool_parameters", "input_token_count", "tool_token_count",
        "gen_ai.response.id", "gen_ai.conversation.id", "gen_ai.evaluation.name", "error.message",
        "http.response.status_code", "parent.conversation.id", "function_name", "span.type",
    ]
) | st.text(max_size=12)  # fmt: skip
_IDS = st.sampled_from(["", TRACE, SPAN])
_LOGS = st.builds(
    RawLog,
    time_ns=st.integers(-(2**63), 2**63 - 1),
    observed_ns=st.integers(0, 2**63 - 1),
    trace_id=_IDS,
    span_id=_IDS,
    event_name=_NAMES,
    body=_VALUES | st.sampled_from(["claude_code.api_request", "gen_ai.choice"]),
    attributes=st.dictionaries(_KEYS, _VALUES, max_size=8),
    resource=st.sampled_from([Resource(), CLAUDE, Resource(scope_name="codex_exec")]),
)


@given(_LOGS)
def test_any_record_has_a_reading_and_what_it_becomes_is_a_span(log: RawLog) -> None:
    readings = interpret_log(log)
    assert readings
    for reading in readings:
        assert not (isinstance(reading, Ignored) and reading.reason.startswith("unreadable"))
        if isinstance(reading, Synthesized):
            raw = reading.span
            assert len(raw.trace_id) == 32 or raw.trace_id == log.trace_id
            assert len(raw.span_id) == 16
            assert 0 <= raw.start_ns <= raw.end_ns < 2**63
            span = normalize_span(raw)
            assert span.synthetic
            assert not any(problem.key == "span" for problem in span.problems)
    assert interpret_log(log) == readings
