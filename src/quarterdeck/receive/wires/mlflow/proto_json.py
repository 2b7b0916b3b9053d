"""
Values as protobuf writes them into JSON, read as tolerantly as MLflow's server does.

An int64 may be a number or its digits, a map may be an object or a list of {key, value}, a field
may be spelled in snake_case or camelCase.  Nothing here raises: what has another shape is absent.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_DURATION = re.compile(r"(-?\d{1,12})(?:\.(\d{1,9}))?s")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS = 1_000_000_000


def field(found: Mapping[str, Any], name: str) -> Any:
    """The field `name`, given in snake_case, in either spelling."""
    value = found.get(name)
    if value is None and "_" in name:
        head, *rest = name.split("_")
        value = found.get(head + "".join(part.capitalize() for part in rest))
    return value


def text(value: Any) -> str:
    """Text, or a number's digits; "" for all else."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    if isinstance(value, str) and value.lstrip("-").isdigit() and len(value) <= 20:
        return int(value)
    return None


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def pairs(value: Any) -> dict[str, str]:
    """A map of texts, from an object or from a list of {key, value}."""
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    found = {}
    for one in items(value):
        key = text(mapping(one).get("key"))
        if key:
            found[key] = _plain(one.get("value"))
    return found


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return text(value)


def pair_list(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in found.items()]


def instant_ns(value: Any) -> int:
    """An RFC 3339 instant; 0 where there is none."""
    if not isinstance(value, str):
        return 0
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return 0
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    return (since.days * 86_400 + since.seconds) * _NS + since.microseconds * 1_000


def instant_text(ns: int) -> str:
    """With milliseconds, as MLflow's server writes it."""
    seconds, below = divmod(ns, _NS)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{below // 1_000_000:03d}Z"


def duration_ns(value: Any) -> int | None:
    """`"1.094s"`; None where there is none."""
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    seconds, below = int(found[1]), int((found[2] or "").ljust(9, "0"))
    return seconds * _NS + (below if not found[1].startswith("-") else -below)


def duration_text(ns: int) -> str:
    seconds, below = divmod(ns, _NS)
    return f"{seconds}.{below // 1_000_000:03d}s"


def hex_id(value: Any) -> str:
    """The hex digits of an id that is base64 or hex, with or without 0x; "" for neither."""
    if not isinstance(value, str) or not value:
        return ""
    plain = value.removeprefix("0x").lower()
    if len(plain) in (16, 32) and all(digit in "0123456789abcdef" for digit in plain):
        return plain
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return raw.hex() if len(raw) in (8, 16) else ""
