"""What a tool call tells beside its name: its target, a handoff, a question to a person."""

from typing import Any

import pytest

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.normalize import tools


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        ({"path": "a.py", "mode": "r"}, "a.py"),
        ('{"file_path": "b.py"}', "b.py"),
        ({"kwargs": {"query": "refunds"}}, "refunds"),
        ({"url": "https://example.test/x"}, "https://example.test/x"),
        ({"city": "Bern"}, ""),
        ("plain text", ""),
        (None, ""),
        ([1], ""),
        ({"path": None, "command": "ls"}, "ls"),
    ],
)
def test_the_target_is_what_the_arguments_name(arguments: Any, target: str) -> None:
    assert tools.target_of(arguments) == target


def test_a_long_target_is_told_apart_by_its_hash() -> None:
    one, other = tools.target_of({"command": "x" * 500}), tools.target_of({"command": "y" * 500})
    assert one.startswith("command:")
    assert one != other
    assert len(one) < 40


def test_equal_arguments_have_one_hash_however_they_are_written() -> None:
    assert tools.arguments_hash('{"a": 1, "b": 2}') == tools.arguments_hash({"b": 2, "a": 1})
    assert tools.arguments_hash({}) == ""


@pytest.mark.parametrize(
    ("tool", "arguments", "hint"),
    [
        ("transfer_to_billing", None, HandoffHint(source="a", target="billing")),
        ("transfer_back_to_root", None, HandoffHint(source="a", target="root")),
        ("handoff_to_agent", {"agent_name": "x"}, HandoffHint(source="a", target="x")),
        ("Delegate work to coworker", {"coworker": "R"},
         HandoffHint(source="a", target="R", kind="delegates")),
        ("read_file", {"path": "x"}, None),
        ("transfer_funds", None, None),
    ],
)  # fmt: skip
def test_tools_that_hand_off_are_known_by_name(
    tool: str, arguments: Any, hint: HandoffHint | None
) -> None:
    assert tools.handoff_of(tool, arguments, "a") == hint


def test_tools_that_ask_people_are_known_and_a_project_can_name_more() -> None:
    assert tools.ask_of("ask_human", ()) == "question"
    assert tools.ask_of("escalate_to_supervisor", ()) == "takeover"
    assert tools.ask_of("page_oncall", ()) is None
    assert tools.ask_of("page_oncall", ("page_*",)) == "question"
    assert tools.is_plain("page_oncall", ())
    assert not tools.is_plain("page_oncall", ("page_*",))
