"""Two sequences beside each other: equal runs, what was changed, and how exact that is."""

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.assembly.diff import Alignment, Run, align
from quarterdeck.assembly.seen_differently import seen_differently
from quarterdeck.model.messages import Message, TextPart
from quarterdeck.model.spans import Content

words = st.text("abcd", max_size=24)


def check(a: str, b: str, found: Alignment) -> None:
    """The runs cover both, in order, and what is called equal is."""
    assert "".join(a[run.a_from : run.a_to] for run in found.runs) == a
    assert "".join(b[run.b_from : run.b_to] for run in found.runs) == b
    for run in found.runs:
        if run.kind == "equal":
            assert a[run.a_from : run.a_to] == b[run.b_from : run.b_to] != ""
    kinds = [run.kind for run in found.runs]
    assert all(one == "equal" or other == "equal" for one, other in zip(kinds, kinds[1:]))  # noqa: B905, RUF007


def longest_common(a: str, b: str) -> int:
    row = [0] * (len(b) + 1)
    for x in a:
        last = 0
        for at, y in enumerate(b, 1):
            last, row[at] = row[at], last + 1 if x == y else max(row[at], row[at - 1])
    return row[-1]


@given(words, words)
def test_the_fewest_steps_are_left_without_a_partner(a: str, b: str) -> None:
    found = align(a, b)
    check(a, b, found)
    assert found.is_exact
    assert found.equal == longest_common(a, b)


@given(words, words, st.integers(0, 40))
def test_without_time_it_says_so_and_is_still_right(a: str, b: str, work: int) -> None:
    found = align(a, b, work=work)
    check(a, b, found)
    assert found.equal <= longest_common(a, b)
    if not found.is_exact:
        assert found.equal < len(a) + len(b)


def test_runs_tell_what_was_changed_added_and_left_out() -> None:
    assert align("abcdef", "abXdefg").runs == [
        Run("equal", 0, 2, 0, 2),
        Run("changed", 2, 3, 2, 3),
        Run("equal", 3, 6, 3, 6),
        Run("only_b", 6, 6, 6, 7),
    ]
    assert align("ab", "").runs == [Run("only_a", 0, 2, 0, 0)]
    assert align("", "").runs == []


def test_two_sessions_of_ten_thousand_steps_are_aligned_in_a_moment() -> None:
    chance = random.Random(4)
    a = [chance.randrange(30) for _ in range(10_000)]
    b = list(a)
    for _ in range(300):
        b[chance.randrange(len(b))] = 99
    strange = [chance.randrange(30) for _ in range(10_000)]
    began = time.process_time()
    near, far = align(a, b), align(a, strange)
    # Half a second, most of it for the strangers; the limit is for a machine that is busy.
    assert time.process_time() - began < 4
    assert near.is_exact
    assert near.equal >= 9_700
    assert not far.is_exact


def said(*messages: tuple[str, str]) -> Content:
    return Content(
        input_messages=tuple(
            Message(role=role, parts=(TextPart(content=words),)) for role, words in messages
        )
    )


def test_what_two_calls_saw_is_compared_message_by_message() -> None:
    a = said(("system", "be brief"), ("user", "port auth"), ("tool", "3 of 40 fail"))
    b = said(("system", "be kind"), ("user", "port auth"), ("tool", "40 pass"), ("user", "go on"))
    told = seen_differently(a, b)
    assert told["same_messages"] == 1
    assert [(one["a"], one["b"]) for one in told["changed"]] == [("3 of 40 fail", "40 pass")]
    assert [one["preview"] for one in told["only_b"]] == ["go on"]
    assert told["only_a"] == []
    assert (told["system_prompt"]["differs_at"], told["equal"]) == (3, False)
    assert seen_differently(a, a)["equal"]


def test_tools_offered_are_compared_by_name_and_definition() -> None:
    a = Content(tool_definitions=({"name": "read"}, {"name": "write", "strict": True}))
    b = Content(tool_definitions=({"function": {"name": "write"}}, {"name": "push"}))
    told = seen_differently(a, b)
    assert told["tools_only_a"] == ["read"]
    assert told["tools_only_b"] == ["push"]
    assert told["tools_changed"] == ["write"]


def test_input_that_was_not_kept_is_unknown_and_not_equal() -> None:
    told = seen_differently(None, said(("user", "hello")))
    assert (told["known"], told["equal"]) == (False, False)
