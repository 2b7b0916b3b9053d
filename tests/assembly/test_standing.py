"""Where an agent stood at a step: spent, waited, failed, and what is near."""

from decimal import Decimal

from assembly.made import S, agent, model, session, span, tool
from quarterdeck.assembly.outline import MAX_ENTRIES, OutlineEntry, outline
from quarterdeck.assembly.standing import Standing
from quarterdeck.assembly.steps import steps_of
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Span


def standing(*spans: Span) -> Standing:
    return Standing(session(*spans), steps_of(spans))


def a_day() -> Standing:
    """An agent asks a model, fails with a tool, waits for a person and succeeds."""
    return standing(
        agent("a", 0, 100, "coder"),
        model("m1", 1, 2, parent="a", tokens=(10, 5), usd="0.25", asks=(("bash", "c1"),)),
        tool("t1", 3, 4, "bash", parent="a", tool_call_id="c1", status="error",
             error_message="no such file", target="/a"),
        span("h1", 5, 25, parent="a", kind="human", name="approve",
             human=HumanAct(asked="approval", decision="approved", by="ana", waited_ns=20 * S)),
        model("m2", 30, 31, parent="a", tokens=(20, 5), asks=(("bash", "c2"),)),
        tool("t2", 32, 33, "bash", parent="a", tool_call_id="c2", target="/a", status="ok"),
        model("m3", 40, 41, parent="a", tokens=(30, 5), usd="0.75"),
    )  # fmt: skip


def test_what_was_spent_until_a_step_leaves_out_what_came_later() -> None:
    so_far = a_day().so_far(6)
    assert (so_far.cost_usd, so_far.cost_share, so_far.unpriced_calls) == ("0.25", 0.25, 1)
    assert (so_far.elapsed_s, so_far.waited_s) == (33.0, 20.0)
    assert (so_far.model_calls, so_far.tool_calls, so_far.errors, so_far.people) == (2, 2, 1, 1)


def test_before_anything_could_be_priced_the_cost_is_unknown_and_not_0() -> None:
    assert a_day().so_far(1).cost_usd is None


def test_an_episode_is_told_at_each_of_its_steps() -> None:
    opened, recovered = a_day().episode_at(3), a_day().episode_at(6)
    assert opened is not None
    assert recovered is not None
    assert (opened.opened_at_step, opened.recovered_at_step, opened.attempt) == (3, 6, 1)
    assert (recovered.attempts, recovered.attempt, recovered.recovered) == ((3, 6), 2, True)
    assert a_day().episode_at(2) is None


def test_the_nearest_error_person_and_model_call_are_found_on_both_sides() -> None:
    near = a_day().places(5)
    assert (near.previous, near.next, near.around) == (4, 6, 1)
    assert (near.previous_error, near.next_error) == (3, None)
    assert (near.previous_person, near.next_person) == (4, None)
    assert (near.previous_model, near.next_model) == (2, 7)


def test_the_previous_call_is_the_same_agents() -> None:
    told = standing(
        agent("a", 0, 9, "planner"),
        model("m1", 1, 2, parent="a"),
        agent("b", 3, 6, "coder", parent="a"),
        model("m2", 4, 5, parent="b"),
        model("m3", 7, 8, parent="a"),
    )
    assert told.previous_call(5) == 2
    assert told.previous_call(4) is None


def test_a_call_after_one_that_asked_for_nothing_begins_a_turn() -> None:
    told = standing(
        agent("a", 0, 100, "coder"),
        model("m1", 1, 2, parent="a"),
        tool("t1", 3, 4, "bash", parent="a"),
        model("m2", 5, 6, parent="a"),
        model("m3", 20, 21, parent="a"),
    )
    assert told.turns() == (1, 5)


def test_traces_that_follow_each_other_are_turns_and_parallel_ones_are_not() -> None:
    told = standing(
        agent("a", 0, 10, "coder", trace_id="t1"),
        agent("b", 5, 8, "helper", trace_id="t2"),
        agent("c", 20, 30, "coder", trace_id="t3"),
    )
    assert told.turns() == (1, 3)


# -- the outline -----------------------------------------------------------------------------------


def flat(entries: tuple[OutlineEntry, ...], depth: int = 0) -> list[tuple[int, str, str, int, int]]:
    found: list[tuple[int, str, str, int, int]] = []
    for entry in entries:
        found.append((depth, entry.kind, entry.title, entry.from_step, entry.to_step))
        found += flat(entry.children, depth + 1)
    return found


def test_an_outline_nests_agents_in_turns_and_events_in_agents() -> None:
    told = standing(
        agent("a", 0, 100, "planner"),
        model("m1", 1, 2, parent="a", usd="1", tokens=(1, 1)),
        agent("b", 3, 20, "coder", parent="a"),
        model("m2", 4, 5, parent="b", usd="2", tokens=(1, 1)),
        tool("t1", 6, 7, "bash", parent="b", status="error", error_message="boom", target="/x"),
        model("m3", 30, 31, parent="a", usd="4", tokens=(1, 1)),
    )
    made = outline(told, asked={1: "Port\n  it"})
    assert flat(made.entries) == [
        (0, "turn", "Port it", 1, 6),
        (1, "agent", "coder", 3, 5),
        (2, "handoff", "planner → coder", 3, 3),
        (2, "error", "tool:bash: boom", 5, 5),
    ]
    turn = made.entries[0]
    assert (turn.cost_usd, turn.children[0].cost_usd) == ("7", "2")
    assert made.left_out == 0


def test_an_outline_of_thousands_keeps_unrecovered_errors_and_counts_the_rest() -> None:
    spans: list[Span] = [agent("a", 0, 100_000, "coder")]
    spans += [agent(f"s{n}", 10 * n, 10 * n + 5, f"sub{n}", parent="a") for n in range(700)]
    spans.append(
        tool("bad", 9_000, 9_001, "bash", parent="a", status="error", error_message="boom")
    )
    made = outline(standing(*spans), asked={})
    kinds = [kind for _, kind, _, _, _ in flat(made.entries)]
    assert made.shown == len(kinds) == MAX_ENTRIES
    assert "error" in kinds
    # 700 agents, the first 500 delegations to them, a turn and an error.
    assert made.shown + made.left_out == 1_202
    assert sum(entry.left_out for entry in made.entries) == made.left_out


def test_costs_of_an_outline_are_exact() -> None:
    spans = [agent("a", 0, 100, "x")]
    spans += [model(f"m{n}", n, n, parent="a", usd="0.1", tokens=(1, 1)) for n in range(1, 8)]
    # Nobody asked anything between the calls, so they are one turn.
    made = outline(standing(*spans), asked=dict.fromkeys(range(1, 9), ""))
    assert Decimal(made.entries[0].cost_usd or 0) == Decimal("0.7")
