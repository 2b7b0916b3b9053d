"""
Which values does a filter let through?

A filter names fields of values that are JSON objects: `{"kind": "rule", "uses": {"$gte": 3}}`.  All
of it must hold.  The operators are those that agent frameworks' stores have; an unknown one is an
error, since a filter that is ignored finds everything.
"""

from collections.abc import Callable, Mapping
from typing import Any

from quarterdeck.errors import Invalid

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "$eq": lambda found, asked: _equal(found, asked),
    "$ne": lambda found, asked: not _equal(found, asked),
    "$gt": lambda found, asked: _comparable(found, asked) and found > asked,
    "$gte": lambda found, asked: _comparable(found, asked) and found >= asked,
    "$lt": lambda found, asked: _comparable(found, asked) and found < asked,
    "$lte": lambda found, asked: _comparable(found, asked) and found <= asked,
}
_ABSENT = object()


def check(wanted: Mapping[str, Any]) -> None:
    """Raises `Invalid` for an operator that does not exist."""
    for field, asked in wanted.items():
        for name in asked if isinstance(asked, dict) else ():
            if name.startswith("$") and name not in _OPERATORS:
                raise Invalid(
                    f"the filter of {field[:80]!r} has an unknown operator: {name[:80]!r}",
                    hint=f"There are: {', '.join(_OPERATORS)}.",
                )


def passes(wanted: Mapping[str, Any], value: Any) -> bool:
    """Whether all of the filter holds of the value.  An empty one holds of every value."""
    if not wanted:
        return True
    if not isinstance(value, dict):
        return False
    return all(_holds(asked, value.get(field, _ABSENT)) for field, asked in wanted.items())


def _holds(asked: Any, found: Any) -> bool:
    if isinstance(asked, dict) and asked and all(name.startswith("$") for name in asked):
        return all(_OPERATORS[name](found, operand) for name, operand in asked.items())
    return _equal(found, asked)


def _equal(found: Any, asked: Any) -> bool:
    # True is 1 to Python and not to JSON.
    if isinstance(found, bool) is not isinstance(asked, bool):
        return False
    return bool(found == asked)


def _comparable(found: Any, asked: Any) -> bool:
    numbers = (int, float)
    if isinstance(found, bool) or isinstance(asked, bool):
        return False
    return (isinstance(found, numbers) and isinstance(asked, numbers)) or (
        isinstance(found, str) and isinstance(asked, str)
    )
