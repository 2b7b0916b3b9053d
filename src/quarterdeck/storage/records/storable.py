"""
What SQLite and PostgreSQL can both keep, of text and JSON that strangers wrote.

PostgreSQL refuses a NUL in text, a lone surrogate, NaN in JSON, a text over its column's length
and an integer over its column's size, each with an error of its own; SQLite takes most of it.
Names and ids are refused before they get there, so that both answer alike.  Content is never
refused: what JSON has no word for is kept as text.
"""

import json
import math
from typing import Any, Generic, NamedTuple, TypeVar

from quarterdeck.errors import Invalid

NAME_LENGTH = 400
ID_LENGTH = 200
"""Characters.  At 4 bytes each, a name and an id fit one index entry of PostgreSQL: 2,704 bytes."""
ACTOR_LENGTH = 340
"""As in the audit: `account:` and the longest address."""
MOST = 2**31 - 1
"""The largest number of a version."""
_MOST_NS = 2**63 - 1

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """A part of a list, and how long all of it is."""

    items: list[T]
    total: int


def is_name(text: str, *, longest: int = NAME_LENGTH) -> bool:
    """Whether a record could have this name; for others no database need be asked."""
    if not text or len(text) > longest or "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_id(text: str) -> bool:
    return is_name(text, longest=ID_LENGTH)


def name_of(what: str, text: str, *, longest: int = NAME_LENGTH) -> str:
    """The name itself.  Raises `Invalid` for one that can't be kept."""
    if not is_name(text, longest=longest):
        raise Invalid(
            f"not a {what}: {text[:80]!r}", hint=f"Use 1 to {longest} characters, without NUL."
        )
    return text


def id_of(what: str, text: str) -> str:
    return name_of(what, text, longest=ID_LENGTH)


def text_of(text: str) -> str:
    """The text with U+FFFD for what no database takes."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def actor_of(text: str) -> str:
    return text_of(text)[:ACTOR_LENGTH]


def time_of(at_ns: int) -> int:
    """The instant, within what 64 bits hold; 0 for one before 1970."""
    return min(max(at_ns, 0), _MOST_NS)


def json_of(value: Any) -> Any:
    """The value with the names of numbers that are none: "NaN", "Infinity".  Raises `Invalid` for
    what is no JSON at all."""
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return _finite(value)
    except (TypeError, RecursionError) as error:
        raise Invalid(f"this can't be kept as JSON: {error}") from error
    return value


def canonical(value: Any) -> str:
    """One spelling for equal values, whatever the order of their keys.  1 and 1.0 stay apart: no
    digest may say that two things are one when a model might see a difference."""
    return json.dumps(json_of(value), sort_keys=True, separators=(",", ":"))


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case dict():
            return {key: _finite(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_finite(inner) for inner in value]
        case _:
            return value
