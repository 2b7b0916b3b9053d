"""Helicone: logged requests, paths as trees, feedback, runs of 2023, prompts."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captures.load import ReplayedSession, replay_spans
from quarterdeck.receive.wire import Reply
from quarterdeck.receive.wires.helicone import prompts
from quarterdeck.receive.wires.helicone.streams import merged, read_text_body
from quarterdeck.receive.wires.helicone.wire import WIRE
from quarterdeck.storage.records.connection import open_records
from quarterdeck.storage.records.projects import ensure_default_project
from quarterdeck.storage.records.prompts import PromptContent, commit_prompt
from receive.wires.recorded_calls import NOW_NS, MemoryDesk, ask, recorded, sent, sessions

REQUEST = "6179947e-941b-4edd-912d-9250ae660561"


def asked(desk: MemoryDesk, method: str, path: str, body: Any = None, **more: Any) -> Reply:
    answer = ask(WIRE, desk, method, path, body, **more)
    assert answer is not None
    return answer


def log(desk: MemoryDesk, request: Any, response: Any = None, **headers: str) -> None:
    """`headers` without `Helicone-`, dashes as underscores."""
    said = {"json": response} if isinstance(response, dict) else {"json": {}, "textBody": response}
    body = {
        "providerRequest": {"url": "custom-model-nopath", "json": request, "meta": {}},
        "providerResponse": {"status": 200, "headers": {}, **said},
        "timing": {
            "startTime": {"seconds": 1_795_403_251, "milliseconds": 500},
            "endTime": {"seconds": 1_795_403_251, "milliseconds": 900},
            "timeToFirstToken": 40,
        },
    }
    named = {"Helicone-" + name.replace("_", "-"): value for name, value in headers.items()}
    assert asked(desk, "POST", "/custom/v1/log", body, headers=named).status == 200


def session_of(desk: MemoryDesk) -> ReplayedSession:
    (one,) = replay_spans(desk.spans(WIRE))
    return one


@pytest.mark.parametrize(
    ("capture", "label"),
    [("helicone", "success"), ("helicone", "failure"), ("helicone_js", "success")],
)
def test_any_order_and_repetition_of_recorded_calls_gives_the_same_session(
    capture: str, label: str, shared: Path
) -> None:
    requests = recorded(shared / "captures" / capture, label)
    (once,) = sessions(WIRE, requests)
    known = {one.span_id: one for one in once.spans}
    chance = random.Random(label)
    for _ in range(5):
        mixed = [*requests, *chance.sample(requests, k=5)]
        chance.shuffle(mixed)
        (again,) = sessions(WIRE, mixed)
        assert again.session == once.session
        assert {one.span_id: one for one in again.spans} == known


def test_a_path_is_a_tree_whose_parts_last_from_their_first_call_to_their_last() -> None:
    desk = MemoryDesk()
    call = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    tool = {"_type": "tool", "toolName": "search", "input": {"q": 1}}
    log(desk, tool, {"hits": 1}, Session_Id="s", Session_Path="/support-agent/tools/search")
    log(desk, call, {}, Session_Id="s", Session_Path="support-agent/planner/")
    one = session_of(desk)
    by_id = {span.span_id: span for span in one.spans}
    tree = {
        span.name: (span.kind, by_id[span.parent_span_id].name if span.parent_span_id else "")
        for span in one.spans
    }
    assert tree == {
        "support-agent": ("agent", ""),
        "tools": ("step", "support-agent"),
        "search": ("tool", "tools"),
        "planner": ("step", "support-agent"),
        "chat m": ("model", "planner"),
    }
    root = next(span for span in one.spans if span.name == "support-agent")
    assert (root.start_ns, root.end_ns) == (1_795_403_251_500_000_000, 1_795_403_251_900_000_000)


def test_headers_are_read_in_any_case_and_from_wherever_the_client_put_them() -> None:
    desk = MemoryDesk()
    body = {
        "providerRequest": {
            "json": {"model": "m", "messages": []},
            "meta": {"Helicone-User-Id": "u", "helicone-property-Environment": "Staging"},
        },
        "providerResponse": {"json": {}, "status": 200,
                             "headers": {"HELICONE-SESSION-ID": "s", "Helicone-User-Id": "no"}},
    }  # fmt: skip
    asked(desk, "POST", "/oai/v1/log", body, headers={"helicone-session-name": "Refunds"})
    one = session_of(desk)
    assert (one.session.session_id, one.session.user) == ("s", "u")
    assert one.session.workflow.environment == "staging"
    assert one.session.workflow.name == "Refunds"


def test_operations_are_tools_retrievals_and_decisions() -> None:
    desk = MemoryDesk()
    log(desk, {"_type": "tool", "toolName": "refund", "input": {"id": 7}},
        {"ok": 1, "_type": "tool", "toolName": "refund"}, Session_Id="s")  # fmt: skip
    log(desk, {"_type": "tool", "toolName": "refund", "input": {"id": 8}},
        {"status": "error", "error": "no such order"}, Session_Id="s")  # fmt: skip
    log(desk, {"_type": "vector_db", "operation": "search", "text": "q", "topK": 2},
        {"status": "success"}, Session_Id="s")  # fmt: skip
    log(desk, {"_type": "data", "name": "human_approval", "meta": {"approved": False}},
        {"status": "success"}, Session_Id="s")  # fmt: skip
    one = session_of(desk)
    assert [(use.tool, use.calls, use.errors) for use in one.session.tools] == [("refund", 2, 1)]
    kinds = {span.name: span.kind for span in one.spans}
    assert kinds["vector_db search"] == "retrieval"
    assert [(act.kind, act.decision) for act in one.session.interventions] == [
        ("rejection", "rejected")
    ]
    done = next(span for span in one.spans if span.kind == "tool" and span.status == "ok")
    content = one.content(done.trace_id, done.span_id)
    assert (content.input, content.output) == ({"id": 7}, {"ok": 1})


def test_feedback_before_its_request_is_a_score_of_it_and_the_last_counts() -> None:
    desk = MemoryDesk()
    asked(desk, "POST", f"/v1/request/{REQUEST}/feedback", {"rating": True})
    scores = {"scores": {"critic": 90, "human_approved": True, "odd": None}}
    asked(desk, "POST", f"/v1/request/{REQUEST}/score", scores)
    asked(desk, "PUT", f"/v1/request/{REQUEST}/property", {"key": "Env", "value": "Live"})
    asked(desk, "POST", "/v1/feedback",
          {"helicone-id": REQUEST, "name": "thumbs", "value": False})  # fmt: skip
    assert desk.spans(WIRE) == []
    log(desk, {"model": "m", "messages": []}, {}, Request_Id=REQUEST)
    asked(desk, "POST", f"/v1/request/{REQUEST}/feedback", {"rating": False},
          received_ns=NOW_NS + 1)  # fmt: skip
    one = session_of(desk)
    assert {(s.name, s.value, s.judge) for s in one.session.scores} == {
        ("rating", 0.0, "human"),
        ("critic", 90.0, "code"),
        ("human_approved", 1.0, "code"),
        ("thumbs", 0.0, "human"),
    }
    assert one.session.workflow.environment == "live"


def test_a_sessions_rating_is_a_judgement_of_the_session() -> None:
    desk = MemoryDesk()
    answer = asked(desk, "POST", "/v1/session/a%2Fb/feedback", {"rating": True})
    assert answer.status == 200
    (score,) = desk.judgements()
    assert (score.scope, score.target_session_id, score.value) == ("session", "a/b", 1.0)
    assert asked(desk, "POST", "/v1/session/s/feedback", {}).status == 400


# ------------------------------------------------------------------------------ streams


def pieces(*deltas: dict[str, Any], **last: Any) -> Iterator[str]:
    for delta in deltas:
        yield json.dumps({"id": "c1", "model": "m", "choices": [{"index": 0, "delta": delta}]})
    yield json.dumps({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], **last})


def test_the_pieces_of_a_stream_are_one_answer_with_its_tool_calls_and_usage() -> None:
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "f"}}
    lines = pieces(
        {"role": "assistant", "content": "a"}, {"content": "b"}, {"tool_calls": [call]},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"q"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]},
        usage={"prompt_tokens": 3, "completion_tokens": 2},
    )  # fmt: skip
    body = read_text_body("\n\n".join(f"data: {line}" for line in lines) + "\n\ndata: [DONE]")
    assert (body.error, body.text) == ("", "")
    (choice,) = body.response["choices"]
    assert choice["message"]["content"] == "ab"
    assert choice["message"]["tool_calls"][0]["function"] == {"name": "f", "arguments": '{"q": 1}'}
    assert choice["finish_reason"] == "stop"
    assert body.response["usage"] == {"prompt_tokens": 3, "completion_tokens": 2}


def test_anthropics_events_are_one_message() -> None:
    told = merged([
        {"type": "message_start", "message": {"id": "msg_1", "model": "claude-4",
                                              "usage": {"input_tokens": 5}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"text": "he"}},
        {"type": "content_block_delta", "index": 0, "delta": {"text": "y"}},
        {"type": "content_block_start", "index": 1,
         "content_block": {"type": "tool_use", "id": "tu", "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 1, "delta": {"partial_json": '{"a":'}},
        {"type": "content_block_delta", "index": 1, "delta": {"partial_json": "1}"}},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"},
         "usage": {"output_tokens": 7}},
    ])  # fmt: skip
    assert told["content"] == [
        {"type": "text", "text": "hey"},
        {"type": "tool_use", "id": "tu", "name": "f", "input": {"a": 1}},
    ]
    assert told["stop_reason"] == "tool_use"
    assert told["usage"] == {"input_tokens": 5, "output_tokens": 7}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("RuntimeError: stream cut\n\n\n", "RuntimeError: stream cut"),
        (
            'Traceback (most recent call last):\n  File "x", line 1\nhttpx.ReadTimeout: slow\n\n',
            "httpx.ReadTimeout: slow",
        ),
        ("Error: boom\n    at file:///x.mjs:13:12\n\n", "Error: boom"),
        ("All went well: no Error.\n", ""),
        ("", ""),
    ],
)
def test_an_error_that_only_the_text_tells_fails_the_call_and_keeps_the_pieces(
    text: str, error: str
) -> None:
    body = read_text_body(text + "\n".join(pieces({"content": "half"})))
    assert body.error == error
    assert body.response["choices"][0]["message"]["content"] == "half"
    desk = MemoryDesk()
    log(desk, {"model": "m", "messages": []}, text + "\n".join(pieces({"content": "half"})))
    (span,) = session_of(desk).spans
    assert (span.status, span.error_message) == (("error", error) if error else ("ok", ""))


def test_a_text_that_is_no_json_is_what_was_said() -> None:
    desk = MemoryDesk()
    log(desk, {"model": "m", "messages": [{"role": "user", "content": "hi"}]}, "Hello {you}")
    one = session_of(desk)
    (span,) = one.spans
    (message,) = one.content(span.trace_id, span.span_id).output_messages
    assert message.parts[0].content == "Hello {you}"  # type: ignore[union-attr]
    assert span.time_to_first_token_ns == 40_000_000


def test_statuses_say_failed_or_cancelled() -> None:
    desk = MemoryDesk()
    for at, status in enumerate((503, -3, -1)):
        body = {
            "providerRequest": {"json": {"model": "m", "messages": [], "n": at}},
            "providerResponse": {"json": {"error": {"message": "down"}}, "status": status},
        }
        asked(desk, "POST", "/acme/v1/log", body, headers={"Helicone-Session-Id": "s"})
    found = sorted((span.status, span.error_message) for span in session_of(desk).spans)
    assert found == [("cancelled", ""), ("error", "down"), ("error", "down")]


# --------------------------------------------------------------------------------- runs


def test_runs_of_2023_are_a_job_with_its_nodes_and_how_they_ended(shared: Path) -> None:
    requests = recorded(shared / "captures" / "helicone_old", "runs")
    (one,) = sessions(WIRE, requests)
    told = {span.name: (span.kind, span.status) for span in one.spans}
    assert told == {
        "refund": ("step", "ok"),
        "planner": ("agent", "error"),
        "research": ("step", "ok"),
    }
    assert (one.session.outcome.label, one.session.outcome.source) == ("success", "agent")
    (late,) = replay_spans(sent(WIRE, requests[::-1]).spans(WIRE))
    assert {span.name: (span.kind, span.status) for span in late.spans} == told


def test_a_run_that_goes_on_is_open() -> None:
    desk = MemoryDesk()
    asked(desk, "POST", "/job", {"id": REQUEST, "name": "refund", "status": "PENDING"})
    asked(desk, "PATCH", f"/job/{REQUEST}/status", {"status": "RUNNING"})
    (raw,) = desk.spans(WIRE)
    assert (raw.end_ns, raw.attributes["quarterdeck.partial"]) == (0, True)


# ------------------------------------------------------------------------------ prompts


def test_a_prompts_body_is_at_an_address_that_works_without_a_key_and_not_for_long(
    tmp_path: Path,
) -> None:
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}")
    ensure_default_project(records, now_ns=1)
    desk = MemoryDesk(records)
    message = {"role": "system", "content": "Plan for {{hc:brand:string}}."}
    body = {"model": "gpt-4o", "temperature": 0.2, "messages": [message]}
    made = asked(desk, "POST", "/v1/prompt-2025", {"name": "sup001", "promptBody": body})
    newer = {**body, "temperature": 0.9}
    changed = asked(
        desk, "POST", "/v1/prompt-2025/update",
        {"promptId": "sup001", "promptBody": newer, "environment": "staging"},
    )  # fmt: skip

    def query(which: str, **said: str) -> Any:
        return asked(desk, "POST", f"/v1/prompt-2025/query/{which}", said).body["data"]

    told = query("production-version", promptId="sup001")
    assert (told["id"], told["major_version"]) == (made.body["data"]["versionId"], 1)
    staged = query("environment-version", promptId="sup001", environment="staging")
    assert staged["id"] == changed.body["data"]["id"]
    assert query("version", promptVersionId=staged["id"])["major_version"] == 2
    stranger = MemoryDesk(records)
    stranger.project_id = "another"  # type: ignore[assignment]
    address = staged["s3_url"].partition("/helicone")[2]
    assert asked(stranger, "GET", address).body == newer
    forged = address[:-1] + ("0" if address[-1] != "0" else "1")
    for wrong in (forged, address.rpartition(".")[0], "/v1/prompt-2025/body/x.y"):
        assert asked(stranger, "GET", wrong).body["code"] == "not_found"
    stranger.now_ns = lambda: NOW_NS + 3_600 * 10**9  # type: ignore[method-assign]
    assert asked(stranger, "GET", address).body["code"] == "not_found"
    records.close()


def test_a_prompt_that_another_client_made_has_helicones_placeholders(tmp_path: Path) -> None:
    records = open_records(f"sqlite:///{tmp_path / 'records.db'}")
    ensure_default_project(records, now_ns=1)
    content = PromptContent(
        kind="chat",
        messages=({"role": "user", "content": "Hello {{ name }}"},),
        templating="mustache",
        model="gpt-4o",
    )
    commit_prompt(
        records, project_id="default", name="greet", content=content, created_by="t", now_ns=1
    )
    told = asked(MemoryDesk(records), "POST", "/v1/prompt-2025/query/production-version",
                 {"promptId": "greet"})  # fmt: skip
    assert told.body["data"]["model"] == "gpt-4o"
    assert prompts.body_of(content)["messages"][0]["content"] == "Hello {{hc:name:string}}"
    records.close()


def test_a_path_without_a_session_has_nothing_around_it() -> None:
    desk = MemoryDesk()
    log(desk, {"model": "m", "messages": []}, {}, Session_Path="/agent/planner")
    (raw,) = desk.spans(WIRE)
    assert raw.parent_span_id == ""


def test_headers_of_an_otlp_request_tell_session_and_user_of_its_spans() -> None:
    (route, *_) = [route for route in WIRE.routes if route.path == "v1/trace/log-python"]
    assert route.stamp is not None
    told = route.stamp(
        {"helicone-session-id": "s-1", "helicone-user-id": "u", "helicone-auth": "Bearer x"}
    )
    assert told == {"session.id": "s-1", "user.id": "u"}
    assert route.stamp({}) == {}
