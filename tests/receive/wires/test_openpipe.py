"""OpenPipe: recorded reports and updates become the sessions that the driver performed."""

import random
from pathlib import Path
from typing import Any

import pytest

from captures.load import replay_spans
from quarterdeck.receive.wires.openpipe import datasets, spans
from quarterdeck.receive.wires.openpipe.wire import WIRE
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.datasets import list_cases
from quarterdeck.storage.records.projects import ensure_default_project
from receive.wires.recorded_calls import MemoryDesk, ask, recorded, sent, sessions

COMPLETION = "chatcmpl-0123456789abcdef"


def report(**changes: Any) -> dict[str, Any]:
    return {
        "requestedAt": 1_795_402_870_143,
        "receivedAt": 1_795_402_870_154,
        "reqPayload": {
            "model": "gpt-4o",
            "messages": [{"role": "user", "content": "hi"}],
            "metadata": {"session_id": "s-1", "prompt_id": "p-7"},
        },
        "respPayload": {
            "id": COMPLETION,
            "model": "gpt-4o-2024-08-06",
            "choices": [
                {"message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}
            ],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2},
        },
        "statusCode": 200,
        "tags": {"step": "greet", "$sdk": "python"},
        **changes,
    }


def update(desk: MemoryDesk, field: str, equals: str, **tags: Any) -> Any:
    body = {"filters": [{"field": field, "equals": equals}], "tags": tags}
    answer = ask(WIRE, desk, "POST", "/api/v1/logs/update-tags", body)
    assert answer is not None
    return answer.body


def records_in(folder: Path) -> Records:
    records = open_records(f"sqlite:///{folder / 'records.db'}")
    ensure_default_project(records, now_ns=1)
    return records


@pytest.mark.parametrize("label", ["success", "failure"])
def test_any_order_and_repetition_of_recorded_calls_gives_the_same_session(
    label: str, shared: Path
) -> None:
    """But for an update that finds its calls by what they say: it changes those known by then."""
    requests = [
        request
        for request in recorded(shared / "captures" / "openpipe", label)
        if not request["path"].endswith("update-metadata")
    ]
    once = [_told(one.session) for one in sessions(WIRE, requests)]
    assert len(once) == 2
    chance = random.Random(label)
    for _ in range(5):
        mixed = [*requests, *chance.sample(requests, k=4)]
        chance.shuffle(mixed)
        assert [_told(one.session) for one in sessions(WIRE, mixed)] == once


def _told(session: Any) -> Any:
    """Without when it was scored, which is when the request came."""
    scores = sorted((one.name, one.value, one.explanation) for one in session.scores)
    return (
        session.session_id,
        session.models,
        session.tools,
        session.retries,
        session.tags,
        scores,
    )


def test_a_tag_that_is_added_before_its_call_arrives_is_a_score_of_it() -> None:
    desk = MemoryDesk()
    assert update(desk, "completionId", COMPLETION, user_thumbs="up") == {"matchedLogs": 0}
    ask(WIRE, desk, "POST", "/report", report())
    (one,) = replay_spans(desk.spans(WIRE))
    assert [(s.name, s.value, s.label) for s in one.session.scores] == [("user_thumbs", 1.0, "up")]


def test_what_is_added_later_judges_only_where_it_is_a_verdict_a_number_or_a_remark() -> None:
    desk = MemoryDesk()
    ask(WIRE, desk, "POST", "/report", report())
    said = {"ok": True, "score": "0.9", "user_comment": "Thanks", "dataset": "train", "$sdk": "x"}
    assert update(desk, "metadata.prompt_id", "p-7", **said) == {"matchedLogs": 1}
    update(desk, "completionId", COMPLETION, score="0.2")
    (one,) = replay_spans(desk.spans(WIRE))
    scores = {s.name: (s.value, s.explanation) for s in one.session.scores}
    assert scores == {"ok": (1.0, ""), "score": (0.2, ""), "user_comment": (None, "Thanks")}
    assert one.session.tags == ("dataset:train", "step:greet")


def test_calls_are_found_by_all_filters_and_only_by_what_names_something() -> None:
    desk = MemoryDesk()
    ask(WIRE, desk, "POST", "/report", report())
    two = [
        {"field": "metadata.prompt_id", "equals": "p-7"},
        {"field": "metadata.session_id", "equals": "another"},
    ]
    answer = ask(WIRE, desk, "POST", "/logs/update-metadata", {"filters": two, "metadata": {}})
    assert answer is not None
    assert answer.body == {"matchedLogs": 0}
    refused = update(desk, "model", "gpt-4o", x="y")
    assert refused["code"] == "BAD_REQUEST"
    assert "completionId" in refused["message"]


def test_a_call_without_a_session_belongs_to_the_conversation_that_it_goes_on_with() -> None:
    asked = report()
    call = {"id": "call_844966507796421f", "type": "function",
            "function": {"name": "search", "arguments": "{}"}}  # fmt: skip
    asked["respPayload"]["choices"][0]["message"] = {"role": "assistant", "tool_calls": [call]}
    answered = report(
        requestedAt=1_795_402_871_000,
        receivedAt=1_795_402_871_500,
        reqPayload={
            "model": "gpt-4o",
            "messages": [
                {"role": "user", "content": "hi"},
                {"role": "assistant", "tool_calls": [call]},
                {"role": "tool", "tool_call_id": call["id"], "content": "found"},
            ],
        },
        respPayload={**report()["respPayload"], "id": "chatcmpl-fedcba9876543210"},
    )
    desk = MemoryDesk()
    ask(WIRE, desk, "POST", "/report", answered)
    ask(WIRE, desk, "POST", "/report", asked)
    (one,) = replay_spans(desk.spans(WIRE))
    assert one.session.session_id == "s-1"
    assert [(use.tool, use.calls) for use in one.session.tools] == [("search", 1)]


def test_two_reports_of_one_completion_are_two_calls_and_one_report_sent_twice_is_one() -> None:
    desk = MemoryDesk()
    for at in (1_795_402_870_143, 1_795_402_870_143, 1_795_402_880_000):
        ask(WIRE, desk, "POST", "/report", report(requestedAt=at, receivedAt=at + 9))
    (one,) = replay_spans(desk.spans(WIRE))
    assert [use.calls for use in one.session.models] == [2]


def test_anthropics_cached_tokens_are_part_of_its_input() -> None:
    desk = MemoryDesk()
    usage = {"input_tokens": 10, "output_tokens": 5, "cache_read_input_tokens": 90}
    body = {
        "requestedAt": 1_795_402_870_143,
        "receivedAt": 1_795_402_870_154,
        "reqPayload": {"model": "claude-4", "system": "Be brief.",
                       "messages": [{"role": "user", "content": "hi"}]},
        "respPayload": {"id": "msg_01", "role": "assistant", "model": "claude-4",
                        "content": [{"type": "text", "text": "hey"}], "usage": usage},
        "metadata": {"session_id": "s-2"},
    }  # fmt: skip
    ask(WIRE, desk, "POST", "/report-anthropic", body)
    (one,) = replay_spans(desk.spans(WIRE))
    (use,) = one.session.models
    assert (use.input_tokens, use.cache_read_tokens, use.output_tokens) == (100, 90, 5)
    (span,) = one.spans
    content = one.content(span.trace_id, span.span_id)
    assert [message.role for message in content.input_messages] == ["system", "user"]


def test_a_failed_call_says_why() -> None:
    desk = MemoryDesk()
    failed = report(
        respPayload={"message": "overloaded", "type": "server_error", "code": "overloaded"},
        statusCode=503,
        errorMessage="The model is overloaded.",
    )
    ask(WIRE, desk, "POST", "/report", failed)
    (span,) = replay_spans(desk.spans(WIRE))[0].spans
    assert (span.status, span.error_type) == ("error", "server_error")
    assert span.error_message == "The model is overloaded."


def test_entries_of_a_dataset_are_cases_and_a_bad_one_is_told_by_its_place(tmp_path: Path) -> None:
    records = records_in(tmp_path)
    desk = MemoryDesk(records)
    made = ask(WIRE, desk, "POST", "/datasets", {"name": "golden"})
    assert made is not None
    entry = {
        "messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}],
        "rejected_message": {"role": "assistant", "content": "no"},
        "split": "TRAIN",
        "metadata": {"src": "trace"},
    }
    address = f"/datasets/{made.body['id']}/entries"
    for _ in range(2):  # sent again, nothing is added
        added = ask(WIRE, desk, "POST", address, {"entries": [entry, {"messages": []}, entry]})
    assert added is not None
    assert added.body["entries_created"] == 2
    assert [one["entry_index"] for one in added.body["errors"]["data"]] == [1]
    cases, total = list_cases(records, project_id="default", dataset_id=made.body["id"])
    assert total == 2
    assert cases[0].input == {"messages": [{"role": "user", "content": "q"}]}
    assert cases[0].expected == {"role": "assistant", "content": "a"}
    assert (cases[0].split, cases[0].metadata) == ("TRAIN", {"src": "trace"})
    assert cases[0].source == {"rejected_message": {"role": "assistant", "content": "no"}}
    listed = ask(WIRE, desk, "GET", "/datasets")
    assert listed is not None
    assert [(one["name"], one["dataset_entry_count"]) for one in listed.body["data"]] == [
        ("golden", 2)
    ]
    gone = ask(WIRE, desk, "DELETE", f"/datasets/{made.body['id']}")
    assert gone is not None
    assert gone.body["deleted"] is True
    records.close()


def test_an_entry_without_an_answer_expects_nothing() -> None:
    (case,), errors = datasets.read_entries(
        [{"messages": [{"role": "user", "content": "q"}]}], dataset_id="d"
    )
    assert (case.expected, errors) == (None, [])


def test_the_fragments_of_a_call_are_found_by_ids_in_its_metadata_alone() -> None:
    found = spans.report_fragments(report(), api="openai")
    assert {one.object for one in found} == {spans.call_object(COMPLETION)}
    assert [one.collection for one in found if one.collection] == [
        "openpipe:by:metadata.session_id=s-1",
        "openpipe:by:metadata.prompt_id=p-7",
    ]


def test_recorded_sessions_end_on_the_same_instant_however_sent(shared: Path) -> None:
    requests = recorded(shared / "captures" / "openpipe", "success")
    first, again = sent(WIRE, requests), sent(WIRE, [*requests, *requests])
    ends = [
        [one.session.last_seen_ns for one in replay_spans(desk.spans(WIRE))]
        for desk in (first, again)
    ]
    assert ends[0] == ends[1]
