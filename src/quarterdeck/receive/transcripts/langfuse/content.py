"""
What was said in Langfuse's generations: inputs and outputs in every framework's spelling.
"""

from collections.abc import Sequence
from typing import Any

from quarterdeck.model.messages import Message, ToolCallPart, ToolResultPart
from quarterdeck.normalize.attributes import decode_json, object_of
from quarterdeck.normalize.messages import read_messages, tool_calls
from quarterdeck.receive.transcripts.langfuse.observations import Observation
from quarterdeck.receive.transcripts.members import identifier, mapping

_NOTHING = ("None", "null", "")
"""What a sender wrote that had nothing to say."""


def messages_in(value: Any, role: str) -> tuple[Message, ...]:
    """Of an input or an output; text that is no JSON is one message."""
    if value is None or value in _NOTHING:
        return ()
    decoded = _unwrapped(decode_json(value))
    return tuple(m for m in read_messages(decoded, role).messages if m.parts)


def _unwrapped(value: Any) -> Any:
    """Spellings that no dialect shares: Gemini's responses, bare tool calls, positional input."""
    if isinstance(value, dict):
        candidates = value.get("candidates")
        if isinstance(candidates, list):
            return [_unwrapped(candidate) for candidate in candidates]
        content = value.get("content")
        if isinstance(content, dict) and isinstance(content.get("parts"), list):
            return {**content, "finish_reason": value.get("finish_reason")}
        if set(value) <= {"args", "kwargs"} and isinstance(value.get("args"), list):
            return value["args"]
    if isinstance(value, list):
        return [
            {**item, "type": "tool_call"}
            if isinstance(item, dict) and "toolName" in item and "type" not in item
            else item
            for item in value
        ]
    return value


def requested_in(messages: Sequence[Message]) -> list[ToolCallPart]:
    return tool_calls(messages)


def results_in(messages: Sequence[Message]) -> dict[str, Any]:
    """Results of tools by call id, as a model was shown them."""
    return {
        part.id: part.response
        for message in messages
        for part in message.parts
        if isinstance(part, ToolResultPart) and part.id
    }


_CALL_IDS = ("gen_ai.tool.call.id", "ai.toolCall.id", "tool_call.id")


def call_id_of(observation: Observation) -> str:
    """The id of the tool call that an observation ran, if it or its result tells it."""
    for key in _CALL_IDS:
        if found := identifier(observation.attributes.get(key)):
            return found
    output = mapping(object_of(observation.value.get("output")))
    return identifier(output.get("tool_call_id"))
