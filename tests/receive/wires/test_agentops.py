"""AgentOps: the login, what was printed, and reading back."""

from pathlib import Path
from typing import Any

import pytest

from captures.load import items_of, recorded_requests, replay_spans
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wires.agentops import traces
from quarterdeck.receive.wires.agentops.wire import WIRE
from quarterdeck.storage.events.connection import EventConnection
from receive.wires.recorded_calls import MemoryDesk, ask
from receive.wires.served import serve

TRACE = "b1ff8431f2f40b00eb1f30584a9a03e8"
KEY = "qd_" + "k" * 51


def printed(desk: MemoryDesk, text: Any, trace_id: str = str(int(TRACE, 16)), **more: Any) -> Any:
    answer = ask(WIRE, desk, "POST", "/v4/logs/upload", {"body": text},
                 headers={"Trace-Id": trace_id}, **more)  # fmt: skip
    assert answer is not None
    return answer


def test_the_token_of_a_login_is_the_key_itself(
    tmp_path: Path, chdb_database: EventConnection
) -> None:
    with serve(WIRE, tmp_path, chdb_database) as served:
        for address, name in (
            ("/v3/auth/token", "token"),
            ("/public/v1/auth/access_token", "bearer"),
        ):
            answer = served.ask("POST", address, b'{"api_key": "%s"}' % KEY.encode())
            assert answer.json()[name] == KEY
        told = served.ask("POST", "/v3/auth/token", b'{"api_key": "%s"}' % KEY.encode()).json()
        assert told["project_prem_status"] == "pro"
        assert told["project_id"] == served.project_id
        served.scopes = set()
        refused = served.ask("POST", "/v3/auth/token", b'{"api_key": "wrong"}')
        assert refused.status == 401
        assert "error" in refused.json()


def test_what_was_printed_is_a_span_of_its_trace_whose_id_came_as_a_decimal_number() -> None:
    desk = MemoryDesk()
    printed(desk, "first line\n")
    printed(desk, "first line\nsecond line\n")
    printed(desk, "first line\nsecond line\n")
    (raw,) = {span.span_id: span for span in desk.spans(WIRE)}.values()
    assert (raw.trace_id, raw.name) == (TRACE, "printed output")
    (one,) = replay_spans([raw])
    (span,) = one.spans
    assert (span.kind, span.synthetic) == ("step", True)
    assert one.content(span.trace_id, span.span_id).output == "first line\nsecond line\n"


@pytest.mark.parametrize("wrong", ["", "x", "-1", "0", "²", str(2**128), "1" * 50])
def test_a_trace_that_is_no_number_is_refused(wrong: str) -> None:
    assert printed(MemoryDesk(), "text", wrong).status == 400


def test_what_was_printed_changes_no_figure_of_the_session(shared: Path) -> None:
    raws = [
        raw
        for request in recorded_requests(shared / "captures" / "agentops")
        for raw in items_of(request.body, signal=request.signal, encoding=request.encoding)
        if isinstance(raw, RawSpan)
    ]
    desk = MemoryDesk()
    printed(desk, "result APPROVE", received_ns=min(raw.start_ns for raw in raws) + 1)
    without, with_it = replay_spans(raws), replay_spans([*raws, *desk.spans(WIRE)])
    assert [one.session.session_id for one in with_it] == ["sess-success", "sess-failure"]
    for one, other in zip(without, with_it, strict=True):
        for name in ("models", "tools", "agents", "outcome", "started_ns", "ended_ns"):
            assert getattr(one.session, name) == getattr(other.session, name), name


def test_an_uploaded_object_can_be_read_again_and_is_no_span() -> None:
    desk = MemoryDesk()
    answer = ask(WIRE, desk, "POST", "/v4/objects/upload", {"body": "hällo"})
    assert answer is not None
    assert answer.body["size"] == 6
    address = answer.body["url"].partition("/agentops")[2]
    read = ask(WIRE, desk, "GET", address)
    assert read is not None
    assert (read.body, read.content_type) == ("hällo", "text/plain; charset=utf-8")
    assert desk.spans(WIRE) == []
    refused = ask(WIRE, desk, "POST", "/v4/objects/upload", {"body": 7})
    assert refused is not None
    assert refused.status == 400


def test_a_trace_is_read_back_as_validation_asks_for_it(shared: Path) -> None:
    """`agentops.validation` looks at names and attributes, and at the sum of tokens."""
    raws = [
        raw
        for request in recorded_requests(shared / "captures" / "agentops")
        for raw in items_of(request.body, signal=request.signal, encoding=request.encoding)
        if isinstance(raw, RawSpan) and raw.trace_id == TRACE
    ]
    told = traces.shown(TRACE, raws)
    assert {"plan.task", "openai.chat.completion", "run_tests.tool"} <= {
        one["span_name"] for one in told["spans"]
    }
    chats = [one for one in told["spans"] if one["span_name"] == "openai.chat.completion"]
    assert {one["span_attributes"]["gen_ai.request.type"] for one in chats} == {"chat"}
    metrics = traces.measured(raws)
    assert (metrics["prompt_tokens"], metrics["completion_tokens"]) == (176, 118)
    assert metrics["total_tokens"] == 294
    assert metrics["total_cost"] == "0.005000"


def test_a_trace_that_is_not_here_is_missing() -> None:
    answer = ask(WIRE, MemoryDesk(), "GET", f"/public/v1/traces/{TRACE}")
    assert answer is not None
    assert answer.body["code"] == "not_found"
