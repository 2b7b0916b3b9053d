"""Steps, frames and the skeleton."""

from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings

from assembly.made import S, agent, model, span, tool
from assembly.spans_at_random import sessions_of_spans
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.replay import frames
from quarterdeck.assembly.skeleton import skeleton
from quarterdeck.assembly.steps import list_steps, steps_of
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Content, Span

STORY = [
    span("w", 0, 20, kind="step", subkind="workflow"),
    agent("a", 1, 19, "lead", parent="w"),
    model("m", 2, 3, tokens=(5, 1), usd="0.25", status="error", error_type="429", input_hash="h",
          parent="a"),
    model("n", 4, 5, tokens=(5, 1), usd="0.25", input_hash="h", asks=(("read", "c"),), parent="a"),
    tool("t", 6, 7, "read", tool_call_id="c", parent="a"),
    tool("u", 6.5, 6.9, "read", subkind="mcp", parent="t"),
    span("q", 8, 9, kind="human", human=HumanAct(decision="approved", by="alice"), parent="a"),
]  # fmt: skip


def test_steps_are_numbered_in_time_and_fold_workflows_and_duplicate_spans() -> None:
    made = [(s.number, s.kind, s.span_id, s.depth, s.note) for s in steps_of(STORY)]
    assert made == [
        (1, "agent", "a", 0, ""),
        (2, "model", "m", 1, ""),
        (3, "model", "n", 1, "retry of step 2 (429)"),
        (4, "tool", "t", 1, ""),
        (5, "human", "q", 1, "approved by alice"),
    ]


def test_what_its_sender_calls_a_step_is_one() -> None:
    stated = span("s", 3, 3.5, kind="step", subkind="stated", parent="a")
    made = [(s.number, s.kind, s.span_id) for s in steps_of([*STORY, stated])]
    assert (3, "step", "s") in made
    assert len(made) == 6


def test_a_step_never_comes_before_the_step_around_it() -> None:
    early = model("m", 0, 1, parent="a")
    assert [s.span_id for s in steps_of([early, agent("a", 5, 9, "lead")])] == ["a", "m"]


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(spans=sessions_of_spans)
def test_there_are_as_many_steps_as_the_session_says_in_any_order(spans: list[Span]) -> None:
    one, other = Assembly(), Assembly()
    one.add(spans)
    for each in reversed(spans):
        other.add([each])
        other.session(now_ns=0)
    steps = list_steps(one)
    assert list_steps(other) == steps
    assert len(steps) == one.session(now_ns=0).step_count
    assert [s.number for s in steps] == list(range(1, len(steps) + 1))


def test_frames_read_the_content_of_their_page_only() -> None:
    steps = steps_of(STORY)
    asked: list[tuple[str, str]] = []

    def read(keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Content]:
        asked.extend(keys)
        return {("t1", "m"): Content(input="hello")}

    page = frames(steps, read, since=2, limit=2)
    assert asked == [("t1", "m"), ("t1", "n")]
    assert [(f.step.number, f.content) for f in page] == [(2, Content(input="hello")), (3, None)]
    assert frames(steps, read, since=99) == ()


def test_the_skeleton_is_columns_in_display_order() -> None:
    assembly = Assembly()
    assembly.add(STORY)
    made = skeleton(assembly)
    assert made["span"] == ["w", "a", "m", "n", "t", "u", "q"]
    assert made["parent"] == [-1, 0, 1, 1, 1, 4, 1]
    assert made["start_us"] == [0, 1_000_000, 1_000_000, 2_000_000, 2_000_000, 500_000, 1_500_000]
    assert made["duration_us"][2:4] == [1_000_000, 1_000_000]
    assert made["step"] == [0, 1, 2, 3, 4, 0, 5]
    assert made["error"] == [0, 0, 1, 0, 0, 0, 0]
    assert made["cost_nano"][2:5] == [250_000_000, 250_000_000, None]
    assert made["agents"] == ["", "lead"]
    assert made["started_ns"] == "0"


def test_pages_of_the_skeleton_join_to_the_whole() -> None:
    assembly = Assembly()
    assembly.add(STORY)
    whole = skeleton(assembly)
    first, second = skeleton(assembly, limit=3), skeleton(assembly, since=3)
    for column in ("parent", "name", "kind", "duration_us", "step", "span"):
        assert first[column] + second[column] == whole[column]
    assert sum(first["start_us"]) == 2 * S // 1000
    assert second["start_us"][0] == 4 * S // 1000
