"""
Rates and sums as their readers get them: each with its count, its interval and its definition.

A figure without data is None, never 0.  Money is `Decimal`; an interval is an estimate, so its
ends are floats.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, overload

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.sdk.reading.frames import Column, make_frame
from quarterdeck.sdk.reading.records import read_as
from quarterdeck.sdk.shown import NOT_TOLD, count, measured, one_line

NOT_ENOUGH = "not enough data"


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    low: float
    high: float
    confidence: float = 0.95


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number of one group, with what is needed to judge it."""

    name: str
    title: str
    definition: str
    unit: str
    """`rate`, `USD`, `s`, or what is counted."""
    kind: str = "sum"
    """`rate`, `mean`, `ratio` or `sum`: sums have no interval."""
    value: int | float | Decimal | None = None
    """None: too few sessions tell of it."""
    n: int | None = None
    """Of how many; None for plain sums."""
    left_out: int | None = None
    """Of pass^k and pass@k: the cases with fewer than k trials."""
    interval: Interval | None = None

    def __repr__(self) -> str:
        return f"<{self.name}: {self}>"

    def __str__(self) -> str:
        """`82.4 % (71.2 to 90.1) of 51`."""
        text = value_words(self)
        if self.interval is not None:
            text += f" ({between(self)})"
        return text if self.n is None else f"{text} of {of_words(self)}"


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """One row: all sessions, or those of one time and of one value of each dimension."""

    bucket: datetime | None
    """Its beginning; None where there is no split by time."""
    by: Mapping[str, str | None]
    """Dimension -> value; None: those that have none."""
    sessions: int
    cases: int = 0
    """Tasks of a suite that these sessions are trials of."""
    figures: Mapping[str, Figure]

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]


class Figures(Sequence[Group]):
    """The groups in the server's order: by time, then most sessions first."""

    def __init__(self, groups: Sequence[Group], *, by: Sequence[str], bucket: str | None) -> None:
        self._groups = tuple(groups)
        self.by = tuple(by)
        self.bucket = bucket

    def __len__(self) -> int:
        return len(self._groups)

    def __iter__(self) -> Iterator[Group]:
        return iter(self._groups)

    @overload
    def __getitem__(self, at: int) -> Group: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Group]: ...
    @overload
    def __getitem__(self, at: str) -> Figure: ...
    def __getitem__(self, at: int | slice | str) -> Group | Sequence[Group] | Figure:
        """A group by number; without a split, a figure by name.  Raises `Invalid`, `KeyError`."""
        if not isinstance(at, str):
            return self._groups[at]
        if len(self._groups) != 1:
            raise Invalid(
                f"{at!r} of which group? There are {len(self._groups)}",
                hint="Go through them: [(group.by, group[name]) for group in figures].",
            )
        return self._groups[0].figures[at]

    def frame(self, backend: str | None = None) -> Any:
        """
        One row for each group and figure: `bucket` and dimensions, `sessions`, `figure`, `unit`,
        `value`, `n`, `left_out`, `low`, `high`.  `backend` is pandas, polars or pyarrow.
        """
        return make_frame(
            [
                *([Column("bucket", "instant")] if self.bucket else []),
                *(Column(name, "text") for name in self.by),
                *FRAME_COLUMNS,
            ],
            [_frame_row(group, figure) for group in self for figure in group.figures.values()],
            backend,
        )

    def __repr__(self) -> str:
        if not self._groups:
            return "<Figures: no sessions match>"
        lines = []
        for group in self._groups:
            named = group_name(group)
            lines += [named] if named else []
            lines += [
                f"{'  ' if named else ''}{one_line(figure.title)}: {figure}"
                for figure in group.figures.values()
            ]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from quarterdeck.sdk.reading.html_tables import figures_html

        return figures_html(self)


FRAME_COLUMNS = (
    Column("sessions", "integer"),
    Column("figure", "text"),
    Column("unit", "text"),
    Column("value", "number"),
    Column("n", "integer"),
    Column("left_out", "integer"),
    Column("low", "number"),
    Column("high", "number"),
)


def value_words(figure: Figure) -> str:
    """`82.4 %`; `not enough data` where too few sessions tell."""
    if figure.value is None:
        return NOT_TOLD if figure.kind == "sum" else NOT_ENOUGH
    return measured(figure.value, figure.unit)


def of_words(figure: Figure) -> str:
    """`51`, `51, 3 left out`; "" for a plain sum."""
    if figure.n is None:
        return ""
    left_out = f", {count(figure.left_out)} left out" if figure.left_out else ""
    return count(figure.n) + left_out


def between(figure: Figure) -> str:
    """`71.2 to 90.1`, in the figure's unit; "" without an interval."""
    if figure.interval is None:
        return ""
    low, high = (measured(end, figure.unit) for end in (figure.interval.low, figure.interval.high))
    return f"{low.removesuffix(' %')} to {high}"


def group_name(group: Group) -> str:
    """What tells it from the others; "" where there is no split."""
    named = [f"{group.bucket:%Y-%m-%d %H:%M}"] if group.bucket else []
    return ", ".join([*named, *(one_line(value or NOT_TOLD) for value in group.by.values())])


class _Measured(msgspec.Struct, frozen=True):
    value: int | float | str | None = None
    n: int | None = None
    left_out: int | None = None
    interval: Interval | None = None


class _Definition(msgspec.Struct, frozen=True):
    title: str = ""
    definition: str = ""
    unit: str = ""
    kind: str = "sum"


class _Row(msgspec.Struct, frozen=True):
    bucket: datetime | None = None
    by: dict[str, str | None] = {}
    sessions: int = 0
    cases: int = 0
    figures: dict[str, _Measured] = {}


class _Answer(msgspec.Struct, frozen=True):
    definitions: dict[str, _Definition] = {}
    by: list[str] = []
    bucket: str | None = None
    rows: list[_Row] = []


def read_figures(told: Any) -> Figures:
    """From the API's JSON.  Raises `QuarterdeckError` if it is not that."""
    answer = read_as(_Answer, told)
    return Figures(
        [_group(row, answer.definitions) for row in answer.rows],
        by=answer.by,
        bucket=answer.bucket or None,
    )


def _group(row: _Row, definitions: Mapping[str, _Definition]) -> Group:
    figures = {}
    for name, told in row.figures.items():
        meant = definitions.get(name, _Definition())
        figures[name] = Figure(
            name=name,
            title=meant.title or name,
            definition=meant.definition,
            unit=meant.unit,
            kind=meant.kind,
            value=Decimal(told.value) if isinstance(told.value, str) else told.value,
            n=told.n,
            left_out=told.left_out,
            interval=told.interval,
        )
    return Group(
        bucket=row.bucket,
        by=MappingProxyType(row.by),
        sessions=row.sessions,
        cases=row.cases,
        figures=MappingProxyType(figures),
    )


def _frame_row(group: Group, figure: Figure) -> dict[str, Any]:
    return {
        "bucket": group.bucket,
        **group.by,
        "sessions": group.sessions,
        "figure": figure.name,
        "unit": figure.unit,
        "value": None if figure.value is None else float(figure.value),
        "n": figure.n,
        "left_out": figure.left_out,
        "low": figure.interval and figure.interval.low,
        "high": figure.interval and figure.interval.high,
    }
