"""
What may be written to a terminal, and how numbers and instants look there.

Everything that an agent, a model or a tool said is a stranger's text.  A terminal obeys escape
sequences in what it prints (it can be made to retitle the window, hide lines, or answer back
as if the user had typed), and rich reads `[red]` as markup.  So strangers' text goes through
`printable` into a `rich.text.Text`, and the console has markup, emoji codes and highlighting
switched off.  Nothing here opens a connection or reads a file.
"""

from __future__ import annotations

import os
import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import NS_PER_S, from_rfc3339, to_rfc3339
from quarterdeck.sdk.shown import NOT_TOLD as NOT_TOLD
from quarterdeck.sdk.shown import UNPRINTABLE, rounded
from quarterdeck.sdk.shown import count as count
from quarterdeck.sdk.shown import duration as duration
from quarterdeck.sdk.shown import money as money
from quarterdeck.sdk.shown import one_line as one_line
from quarterdeck.sdk.shown import plural as plural
from quarterdeck.sdk.shown import printable as printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

WIDE_COLUMNS = 100
"""Under this, tables become one short block per row: a table with cut ids can't be copied from."""

MEASURED_COLUMNS = 10_000
"""Where the width of a table is asked for, this is more than any has."""

PIPE_COLUMNS = 200
"""A pipe has no width; rich would assume 80 and cut.  Nothing of ours is wider than this."""


def json_printable(json_text: str) -> str:
    """
    JSON that a terminal can be shown.  Equal when parsed: only the spelling changes.

    JSON must escape C0 itself, but C1 and invisible characters may stand in it as they are.
    """
    return UNPRINTABLE.sub(_json_escape, json_text)


def styled(text: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(printable(text), style=style)


def make_console(*, stderr: bool = False) -> Console:
    """
    A console for standard output: color only on a terminal, and never when NO_COLOR is set.
    """
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or os.environ.get("COLUMNS") else PIPE_COLUMNS
    return Console(
        stderr=stderr, width=width, markup=False, emoji=False, highlight=False, soft_wrap=False
    )


def is_wide(console: Console) -> bool:
    return console.width >= WIDE_COLUMNS


def print_table(console: Console, table: Table, *, words: int) -> None:
    """
    The table if it is no wider than the console; else each row as a block.

    The first `words` columns name a row; the others are numbers, told with their headings.
    """
    from rich.measure import Measurement
    from rich.text import Text

    unlimited = console.options.update(max_width=MEASURED_COLUMNS)
    if Measurement.get(console, unlimited, table).maximum <= console.width:
        console.print(table)
        return
    for row in zip(*(column.cells for column in table.columns), strict=True):
        cells = [cell if isinstance(cell, Text) else styled(str(cell)) for cell in row]
        named = [cell for cell in cells[:words] if cell.plain]
        console.print(Text("  ") + Text("  ").join(named))
        numbers = [
            styled(f"{str(column.header).lower()} ") + cell
            for column, cell in zip(table.columns[words:], cells[words:], strict=True)
            if cell.plain
        ]
        console.print(Text("    ") + Text(", ").join(numbers))


def print_json(body: bytes) -> None:
    """The server's own JSON, and a newline."""
    sys.stdout.write(json_printable(body.decode("utf-8", "replace")))
    sys.stdout.write("\n")


def instant_ns(value: Any) -> int | None:
    """An instant as the API tells it: RFC 3339 text or digits; None if it is neither."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value:
        return None
    if value.isdigit():
        return int(value)
    try:
        return from_rfc3339(value)
    except Invalid:
        return None


def when(value: Any, *, now_ns: int, utc: bool) -> str:
    """`3 min ago`, or the exact instant in UTC to the millisecond."""
    at_ns = instant_ns(value)
    if at_ns is None:
        return NOT_TOLD
    if utc:
        return to_rfc3339(at_ns // 1_000_000 * 1_000_000)
    seconds = (now_ns - at_ns) / NS_PER_S
    if abs(seconds) < 1:
        return "now"
    return f"{rounded(seconds)} ago" if seconds > 0 else f"in {rounded(-seconds)}"


def between(start: Any, end: Any) -> float | None:
    """Seconds from one instant of the API to another; None if either was not told."""
    start_ns, end_ns = instant_ns(start), instant_ns(end)
    return None if start_ns is None or end_ns is None else (end_ns - start_ns) / NS_PER_S


def today_ns() -> int:
    return int(datetime.now(UTC).timestamp() * NS_PER_S)


def text_of(mapping: Mapping[str, Any], key: str) -> str:
    """`mapping[key]` as text; "" if it is missing or null."""
    value = mapping.get(key)
    return "" if value is None else str(value)


def _json_escape(match: re.Match[str]) -> str:
    code = ord(match.group())
    if match.group() == "\r":
        return match.group()
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
    return f"\\u{code:04x}"
