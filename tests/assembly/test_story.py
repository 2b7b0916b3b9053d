"""A session's story in chunks tells what its assembly tells; growth leads from one to the next."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assembly.made import agent, model, span, tool
from assembly.spans_at_random import sessions_of_spans
from quarterdeck.assembly import story as telling
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.growth import NOTHING, PLACED, VALUES, growth
from quarterdeck.assembly.skeleton import COLUMNS, Skeleton, differences, draw, page
from quarterdeck.assembly.steps import list_steps
from quarterdeck.assembly.story import Story, page_json, steps_from, tell
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Span

at_random = settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)


def assembled(spans: list[Span]) -> Assembly:
    assembly = Assembly()
    assembly.add(spans)
    return assembly


def kept(assembly: Assembly, *, rows: int, steps: int) -> Story:
    """As the store gives it back."""
    made = tell(draw(assembly), list_steps(assembly), rows_a_chunk=rows, steps_a_chunk=steps)
    story = telling.read({name: list(chunks) for name, chunks in made.parts().items()})
    assert story is not None
    assert story.revision == made.revision
    return story


@at_random
@given(sessions_of_spans, st.integers(1, 5), st.integers(0, 12), st.integers(0, 12) | st.none())
def test_any_page_of_a_kept_story_is_the_page_of_the_assembly(
    spans: list[Span], size: int, since: int, limit: int | None
) -> None:
    assembly = assembled(spans)
    story = kept(assembly, rows=size, steps=size)
    told = json.loads(page_json(story, {"open": True}, since=since, limit=limit))
    drawn = draw(assembly)
    assert told == {"open": True, **page(drawn, since=since, limit=limit)}
    steps = list_steps(assembly)
    assert telling.all_steps(story) == steps
    assert steps_from(story, since + 1, limit or 0) == list(steps[since : since + (limit or 0)])
    assert telling.drawn(story) == drawn


def test_the_ids_of_spans_can_be_left_out() -> None:
    told = json.loads(
        page_json(kept(assembled([agent("a", 1, 2, "lead")]), rows=9, steps=9), {}, ids=False)
    )
    assert "span" not in told
    assert set(COLUMNS) - set(told) == {"span"}


def test_a_story_that_is_not_whole_is_none() -> None:
    story = kept(assembled([agent("a", 1, 2, "lead"), agent("b", 3, 4, "other")]), rows=1, steps=1)
    parts = story.parts()
    assert telling.read({**parts, "rows": parts["rows"][:1]}) is None
    assert telling.read({**parts, "steps": ()}) is None
    assert telling.read({**parts, "head": (b"of another version",)}) is None
    assert telling.read({}) is None


def grown(old: Skeleton, told: dict[str, Any]) -> dict[str, list[Any]]:
    """What a viewer that follows the description has afterwards."""
    columns = {name: old.columns[name][: told["since"]] + told[name] for name in COLUMNS}
    starts = told["start_us"]
    for at in range(1, len(starts)):
        starts[at] += starts[at - 1]
    columns["start_us"] = old.columns["start_us"][: told["since"]] + starts
    for at, row in enumerate(told["changed"]["row"]):
        for name in VALUES:
            columns[name][row] = told["changed"][name][at]
    return columns


@at_random
@given(sessions_of_spans, st.integers(0, 10))
def test_growth_leads_from_any_drawing_to_a_later_one(spans: list[Span], cut: int) -> None:
    assembly = assembled(spans[:cut])
    old = draw(assembly)
    assembly.add(spans[cut:])
    new = draw(assembly, tell(old, ()).head.texts())
    told = growth(old, new)
    if told is None:
        assert old.started_ns != new.started_ns
        told = growth(NOTHING, new)
        old = NOTHING
    assert told is not None
    assert grown(old, told) == new.columns
    assert old.names + told["new"]["names"] == new.names
    assert told["acts"] == new.acts


def test_every_column_is_placed_or_a_value() -> None:
    assert sorted(PLACED + VALUES) == sorted(COLUMNS)


def test_a_span_that_ends_is_told_alone() -> None:
    begun = [agent("a", 1, 19, "lead"), span("t", 6, None, kind="tool", tool="read", parent="a")]
    old = draw(assembled(begun))
    new = draw(assembled([begun[0], tool("t", 6, 7, "read", parent="a")]))
    told = growth(old, new)
    assert told is not None
    assert (told["since"], told["count"]) == (2, 0)
    assert told["changed"]["row"] == [1]
    assert told["changed"]["duration_us"] == [1_000_000]


def test_the_skeleton_tells_recoveries_attempts_depths_and_waits() -> None:
    rows = [
        agent("a", 1, 40, "lead"),
        tool("f", 2, 3, "read", target="/x", status="error", arguments_hash="h", parent="a"),
        tool("g", 4, 5, "read", target="/x", status="error", arguments_hash="h", parent="a"),
        tool("s", 6, 7, "read", target="/x", arguments_hash="h", parent="a"),
        tool("n", 8, 9, "write", target="/y", status="error", parent="a"),
        span("q", 10, 19, kind="human", parent="a",
             human=HumanAct(decision="approved", by="alice", waited_ns=9 * 10**9)),
    ]  # fmt: skip
    drawn = draw(assembled(rows))
    assert drawn.columns["episode"] == [0, 4, 4, 0, -1, 0]
    assert drawn.columns["retry"] == [0, 0, 2, 3, 0, 0]
    assert drawn.columns["depth"] == [0, 1, 1, 1, 1, 1]
    assert [drawn.names[n] for n in drawn.columns["name"][:4]] == ["lead", "read", "read", "read"]
    (act,) = drawn.acts
    assert (act["row"], act["by"], act["decision"], act["pending"]) == (
        5,
        "alice",
        "approved",
        False,
    )
    assert act["waited_us"] == 9_000_000


def test_differences_add_up_to_the_values() -> None:
    assert differences([3, 5, 4]) == [3, 2, -1]
    assert differences([]) == []


def test_a_model_call_is_named_by_its_model() -> None:
    drawn = draw(assembled([model("m", 2, 3, tokens=(5, 1), usd="0.25")]))
    assert drawn.names[drawn.columns["name"][0]] == "gpt-4o"
