"""
Python values as the text of an attribute.

Made at the time of the call, because what a tool was given may change afterwards.  Text stays
text, the rest becomes JSON, and what has no JSON is shown as Python shows it.  Never more than
`MAX_CHARS`: a tool that is handed a file of 100 MB must not send it.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

MAX_CHARS = 256 * 1024
"""Of one attribute.  A model's longest usual input of 64k tokens fits."""

PLAIN = (str, bool, int, float)


def _plain_form(value: object) -> object:
    """For what msgspec does not know: a model's own dump, or its `repr`."""
    dump = getattr(value, "model_dump", None)
    if callable(dump) and not isinstance(value, type):
        return dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, BaseException):
        return f"{type(value).__name__}: {value}"
    return repr(value)


_encoder = msgspec.json.Encoder(enc_hook=_plain_form, decimal_format="string")


def as_text(value: object) -> str:
    """Raises whatever the value's own `repr` raises; the rim is above."""
    if isinstance(value, str):
        return cut(value)
    try:
        return cut(_encoder.encode(value).decode())
    except Exception:  # noqa: BLE001 - cycles, odd keys, a dump that fails: shown as Python does
        return cut(repr(value))


def as_attribute(value: object) -> Any:
    """What OpenTelemetry takes as it is, and text for the rest."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, PLAIN):
        return value
    if isinstance(value, list | tuple) and all(isinstance(item, PLAIN) for item in value):
        return [cut(item) if isinstance(item, str) else item for item in value]
    return as_text(value)


def as_messages(value: object, *, role: str) -> str:
    """Messages as JSON: a list of them as it is; anything else is what `role` said."""
    if isinstance(value, str):
        return _said_by(role, value)
    if isinstance(value, Mapping) and "role" in value:
        return as_text([value])
    if isinstance(value, list | tuple) and value and all(_is_message(item) for item in value):
        return as_text(value)
    return _said_by(role, as_text(value))


def _said_by(role: str, text: str) -> str:
    parts: list[object] = [{"type": "text", "content": cut(text)}]
    try:
        return _encoder.encode([{"role": role, "parts": parts}]).decode()
    except Exception:  # noqa: BLE001 - text that is not Unicode
        return as_messages(text.encode("utf-8", "replace").decode(), role=role)


def _is_message(value: object) -> bool:
    return (isinstance(value, Mapping) and "role" in value) or hasattr(value, "role")


def cut(text: str) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:MAX_CHARS]}… [{len(text) - MAX_CHARS} more characters]"


def word(value: object) -> str:
    """A name, an id, a label: short, on one line."""
    if type(value) is str and len(value) <= _SHORT:
        return _one_line(value)
    return " ".join(str(value).split())[:300]


_SHORT = 64


@lru_cache(maxsize=2_048)
def _one_line(text: str) -> str:
    """Remembered: an agent names the same tools and models again and again."""
    return " ".join(text.split())
