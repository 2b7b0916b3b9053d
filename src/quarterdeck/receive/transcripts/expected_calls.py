"""
Tool calls that a test expected, held against those that were made.

This is the rule where a benchmark does not state the matches itself: a call answers an expected
one if the name and all its arguments are equal, in any order, and answers no more than one.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Call(NamedTuple):
    name: str
    arguments: Mapping[str, Any]
    by: str = ""
    """Whose tool it is, where several act: `assistant`, `user`."""
    compared: Sequence[str] | None = None
    """Of an expected call: which arguments count; None = all."""


class Matched(NamedTuple):
    """Both counts of `Transcript.expected_calls` and `matched_calls`."""

    expected: int
    matched: int


def match(expected: Sequence[Call], made: Sequence[Call]) -> Matched:
    free = list(made)
    matched = 0
    for wanted in expected:
        answer = next((call for call in free if _answers(call, wanted)), None)
        if answer is not None:
            free.remove(answer)
            matched += 1
    return Matched(len(expected), matched)


def _answers(call: Call, wanted: Call) -> bool:
    if call.name != wanted.name or call.by != wanted.by:
        return False
    if wanted.compared is None:
        return dict(call.arguments) == dict(wanted.arguments)
    return all(
        name in call.arguments and call.arguments[name] == wanted.arguments.get(name)
        for name in wanted.compared
    )
