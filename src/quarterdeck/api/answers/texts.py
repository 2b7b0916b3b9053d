"""
Texts of traces as screens show them: bounded, with what stands between and the way to it.

Nothing here is HTML, and base64 is named and counted, never carried along.
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer


class OmittedData(Answer):
    """Base64 that was recognized and left out."""

    omitted: str
    """What it is: `image/png`, or `application/octet-stream` where it does not tell."""
    bytes: int
    """Of the data that it encodes."""


class BoundedText(Answer):
    """Whole up to 20 kB; of a longer one the first and the last 4 kB."""

    text: str
    tail: str | None
    """The end, where something between is left out."""
    bytes: int
    """Of the whole, in UTF-8."""
    left_out: int
    """Bytes between `text` and `tail`; 0: it is whole."""
    part: str | None
    """Ask the step with `part=` this and `full=true` for the whole; null: nothing is left out."""
    omitted: list[OmittedData]
    """Base64 that stood in the text; `text` has a word in its place."""


class NamedValue(Answer):
    """An argument, or a field of a result."""

    name: str
    kind: Literal["text", "number", "bool", "null", "json", "data"]
    value: BoundedText
    """As text; `json` is indented."""


class ShownPart(Answer):
    """One part of a message."""

    type: Literal["text", "reasoning", "tool_call", "tool_result", "media", "other"]
    text: BoundedText | None
    """Null for a call of a tool, which has fields."""
    name: str | None
    """The tool of a call; what a medium or another part calls itself."""
    call_id: str | None
    fields: list[NamedValue] | None
    media: OmittedData | None


class ShownMessage(Answer):
    role: str
    name: str | None
    parts: list[ShownPart]
