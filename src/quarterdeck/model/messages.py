"""
Messages between people, models and tools, in OpenTelemetry GenAI's form (v0.1.0).

A message is a role and parts in order.  Every dialect's spelling is brought to this one by
`normalize/messages.py`; what no part type fits is kept whole in a `GenericPart`.
"""

from typing import Any

import msgspec


class TextPart(msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="text"):
    content: str


class ReasoningPart(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag_field="type", tag="reasoning"
):
    content: str


class ToolCallPart(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False,
    tag_field="type", tag="tool_call",
):  # fmt: skip
    """The model asks for a tool.  `arguments` is an object when the sender's text parses."""

    name: str
    id: str = ""
    arguments: Any = None


class ToolResultPart(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False,
    tag_field="type", tag="tool_call_response",
):  # fmt: skip
    response: Any = None
    id: str = ""


class MediaPart(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
    tag="media",
):
    """A blob, a file or a link.  Never fetched: `uri` is text from a stranger."""

    modality: str = ""
    mime_type: str = ""
    uri: str = ""
    file_id: str = ""
    content: str = ""
    """Base64, as sent."""


class GenericPart(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    gc=False,
    tag_field="type",
    tag="generic",
):
    generic_type: str = ""
    value: Any = None


Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | MediaPart | GenericPart


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    role: str
    """`system`, `user`, `assistant`, `tool`, or the sender's own word."""
    parts: tuple[Part, ...] = ()
    name: str = ""
    finish_reason: str = ""
