"""Portkey: logs in their three forms, feedback, prompts."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from captures.load import replay_spans
from quarterdeck.errors import TryAgain
from quarterdeck.receive.wire import Reply, trace_id_of
from quarterdeck.receive.wires.portkey import prompts
from quarterdeck.receive.wires.portkey.wire import WIRE
from quarterdeck.storage.records.connection import open_records
from quarterdeck.storage.records.projects import ensure_default_project
from receive.wires.recorded_calls import NOW_NS, MemoryDesk, ask, recorded, sent, sessions

SAID = {"x-portkey-trace-id": "trace-1", "x-portkey-metadata": '{"_user": "u-1", "session": "s-1"}'}


def log(
    desk: MemoryDesk, body: Any, *, at_ns: int = NOW_NS, headers: dict[str, str] | None = None
) -> Reply:
    answer = ask(WIRE, desk, "POST", "/v1/logs", body, headers=headers, received_ns=at_ns)
    assert answer is not None
    return answer


def by_hand(**changes: Any) -> dict[str, Any]:
    return {
        "request": {"url": "https://x/search", "provider": "tool", "body": {"q": "late"}},
        "response": {"status": 200, "body": {"hits": 3}, "response_time": 12},
        "metadata": {"trace_id": "trace-1", "span_id": "one", "session_id": "s-1"},
        **changes,
    }


@pytest.mark.parametrize("label", ["success", "failure"])
def test_order_and_repetition_of_recorded_logs_show_only_where_arrival_is_the_time(
    label: str, shared: Path
) -> None:
    requests = recorded(shared / "captures" / "portkey", label)
    (once,) = sessions(WIRE, requests)
    chance = random.Random(label)
    for _ in range(5):
        mixed = [*requests, *chance.sample(requests, k=5)]
        chance.shuffle(mixed)
        (again,) = sessions(WIRE, mixed)
        assert again.session.tools == once.session.tools
        assert again.session.session_id == once.session.session_id
        assert {span.span_id for span in again.spans} == {span.span_id for span in once.spans}


def test_a_log_without_a_time_stays_where_it_first_was_when_it_is_sent_again() -> None:
    desk = MemoryDesk()
    log(desk, by_hand(), at_ns=NOW_NS)
    log(desk, by_hand(), at_ns=NOW_NS + 60_000_000_000)
    (one,) = replay_spans(desk.spans(WIRE))
    (span,) = one.spans
    assert (span.start_ns, span.end_ns) == (NOW_NS - 12_000_000, NOW_NS)


def test_what_a_log_leaves_out_is_told_by_the_headers_it_came_with() -> None:
    desk = MemoryDesk()
    answer = log(desk, by_hand(metadata={"span_name": "search"}), headers=SAID)
    assert answer.headers["x-portkey-trace-id"] == "trace-1"
    (one,) = replay_spans(desk.spans(WIRE))
    assert (one.session.session_id, one.session.user) == ("s-1", "u-1")
    assert one.spans[0].trace_id == trace_id_of("trace-1")


def test_a_log_of_a_model_call_has_its_tokens_and_one_that_failed_its_reason() -> None:
    desk = MemoryDesk()
    request = {"provider": "openai", "body": {"model": "gpt-4o", "messages": [
        {"role": "user", "content": "hi"}]}}  # fmt: skip
    answer = {"model": "gpt-4o-2024-08-06", "usage": {"prompt_tokens": 3, "completion_tokens": 2},
              "choices": [{"message": {"role": "assistant", "content": "hey"}}]}  # fmt: skip
    error = {"error": {"message": "slow down", "type": "rate_limit"}}
    log(desk, [
        by_hand(request=request, response={"status": 200, "body": answer}),
        by_hand(request=request, response={"status": 429, "body": error},
                metadata={"trace_id": "trace-1", "span_id": "two"}),
    ])  # fmt: skip
    (one,) = replay_spans(desk.spans(WIRE))
    assert [(use.calls, use.errors) for use in one.session.models] == [(1, 1), (1, 0)]
    failed = next(span for span in one.spans if span.status == "error")
    assert (failed.error_type, failed.error_message) == ("rate_limit", "slow down")
    assert failed.provider == "openai"


def test_one_odd_log_is_kept_and_what_is_no_log_is_refused() -> None:
    desk = MemoryDesk()
    odd: dict[str, Any] = {"request": 7, "response": [], "metadata": "x", "start_time": "now"}
    assert log(desk, [odd, by_hand()]).status == 200
    assert len(desk.fragments) == 2
    for nothing in (None, [], "x", [1]):
        assert log(desk, nothing).body["status"] == "failure"


def test_langchains_run_is_a_tree_with_an_agent_two_tools_and_two_calls(shared: Path) -> None:
    (one,) = sessions(WIRE, recorded(shared / "captures" / "portkey_otel", "langchain_cb"))
    assert one.session.session_id == "thread-refund-2025-0042"
    assert [(agent.agent, agent.model_calls) for agent in one.session.agents] == [
        ("support_agent", 2)
    ]
    roots = [span for span in one.spans if not span.parent_span_id]
    assert [(span.kind, span.name) for span in roots] == [("agent", "support_agent")]
    tools = {span.tool: span for span in one.spans if span.kind == "tool"}
    assert set(tools) == {"search_orders", "lookup_policy"}
    assert all(span.tool_call_id.startswith("call_") for span in tools.values())


def test_a_packed_span_is_unpacked_with_its_own_ids_status_and_events() -> None:
    packed = {
        "name": "chat gpt-4o",
        "context": {"trace_id": "0xf0a59e32b118a86987c104ed59501439",
                    "span_id": "0x091e5e31f0b34644"},
        "kind": "SpanKind.CLIENT",
        "parent_id": "0x1f1e5e31f0b34644",
        "start_time": "2026-11-23T03:17:09.682979Z",
        "end_time": "2026-11-23T03:17:09.683864Z",
        "status": {"status_code": "ERROR", "description": "cut"},
        "attributes": {"gen_ai.request.model": "gpt-4o", "session.id": "s-9"},
        "events": [{"name": "exception", "timestamp": "2026-11-23T03:17:09.683Z",
                    "attributes": {"exception.type": "IOError"}}],
        "resource": {"attributes": {"service.name": "app"}},
    }  # fmt: skip
    desk = MemoryDesk()
    log(desk, [{"metadata": {"_logType": "opentelemetry", "traceId": "x", "spanId": 1},
                "request": {"body": packed}}])  # fmt: skip
    (raw,) = desk.spans(WIRE)
    assert (raw.trace_id, raw.span_id) == ("f0a59e32b118a86987c104ed59501439", "091e5e31f0b34644")
    assert (raw.parent_span_id, raw.otlp_kind) == ("1f1e5e31f0b34644", 3)
    assert (raw.status_code, raw.status_message) == (2, "cut")
    assert raw.end_ns - raw.start_ns == 885_000
    assert raw.events[0].attributes == {"exception.type": "IOError"}
    assert raw.resource.attributes == {"service.name": "app"}
    (one,) = replay_spans([raw])
    assert one.session.session_id == "s-9"


def test_how_a_graph_is_put_together_is_no_session(shared: Path) -> None:
    requests = recorded(shared / "captures" / "portkey_otel", "otel_wrapt1")
    assert sent(WIRE, requests).spans(WIRE)
    assert sessions(WIRE, requests) == []


# ----------------------------------------------------------------------------- feedback


def give(desk: MemoryDesk, body: Any, *, method: str = "POST", path: str = "/v1/feedback") -> Reply:
    answer = ask(WIRE, desk, method, path, body)
    assert answer is not None
    return answer


def test_feedback_is_a_score_of_its_trace_and_the_same_feedback_is_one() -> None:
    desk = MemoryDesk()
    said = {"trace_id": "trace-1", "value": -5, "weight": 0.5,
            "metadata": {"comment": "never came", "_user": "u-1"}}  # fmt: skip
    first, again = give(desk, said), give(desk, [said])
    assert first.body["feedback_ids"] == again.body["feedback_ids"]
    (score,) = desk.judgements()
    assert (score.scope, score.target_trace_id) == ("trace", trace_id_of("trace-1"))
    assert (score.value, score.explanation, score.author) == (-5.0, "never came", "u-1")
    assert score.judge == "human"
    odd: tuple[Any, ...] = ({}, {"trace_id": 7}, [], "x")
    for wrong in odd:
        assert give(desk, wrong).body["status"] == "failure"


def test_feedback_that_is_changed_keeps_what_the_change_leaves_out() -> None:
    desk = MemoryDesk()
    said = {"trace_id": "trace-1", "value": 5, "metadata": {"comment": "Thanks"}}
    (named,) = give(desk, said).body["feedback_ids"]
    changed = give(desk, {"value": 3, "weight": None}, method="PUT", path=f"/v1/feedback/{named}")
    assert changed.body["feedback_ids"] == [named]
    (score,) = desk.judgements()
    assert (score.value, score.explanation) == (3.0, "Thanks")


def test_a_change_of_feedback_that_nobody_gave_is_kept_and_judges_nothing() -> None:
    desk = MemoryDesk()
    assert give(desk, {"value": 3}, method="PUT", path="/v1/feedback/fb-1").status == 200
    assert desk.judgements() == []
    assert [fragment.body for fragment in desk.fragments] == [{"value": 3}]


# ------------------------------------------------------------------------------ prompts


def test_every_answer_names_a_trace_errors_too() -> None:
    """Else the SDK sends again what failed."""
    error = WIRE.error(TryAgain("full", retry_after_s=7), 503)
    assert error.headers["x-portkey-trace-id"]
    assert error.headers["Retry-After"] == "7"
    assert error.body["error"]["message"] == "full"


def test_a_prompt_is_published_by_its_first_version_and_by_makedefault(tmp_path: Path) -> None:
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}")
    ensure_default_project(records, now_ns=1)
    desk = MemoryDesk(records)

    def asked(method: str, path: str, body: Any = None) -> Any:
        answer = ask(WIRE, desk, method, path, body)
        assert answer is not None
        return answer.body

    chat = json.dumps([{"role": "system", "content": "Be {{ tone }}."}])
    said = {"name": "Support Critic!", "collection_id": "c", "string": chat, "model": "gpt-4o",
            "parameters": {"temperature": 0.2, "tone": "kind"}}  # fmt: skip
    made = asked("POST", "/v1/prompts", said)
    assert made["slug"] == "pp-support-critic"
    slug = made["slug"]
    asked("PUT", f"/v1/prompts/{slug}", {"string": "Be {{tone}}, and brief.", "name": "Critic"})
    data = asked("POST", f"/v1/prompts/{slug}/render", {"variables": {}})["data"]
    assert data["messages"] == [{"role": "system", "content": "Be kind."}]
    assert (data["model"], data["temperature"]) == ("gpt-4o", 0.2)
    newest = asked(
        "POST",
        f"/v1/prompts/{slug}@latest/render",
        {"variables": {"tone": "dry"}, "temperature": 1},
    )["data"]
    assert newest["messages"] == [{"role": "user", "content": "Be dry, and brief."}]
    assert newest["temperature"] == 1
    asked("PUT", f"/v1/prompts/{slug}/makeDefault", {"version": 2})
    told = asked("GET", f"/v1/prompts/{slug}")
    assert (told["prompt_version"], told["prompt_version_status"]) == (2, "active")
    assert (told["name"], told["string"]) == ("Critic", "Be {{tone}}, and brief.")
    assert asked("GET", f"/v1/prompts/{slug}@1")["string"] == chat
    versions = asked("GET", f"/v1/prompts/{slug}/versions")["data"]
    assert [one["prompt_version"] for one in versions] == [2, 1]
    assert [one["slug"] for one in asked("GET", "/v1/prompts")["data"]] == [slug]
    assert asked("GET", f"/v1/prompts/{slug}@9")["status"] == "failure"
    asked("DELETE", f"/v1/prompts/{slug}")
    assert asked("GET", "/v1/prompts")["total"] == 0
    records.close()


def test_a_variable_that_nobody_gave_is_empty_and_other_braces_stay() -> None:
    content = prompts.content_of({"string": "{{a}} {{b}} {c} {{#d}}x{{/d}} {{e}}"})
    data = prompts.rendered(content, {"a": "1", "e": {"k": "é"}})
    assert data["messages"] == [{"role": "user", "content": '1  {c} {{#d}}x{{/d}} {"k": "é"}'}]


def test_metadata_in_the_headers_of_an_otlp_request_tells_session_and_user_of_its_spans() -> None:
    (route,) = [route for route in WIRE.routes if route.path == "otel/v1/traces"]
    assert route.stamp is not None
    assert route.stamp({"x-portkey-metadata": '{"_user": "u-1", "session_id": "s-1", "n": 1}'}) == {
        "session.id": "s-1",
        "user.id": "u-1",
    }
    for odd in ("", "{", "[]", "7", '{"_user": 7}'):
        assert route.stamp({"x-portkey-metadata": odd}) == {}
