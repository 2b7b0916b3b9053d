"""How one value is chosen among many: ranks, kinds, statuses, counts that never mix."""

from typing import Any

import pytest

from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource, Span
from quarterdeck.normalize.dialect import DRAFT_FIELDS, UNION_FIELDS, NormalizeSettings
from quarterdeck.normalize.dialects import DIALECTS
from quarterdeck.normalize.normalize import explain, lift, normalize_span
from quarterdeck.normalize.status import flow_status


def _span(
    attributes: dict[str, Any], *, name: str = "work", scope: str = "app", **rest: Any
) -> RawSpan:
    return RawSpan(
        trace_id="a" * 32, span_id="b" * 16, name=name, start_ns=1_000, end_ns=5_000,
        attributes=attributes, resource=Resource(scope_name=scope), **rest,
    )  # fmt: skip


def test_every_source_fills_a_field_that_exists() -> None:
    known = set(Span.__struct_fields__) | DRAFT_FIELDS
    assert known >= UNION_FIELDS
    for dialect in DIALECTS:
        for source in (*dialect.sources, *dialect.resource_sources):
            assert source.field in known, f"{dialect.name}: {source.field}"


def test_dialects_have_names_of_their_own() -> None:
    names = [dialect.name for dialect in DIALECTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "Chat "}, "step"),  # nothing of a call: only a wrapper
        ({"gen_ai.operation.name": "Chat ", "gen_ai.request.model": "m"}, "model"),
        ({"gen_ai.operation.name": "search_memory"}, "memory"),
        ({"gen_ai.operation.name": "unknown"}, "step"),
        ({"gen_ai.operation.name": "execute_task", "openinference.span.kind": "TOOL"}, "step"),
        ({"openinference.span.kind": "CHAIN", "mlflow.spanType": '"TOOL"'}, "tool"),
        ({"langfuse.observation.type": "span", "openinference.span.kind": "AGENT"}, "agent"),
        ({"langfuse.observation.type": "span",
          "langfuse.observation.model.name": "gpt-4o"}, "model"),
        ({"openinference.span.kind": "UNKNOWN"}, "step"),
        ({"traceloop.span.kind": "tool"}, "tool"),
        ({"mcp.method.name": "tools/call"}, "tool"),
        ({"mcp.method.name": "elicitation/create"}, "human"),
        ({"gen_ai.tool.name": "x"}, "tool"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1}, "model"),
        ({"db.system": "pinecone"}, "retrieval"),
        ({"db.system": "postgresql"}, "step"),
        ({"http.request.method": "POST"}, "step"),
        ({"agentops.span.kind": "session"}, "session"),
        ({"retrieval.documents.0.document.id": "d"}, "retrieval"),
        ({}, "step"),
    ],
)  # fmt: skip
def test_a_specific_kind_beats_a_generic_one_of_any_rank(
    attributes: dict[str, Any], kind: str
) -> None:
    assert normalize_span(_span(attributes)).kind == kind


def test_infrastructure_is_told_apart() -> None:
    assert normalize_span(_span({"http.request.method": "POST"})).subkind == "http"
    assert normalize_span(_span({"db.system": "postgresql"})).subkind == "db"
    assert normalize_span(_span({"messaging.system": "kafka"})).subkind == "messaging"


def test_session_id_comes_before_the_conversation_and_both_are_kept() -> None:
    span = normalize_span(_span({"gen_ai.conversation.id": "sub", "session.id": "main"}))
    assert (span.session_key, span.conversation_id) == ("main", "sub")


@pytest.mark.parametrize(
    "key",
    ["mcp.session.id", "langsmith.trace.session_id", "gen_ai.browser.session.id"],
)
def test_what_others_call_a_session_is_none(key: str) -> None:
    assert normalize_span(_span({key: "x"})).session_key == ""


def test_a_session_id_that_is_too_long_is_told_and_the_next_source_is_used() -> None:
    span = normalize_span(_span({"session.id": "x" * 300, "gen_ai.conversation.id": "c"}))
    assert span.session_key == "c"
    assert [problem.key for problem in span.problems] == ["session.id"]


def test_explain_names_the_key_that_gave_each_field() -> None:
    told = explain(_span({"llm.model_name": "m", "openinference.span.kind": "LLM"}))
    assert told["model_requested"] == "llm.model_name"
    assert told["kind"] == "openinference.span.kind"


def test_counts_of_two_conventions_never_mix() -> None:
    span = normalize_span(
        _span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 2,
                "llm.token_count.prompt": 11,
                "llm.token_count.completion": 2,
                "llm.token_count.prompt_details.cache_read": 5,
            }
        )
    )
    assert span.usage is not None
    assert (span.usage.input_tokens, span.usage.cache_read_tokens) == (10, None)


def test_equal_counts_are_taken_from_the_family_with_details() -> None:
    span = normalize_span(
        _span(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.usage.input_tokens": 10,
                "gen_ai.usage.output_tokens": 2,
                "llm.token_count.prompt": 10,
                "llm.token_count.completion": 2,
                "llm.token_count.prompt_details.cache_read": 5,
            }
        )
    )
    assert span.usage is not None
    assert span.usage.cache_read_tokens == 5


def test_an_unknown_count_is_not_zero() -> None:
    span = normalize_span(_span({"gen_ai.operation.name": "chat", "gen_ai.request.model": "m",
                                 "gen_ai.usage.output_tokens": 0}))  # fmt: skip
    assert span.usage is not None
    assert (span.usage.input_tokens, span.usage.output_tokens) == (None, 0)


@pytest.mark.parametrize(
    ("spelled", "status"),
    [
        ("langgraph.errors.GraphInterrupt", "interrupted"),
        ("GraphInterrupt((Interrupt(value='ok?'),))", "interrupted"),
        ("ApprovalRequired", "interrupted"),
        ("Command(goto='x')", "ok"),
        ("ParentCommand(Command(goto='x'))", "ok"),
        ("asyncio.exceptions.CancelledError", "cancelled"),
        ("AbortError: stopped", "cancelled"),
        ("ValueError: GraphInterrupt is only mentioned", None),
        ("CommandNotFound", None),
        ("", None),
    ],
)
def test_control_flow_is_no_error(spelled: str, status: str | None) -> None:
    assert flow_status(spelled) == status


def _exception(kind: str, *, escaped: bool) -> RawEvent:
    return RawEvent(
        name="exception",
        attributes={"exception.type": kind, "exception.message": "m",
                    "exception.escaped": str(escaped)},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("attributes", "rest", "status"),
    [
        ({}, {}, "unset"),
        ({}, {"status_code": 1}, "ok"),
        ({}, {"status_code": 2}, "error"),
        ({"error.type": "Timeout"}, {"status_code": 1}, "error"),
        ({}, {"events": (_exception("ValueError", escaped=True),)}, "error"),
        ({}, {"events": (_exception("ValueError", escaped=False),)}, "unset"),
        ({}, {"status_code": 1, "events": (_exception("x.GraphInterrupt", escaped=False),)},
         "interrupted"),
        ({"langfuse.observation.level": "ERROR"}, {}, "error"),
        ({"gen_ai.response.finish_reasons": ["content_filter"]}, {}, "error"),
        ({"gen_ai.response.finish_reasons": ["stop"]}, {}, "unset"),
    ],
)  # fmt: skip
def test_the_status_is_what_the_span_says_in_any_words(
    attributes: dict[str, Any], rest: dict[str, Any], status: str
) -> None:
    assert normalize_span(_span(attributes, **rest)).status == status


def test_an_error_message_is_short_and_comes_with_its_type() -> None:
    raw = _span({}, status_code=2, status_message="x" * 900,
                events=(_exception("ToolError", escaped=False),))  # fmt: skip
    span = normalize_span(raw)
    assert (span.error_type, len(span.error_message)) == ("ToolError", 500)


def test_lifted_events_are_there_once_whatever_the_order() -> None:
    raw = _span({"gen_ai.operation.name": "chat"})
    first = RawEvent(name="a", time_ns=1, attributes={"x": 1})
    second = RawEvent(name="b", time_ns=2)
    one = lift(raw, [second, first, first])
    other = lift(lift(raw, [first]), [second, first])
    assert one == other
    assert [event.name for event in one.events] == ["a", "b"]


def test_hidden_inputs_are_not_equal_inputs() -> None:
    span = normalize_span(
        _span(
            {
                "openinference.span.kind": "LLM",
                "llm.input_messages.0.message.role": "user",
                "llm.input_messages.0.message.content": "__REDACTED__",
            }
        )
    )
    assert (span.input_hash, span.last_message_hash) == ("", "")


def test_a_longer_conversation_ends_with_the_same_last_message() -> None:
    def flat(*contents: str) -> RawSpan:
        attributes: dict[str, Any] = {"openinference.span.kind": "LLM"}
        for at, content in enumerate(contents):
            attributes[f"llm.input_messages.{at}.message.role"] = "user"
            attributes[f"llm.input_messages.{at}.message.content"] = content
        return _span(attributes)

    short, long = normalize_span(flat("x")), normalize_span(flat("a", "b", "x"))
    assert short.last_message_hash == long.last_message_hash
    assert short.input_hash != long.input_hash
    assert normalize_span(flat("a", "b", "x")).input_hash == long.input_hash


def test_a_users_id_is_hashed_on_request_and_equal_users_stay_equal() -> None:
    raw = _span({"user.id": "u-7"})
    salted = NormalizeSettings(user_hash_salt="s")
    hashed = normalize_span(raw, settings=salted).user
    assert hashed == normalize_span(raw, settings=salted).user
    assert "u-7" not in hashed
    assert normalize_span(raw, settings=NormalizeSettings(user_hash_salt="t")).user != hashed
    assert normalize_span(raw).user == "u-7"


def test_resource_attributes_fill_gaps_and_never_override() -> None:
    resource = Resource(attributes={"service.version": "1.2", "session.id": "proc"})
    raw = RawSpan(trace_id="a" * 32, span_id="b" * 16, resource=resource)
    own = RawSpan(trace_id="a" * 32, span_id="b" * 16, resource=resource,
                  attributes={"session.id": "mine"})  # fmt: skip
    assert normalize_span(raw).session_key == "proc"
    assert normalize_span(raw).workflow_version == "1.2"
    assert normalize_span(own).session_key == "mine"


def test_a_guards_result_is_a_score_and_says_whether_it_stopped() -> None:
    span = normalize_span(
        _span({"gen_ai.guardrail.name": "pii", "gen_ai.guardrail.status": "FAILED"})
    )
    assert span.kind == "guardrail"
    assert span.guardrail_triggered is True
    assert [(score.name, score.label, score.judge) for score in span.scores] == [
        ("pii", "FAILED", "code")
    ]


def test_a_long_description_of_an_agent_is_no_role() -> None:
    short = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.description": "planner"}
    long = {**short, "gen_ai.agent.description": "You are a careful planner. " * 5}
    assert normalize_span(_span(short)).agent_role == "planner"
    assert normalize_span(_span(long)).agent_role == ""


def test_a_root_that_links_to_one_other_trace_goes_on_with_its_work() -> None:
    def linked(*traces: str, **rest: Any) -> tuple[str, ...]:
        links = tuple(RawLink(trace_id=t * 32, span_id="d" * 16) for t in traces)
        return normalize_span(_span(rest.pop("attributes", {}), links=links, **rest)).linked_traces

    assert linked("c") == linked("c", "c") == linked("a", "c") == ("c" * 32,)
    assert linked("c", "e") == (), "a batch of several traces' results is none of their sessions"
    assert linked("c", parent_span_id="f" * 16) == ()
    assert linked("c", attributes={"openinference.span.kind": "EVALUATOR"}) == ()
    queued = {"link.type": "queued_send"}
    link = RawLink(trace_id="c" * 32, span_id="d" * 16, attributes=queued)
    raw = _span({"span.type": "interaction"}, name="claude_code.interaction", links=(link,))
    assert normalize_span(raw).linked_traces == ("c" * 32,)
