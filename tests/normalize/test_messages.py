"""Every spelling of messages that the reference names, and the one form that they become."""

from typing import Any

import pytest

from quarterdeck.model.messages import (
    GenericPart,
    MediaPart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.normalize.messages import (
    finish_reason,
    is_conversation,
    read_flattened,
    read_messages,
)

_CALL = ToolCallPart(name="weather", id="c1", arguments={"city": "Bern"})
_RESULT = ToolResultPart(id="c1", response="3 degrees")


def _said(role: str, *parts: Any, **rest: str) -> Message:
    return Message(role=role, parts=parts, **rest)


def _text(content: str) -> TextPart:
    return TextPart(content=content)


_SPELLINGS: dict[str, tuple[Any, list[Message]]] = {
    "OpenAI chat": (
        [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is it?"},
                {"type": "image_url", "image_url": {"url": "https://example.test/a.png"}},
            ]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "type": "function",
                 "function": {"name": "weather", "arguments": '{"city": "Bern"}'}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "3 degrees"},
            {"role": "assistant", "content": "Cold.", "refusal": "no"},
        ],
        [
            _said("system", _text("Be brief.")),
            _said("user", _text("What is it?"),
                  MediaPart(modality="image", uri="https://example.test/a.png")),
            _said("assistant", _CALL),
            _said("tool", _RESULT),
            _said("assistant", _text("Cold."), GenericPart(generic_type="refusal", value="no")),
        ],
    ),
    "OpenAI chat choices": (
        {"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": None, "tool_calls": [
                {"id": "c1", "function": {"name": "weather", "arguments": '{"city":"Bern"}'}}]}}]},
        [_said("assistant", _CALL, finish_reason="tool_call")],
    ),
    "OpenAI Responses items": (
        [
            {"type": "message", "role": "user",
             "content": [{"type": "input_text", "text": "hi"}]},
            {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "function_call", "call_id": "c1", "id": "fc_1", "name": "weather",
             "arguments": '{"city": "Bern"}'},
            {"type": "function_call_output", "call_id": "c1", "output": "3 degrees"},
        ],
        [
            _said("user", _text("hi")),
            _said("assistant", ReasoningPart(content="hm")),
            _said("assistant", _CALL),
            _said("tool", _RESULT),
        ],
    ),
    "Anthropic blocks": (
        {"system": "Be brief.", "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Bern"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "3 degrees"}]},
        ]},
        [
            _said("system", _text("Be brief.")),
            _said("user", _text("hi")),
            _said("assistant", ReasoningPart(content="hm"), _CALL),
            _said("tool", _RESULT),
        ],
    ),
    "Gemini contents": (
        {"contents": [
            {"role": "user", "parts": [{"text": "hi"}]},
            {"role": "model", "parts": [
                {"text": "hm", "thought": True},
                {"functionCall": {"id": "c1", "name": "weather", "args": {"city": "Bern"}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "weather", "response": "3 degrees"}}]},
        ]},
        [
            _said("user", _text("hi")),
            _said("assistant", ReasoningPart(content="hm"), _CALL),
            _said("tool", _RESULT),
        ],
    ),
    "Bedrock Converse": (
        [
            {"role": "user", "content": [{"text": "hi"}]},
            {"role": "assistant", "content": [
                {"reasoningContent": {"reasoningText": {"text": "hm"}}},
                {"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "Bern"}}}]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "c1", "content": "3 degrees"}}]},
        ],
        [
            _said("user", _text("hi")),
            _said("assistant", ReasoningPart(content="hm"), _CALL),
            _said("tool", _RESULT),
        ],
    ),
    "LangChain serialized": (
        {"messages": [[
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "HumanMessage"],
             "kwargs": {"content": "hi", "type": "human"}},
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "AIMessage"],
             "kwargs": {"content": "", "tool_calls": [
                 {"name": "weather", "args": {"city": "Bern"}, "id": "c1"}]}},
            {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "ToolMessage"],
             "kwargs": {"content": "3 degrees", "tool_call_id": "c1"}},
        ]]},
        [_said("user", _text("hi")), _said("assistant", _CALL), _said("tool", _RESULT)],
    ),
    "LangChain pairs": (
        [["human", "hi"], ["ai", "yo"]],
        [_said("user", _text("hi")), _said("assistant", _text("yo"))],
    ),
    "LangChain plain": (
        [{"type": "human", "content": "hi"}, {"type": "ai", "content": "yo"}],
        [_said("user", _text("hi")), _said("assistant", _text("yo"))],
    ),
    "Vercel": (
        [
            {"role": "user", "content": [{"type": "text", "text": "hi"}]},
            {"role": "assistant", "content": [
                {"type": "tool-call", "toolCallId": "c1", "toolName": "weather",
                 "input": {"city": "Bern"}}]},
            {"role": "tool", "content": [
                {"type": "tool-result", "toolCallId": "c1", "toolName": "weather",
                 "output": "3 degrees"}]},
        ],
        [_said("user", _text("hi")), _said("assistant", _CALL), _said("tool", _RESULT)],
    ),
    "OpenTelemetry": (
        [
            {"role": "user", "parts": [
                {"type": "text", "content": "hi"},
                {"type": "blob", "modality": "image", "mime_type": "image/png",
                 "content": "QUJD"},
                {"type": "file", "modality": "document", "file_id": "f1"}]},
            {"role": "assistant", "finish_reason": "tool_call", "parts": [
                {"type": "tool_call", "id": "c1", "name": "weather",
                 "arguments": {"city": "Bern"}},
                {"type": "server_tool_call", "name": "search",
                 "server_tool_call": {"type": "search"}}]},
            {"role": "user", "parts": [
                {"type": "tool_call_response", "id": "c1", "result": "3 degrees"}]},
        ],
        [
            _said("user", _text("hi"),
                  MediaPart(modality="image", mime_type="image/png", content="QUJD"),
                  MediaPart(modality="document", file_id="f1")),
            _said("assistant", _CALL,
                  GenericPart(generic_type="server_tool_call",
                              value={"type": "server_tool_call", "name": "search",
                                     "server_tool_call": {"type": "search"}}),
                  finish_reason="tool_call"),
            _said("tool", _RESULT),
        ],
    ),
    "system instructions": (
        [{"type": "text", "content": "Be brief."}, {"type": "text", "content": "Be kind."}],
        [_said("user", _text("Be brief."), _text("Be kind."))],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", _SPELLINGS)
def test_a_spelling_becomes_the_one_form(name: str) -> None:
    value, expected = _SPELLINGS[name]
    assert list(read_messages(value).messages) == expected


def test_plain_text_is_one_message_and_is_not_taken_for_json() -> None:
    assert read_messages("[sic] hello").messages == (_said("user", _text("[sic] hello")),)
    assert read_messages("hi", "assistant").messages == (_said("assistant", _text("hi")),)


def test_json_that_was_cut_gives_what_can_be_read_and_says_so() -> None:
    cut = '[{"role": "user", "content": "first"}, {"role": "assistant", "content": "seco'
    messages, truncated = read_messages(cut)
    assert truncated
    assert messages[0] == _said("user", _text("first"))
    assert messages[1] == _said("assistant", _text("seco"))


def test_flattened_lists_are_sorted_by_number_and_tell_their_gaps() -> None:
    flat = {
        "10.message.role": "assistant",
        "10.message.content": "ten",
        "2.message.role": "user",
        "2.message.content": "two",
    }
    messages, gaps = read_flattened(flat)
    assert [m.parts[0] for m in messages] == [_text("two"), _text("ten")]
    assert gaps


def test_tool_calls_in_the_contents_are_not_repeated() -> None:
    flat = {
        "0.message.role": "assistant",
        "0.message.contents.0.message_content.type": "tool_use",
        "0.message.contents.0.message_content.id": "c1",
        "0.message.contents.0.message_content.name": "weather",
        "0.message.contents.0.message_content.input": '{"city": "Bern"}',
        "0.message.tool_calls.0.tool_call.id": "c1",
        "0.message.tool_calls.0.tool_call.function.name": "weather",
        "0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Bern"}',
    }
    assert read_flattened(flat).messages == (_said("assistant", _CALL),)


def test_a_flattened_call_that_stands_among_the_contents_too_is_one_call() -> None:
    call = {"id": "c1", "function.name": "read", "function.arguments": '{"path": "a.py"}'}
    flat = {
        "0.message.role": "assistant",
        "0.message.contents.0.message_content.type": "tool_use",
        **{f"0.message.contents.0.tool_call.{key}": value for key, value in call.items()},
        **{f"0.message.tool_calls.0.tool_call.{key}": value for key, value in call.items()},
    }
    (message,) = read_flattened(flat).messages
    assert message.parts == (ToolCallPart(name="read", id="c1", arguments={"path": "a.py"}),)


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [("tool-calls", "tool_call"), ("STOP", "stop"), ("end_turn", "stop"), ("max_tokens", "length"),
     ("SAFETY", "content_filter"), ("FinishReason.STOP", "stop"), ("odd", "odd")],
)  # fmt: skip
def test_finish_reasons_become_one_set_and_unknown_ones_stay(spelled: str, meant: str) -> None:
    assert finish_reason(spelled) == meant


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"role": "user", "content": "x"}], True),
        ('{"messages": [{"type": "human", "content": "x"}]}', True),
        ({"order_id": "7"}, False),
        ([{"id": 1}], False),
        ("hello", False),
        ([], False),
    ],
)
def test_only_messages_are_taken_for_a_conversation(value: Any, expected: bool) -> None:
    assert is_conversation(value) is expected
