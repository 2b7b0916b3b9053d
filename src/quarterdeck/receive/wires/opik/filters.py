"""
Opik's filters: a list of {field, operator, key, value}, all of which must hold.

Values are text, whatever the field: numbers and instants are compared as what the field has.
An operator or a field that is unknown is an error, never a filter that lets everything through.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.receive.wires.opik.known import instant_or_zero


def read_filters(value: Any) -> list[dict[str, Any]]:
    """From a body's list, or a query's JSON text; [] for none.  Raises `Invalid`."""
    if value in (None, "", []):
        return []
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError as error:
            raise Invalid(f"filters are not JSON: {error}") from error
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Invalid("filters must be a list of objects")
    return value


def fits(shown: Mapping[str, Any], filters: Sequence[Mapping[str, Any]]) -> bool:
    """Does an object, in the shape that the client reads, satisfy all filters?"""
    return all(_fits(shown, one) for one in filters)


def _fits(shown: Mapping[str, Any], one: Mapping[str, Any]) -> bool:
    operator, value = one.get("operator"), one.get("value")
    wanted = "" if value is None else str(value)
    found = _values(shown, str(one.get("field") or ""), str(one.get("key") or ""))
    match operator:
        case "is_empty":
            return not found
        case "is_not_empty":
            return bool(found)
        case "not_contains":
            return not any(wanted.casefold() in _text(item).casefold() for item in found)
        case "contains":
            return any(wanted.casefold() in _text(item).casefold() for item in found)
        case "starts_with":
            return any(_text(item).casefold().startswith(wanted.casefold()) for item in found)
        case "ends_with":
            return any(_text(item).casefold().endswith(wanted.casefold()) for item in found)
        case "=":
            return any(_order(item, wanted) == 0 for item in found)
        case "!=":
            return all(_order(item, wanted) != 0 for item in found)
        case ">" | ">=" | "<" | "<=":
            return any(_holds(_order(item, wanted), operator) for item in found)
        case "in" | "not_in":
            listed = {part.strip() for part in wanted.strip("[]").replace('"', "").split(",")}
            is_listed = any(_text(item) in listed for item in found)
            return is_listed if operator == "in" else not is_listed
    raise Invalid(f"unknown operator: {operator!r}")


def _values(shown: Mapping[str, Any], field: str, key: str) -> list[Any]:
    """What a field holds: each tag, the scores of one name, one member of an object."""
    if not field:
        raise Invalid("a filter needs a field")
    value = shown.get(field)
    if field == "feedback_scores":
        scores = value if isinstance(value, list) else []
        return [score.get("value") for score in scores if score.get("name") == key]
    for part in key.split(".") if key else ():
        value = value.get(part) if isinstance(value, dict) else None
    if value is None and "." in field:
        value = shown
        for part in field.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    if value is None or value in ("", [], {}):
        return []
    return value if isinstance(value, list) else [value]


def _order(found: Any, wanted: str) -> int | None:
    """-1, 0, 1, or None where the two can't be compared."""
    if isinstance(found, bool):
        return 0 if str(found).lower() == wanted.lower() else None
    if isinstance(found, int | float):
        try:
            number = float(wanted)
        except ValueError:
            return None
        return (found > number) - (found < number)
    text = _text(found)
    left, right = instant_or_zero(text), instant_or_zero(wanted)
    if left and right:
        return (left > right) - (left < right)
    return (text > wanted) - (text < wanted)


def _holds(order: int | None, operator: str) -> bool:
    if order is None:
        return False
    return order == 0 if order == 0 and "=" in operator else order == (1 if ">" in operator else -1)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
