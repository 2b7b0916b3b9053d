"""
Reading single attribute values: parsers, JSON inside strings, flattened lists.

A parser takes whatever came and returns the value, or None for "nothing there" (absent,
empty, hidden by the sender), or raises `Unreadable`, which the engine turns into a problem on
the span.  Text of users is never guessed to be JSON: only callers that know their key decode.
"""

import math
import re
import string
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import sha1
from typing import Any, TypeVar

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_MS, NS_PER_S, from_rfc3339
from quarterdeck.model.spans import Value

T = TypeVar("T")

REDACTED = frozenset({"<REDACTED>", "[REDACTED]", "__REDACTED__", "{}", "N/A"})
"""What senders write in place of hidden content.  Never parsed as content."""

MAX_TEXT = 500
"""Longest text in a fact.  Names are shorter; the cap stops content from slipping into facts."""

MAX_SESSION_ID = 256
_MAX_COUNT = 1_000_000_000
"""More tokens than any call has: such a number is a timestamp or a byte count gone astray."""


class Unreadable(ValueError):  # noqa: N818 - names what happened, as in errors.py
    """A value was there and made no sense; the message says what was expected and what came."""


def _quoted(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


_SCRUBBED = "[Scrubbed due to"
"""Logfire's marker; the matched word follows."""

_FIRST_OF_MARKERS = frozenset("<[_{N")

ODD_ENDS = _FIRST_OF_MARKERS | frozenset(string.whitespace + "\x1c\x1d\x1e\x1f\x85\xa0")
"""Text that neither begins nor ends so needs no trimming and is no marker."""


def is_hidden(value: Value) -> bool:
    """Absent, or replaced by a sender's marker."""
    if type(value) is not str:
        return value is None
    if len(value) > 60:  # markers are short, and content is long: most calls end here
        return False
    stripped = value.strip()
    return not stripped or stripped in REDACTED or stripped.startswith(_SCRUBBED)


def text(value: Value) -> str | None:
    """Trimmed text of at most MAX_TEXT characters; numbers become text."""
    if type(value) is str:
        stripped = value.strip()
        if not stripped or (stripped[0] in _FIRST_OF_MARKERS and is_hidden(stripped)):
            return None
        return stripped if len(stripped) <= MAX_TEXT else stripped[:MAX_TEXT]
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise Unreadable(f"expected text, got {_quoted(value)}")


_TYPE_NAMES = frozenset(
    {"stategraph", "compiledstategraph", "langgraph", "runnablesequence", "pregel", "workflow",
     "crew.kickoff", "crewai.workflow", "langgraph.workflow"}
)  # fmt: skip


def workflow_name(value: Value) -> str | None:
    """`text`, unless it is the name of a framework's class: the next source knows better."""
    found = text(value)
    return None if found is not None and found.lower() in _TYPE_NAMES else found


def word(value: Value) -> str | None:
    """`text` in lower case."""
    found = text(value)
    return found.lower() if found is not None else None


def session_id(value: Value) -> str | None:
    """A session's id: trimmed; over MAX_SESSION_ID characters it is refused."""
    if type(value) is str and len(value) > MAX_SESSION_ID:
        raise Unreadable(f"a session id has at most {MAX_SESSION_ID} characters, got {len(value)}")
    return text(value)


def count(value: Value) -> int | None:
    """A number of tokens or tries: an integer from 0 to 10^9, also as text."""
    if type(value) is int:
        if 0 <= value <= _MAX_COUNT:
            return value
    elif type(value) is str:
        stripped = value.strip()
        if not stripped:
            return None
        # isascii: float() would also take Arabic digits, which no sender means.
        if stripped.isascii() and len(stripped) <= 20:
            try:
                return count(float(stripped))
            except ValueError:
                pass  # the message below quotes the text as it came
    elif isinstance(value, float):
        if value.is_integer() and 0 <= value <= _MAX_COUNT:
            return int(value)
    elif value is None:
        return None
    raise Unreadable(f"expected a count, got {_quoted(value)}")


def number(value: Value) -> float | None:
    """A finite number, also as text."""
    if value is None or value == "":
        return None
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            found = math.nan
        if math.isfinite(found):
            return found
    raise Unreadable(f"expected a number, got {_quoted(value)}")


def flag(value: Value) -> bool | None:
    """True or false, also as text."""
    if isinstance(value, bool):
        return value
    if value is None or value == "":
        return None
    lowered = str(value).strip().lower()
    if lowered in ("true", "1", "yes"):
        return True
    if lowered in ("false", "0", "no"):
        return False
    raise Unreadable(f"expected true or false, got {_quoted(value)}")


_FREE, _MAX_USD = Decimal(0), Decimal(10**9)


def money(value: Value) -> Decimal | None:
    """USD, not negative.  A float is read by its shortest text, so 0.1 stays 0.1."""
    if value is None or value == "":
        return None
    if not isinstance(value, bool) and isinstance(value, int | float | str):
        try:
            found = Decimal(str(value).strip())
        except InvalidOperation:
            found = Decimal("NaN")
        # The upper bound is far above any call and keeps 1e999999 out of sums.
        if found.is_finite() and _FREE <= found < _MAX_USD:
            return found
    raise Unreadable(f"expected an amount in USD, got {_quoted(value)}")


def from_micros(value: Value) -> Decimal | None:
    """USD from millionths of a USD."""
    found = money(value)
    return found / 1_000_000 if found is not None else None


def _duration(value: Value, ns_per_unit: int) -> int | None:
    found = number(value)
    if found is None:
        return None
    if not 0 <= found * ns_per_unit < 2**62:
        raise Unreadable(f"expected a duration, got {_quoted(value)}")
    return round(found * ns_per_unit)


def seconds(value: Value) -> int | None:
    """Nanoseconds from seconds."""
    return _duration(value, NS_PER_S)


def milliseconds(value: Value) -> int | None:
    """Nanoseconds from milliseconds."""
    return _duration(value, NS_PER_MS)


def instant(value: Value) -> int | None:
    """Nanoseconds since 1970 of an ISO time, also one that was quoted twice."""
    found = text(value)
    if found is None:
        return None
    try:
        return from_rfc3339(found.strip('"'))
    except Invalid as error:
        raise Unreadable(f"expected an instant, got {_quoted(value)}") from error


def texts(value: Value) -> tuple[str, ...] | None:
    """A list of texts: a list, a JSON list, or one comma-separated text."""
    if type(value) is str:
        stripped = value.strip()
        value = decode_json(stripped) if stripped.startswith("[") else stripped.split(",")
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        if len(value) == 1 and type(value[0]) is str:  # a model's one finish reason
            only = text(value[0])
            return (only,) if only else None
        found = tuple(
            t for item in value if not isinstance(item, list | dict) and (t := text(item))
        )
        return found or None
    if value is None:
        return None
    raise Unreadable(f"expected a list of texts, got {_quoted(value)}")


# -- JSON inside strings ----------------------------------------------------------------------


def decode_json(value: Value) -> Value:
    """The value of JSON text; anything that is not JSON text is returned as it is."""
    return decode_json_or_prefix(value)[0]


_CONTAINERS = ("{", "[")


def decode_json_or_prefix(value: Value) -> tuple[Value, bool]:
    """
    (value, was it cut).  Text that is not JSON comes back unchanged and uncut.

    Senders cut long attributes in the middle; then the longest readable prefix of an object
    or list is returned and the second part is true.
    """
    if type(value) is not str:
        return value, False
    try:
        return msgspec.json.decode(value), False
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    stripped = value.strip()
    if not stripped.startswith(_CONTAINERS):
        return value, False
    found = _decode_prefix(stripped)
    return (value, False) if found is None else (found, True)


def _decode_prefix(cut: str) -> Value:
    """What can be read of JSON that was cut, or None."""
    stack: list[str] = []
    in_string = False
    escaped = False
    safe: list[tuple[int, str]] = []
    for index, char in enumerate(cut):
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "{[":
            stack.append("}" if char == "{" else "]")
        elif char in "}]":
            if not stack or stack.pop() != char:
                break
            safe.append((index + 1, "".join(reversed(stack))))
        elif char == "," and stack:
            safe.append((index, "".join(reversed(stack))))
        if len(safe) > 8:
            del safe[:4]
        if len(stack) > 200:
            return None
    closers = "".join(reversed(stack))
    attempts = [cut[: -1 if escaped else None] + '"' + closers] if in_string else [cut + closers]
    attempts += [cut[:end] + tail for end, tail in reversed(safe)]
    for attempt in attempts:
        try:
            return msgspec.json.decode(attempt)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            continue
    return None


def decoded(parse: Callable[[Any], T]) -> Callable[[Any], T]:
    """A parser for a value that was dumped to JSON once more (MLflow, Langfuse)."""

    def read(value: Value) -> T:
        return parse(decode_json(value))

    return read


def member(parse: Callable[[Any], T], *names: str) -> Callable[[Any], T | None]:
    """A parser for the first member of a JSON object that `parse` accepts."""
    quoted = tuple(f'"{name}"' for name in names)
    first = quoted[0]

    def read(value: Value) -> T | None:
        if type(value) is str:
            # Decoding is the expensive part: look for the name first.
            if first not in value and not any(name in value for name in quoted[1:]):
                return None
            value = decode_json(value)
        if not isinstance(value, dict):
            return None
        for name in names:
            if name in value and (found := parse(value[name])) is not None:
                return found
        return None

    return read


def object_of(value: Value) -> dict[str, Value]:
    """A JSON object, decoded if it is text; {} for anything else."""
    found = decode_json(value)
    return found if isinstance(found, dict) else {}


# -- flattened lists --------------------------------------------------------------------------


def below(attributes: Mapping[str, Value], prefix: str) -> dict[str, Value]:
    """Suffix -> value of all keys that start with `prefix`."""
    size = len(prefix)
    return {key[size:]: value for key, value in attributes.items() if key.startswith(prefix)}


def unflatten(flat: Mapping[str, Value]) -> tuple[Value, bool]:
    """
    Nested objects and lists from dotted keys, and whether a list had gaps.

    Segments of digits are list indices, sorted as numbers; gaps (dropped attributes) are
    closed up.  Where a key is both a value and a parent, the parent's members win.
    """
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        node = tree
        segments = key.split(".")
        if len(segments) > 32:  # deeper than any convention: kept as one key
            segments = [key]
        for segment in segments[:-1]:
            below_it = node.get(segment)
            if not isinstance(below_it, _Node):
                below_it = node[segment] = _Node()
            node = below_it
        if not isinstance(node.get(segments[-1]), _Node):
            node[segments[-1]] = value
    gaps = [False]
    return _close_up(tree, gaps), gaps[0]


class _Node(dict[str, Any]):
    """A dict made by `unflatten`, told apart from dicts that senders sent as values."""


def _close_up(node: dict[str, Any], gaps: list[bool]) -> Value:
    closed = {k: _close_up(v, gaps) if isinstance(v, _Node) else v for k, v in node.items()}
    if not closed or not all(k.isascii() and k.isdigit() and len(k) < 10 for k in closed):
        return closed
    order = sorted(closed, key=int)
    if int(order[-1]) != len(order) - 1:
        gaps[0] = True
    return [closed[k] for k in order]


# -- hashes -----------------------------------------------------------------------------------


def fingerprint(*pieces: str) -> str:
    """
    16 hex digits that stand for the pieces in order.  For equality only.

    SHA-1 because processors compute it in hardware: half the time of BLAKE2 on the 2 kB of a
    usual message, and a model span needs three.
    """
    joined = "\0".join(pieces)
    try:
        return _digest(joined.encode())
    except UnicodeEncodeError:
        return _digest(joined.encode("utf-8", "surrogatepass"))


def _digest(content: bytes) -> str:
    return sha1(content, usedforsecurity=False).hexdigest()[:16]


def fingerprint_of(value: Value) -> str:
    """The fingerprint of any value; text by itself, the rest by its JSON."""
    return fingerprint(value) if type(value) is str else _digest(as_json(value))


def as_json(value: Value) -> bytes:
    """Compact JSON with sorted keys; what JSON can't say becomes its repr."""
    try:
        return msgspec.json.encode(value, order="sorted")
    except (TypeError, ValueError, UnicodeEncodeError, RecursionError, msgspec.MsgspecError):
        return repr(value).encode("utf-8", "surrogatepass")


_LONG_HEX = re.compile(
    r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{16,}\b"
)


@lru_cache(maxsize=4096)
def mask_ids(name: str) -> str:
    """A name without the ids inside it: `job-550e8400-e29b-…` -> `job-*`."""
    return _LONG_HEX.sub("*", name) if len(name) >= 16 else name


def unique(items: Iterable[Any]) -> tuple[Any, ...]:
    """Without repetitions, first ones first; items may be unhashable inside."""
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return tuple(found)
