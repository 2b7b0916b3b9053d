"""
All spans of a session as columns, for a browser that draws 100,000 of them.

One array per field instead of one object per span: a sixth of the size, and the arrays go into
typed arrays as they are.  No content.  Rows are in display order (start, parents first), so a
parent's row number is smaller than its children's; starts are differences to the row before.
"""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.steps import (
    SpanKey,
    in_order,
    is_step,
    step_around,
    step_kind,
    step_name,
)
from quarterdeck.assembly.tree import Node
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sessions import Retry
from quarterdeck.model.spans import Span, has_ended, usd

NANO = 10**9

COLUMNS = (
    "parent", "name", "kind", "agent", "start_us", "duration_us", "error", "cost_nano", "step",
    "depth", "episode", "retry", "trace", "span",
)  # fmt: skip

NEVER = -1
"""Of `episode`: nothing recovered from this error."""


class Texts(NamedTuple):
    """Names, kinds, agents and traces; a column has their positions."""

    names: list[str]
    kinds: list[str]
    agents: list[str]
    traces: list[str]


NO_TEXTS = Texts([], [], [], [])


class Skeleton(NamedTuple):
    """`columns` has every name of `COLUMNS`, all of one length; here `start_us` counts from the
    session's start in every row."""

    started_ns: int
    steps: int
    names: list[str]
    kinds: list[str]
    agents: list[str]
    traces: list[str]
    columns: Mapping[str, list[Any]]
    acts: list[dict[str, Any]]
    """What people did, by row."""

    def __len__(self) -> int:
        return len(self.columns["span"])


class _Dictionary:
    """Numbers for texts, in order of first use."""

    def __init__(self, known: list[str]) -> None:
        self._numbers = {text: number for number, text in enumerate(known)}

    def number(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def texts(self) -> list[str]:
        return list(self._numbers)


def skeleton(assembly: Assembly, *, since: int = 0, limit: int | None = None) -> dict[str, Any]:
    """Rows `since` and following, as `page` tells them."""
    return page(draw(assembly), since=since, limit=limit)


def page(drawn: Skeleton, *, since: int = 0, limit: int | None = None) -> dict[str, Any]:
    """
    Rows `since` and following (0-based), at most `limit`.  Dictionaries (`names`, `kinds`,
    `agents`, `traces`) are whole in every page; `start_us` of a page's first row counts from
    the session's start, the others from the row before.

    * `parent`: row number or -1; `step`: step number or 0; `depth`: of steps, -1 of others
    * `duration_us`: -1 while open; `cost_nano`: nano-dollars, null if unknown; `error`: 1 or 0
    * `episode`: the step that recovered from this failed call, -1: none did, 0: no failed call
    * `retry`: the how manieth attempt, from 2; 0: the first or only one
    * `acts`: people's acts in these rows; `at_us` counts from the session's start
    """
    end = len(drawn) if limit is None else min(len(drawn), since + limit)
    columns = {name: drawn.columns[name][since:end] for name in COLUMNS}
    columns["start_us"] = differences(columns["start_us"])
    return {
        "started_ns": str(drawn.started_ns),
        "since": since,
        "count": len(columns["span"]),
        "total": len(drawn),
        "steps": drawn.steps,
        "names": drawn.names,
        "kinds": drawn.kinds,
        "agents": drawn.agents,
        "traces": drawn.traces,
        "acts": [act for act in drawn.acts if since <= act["row"] < end],
        **columns,
    }


def differences(values: list[int]) -> list[int]:
    """The first as it is, the others from the one before."""
    return values[:1] + [b - a for a, b in pairwise(values)]


def draw(assembly: Assembly, known: Texts = NO_TEXTS) -> Skeleton:
    """
    All rows.  Texts that are `known`, from an earlier drawing of the same session, keep their
    positions, so that only rows that differ have changed.
    """
    rows = in_order(assembly.nodes())
    started_ns = rows[0][0].shown_ns if rows else 0
    numbers = _number_steps(node for _, node in rows)
    rescued = _rescued_by(assembly, numbers)
    row_of: dict[Node, int] = {}
    depths: dict[Node, int] = {}
    attempts: dict[SpanKey, int] = {}
    names = _Dictionary(known.names)
    kinds = _Dictionary(known.kinds)
    agents = _Dictionary(known.agents)
    traces = _Dictionary(known.traces)
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    append = [columns[name].append for name in COLUMNS]
    for row, (place, node) in enumerate(rows):
        row_of[node] = row
        span = node.span
        number = numbers.get(node, 0)
        if number:
            around = step_around(node)
            depths[node] = depths.get(around, -1) + 1 if around is not None else 0
        cost = usd(span) if span.kind == "model" else None
        values = (
            _row_above(node, row_of),
            names.number(step_name(node) if number else span.name or span.span_name),
            kinds.number(step_kind(node) if number else span.kind),
            agents.number(node.agent),
            (place.shown_ns - started_ns) // 1000,
            max(0, (span.end_ns or 0) - span.start_ns) // 1000 if has_ended(span) else -1,
            1 if span.status == "error" else 0,
            round(cost * NANO) if cost is not None else None,
            number,
            depths[node] if number else -1,
            rescued.get((span.trace_id, span.span_id), 0),
            _attempt(assembly.retry_of(node), span, attempts),
            traces.number(span.trace_id),
            span.span_id,
        )
        for put, value in zip(append, values, strict=True):
            put(value)
    return Skeleton(
        started_ns=started_ns,
        steps=len(numbers),
        names=names.texts(),
        kinds=kinds.texts(),
        agents=agents.texts(),
        traces=traces.texts(),
        columns=columns,
        acts=_acts(assembly, row_of, started_ns),
    )


def _number_steps(nodes: Iterable[Node]) -> dict[Node, int]:
    shown = (node for node in nodes if is_step(node))
    return {node: number for number, node in enumerate(shown, 1)}


def _rescued_by(assembly: Assembly, numbers: dict[Node, int]) -> dict[SpanKey, int]:
    """Failed call -> the number of the step that recovered from it."""
    rescues = assembly.rescues()
    if not rescues:
        return {}
    number_of = {(n.span.trace_id, n.span.span_id): number for n, number in numbers.items()}
    return {
        failed: NEVER if rescue is None else number_of.get(rescue, NEVER)
        for failed, rescue in rescues.items()
    }


def _attempt(retry: Retry | None, span: Span, attempts: dict[SpanKey, int]) -> int:
    """The how manieth; `attempts` has those of the rows above, which began before."""
    if retry is None:
        return 0
    earlier = attempts.get((retry.earlier_trace_id, retry.earlier_span_id), 1)
    number = attempts[(span.trace_id, span.span_id)] = earlier + retry.count
    return number


def _acts(assembly: Assembly, row_of: dict[Node, int], started_ns: int) -> list[dict[str, Any]]:
    acts = assembly.all_interventions()
    if not acts:
        return []
    rows = {(node.span.trace_id, node.span.span_id): row for node, row in row_of.items()}
    told = [
        _act(act, row, started_ns)
        for act in acts
        if (row := rows.get((act.trace_id, act.span_id))) is not None
    ]
    return sorted(told, key=lambda act: (act["row"], act["at_us"]))


def _act(act: Intervention, row: int, started_ns: int) -> dict[str, Any]:
    return {
        "row": row,
        "kind": act.kind,
        "decision": act.decision,
        "pending": act.pending,
        "by": act.by or None,
        "at_us": (act.at_ns - started_ns) // 1000,
        "waited_us": None if act.waited_ns is None else act.waited_ns // 1000,
    }


def _row_above(node: Node, row_of: dict[Node, int]) -> int:
    """The nearest ancestor that has a row: ghosts have none."""
    above = node.parent
    while above is not None and above not in row_of:
        above = above.parent
    return row_of[above] if above is not None else -1
