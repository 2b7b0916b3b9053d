"""
All spans of a session as columns, for a browser that draws 100,000 of them.

One array per field instead of one object per span: a sixth of the size, and the arrays go into
typed arrays as they are.  No content.  Rows are in display order (start, parents first), so a
parent's row number is smaller than its children's; starts are differences to the row before.
"""

from typing import Any

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.steps import in_order, is_step
from quarterdeck.assembly.tree import Node
from quarterdeck.model.spans import has_ended, usd

NANO = 10**9


class _Dictionary:
    """Numbers for texts, in order of first use."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def texts(self) -> list[str]:
        return list(self._numbers)


def skeleton(assembly: Assembly, *, since: int = 0, limit: int | None = None) -> dict[str, Any]:
    """
    Rows `since` and following (0-based), at most `limit`.  Dictionaries (`names`, `kinds`,
    `agents`, `traces`) are whole in every page; `start_us` of a page's first row counts from
    the session's start, the others from the row before.

    * `parent`: row number or -1; `step`: step number or 0; `error`: 1 or 0
    * `duration_us`: -1 while open; `cost_nano`: nano-dollars, null if unknown
    """
    rows = in_order(assembly.nodes())
    started_ns = rows[0][0].shown_ns if rows else 0
    row_of: dict[Node, int] = {}
    names, kinds, agents, traces = _Dictionary(), _Dictionary(), _Dictionary(), _Dictionary()
    page: dict[str, list[Any]] = {
        key: []
        for key in (
            "parent", "name", "kind", "agent", "start_us", "duration_us", "error", "cost_nano",
            "step", "trace", "span",
        )
    }  # fmt: skip
    end = len(rows) if limit is None else min(len(rows), since + limit)
    steps = 0
    before_us = 0
    for row, (place, node) in enumerate(rows):
        row_of[node] = row
        span = node.span
        shows = is_step(node)
        steps += shows
        codes = (
            names.number(span.name or span.span_name), kinds.number(span.kind),
            agents.number(node.agent), traces.number(span.trace_id),
        )  # fmt: skip
        if not since <= row < end:
            continue
        start_us = (place.shown_ns - started_ns) // 1000
        cost = usd(span) if span.kind == "model" else None
        page["parent"].append(_row_above(node, row_of))
        page["name"].append(codes[0])
        page["kind"].append(codes[1])
        page["agent"].append(codes[2])
        page["start_us"].append(start_us - before_us)
        page["duration_us"].append(
            max(0, (span.end_ns or 0) - span.start_ns) // 1000 if has_ended(span) else -1
        )
        page["error"].append(1 if span.status == "error" else 0)
        page["cost_nano"].append(round(cost * NANO) if cost is not None else None)
        page["step"].append(steps if shows else 0)
        page["trace"].append(codes[3])
        page["span"].append(span.span_id)
        before_us = start_us
    return {
        "started_ns": str(started_ns),
        "since": since,
        "count": len(page["parent"]),
        "total": len(rows),
        "names": names.texts(),
        "kinds": kinds.texts(),
        "agents": agents.texts(),
        "traces": traces.texts(),
        **page,
    }


def _row_above(node: Node, row_of: dict[Node, int]) -> int:
    """The nearest ancestor that has a row: ghosts have none."""
    above = node.parent
    while above is not None and above not in row_of:
        above = above.parent
    return row_of[above] if above is not None else -1
