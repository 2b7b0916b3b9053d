"""
Where a session's money went: every call in one row of each cut, so that each cut adds up.

Money is summed as whole pico-dollars, as in the record: the rows' sum is the record's total, to
the last digit.  A total that the source recorded and that no call explains is a row of its own.
A call without a known price is in the rows as a count, never as 0.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Literal, NamedTuple

import msgspec

from quarterdeck.assembly import calls as billing
from quarterdeck.assembly.assemble import Assembly, Billed
from quarterdeck.assembly.sums import PICO
from quarterdeck.assembly.tree import Node, tells_usage
from quarterdeck.model.spans import Span

MAX_STEPS = 50
"""Step numbers kept in a row: what a list under it shows."""
MAX_ROWS = 200
"""Of one cut; the cheapest beyond are one row.  A usual session has under ten."""

Cut = Literal["model", "agent", "tool", "attempt", "waste", "purpose"]
Why = Literal["unknown_price", "no_usage", "partial_usage"]

OTHERS, RECORDED = "others", "recorded by the source"


class Row(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    key: str
    model: str | None = None
    provider: str | None = None
    role: str | None = None
    agent: str | None = None
    tool: str | None = None
    calls: int = 0
    cost_usd: str | None = None
    unpriced_calls: int = 0
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    steps: tuple[int, ...] = ()
    step_count: int = 0


class CutTable(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    by: Cut
    rows: tuple[Row, ...]
    total_usd: str | None


class Unpriced(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    model: str | None
    provider: str | None
    reason: Why
    calls: int
    steps: tuple[int, ...]


class Savings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    saved_usd: str | None
    calls: int
    calls_without_rate: int
    cache_read_tokens: int
    cache_write_tokens: int


class Spending(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    total_usd: str | None
    computed_usd: str | None
    reported_usd: str | None
    wasted_usd: str | None
    priced_calls: int
    unpriced_calls: int
    cuts: tuple[CutTable, ...]
    unpriced: tuple[Unpriced, ...]
    cache: Savings


class _Key(NamedTuple):
    key: str
    model: str = ""
    provider: str = ""
    role: str = ""
    agent: str = ""
    tool: str = ""


class _Sum:
    """A row in the making."""

    __slots__ = ("calls", "key", "numbers", "steps")

    def __init__(self, key: _Key) -> None:
        self.key = key
        self.numbers = [0] * billing.SUMS
        self.steps: list[int] = []

    def add(self, numbers: tuple[int, ...], step: int | None) -> None:
        for at, number in enumerate(numbers):
            self.numbers[at] += number
        if step is not None:
            self.steps.append(step)

    def row(self) -> Row:
        sums, key = self.numbers, self.key
        told = sums[billing.INPUT] or sums[billing.OUTPUT]
        nobody_told = not told and sums[billing.CALLS] <= sums[billing.NO_USAGE]
        return Row(
            key=key.key,
            model=key.model or None,
            provider=key.provider or None,
            role=key.role or None,
            agent=key.agent or None,
            tool=key.tool or None,
            calls=sums[billing.CALLS],
            cost_usd=_usd(sums[billing.COST]) if sums[billing.PRICED] else None,
            unpriced_calls=sums[billing.UNPRICED],
            input_tokens=None if nobody_told else sums[billing.INPUT],
            output_tokens=None if nobody_told else sums[billing.OUTPUT],
            cache_read_tokens=None if nobody_told else sums[billing.CACHE_READ],
            steps=tuple(sorted(self.steps)[:MAX_STEPS]),
            step_count=len(self.steps),
        )


def spending(
    assembly: Assembly,
    *,
    numbers: Mapping[tuple[str, str], int],
    failed: bool,
    cache_saved: Callable[[Span], Decimal | None],
) -> Spending:
    """
    `numbers`: step numbers by trace and span.  `failed`: the session's outcome is a failure, so
    that all of its cost is wasted.
    """
    lines = sorted(assembly.billed(), key=lambda line: line.node.entry[:3])
    total = [0] * billing.SUMS
    for line in lines:
        for at, number in enumerate(line.numbers):
            total[at] += number
    recorded = assembly.recorded_usd()
    known = recorded is not None or total[billing.PRICED] > 0
    spent = round(recorded * PICO) if recorded is not None else total[billing.COST]
    beyond = spent - total[billing.COST]
    purposes: dict[Node, str] = {}
    ways: dict[Cut, Callable[[Billed], _Key]] = {
        "model": lambda of: _Key(
            _named(of.model, of.provider, of.role), of.model, of.provider, of.role
        ),
        "agent": lambda of: _Key(of.agent or "no agent", agent=of.agent),
        "tool": _by_tool,
        "attempt": lambda of: _Key(_attempt(assembly, of.node)),
        "waste": lambda of: _Key(_waste(of, failed=failed)),
        "purpose": lambda of: _Key(_purpose(of.node, purposes)),
    }
    reported = total[billing.REPORTED_N]
    wasted = total[billing.WASTED] if not failed else spent
    return Spending(
        total_usd=_usd(spent) if known else None,
        computed_usd=_usd(total[billing.COMPUTED]) if total[billing.COMPUTED_N] else None,
        reported_usd=_usd(spent if recorded is not None else total[billing.REPORTED])
        if recorded is not None or reported
        else None,
        wasted_usd=_usd(wasted) if (known if failed else total[billing.PRICED]) else None,
        priced_calls=total[billing.PRICED],
        unpriced_calls=total[billing.UNPRICED],
        cuts=tuple(
            _cut(by, way, lines, numbers, beyond=beyond if recorded is not None else 0)
            for by, way in ways.items()
        ),
        unpriced=_unpriced(lines, numbers),
        cache=_savings(lines, cache_saved),
    )


def _cut(
    by: Cut,
    way: Callable[[Billed], _Key],
    lines: list[Billed],
    numbers: Mapping[tuple[str, str], int],
    *,
    beyond: int,
) -> CutTable:
    sums: dict[str, _Sum] = {}
    for line in lines:
        key = way(line)
        row = sums.get(key.key)
        if row is None:
            row = sums[key.key] = _Sum(key)
        row.add(line.numbers, numbers.get((line.node.span.trace_id, line.node.span.span_id)))
    if beyond:
        rest = sums[RECORDED] = _Sum(_Key(RECORDED))
        rest.numbers[billing.COST] = beyond
        rest.numbers[billing.PRICED] = 1
    ordered = sorted(sums.values(), key=lambda row: (-row.numbers[billing.COST], row.key.key))
    if len(ordered) > MAX_ROWS:
        others = _Sum(_Key(OTHERS))
        for row in ordered[MAX_ROWS - 1 :]:
            others.add(tuple(row.numbers), None)
            others.steps += row.steps
        ordered = [*ordered[: MAX_ROWS - 1], others]
    known = any(row.numbers[billing.PRICED] for row in ordered)
    total = sum(row.numbers[billing.COST] for row in ordered)
    return CutTable(
        by=by, rows=tuple(row.row() for row in ordered), total_usd=_usd(total) if known else None
    )


def _named(*names: str) -> str:
    return " · ".join(name for name in names if name) or "unknown"


def _by_tool(of: Billed) -> _Key:
    """A call within a tool is the tool's cost; else it is that of what the call asked for."""
    ctx = of.node.ctx
    if ctx is not None and ctx.tool_name:
        return _Key(f"within {ctx.tool_name}", tool=ctx.tool_name)
    asked = dict.fromkeys(request.name for request in of.node.span.requested if request.name)
    if not asked:
        return _Key("no tool")
    names = ", ".join(asked)
    return _Key(f"asks for {names}", tool=names)


def _attempt(assembly: Assembly, node: Node) -> str:
    retry = assembly.retry_of(node)
    return "first try" if retry is None else retry.kind


def _waste(of: Billed, *, failed: bool) -> str:
    if of.numbers[billing.ERRORS]:
        return "failed calls"
    if of.numbers[billing.WASTED_N]:
        return "thrown away"
    return "failed session" if failed else "used"


def _purpose(node: Node, known: dict[Node, str]) -> str:
    """Of an evaluator or a guard, if it is within one."""
    chain: list[Node] = []
    found = "work"
    above: Node | None = node
    while above is not None:
        if above in known:
            found = known[above]
            break
        chain.append(above)
        if above.span.kind in ("evaluation", "guardrail"):
            found = above.span.kind
            break
        above = above.parent
    for member in chain:
        known[member] = found
    return found


def _unpriced(lines: list[Billed], numbers: Mapping[tuple[str, str], int]) -> tuple[Unpriced, ...]:
    found: dict[tuple[str, str, Why], list[int]] = {}
    counts: dict[tuple[str, str, Why], int] = {}
    for line in lines:
        if not line.numbers[billing.UNPRICED]:
            continue
        span = line.node.span
        key = (line.model, line.provider, _why(span))
        counts[key] = counts.get(key, 0) + 1
        steps = found.setdefault(key, [])
        number = numbers.get((span.trace_id, span.span_id))
        if number is not None:
            steps.append(number)
    return tuple(
        Unpriced(
            model=key[0] or None,
            provider=key[1] or None,
            reason=key[2],
            calls=counts[key],
            steps=tuple(sorted(found[key])[:MAX_STEPS]),
        )
        for key in sorted(counts, key=lambda key: (-counts[key], key))
    )


def _why(span: Span) -> Why:
    if not tells_usage(span.usage):
        return "no_usage"
    # A rule without a price: the row exists, and a count that it needs was not told.
    return (
        "partial_usage" if span.charge is not None and span.charge.price_rule else ("unknown_price")
    )


def _savings(lines: list[Billed], cache_saved: Callable[[Span], Decimal | None]) -> Savings:
    saved: Decimal | None = None
    calls = without = 0
    for line in lines:
        if not (line.numbers[billing.CACHE_READ] or line.numbers[billing.CACHE_WRITE]):
            continue
        usd = cache_saved(line.node.span)
        if usd is None:
            without += 1
        else:
            calls += 1
            saved = usd if saved is None else saved + usd
    return Savings(
        saved_usd=None if saved is None else f"{saved:f}",
        calls=calls,
        calls_without_rate=without,
        cache_read_tokens=sum(line.numbers[billing.CACHE_READ] for line in lines),
        cache_write_tokens=sum(line.numbers[billing.CACHE_WRITE] for line in lines),
    )


def _usd(pico: int) -> str:
    usd = Decimal(pico).scaleb(-12)
    whole = usd.to_integral_value()
    return f"{whole if usd == whole else usd.normalize():f}"
