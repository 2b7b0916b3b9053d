"""Control passing between agents."""

from assembly.made import agent, session, span, tool
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.sessions import Session


def told(made: Session) -> list[tuple[str, str, str]]:
    return [(h.source, h.target, h.kind) for h in made.handoffs]


def test_an_agent_below_a_tool_was_delegated_to() -> None:
    made = session(
        agent("a", 0, 9, "lead"),
        tool("t", 1, 8, "ask", parent="a"),
        agent("b", 2, 7, "sub", parent="t"),
    )
    assert told(made) == [("lead", "sub", "delegates")]


def test_an_agent_directly_below_another_was_delegated_to() -> None:
    made = session(
        agent("a", 0, 9, "lead"), span("s", 1, 8, parent="a"), agent("b", 2, 7, "sub", parent="s")
    )
    assert told(made) == [("lead", "sub", "delegates")]


def test_agents_that_follow_each_other_without_a_marker_are_a_sequence() -> None:
    made = session(
        span("r", 0, 9), agent("a", 1, 2, "one", parent="r"), agent("b", 3, 4, "two", parent="r")
    )
    assert made.handoffs == ()


def test_a_transfer_tool_without_target_points_at_the_next_agent() -> None:
    made = session(
        span("r", 0, 9),
        agent("a", 1, 4, "one", parent="r"),
        tool("t", 2, 3, "transfer_to_agent", parent="a", handoff=HandoffHint()),
        agent("b", 5, 8, "two", parent="r"),
    )
    assert told(made) == [("one", "two", "hands_off")]


def test_a_marker_and_the_arrival_it_led_to_are_one_handoff() -> None:
    made = session(
        span("r", 0, 9),
        agent("a", 1, 4, "one", parent="r"),
        span("h", 3, 3, parent="a", handoff=HandoffHint(source="one", target="two")),
        agent("b", 5, 8, "two", parent="r", handoff=HandoffHint(source="one")),
    )
    assert told(made) == [("one", "two", "hands_off")]


def test_two_markers_between_the_same_agents_are_two_handoffs() -> None:
    hint = HandoffHint(source="one", target="two")
    made = session(span("h", 1, 1, handoff=hint), span("i", 5, 5, handoff=hint))
    assert (told(made), made.handoff_count) == ([("one", "two", "hands_off")] * 2, 2)


def test_a_transfer_that_failed_is_no_handoff() -> None:
    hint = HandoffHint(source="one", target="two")
    assert session(tool("t", 1, 1, "transfer", status="error", handoff=hint)).handoffs == ()


def test_an_agent_hands_nothing_to_itself() -> None:
    assert session(span("h", 1, 1, handoff=HandoffHint(source="one", target="one"))).handoffs == ()
