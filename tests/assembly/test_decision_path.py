"""The decisions of a session: normalized, loops folded, branches without order."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assembly.made import agent, model, span, tool
from assembly.spans_at_random import sessions_of_spans
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_path import MAX_DECISIONS, Folding, decision_path
from quarterdeck.assembly.target_class import target_class
from quarterdeck.assembly.task_tree import words_of
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.sketches import Choice, Decision, Path
from quarterdeck.model.spans import Span


def path_of(*spans: Span) -> Path:
    assembly = Assembly()
    assembly.add(spans)
    return decision_path(assembly)


def told(path: Path) -> list[str]:
    """Each decision in words, with its rounds where they are more than one."""
    return [
        (" + ".join(map(words_of, one.members)) or words_of(one.choice))
        + (f" x{one.rounds}" if one.rounds > 1 else "")
        for one in path.decisions
    ]


@pytest.mark.parametrize(
    ("used", "target", "expected"),
    [
        ("bash", "git push origin fix-7", "git push"),
        ("bash", "cd /srv/app && FOO=1 sudo cargo test --lib auth", "cargo test"),
        ("shell", "python3 -m pytest tests/", "python -m pytest"),
        ("read_file", "src/auth/login.py", "*.py"),
        ("fetch", "https://user:secret@API.example.org/v1/tickets/77", "api.example.org"),
        ("query", "SELECT * FROM Orders WHERE id = 7", "select orders"),
        ("get_order", "#W4219", ""),
        ("search", "how do I return shoes", ""),
        ("bash", "command:0f3c2a9d11ab9e77", ""),
        ("bash", "$(", ""),
    ],
)
def test_a_target_is_told_as_its_class(used: str, target: str, expected: str) -> None:
    assert target_class(used, target) == expected


def test_a_decision_is_the_tool_the_class_of_its_target_and_how_it_went() -> None:
    made = path_of(
        agent("a", 0, 30, "lead"),
        model("m", 1, 2, asks=(("bash", "c1"),), parent="a"),
        tool("t", 3, 4, "bash", tool_call_id="c1", target="cargo test auth", status="error",
             parent="a"),
        model("n", 5, 6, asks=(("mcp__git__push", "c2"),), parent="a"),
        tool("u", 7, 8, "mcp__git__push", tool_call_id="c2", parent="a"),
        span("h", 9, 10, name="to_bob", handoff=HandoffHint(source="lead", target="bob"),
             parent="a"),
        model("o", 11, 12, parent="a"),
    )  # fmt: skip
    assert told(made) == ["bash: cargo test (error)", "push", "hand off to bob", "answer"]


def test_a_person_s_act_is_a_decision_with_what_they_decided() -> None:
    asked = HumanAct(asked="approval", decision="rejected", by="ann", waited_ns=3_000_000_000)
    made = path_of(
        agent("a", 0, 30, "lead"),
        span("h", 3, 4, kind="human", human=asked, parent="a"),
    )
    assert told(made) == ["approve (rejected)"]
    assert made.decisions[0].waited_ns == 3_000_000_000


def test_calls_asked_for_at_once_are_one_decision_in_whatever_order_they_ran() -> None:
    def run(first: str, second: str) -> Path:
        return path_of(
            model("m", 1, 2, asks=(("read", "c1"), ("write", "c2"))),
            tool("t", 3, 4, first, tool_call_id="c1" if first == "read" else "c2"),
            tool("u", 5, 6, second, tool_call_id="c1" if second == "read" else "c2"),
        )

    assert told(run("read", "write")) == ["read + write"]
    assert told(run("write", "read")) == told(run("read", "write"))


def test_the_same_thing_at_once_is_rounds_of_it() -> None:
    made = path_of(
        model("m", 1, 2, asks=(("read", "c1"), ("read", "c2"), ("read", "c3"))),
        *(tool(f"t{n}", 3, 4, "read", tool_call_id=f"c{n}") for n in (1, 2, 3)),
    )
    assert told(made) == ["read x3"]


def test_branches_that_ran_side_by_side_follow_each_other_in_one_order() -> None:
    assert told(path_of(
        agent("a", 0, 20, "lead"),
        agent("b", 1, 9, "ann", parent="a"), tool("y", 4, 8, "dig", parent="b"),
        agent("c", 2, 9, "bob", parent="a"), tool("z", 3, 8, "fly", parent="c"),
    )) == told(path_of(
        agent("a", 0, 20, "lead"),
        agent("c", 1, 9, "bob", parent="a"), tool("z", 4, 8, "fly", parent="c"),
        agent("b", 2, 9, "ann", parent="a"), tool("y", 3, 8, "dig", parent="b"),
    ))  # fmt: skip


def test_a_simulated_user_takes_no_decisions() -> None:
    made = path_of(
        agent("a", 0, 20, "helper"),
        agent("b", 0, 20, "customer", agent_role="user simulator"),
        model("m", 1, 2, parent="b"), model("n", 3, 4, parent="a"), model("o", 5, 6, parent="b"),
        model("p", 6, 7, asks=(("refund", "c1"),), parent="a"),
        tool("t", 7, 8, "refund", tool_call_id="c1", parent="a"),
    )  # fmt: skip
    assert told(made) == ["answer", "refund"]


def folded(word: str) -> str:
    """Letters are decisions; the rounds follow where they are more than one."""
    folding = Folding()
    for step, letter in enumerate(word, 1):
        folding.add(Decision(Choice("tool", letter), step=step))
    return "".join(
        one.choice.what + (str(one.rounds) if one.rounds > 1 else "") for one in folding.line()
    )


def test_repetitions_are_rounds_of_the_same_decisions() -> None:
    assert folded("abc") == "abc"
    assert folded("aaaa") == "a4"
    assert folded("abababc") == "a3b3c"
    assert folded("aabaab") == "a4b2"
    assert folded("abcdefabcdef") == "a2b2c2d2e2f2"
    assert folded("abcdefgabcdefg") == "abcdefgabcdefg"  # seven are more than one round


@given(st.text("abc", max_size=60))
def test_folding_loses_no_step_and_leaves_nothing_to_fold(word: str) -> None:
    folding = Folding()
    for step, letter in enumerate(word, 1):
        folding.add(Decision(Choice("tool", letter), step=step))
    line = folding.line()
    assert sum(one.rounds for one in line) == len(word)
    again = Folding()
    for one in line:
        again.add(one)
    assert len(again.line()) == len(line)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sessions_of_spans, st.randoms())
def test_the_order_of_arrival_makes_no_difference(spans: list[Span], shuffled: object) -> None:
    one, other = Assembly(), Assembly()
    one.add(spans)
    backwards = list(spans)
    shuffled.shuffle(backwards)  # type: ignore[attr-defined]
    for each in backwards:
        other.add([each])
    assert decision_path(one) == decision_path(other)


def test_a_path_is_bounded_and_says_so() -> None:
    many = (tool(f"t{n}", n, n + 0.5, f"tool {n}") for n in range(MAX_DECISIONS + 50))
    made = path_of(*many)
    assert len(made.decisions) == MAX_DECISIONS
    assert made.is_cut
