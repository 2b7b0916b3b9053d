"""
What a span saw and gave back: messages and parts in OpenTelemetry GenAI's form.

Text of strangers, never HTML, and addresses that nobody fetches.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from quarterdeck.api.answers.answer import Answer, left_out


class TextPart(Answer):
    type: Literal["text"]
    content: str


class ReasoningPart(Answer):
    type: Literal["reasoning"]
    content: str


class ToolCallPart(Answer):
    type: Literal["tool_call"]
    name: str
    id: str = left_out()
    arguments: Any = left_out()


class ToolResultPart(Answer):
    type: Literal["tool_call_response"]
    response: Any = left_out()
    id: str = left_out()


class MediaPart(Answer):
    type: Literal["media"]
    modality: str = left_out()
    mime_type: str = left_out()
    uri: str = left_out()
    file_id: str = left_out()
    content: str = left_out()
    """Base64, as sent."""


class GenericPart(Answer):
    type: Literal["generic"]
    generic_type: str = left_out()
    value: Any = left_out()


Part = Annotated[
    TextPart | ReasoningPart | ToolCallPart | ToolResultPart | MediaPart | GenericPart,
    Field(discriminator="type"),
]


class Message(Answer):
    role: str
    """`system`, `user`, `assistant`, `tool`, or the sender's own word."""
    parts: list[Part] = left_out()
    name: str = left_out()
    finish_reason: str = left_out()


class Content(Answer):
    instructions: list[Message] = left_out()
    input_messages: list[Message] = left_out()
    output_messages: list[Message] = left_out()
    input: Any = left_out()
    output: Any = left_out()
    tool_definitions: list[Any] = left_out()
    metadata: dict[str, Any] = left_out()
    truncated: bool = left_out()
    """Some JSON was cut by the sender's limits."""
    references: list[str] = left_out()
    """Where the sender stored content elsewhere."""
