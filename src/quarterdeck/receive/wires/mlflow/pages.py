"""
Lists in pages, and their order, as MLflow's clients ask for them.

A page's token is the number of the first item behind it.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

from quarterdeck.errors import Invalid
from quarterdeck.receive.wires.mlflow.filters import Value

T = TypeVar("T")


def page_of(found: Sequence[T], token: str, most: int) -> tuple[list[T], str]:
    """The page, and the token of the next one: "" = there is none."""
    if token and not (token.isdigit() and len(token) < 12):
        raise Invalid(f"this page token is none of ours: {token[:40]!r}")
    first = int(token or 0)
    end = first + most
    return list(found[first:end]), str(end) if end < len(found) else ""


def sorted_by(found: Sequence[T], order: Sequence[str], look: Callable[[T, str], Value]) -> list[T]:
    """`order`: "key", "key ASC", "key DESC", the first counts most.  What has no value is last."""
    ordered = list(found)
    for wanted in reversed(order):
        key, _, direction = wanted.strip().rpartition(" ")
        if direction.upper() not in ("ASC", "DESC"):
            key, direction = wanted.strip(), "ASC"
        plain = key.replace("`", "").replace('"', "")
        falling = direction.upper() == "DESC"
        present = [one for one in ordered if look(one, plain) is not None]
        absent = [one for one in ordered if look(one, plain) is None]
        present.sort(key=lambda one: _sortable(look(one, plain)), reverse=falling)
        ordered = present + absent
    return ordered


def _sortable(value: Value) -> tuple[int, float, str]:
    return (0, value, "") if isinstance(value, float) else (1, 0.0, str(value))
