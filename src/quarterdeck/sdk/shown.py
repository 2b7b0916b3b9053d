"""
How numbers, instants and strangers' text look to people, in a terminal and in a notebook.

Everything that an agent, a model or a tool said is a stranger's text.  `printable` spells out
what a terminal would obey and what no reader would see: escape sequences, invisible characters,
marks that reorder their neighbors.  What nobody told is `NOT_TOLD`, never a zero.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

NOT_TOLD = "-"
"""Shown where nobody told a value: never a zero, which would be a claim."""

OUTCOME_MARKS = {
    "success": "✓",
    "success_partial": "◐",
    "failure": "✗",
    "abandoned": "∅",
    "interrupted": "■",
    "unknown": "?",
}
"""A mark beside the color: red and green are one color to many, and a pipe has none."""

UNPRINTABLE = re.compile(
    "["
    "\x00-\x08\x0b-\x1f\x7f"  # C0 without tab and newline; carriage return overwrites a line
    "\x80-\x9f"  # C1: one character is a whole escape sequence introducer
    "\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # invisible, or reorders its neighbors
    "\ud800-\udfff"  # half characters, which can't be encoded
    "\U000e0000-\U000e007f"  # tags: invisible text
    "]"
)


def printable(text: str) -> str:
    """
    `text` with everything that a terminal would obey, or not show, spelled out (`\\x1b`).

    Tabs and newlines stay: they only move forward.
    """
    return UNPRINTABLE.sub(_spell_out, text)


def one_line(text: str, *, limit: int = 0) -> str:
    """`printable`, with white space folded; at most `limit` characters when it is not 0."""
    folded = " ".join(printable(text).split())
    return f"{folded[: limit - 1]}…" if limit and len(folded) > limit else folded


def rounded(seconds: float) -> str:
    """The largest fitting unit only: `3 min`, `5 h`, `2 d`."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def duration(seconds: float | None) -> str:
    """`850 ms`, `12.4 s`, `3 min 20 s`, `1 h 45 min`."""
    if seconds is None:
        return NOT_TOLD
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def money(usd: Any) -> str:
    """
    `$47.82`; four decimals under a cent's reach, so that small calls do not look free.

    None is `NOT_TOLD`: an unknown price is not zero.
    """
    if usd is None or usd == "":
        return NOT_TOLD
    try:
        amount = Decimal(str(usd))
    except InvalidOperation:
        return printable(str(usd))
    if amount == 0:
        return "$0"
    if abs(amount) < Decimal("0.0001"):
        return "<$0.0001"
    return f"${amount:,.2f}" if abs(amount) >= 1 else f"${amount:.4f}"


def count(number: Any) -> str:
    """`1,234`, `12.3k`, `4.6M`; `NOT_TOLD` for None."""
    if number is None:
        return NOT_TOLD
    if not isinstance(number, int):
        return printable(str(number))
    if number < 10_000:
        return f"{number:,}"
    if number < 1_000_000:
        return f"{number / 1000:.1f}k"
    return f"{number / 1_000_000:.1f}M"


def plural(number: int, noun: str) -> str:
    """`1 call`, `2 calls`."""
    return f"{count(number)} {noun}" + ("" if number == 1 else "s")


def measured(value: Any, unit: str) -> str:
    """A figure's value in its unit; a rate as percent."""
    match unit:
        case _ if value is None:
            return NOT_TOLD
        case "rate":
            return f"{float(value) * 100:.1f} %"
        case "USD":
            return money(value)
        case "s":
            return duration(float(value))
        case _:
            return count(value) if isinstance(value, int) else f"{float(value):.3g}"


def _spell_out(match: re.Match[str]) -> str:
    code = ord(match.group())
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
