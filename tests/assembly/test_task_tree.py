"""Many paths, one tree: it counts right, whatever came first."""

import time
from pathlib import Path as FilePath

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_path import decision_path
from quarterdeck.assembly.task_tree import (
    Group,
    TaskNode,
    at_step,
    find,
    fold,
    label_of,
    read_path,
    select,
)
from quarterdeck.model.sketches import Choice, Decision, Path
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.transcripts.files import find as find_files
from quarterdeck.receive.transcripts.files import recognize
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import Transcript


def path(word: str) -> Path:
    """A letter is a tool; a capital one failed; a digit after it is its rounds."""
    decisions: list[Decision] = []
    for letter in word:
        if letter.isdigit():
            decisions[-1] = msgspec.structs.replace(decisions[-1], rounds=int(letter))
            continue
        went = "error" if letter.isupper() else "ok"
        choice = Choice("tool", letter.lower(), "", went)
        decisions.append(Decision(choice, step=len(decisions) + 1))
    return Path(tuple(decisions))


def told(node: TaskNode) -> dict[str, tuple[int, int]]:
    """Way -> sessions that pass, sessions that ended there."""
    return {
        "/".join(label_of(one) for one in each.way()): (
            len(each.passing),
            sum(1 for _ in each.ended()),
        )
        for each in node.walk()
    }


words = st.lists(st.text("abC", max_size=5), max_size=20)


def test_sessions_that_decided_alike_are_at_one_node() -> None:
    assert told(fold(map(path, ["ab", "a3b", "aB", "a", ""]))) == {
        "": (5, 1),
        "a": (4, 1),
        "a/b": (2, 2),
        "a/b (error)": (1, 1),
    }


def test_a_coarser_grouping_folds_what_it_makes_equal() -> None:
    some = [path("aAb"), path("ab")]
    by_tool = fold(some, group="tool")
    assert told(by_tool) == {"": (2, 0), "a": (2, 0), "a/b": (2, 2)}
    assert [one.rounds for one in by_tool.children[Choice("tool", "a"), ()].passing] == [2, 1]
    assert told(fold(some, group="kind")) == {"": (2, 0), "tool": (2, 2)}


@given(words, st.randoms())
def test_the_order_of_sessions_makes_no_difference(some: list[str], shuffled: object) -> None:
    mixed = list(some)
    shuffled.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = fold(map(path, some)), fold(map(path, mixed))
    assert told(one) == told(other)
    assert [node.id for node in one.ranked()] == [node.id for node in other.ranked()]


@given(words, st.floats(0, 1), st.integers(1, 12))
def test_sessions_here_are_those_further_on_and_those_that_ended(
    some: list[str], min_share: float, most: int
) -> None:
    root = fold(map(path, some))
    assert len(root.passing) == len(some)
    shown = select(root, least=min_share * len(some), most=most)
    chosen = {node.id for node in shown.nodes}
    for node in shown.nodes:
        below = [child for child in node.children.values() if child.id in chosen]
        rare = shown.others.get(node.id, [])
        left = len(node.children) - len(below) - len(rare)
        assert shown.hidden.get(node.id, 0) == left
        ended = sum(1 for _ in node.ended())
        further = sum(len(child.passing) for child in (*below, *rare))
        if not left:
            assert len(node.passing) == ended + further
        assert node.parent is None or node.parent.id in chosen


def test_ids_are_the_same_in_every_answer_and_find_their_node() -> None:
    one = fold(map(path, ["abc", "aB"]))
    other = fold(map(path, ["c", "aBa"]))
    failed = next(node for node in one.walk() if label_of(node) == "b (error)")
    again = find(other, failed.id)
    assert again is not None
    assert [label_of(node) for node in again.way()] == ["a", "b (error)"]
    assert find(one, "nothing") is None


def test_a_step_stands_where_the_last_decision_before_it_was_taken() -> None:
    decisions = path("abc").decisions
    assert [at_step(decisions, step) for step in (0, 1, 2, 3, 99)] == [0, 1, 2, 3, 3]


def test_a_path_that_was_not_read_or_is_of_another_form_is_none() -> None:
    assert read_path("") is None
    assert read_path('{"version": 9}') is None
    assert read_path(msgspec.json.encode(path("ab")).decode()) == path("ab")


@pytest.fixture(scope="module")
def recorded(shared: FilePath) -> list[Path]:
    """The paths of the recorded retail sessions of tau2-bench."""
    files = shared / "data" / "tau2_bench" / "sierra_model_training__gpt-4.1__retail.json.gz"
    paths = []
    for source in find_files([files]):
        form = recognize(source).format
        assert form is not None
        for item in form.read(source):
            if isinstance(item, Transcript):
                assembly = Assembly()
                assembly.add(normalize_span(raw) for raw in to_spans(item))
                paths.append(decision_path(assembly))
    return paths


def test_recorded_sessions_share_their_beginnings(recorded: list[Path]) -> None:
    root = fold(recorded)
    assert len(recorded) > 20
    [first] = root.children.values()
    assert label_of(first) == "greeting"
    known = [label_of(node) for node in root.walk()]
    assert any(label.startswith("find_user_id_by") for label in known)
    assert not any("user_simulator" in label for label in known)


@pytest.mark.parametrize("group", ["action", "tool", "kind"])
def test_a_thousand_recorded_sessions_fold_in_a_moment(recorded: list[Path], group: Group) -> None:
    many = (recorded * (1_000 // len(recorded) + 1))[:1_000]
    began = time.process_time()
    root = fold(many, group=group)
    shown = select(root, least=10, most=300)
    # Some 30 to 130 ms; the limit is for a machine that does other things too.
    assert time.process_time() - began < 1
    assert len(root.passing) == 1_000
    assert len(shown.nodes) <= 300
