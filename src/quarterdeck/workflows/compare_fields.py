"""
Where two values differ: a walk over what was read, not over how it was written.

An object differs by its keys.  A list of names differs by who is in it.  A list in which each item
says something of its own (rules, targets, fallbacks) differs item by item, matched by what an item
is about, and by the order of those that stayed.  Any other list, such as what a model takes for a
parameter, is one value.

The walk is symmetric: the other way round it finds the same places with before and after swapped.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET

Path = tuple[str, ...]
"""Keys from the root; `[…]` is an item of a list."""


class _Missing:
    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""On the side that has nothing at this place."""


ORDER: Final = "[order]"
"""The last part of the path where a list's items changed places; the values list who they are."""


class Difference(NamedTuple):
    path: Path
    before: Any
    after: Any


def plain(value: Any) -> Any:
    """
    Structs as dicts with all fields, those at their default included; what was not set is left
    out.  So a default that is written out is the same as one that is not.
    """
    match value:
        case msgspec.Struct():
            fields = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return {name: plain(inner) for name, inner in fields if inner is not UNSET}
        case dict():
            return {key: plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case _:
            return value


def differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """By path; equal values give none.  1, 1.0 and true are not equal: a model sees them apart."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from differences(
                before.get(key, MISSING), after.get(key, MISSING), (*path, str(key))
            )
    elif isinstance(before, list) and isinstance(after, list):
        about = _about(path)
        if about is None:
            if spelled(before) != spelled(after):
                yield Difference(path, before, after)
        else:
            yield from _items(before, after, path, about)
    elif before is MISSING or after is MISSING or spelled(before) != spelled(after):
        yield Difference(path, before, after)


def spelled(value: Any) -> str:
    """One text for equal values, whatever the order of their keys."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=str)


# ---------------------------------------------------------------------------------- lists

_About = Callable[[Any], str]


def _when(item: Any) -> str:
    return str(item.get("when", "")) if isinstance(item, dict) else spelled(item)


def _target(item: Any) -> str:
    provider = item.get("provider", "")
    return f"{provider}/{item['model']}" if provider else str(item["model"])


def _kinds(item: Any) -> str:
    return ", ".join(item["on"])


def _itself(item: Any) -> str:
    return item if isinstance(item, str) else spelled(item)


_NAMES_OF_AGENT = frozenset({"tools", "handoffs", "memory", "mcp_servers"})
_SETS_OF_SCHEMA = frozenset({"required", "enum"})


def _about(path: Path) -> _About | None:
    """What an item of the list at this path is known by; None: the list is one value."""
    match path:
        case ("tools", _, "rules"):
            return _when
        case ("escalation",):
            return _when
        case ("models", _, "targets"):
            return _target
        case ("models", _, "fallbacks"):
            return _kinds
        case ("agents", _, key) if key in _NAMES_OF_AGENT:
            return _itself
        case ("memory", _, "writers") | ("mcp_servers", _, "tools"):
            return _itself
        case ("tools", _, "parameters", *_, key) if key in _SETS_OF_SCHEMA:
            return _itself
        case _:
            return None


def _items(
    before: Sequence[Any], after: Sequence[Any], path: Path, about: _About
) -> Iterator[Difference]:
    was, will = _keyed(before, about), _keyed(after, about)
    if about is _itself:
        moved = [key for key in was if key in will] != [key for key in will if key in was]
    else:
        was, will = _paired(was, will)
        # The first that fits decides, so it matters beside whom a new one stands, but at the end.
        moved = any(one != other for one, other in zip(was, will, strict=False))
    for key in (*was, *(key for key in will if key not in was)):
        yield from differences(was.get(key, MISSING), will.get(key, MISSING), (*path, f"[{key}]"))
    if moved:
        yield Difference((*path, ORDER), list(was), list(will))


def _keyed(items: Sequence[Any], about: _About) -> dict[str, Any]:
    """In the list's order; the second of two that are about the same has `#2`."""
    found: dict[str, Any] = {}
    for item in items:
        key, number = about(item), 1
        while (named := key if number == 1 else f"{key} #{number}") in found:
            number += 1
        found[named] = item
    return found


def _paired(was: dict[str, Any], will: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """
    Under one key what became of each other: a rule whose condition was rewritten is one changed
    rule.  The first that only one side has is taken for the first that only the other has.
    """
    gone = [key for key in was if key not in will]
    new = [key for key in will if key not in was]
    pairs = list(zip(gone, new, strict=False))
    name = {key: f"changed {number}" for number, pair in enumerate(pairs, 1) for key in pair}
    return (
        {name.get(key, key): item for key, item in was.items()},
        {name.get(key, key): item for key, item in will.items()},
    )
