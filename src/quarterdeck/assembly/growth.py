"""
From one drawing of a session to a later one: what a viewer who has the first must change.

Rows stand in display order, so a span that begins in the middle moves all rows behind it: from
the first row that moved on, everything is told again.  Rows before it may have other values (a
span ended, an error was recovered from); those are told one by one.
"""

from typing import Any

from quarterdeck.assembly.skeleton import COLUMNS, NO_TEXTS, Skeleton, Texts, differences

PLACED = ("parent", "kind", "start_us", "step", "depth", "trace", "span")
"""Columns in which a row differs only if it is another row, or stands elsewhere."""

VALUES = ("name", "agent", "duration_us", "error", "cost_nano", "episode", "retry")
"""Those that can change where the row stays."""

NOTHING = Skeleton(
    started_ns=0, steps=0, names=[], kinds=[], agents=[], traces=[],
    columns={name: [] for name in COLUMNS}, acts=[],
)  # fmt: skip


def growth(old: Skeleton, new: Skeleton) -> dict[str, Any] | None:
    """
    None where they have no beginning in common: another start, or texts in another order.

    Columns begin at `since`; `start_us` as in a page of the skeleton.
    """
    if len(old) and (old.started_ns != new.started_ns or not _go_on(texts(old), texts(new))):
        return None
    since = min(_first_difference(old.columns[c], new.columns[c]) for c in PLACED)
    columns = {name: new.columns[name][since:] for name in COLUMNS}
    columns["start_us"] = differences(columns["start_us"])
    return {
        "started_ns": str(new.started_ns),
        "since": since,
        "count": len(new) - since,
        "total": len(new),
        "steps": new.steps,
        "new": {
            name: now[len(before) :]
            for name, before, now in zip(Texts._fields, texts(old), texts(new), strict=True)
        },
        "changed": _changed(old, new, since),
        "acts": new.acts,
        **columns,
    }


def texts(drawn: Skeleton) -> Texts:
    return Texts(drawn.names, drawn.kinds, drawn.agents, drawn.traces) if len(drawn) else NO_TEXTS


def _go_on(old: Texts, new: Texts) -> bool:
    return all(now[: len(before)] == before for before, now in zip(old, new, strict=True))


def _first_difference(old: list[Any], new: list[Any]) -> int:
    """How many values they have in common from the beginning on."""
    low, high = 0, min(len(old), len(new))
    if old[:high] == new[:high]:
        return high
    while low < high:  # values before `low` are equal; there is a difference before `high`
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _changed(old: Skeleton, new: Skeleton, since: int) -> dict[str, list[Any]]:
    rows: set[int] = set()
    for name in VALUES:
        before, now = old.columns[name], new.columns[name]
        if before[:since] != now[:since]:
            rows.update(row for row in range(since) if before[row] != now[row])
    ordered = sorted(rows)
    return {"row": ordered} | {name: [new.columns[name][row] for row in ordered] for name in VALUES}
