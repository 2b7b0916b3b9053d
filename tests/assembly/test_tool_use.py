"""Which tool spans are one call."""

from assembly.made import agent, model, session, span, tool
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.sessions import Session


def counted(made: Session) -> list[tuple[str, int, int, int]]:
    return [(u.tool, u.calls, u.errors, u.denied) for u in made.tools]


def test_the_three_spans_of_an_mcp_call_are_one_call() -> None:
    made = session(
        tool("a", 0, 9, "mcp__git__log"),
        tool("b", 1, 8, "log", subkind="mcp", parent="a"),
        tool("c", 2, 7, "log", subkind="mcp", parent="b"),
    )
    assert counted(made) == [("mcp__git__log", 1, 0, 0)]


def test_a_failure_that_the_framework_swallowed_fails_the_call() -> None:
    made = session(
        tool("a", 0, 9, "log", status="ok"),
        tool("b", 1, 8, "log", subkind="mcp", status="error", parent="a"),
    )
    assert counted(made) == [("log", 1, 1, 0)]


def test_a_refusal_that_the_framework_took_for_a_result_is_a_denied_call() -> None:
    made = session(
        tool("a", 0, 9, "refund", tool_call_id="c1", status="ok"),
        tool("b", 1, 8, "refund", tool_call_id="c1", status="blocked", parent="a"),
    )
    assert counted(made) == [("refund", 1, 0, 1)]
    assert made.episode_count == 0


def test_an_id_that_was_made_of_arguments_does_not_part_a_call_from_its_inner_span() -> None:
    made = session(
        tool("a", 0, 9, "refund", tool_call_id="args:2305064f"),
        tool("b", 1, 8, "refund", tool_call_id="c1", parent="a"),
        tool("c", 10, 19, "refund", tool_call_id="args:2305064f"),
        tool("d", 11, 18, "refund", tool_call_id="c2", status="blocked", parent="c"),
    )
    assert counted(made) == [("refund", 2, 0, 1)]


def test_a_tool_that_uses_another_tool_is_two_calls() -> None:
    made = session(tool("a", 0, 9, "plan"), tool("b", 1, 8, "search", parent="a"))
    assert counted(made) == [("plan", 1, 0, 0), ("search", 1, 0, 0)]


def test_the_same_tool_below_an_agent_below_it_is_two_calls() -> None:
    made = session(
        tool("a", 0, 9, "Task"),
        agent("b", 1, 8, "sub", parent="a"),
        tool("c", 2, 7, "Task", parent="b"),
    )
    assert counted(made) == [("Task", 2, 0, 0)]


def test_a_log_and_a_span_of_one_call_id_are_one_call() -> None:
    made = session(
        tool("a", 0, 9, "Bash", tool_call_id="c1"),
        tool("l", 9, 9, "Bash", tool_call_id="c1", synthetic=True, status="error"),
    )
    assert counted(made) == [("Bash", 1, 1, 0)]


def test_a_call_is_recovered_at_the_target_that_only_its_log_tells() -> None:
    made = session(
        tool("a", 0, 1, "find", tool_call_id="c1"),
        tool("la", 1, 1, "find", tool_call_id="c1", synthetic=True, status="error",
             arguments_hash="h", target="4711"),
        tool("b", 2, 3, "find", tool_call_id="c2"),
        tool("lb", 3, 3, "find", tool_call_id="c2", synthetic=True, arguments_hash="h",
             target="4711"),
    )  # fmt: skip
    assert counted(made) == [("find", 2, 1, 0)]
    assert [(one.errors, one.recovered_by) for one in made.episodes] == [(1, "b")]


def test_one_call_id_with_two_names_is_two_calls() -> None:
    made = session(
        tool("a", 0, 1, "Bash", tool_call_id="call_1"),
        tool("b", 2, 3, "Read", tool_call_id="call_1"),
    )
    assert counted(made) == [("Bash", 1, 0, 0), ("Read", 1, 0, 0)]


def test_a_call_that_stopped_for_approval_and_ran_later_is_one_call() -> None:
    made = session(
        tool("a", 0, 1, "refund", tool_call_id="c1", status="interrupted"),
        tool("b", 60, 61, "refund", tool_call_id="c1", trace_id="t2"),
    )
    assert counted(made) == [("refund", 1, 0, 0)]


def test_a_refused_call_is_denied_and_no_error() -> None:
    no = HumanAct(decision="rejected")
    made = session(
        tool("a", 0, 9, "Bash", tool_call_id="c1", status="error"),
        span("h", 1, 5, kind="human", human=no, parent="a"),
    )
    assert counted(made) == [("Bash", 1, 0, 1)]
    assert made.episode_count == 0


def test_a_refused_call_that_no_span_shows_is_a_denied_call() -> None:
    no = HumanAct(decision="rejected", call_id="c1", tool="Bash", auto=True)
    made = session(span("h", 1, 1, kind="human", human=no, synthetic=True))
    assert counted(made) == [("Bash", 1, 0, 1)]
    assert made.interventions == ()


def test_calls_that_no_span_shows_are_counted_from_the_messages() -> None:
    made = session(
        model("a", 0, 1, tokens=(1, 1), asks=(("read", "c1"),)),
        model("b", 2, 3, tokens=(1, 1), answered=("c1",)),
    )
    assert counted(made) == [("read", 1, 0, 0)]
