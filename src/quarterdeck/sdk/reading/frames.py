"""
Dataframes of sessions and figures: one row each, flat, in the library that the notebook uses.

The columns and their types are declared once, in narwhals' words, which spell them for pandas,
polars and pyarrow.  Narwhals is optional: without it the error names the extra.

Money is a `Float64` here and a `Decimal` on the records.  A frame is for sums over thousands,
charts and tests, whose libraries take no decimals (in pandas they are objects: 50 times slower,
and most plots refuse them), and a double is exact to the nano-dollar up to some nine million.
What is invoiced is summed from the records.  Unknown is null in every column, never 0 and never
NaN that a count would take along: pandas gets its nullable types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any, Literal, NamedTuple, cast

from quarterdeck.errors import Invalid, Misconfigured

Backend = Literal["pandas", "polars", "pyarrow"]
BACKENDS: tuple[Backend, ...] = ("pandas", "polars", "pyarrow")
"""In order of preference: the extra brings the first."""

ColumnType = Literal["text", "integer", "number", "flag", "instant"]
EXTRA_HINT = "Install it with: pip install 'quarterdeck[notebook]'"


class Column(NamedTuple):
    name: str
    type: ColumnType


def make_frame(
    columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], backend: str | None
) -> Any:
    """
    A native frame, its columns there even without rows.  None: the first that is installed.

    Raises `Invalid` for a backend that does not exist, `Misconfigured` for one not installed.
    """
    chosen = _chosen(backend)
    try:
        import narwhals as nw
    except ModuleNotFoundError as error:
        raise Misconfigured("frames need narwhals, which is absent", hint=EXTRA_HINT) from error
    types = {
        "text": nw.String(),
        "integer": nw.Int64(),
        "number": nw.Float64(),
        "flag": nw.Boolean(),
        "instant": nw.Datetime("us", "UTC"),
    }
    schema = nw.Schema({column.name: types[column.type] for column in columns})
    data = {column.name: [row.get(column.name) for row in rows] for column in columns}
    match chosen:
        case "pandas":
            import pandas as pd

            spelled = schema.to_pandas("numpy_nullable")
            return pd.DataFrame(
                {name: pd.Series(data[name], dtype=cast("Any", spelled[name])) for name in data}
            )
        case "polars":
            import polars as pl

            return pl.DataFrame(data, schema=schema.to_polars())
        case "pyarrow":
            import pyarrow as pa

            return pa.table(data, schema=schema.to_arrow())


def _chosen(backend: str | None) -> Backend:
    if backend is None:
        for known in BACKENDS:
            if find_spec(known) is not None:
                return known
        raise Misconfigured(f"none of {', '.join(BACKENDS)} is installed", hint=EXTRA_HINT)
    for known in BACKENDS:
        if known == backend:
            if find_spec(known) is None:
                raise Misconfigured(f"{known} is not installed", hint=f"pip install {known}")
            return known
    raise Invalid(f"no frames of {backend!r}", hint=f"One of {', '.join(BACKENDS)}.")
