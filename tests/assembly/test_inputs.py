"""What a model call saw, what had changed, and what filled its window."""

from quarterdeck.assembly.inputs import Seen, compare, composition, news_of, shared_out
from quarterdeck.model.messages import Message, Part, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.model.spans import Content


def said(role: str, *texts: str) -> Message:
    return Message(role=role, parts=tuple(TextPart(content=text) for text in texts))


def test_a_conversation_that_went_on_keeps_what_was_and_adds_what_is_new() -> None:
    before = [said("system", "be brief"), said("user", "hi")]
    now = [*before, said("assistant", "hello"), said("user", "go on")]
    assert compare(before, now) == [
        Seen("kept", 0, 0), Seen("kept", 1, 1), Seen("added", 2, None), Seen("added", 3, None),
    ]  # fmt: skip


def test_a_message_in_the_place_of_one_of_its_role_is_changed() -> None:
    before = [said("system", "be brief"), said("user", "hi")]
    now = [said("system", "be long"), said("user", "hi")]
    assert compare(before, now) == [Seen("changed", 0, 0), Seen("kept", 1, 1)]


def test_what_a_compaction_took_out_is_removed_where_it_stood() -> None:
    before = [said("system", "s"), said("user", "a"), said("assistant", "b"), said("user", "c")]
    now = [before[0], before[3]]
    assert compare(before, now) == [
        Seen("kept", 0, 0), Seen("removed", None, 1), Seen("removed", None, 2), Seen("kept", 1, 3),
    ]  # fmt: skip


def test_every_message_of_both_calls_is_told_once() -> None:
    before = [said("user", str(n % 5)) for n in range(30)]
    now = [said("user", str(n % 7)) for n in range(25)]
    lines = compare(before, now)
    assert sorted(line.now for line in lines if line.now is not None) == list(range(25))
    assert sorted(line.before for line in lines if line.before is not None) == list(range(30))


def test_a_huge_rewritten_history_is_all_removed_and_added() -> None:
    before = [said("user", f"a{n}") for n in range(1_000)]
    now = [said("user", f"b{n}") for n in range(1_000)]
    assert {line.change for line in compare(before, now)} == {"removed", "added"}


def test_news_are_what_came_after_the_models_last_word() -> None:
    talk = [said("user", "a"), said("assistant", "b"), said("tool", "c"), said("user", "d")]
    assert list(news_of(talk)) == [2, 3]
    assert list(news_of(talk[:1])) == [0]
    assert list(news_of([])) == []


def test_the_parts_of_a_window_add_up_to_the_tokens_that_were_told() -> None:
    result: Part = ToolResultPart(response="r" * 300, id="1")
    call: Part = ToolCallPart(name="bash", id="1", arguments={"command": "ls"})
    content = Content(
        instructions=(said("system", "s" * 100),),
        input_messages=(
            said("user", "u" * 200),
            Message(role="assistant", parts=(call,)),
            Message(role="tool", parts=(result,)),
            said("user", "remembered: rust has lifetimes"),
        ),
        tool_definitions=({"name": "bash", "description": "d" * 80},),
    )
    parts, each = composition(content, input_tokens=997, memories=["rust has lifetimes"])
    assert [part.what for part in parts] == [
        "system", "history", "tool_results", "memory", "tool_definitions",
    ]  # fmt: skip
    assert sum(part.tokens for part in parts) == 997
    assert len(each) == 5
    assert parts[2].tokens > parts[0].tokens


def test_without_told_tokens_four_characters_are_one() -> None:
    parts, _ = composition(Content(input_messages=(said("user", "x" * 400),)), input_tokens=None)
    assert [(part.what, part.tokens, part.share) for part in parts] == [("history", 100, 1.0)]


def test_numbers_and_texts_that_no_json_holds_do_not_stop_it() -> None:
    odd: Part = ToolCallPart(name="x", arguments={"n": 2**80, "s": "\ud800"})
    message = Message(role="assistant", parts=(odd,))
    assert compare([message], [message]) == [Seen("kept", 0, 0)]
    assert composition(Content(input_messages=(message,)), input_tokens=5)[0][0].tokens == 5


def test_shares_are_whole_and_complete() -> None:
    assert shared_out(10, [1, 1, 1]) == [4, 3, 3]
    assert shared_out(0, [1, 2]) == [0, 0]
    assert shared_out(7, [0, 0]) == [0, 0]
