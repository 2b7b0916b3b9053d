"""
Members of a stranger's JSON: the value where it is what was expected, else nothing.

A recorder that changes the type of one field costs that field and not the session, so nothing
here raises.  None and "" mean "not told", as everywhere.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from quarterdeck.normalize.attributes import Unreadable

T = TypeVar("T")


def mapping(value: Any) -> dict[str, Any]:
    """The object, or an empty one."""
    return value if isinstance(value, dict) else {}


def listing(value: Any) -> list[Any]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def records(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; what is none is left out."""
    return [item for item in listing(value) if isinstance(item, dict)]


def text(value: Any) -> str:
    """The text as it is, or ""."""
    return value if isinstance(value, str) else ""


def identifier(value: Any) -> str:
    """A text, or a whole number as text: both are used as ids."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text(value)


def told(parse: Callable[[Any], T | None], value: Any) -> T | None:
    """`value` as one of the parsers of normalize/attributes.py reads it; None if it can't."""
    try:
        return parse(value)
    except Unreadable:
        return None


def present(found: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not told: None, "" and empty containers."""
    return {
        key: value
        for key, value in found.items()
        if value is not None and value not in ("", [], {})
    }


def rest(of: Mapping[str, Any], *known: str) -> dict[str, Any]:
    """What is left of an object when the `known` members are taken: its metadata."""
    return present({key: value for key, value in of.items() if key not in known})
