"""What was decided, as a tree of bounded size."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from assembly.made import agent, model, span, tool
from assembly.spans_at_random import sessions_of_spans
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_tree import MAX_NODES, decision_tree
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.sessions import TreeNode
from quarterdeck.model.spans import Span


def tree_of(*spans: Span) -> TreeNode:
    assembly = Assembly()
    assembly.add(spans)
    return decision_tree(assembly, assembly.session(now_ns=10**18))


def told(node: TreeNode) -> Any:
    """(kind, label, children) with the count where it is not one."""
    name = f"{node.kind} {node.label}" + (f" x{node.count}" if node.count > 1 else "")
    return (name, [told(child) for child in node.children]) if node.children else name


def size(node: TreeNode) -> int:
    return 1 + sum(size(child) for child in node.children)


def test_tools_hang_below_the_choice_that_asked_for_them() -> None:
    made = tree_of(
        agent("a", 0, 9, "lead", task="fix"),
        model("m", 1, 2, asks=(("read", "c1"), ("write", "c2")), parent="a"),
        tool("t", 3, 4, "read", tool_call_id="c1", parent="a"),
        tool("u", 5, 6, "write", tool_call_id="c2", parent="a"),
        model("n", 7, 8, parent="a"),
    )
    assert told(made) == (
        "start fix",
        [
            (
                "agent lead",
                [("choice gpt-4o", ["tool read", "tool write"]), "model gpt-4o"],
            ),
            "end unknown",
        ],
    )


def test_steps_that_overlap_are_parallel_branches() -> None:
    made = tree_of(
        agent("a", 0, 9, "lead"),
        agent("b", 1, 5, "one", parent="a"),
        agent("c", 2, 6, "two", parent="a"),
        agent("d", 7, 8, "three", parent="a"),
    )
    lead = made.children[0]
    assert told(lead) == (
        "agent lead", [("parallel 2 at once", ["agent one", "agent two"]), "agent three"],
    )  # fmt: skip


def test_tools_that_one_choice_ran_at_once_are_parallel_below_it() -> None:
    made = tree_of(
        model("m", 1, 2, asks=(("read", "c1"), ("read", "c2"))),
        tool("t", 3, 5, "read", tool_call_id="c1"),
        tool("u", 3, 5, "read", tool_call_id="c2"),
    )
    assert told(made.children[0]) == (
        "choice gpt-4o", [("parallel 2 at once", ["tool read", "tool read"])],
    )  # fmt: skip


def test_repeated_rounds_are_one_loop_with_its_count_and_cost() -> None:
    spans = []
    for n in range(50):
        spans += [
            model(f"m{n}", 4 * n, 4 * n + 1, usd="0.5", tokens=(1, 1), asks=(("read", f"c{n}"),)),
            tool(f"t{n}", 4 * n + 2, 4 * n + 3, "read", tool_call_id=f"c{n}"),
        ]
    (loop, _) = tree_of(*spans).children
    assert told(loop) == ("loop gpt-4o x50", [("choice gpt-4o", ["tool read"])])
    assert str(loop.cost_usd) == "25.0"
    assert loop.steps == tuple(range(1, 101))


def test_a_round_that_failed_is_not_folded_with_those_that_did_not() -> None:
    made = tree_of(
        tool("a", 0, 1, "read"), tool("b", 2, 3, "read"), tool("c", 4, 5, "read", status="error"),
        tool("d", 6, 7, "read"),
    )  # fmt: skip
    assert [told(child) for child in made.children] == [
        ("loop read x2", ["tool read"]), "tool read", "tool read", "end unknown",
    ]  # fmt: skip


def test_retries_fallbacks_handoffs_and_human_points_are_named() -> None:
    made = tree_of(
        model("a", 0, 1, status="error", input_hash="h", parent="p"),
        model("b", 2, 3, status="error", input_hash="h", parent="p"),
        model("c", 4, 5, input_hash="h", name="claude-4", parent="p"),
        tool(
            "d",
            6,
            7,
            "transfer_to_two",
            handoff=HandoffHint(source="one", target="two"),
            parent="p",
        ),
        span("e", 8, 9, kind="human", name="ask", human=HumanAct(decision="approved"), parent="p"),
    )
    assert [told(child) for child in made.children] == [
        "model gpt-4o", "retry gpt-4o", "fallback gpt-4o to claude-4", "handoff to two",
        "human ask", "end unknown",
    ]  # fmt: skip


def test_other_steps_are_shown_as_what_they_are() -> None:
    made = tree_of(
        span("r", 0, 1, kind="retrieval", name="rule"),
        span("g", 2, 3, kind="guardrail", name="rule"),
        span("e", 4, 5, kind="evaluation", name="rule"),
        span("m", 6, 7, kind="memory", name="rule"),
    )
    assert [told(child) for child in made.children] == [
        "retrieval rule", "guardrail rule", "evaluation rule", "memory rule", "end unknown",
    ]  # fmt: skip


def test_a_tree_has_a_bounded_size_whatever_the_session() -> None:
    wide = tree_of(*(tool(f"t{n}", 2 * n, 2 * n + 1, f"tool{n}") for n in range(3_000)))
    assert size(wide) <= MAX_NODES + 2
    assert wide.children[-1].kind == "end"
    assert wide.children[-2].count > 2_000
    deep = tree_of(
        *(
            agent(f"a{n}", n, 9_000 - n, f"agent{n % 2}", parent=f"a{n - 1}" if n else "")
            for n in range(2_000)
        )
    )
    assert size(deep) <= MAX_NODES


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(spans=sessions_of_spans)
def test_any_session_has_a_tree_and_the_order_of_arrival_does_not_show(spans: list[Span]) -> None:
    assert tree_of(*spans) == tree_of(*reversed(spans))


def test_a_loop_tells_how_its_rounds_ended_and_a_branch_left_what_it_cost() -> None:
    made = tree_of(
        *(tool(f"a{n}", n, n + 0.5, "test", status="error") for n in range(3)),
        model("m", 10, 11, usd="0.25", status="error", attempt=1, input_hash="x"),
        model("n", 12, 13, usd="0.50", attempt=2, input_hash="x"),
    )
    loop, first, again = made.children[:3]
    assert (loop.count, loop.statuses) == (3, {"error": 3})
    assert (first.left, str(first.total_usd)) == (True, "0.25")
    assert (again.kind, again.left) == ("retry", False)
    assert str(made.total_usd) == "0.75"


def test_a_person_s_act_carries_the_verdict() -> None:
    asked = HumanAct(asked="approval", decision="rejected", by="ann")
    made = tree_of(span("h", 1, 2, kind="human", human=asked, name="push"))
    assert made.children[0].verdict == "rejected"
