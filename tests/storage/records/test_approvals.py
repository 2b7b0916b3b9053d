"""What approvals promise, on SQLite and on PostgreSQL."""

import threading
from typing import Any

import pytest

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.storage.records import approvals, projects
from quarterdeck.storage.records.approvals import Approval, Asked, Key, Question
from quarterdeck.storage.records.connection import Records, open_records

NOW = 1_790_000_000_000_000_000
S = 1_000_000_000
BLOCK = Question(
    session_id="s-1",
    trace_id="a" * 32,
    span_id="b" * 16,
    agent="triage",
    tool="block_card",
    question="Block it?",
    arguments={"card": "c-1", "odd": ["\x00", "\ud83d"]},
    rule="args.amount > 500",
    workflow="fraud-triage",
    version=14,
    environment="production",
)


@pytest.fixture(autouse=True)
def two_projects(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)


def ask(records: Records, approval_id: str = "a-1", **other: Any) -> Asked:
    options: dict[str, Any] = {
        "project_id": "acme", "question": BLOCK, "timeout_s": 900.0, "now_ns": NOW, **other,
    }  # fmt: skip
    return approvals.ask(records, approval_id=approval_id, **options)


def find(records: Records, approval_id: str = "a-1", *, now_ns: int = NOW) -> Approval:
    return approvals.find(records, project_id="acme", approval_id=approval_id, now_ns=now_ns)


def decide(records: Records, approval_id: str = "a-1", **other: Any) -> Approval:
    options: dict[str, Any] = {
        "project_id": "acme", "decision": "approve", "by": "ada", "now_ns": NOW + S, **other,
    }  # fmt: skip
    return approvals.decide(records, approval_id=approval_id, **options)


def test_a_question_comes_back_as_it_was_asked(records: Records) -> None:
    asked, created = ask(records)
    assert created
    assert asked == find(records)
    assert asked.state == "waiting"
    assert asked.expires_ns == NOW + 900 * S
    assert {name: getattr(asked, name) for name in Question.__struct_fields__} == {
        name: getattr(BLOCK, name) for name in Question.__struct_fields__
    }


def test_the_same_id_again_is_the_same_question_whatever_became_of_it(records: Records) -> None:
    ask(records)
    decided = decide(records)
    again, created = ask(records, now_ns=NOW + 5 * S, timeout_s=1.0)
    assert not created
    assert again == decided
    with pytest.raises(Conflict, match="another question"):
        ask(records, question=Question(session_id="s-2", tool="block_card"))
    assert ask(records, project_id="twin").created, "ids of projects have nothing to do"


def test_the_first_decision_stands_and_the_second_is_told_who_was_quicker(
    records: Records,
) -> None:
    ask(records)
    decided = decide(records, decision="reject", reason="known customer", by="ada")
    assert (decided.state, decided.decided_by, decided.reason) == (
        "rejected", "ada", "known customer",
    )  # fmt: skip
    assert decided.decided_ns == NOW + S
    with pytest.raises(Conflict, match=r"was rejected by 'ada' at 2026-\S+Z"):
        decide(records, by="ben")
    assert find(records) == decided


def test_of_many_decisions_at_once_one_stands(records_url: str, records: Records) -> None:
    for number in range(10):
        ask(records, f"a-{number}")
    won: list[tuple[str, str]] = []
    lost: list[str] = []

    def race(by: str) -> None:
        mine = open_records(records_url)
        for number in range(10):
            try:
                won.append((f"a-{number}", decide(mine, f"a-{number}", by=by).decided_by))
            except Conflict as error:
                lost.append(error.message)
        mine.close()

    racers = [threading.Thread(target=race, args=(name,)) for name in ("ada", "ben", "cleo")]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(approval_id for approval_id, _ in won) == [f"a-{n}" for n in range(10)]
    assert {(row.approval_id, row.decided_by) for row in _all(records)} == set(won)
    assert len(lost) == 20


def _all(records: Records, **where: Any) -> list[Approval]:
    return approvals.list_some(records, project_id="acme", now_ns=NOW + S, **where).items


def test_approved_with_other_arguments_is_changed_and_with_equal_ones_it_is_not(
    records: Records,
) -> None:
    for approval_id in ("a-1", "a-2"):
        ask(records, approval_id)
    changed = decide(records, arguments={"card": "c-2"})
    assert (changed.state, changed.changed_arguments) == ("changed", {"card": "c-2"})
    assert changed.arguments == BLOCK.arguments, "what was asked about stays"
    equal = decide(records, "a-2", arguments=dict(reversed(BLOCK.arguments.items())))
    assert (equal.state, equal.changed_arguments) == ("approved", None)
    ask(records, "a-3")
    with pytest.raises(Invalid):
        decide(records, "a-3", decision="reject", arguments={})


def test_a_request_is_over_at_its_instant_and_not_before(records: Records) -> None:
    ask(records, timeout_s=1.0)
    ask(records, "a-2", timeout_s=2.0)
    assert find(records, now_ns=NOW + S - 1).state == "waiting"
    assert find(records, now_ns=NOW + S).state == "expired"
    with pytest.raises(Conflict, match=r"expired at .*default holds: deny"):
        decide(records, now_ns=NOW + S)
    assert [row.approval_id for row in _all(records, states=["expired"])] == ["a-1"]
    assert [row.approval_id for row in _all(records, states=["waiting"])] == ["a-2"]
    waiting = approvals.waiting(records, project_id="acme", now_ns=NOW + S)
    assert waiting is not None
    assert (waiting.total, waiting.first.approval_id) == (1, "a-2")
    assert approvals.waiting(records, project_id="acme", now_ns=NOW + 2 * S) is None


def test_what_was_cancelled_can_t_be_decided_and_what_was_decided_not_cancelled(
    records: Records,
) -> None:
    def cancel(approval_id: str) -> Asked:
        return approvals.cancel(
            records, project_id="acme", approval_id=approval_id, by="key:1", now_ns=NOW + 2 * S
        )

    ask(records)
    ended, mine = cancel("a-1")
    assert (ended.state, ended.decided_by, mine) == ("cancelled", "key:1", True)
    assert cancel("a-1") == Asked(ended, created=False)
    with pytest.raises(Conflict, match="was cancelled by 'key:1'"):
        decide(records)
    ask(records, "a-2")
    decided = decide(records, "a-2")
    assert cancel("a-2") == Asked(decided, created=False)


def test_who_waits_is_told_of_what_is_decided_over_or_unknown(records: Records) -> None:
    for approval_id, timeout_s in (("a-1", 900.0), ("a-2", 900.0), ("a-3", 1.0)):
        ask(records, approval_id, timeout_s=timeout_s)
    ask(records, "a-2", project_id="twin")
    decide(records)
    keys = [Key("acme", f"a-{number}") for number in (1, 2, 3, 4)]
    found = approvals.not_waiting(records, [*keys, Key("twin", "a-2")], now_ns=NOW + S)
    assert found == {keys[0], keys[2], keys[3]}
    assert approvals.not_waiting(records, [], now_ns=NOW) == set()


def test_a_list_has_one_project_one_session_and_pages_newest_first(records: Records) -> None:
    for number in range(5):
        other = Question(session_id=f"s-{number % 2}", tool="t")
        ask(records, f"a-{number}", question=other, now_ns=NOW + number)
    ask(records, "theirs", project_id="twin")
    assert [row.approval_id for row in _all(records)] == ["a-4", "a-3", "a-2", "a-1", "a-0"]
    assert [row.approval_id for row in _all(records, session_id="s-1")] == ["a-3", "a-1"]
    page = approvals.list_some(records, project_id="acme", now_ns=NOW, limit=2, offset=2)
    assert ([row.approval_id for row in page.items], page.total) == (["a-2", "a-1"], 5)


def test_what_can_t_be_kept_is_refused_alike_on_both_databases(records: Records) -> None:
    wrongs: list[dict[str, Any]] = [
        {"approval_id": ""}, {"approval_id": "x" * 65}, {"approval_id": "a\x00"},
        {"question": Question(session_id="")}, {"question": Question(session_id="s" * 501)},
        {"question": Question(session_id="s", tool="t" * 401)},
        {"question": Question(session_id="s", version=2**31)},
    ]  # fmt: skip
    for wrong in wrongs:
        with pytest.raises(Invalid):
            ask(records, **{"approval_id": "a-1", **wrong})
    with pytest.raises(NotFound):
        ask(records, project_id="nobody")
    for unknown in ("a-1", "a\x00", "x" * 300):
        with pytest.raises(NotFound):
            find(records, unknown)
        with pytest.raises(NotFound):
            decide(records, unknown)
    assert _all(records) == []


def test_what_was_asked_in_a_deleted_session_goes_and_nothing_else(records: Records) -> None:
    for number in range(3):
        other = Question(session_id=f"s-{number}", trace_id=str(number) * 32, tool="t")
        ask(records, f"a-{number}", question=other)
        ask(records, f"a-{number}", question=other, project_id="twin")
    approvals.forget_sessions(records, project_id="acme", session_ids={"s-0"}, trace_ids=["1" * 32])
    assert [row.approval_id for row in _all(records)] == ["a-2"]
    assert approvals.list_some(records, project_id="twin", now_ns=NOW).total == 3


def test_what_was_over_before_the_retention_s_edge_goes(records: Records) -> None:
    ask(records, timeout_s=1.0)
    ask(records, "a-2", timeout_s=2.0)
    assert approvals.delete_older(records, project_id="acme", before_ns=NOW + 2 * S) == 1
    assert [row.approval_id for row in _all(records)] == ["a-2"]
