"""
What the demo's agents can do to real files.  Each is an ordinary function; `@qd.tool()` records
its arguments, its result and its exception, and changes nothing else about it.

A tool does one thing and raises when it can't: whether to try again is its caller's business.
"""

from __future__ import annotations

import csv
from pathlib import Path

import quarterdeck as qd


@qd.tool()
def list_folders(path: str) -> list[str]:
    """The names of the folders in `path`, sorted."""
    return sorted(entry.name for entry in Path(path).iterdir() if entry.is_dir())


@qd.tool()
def read_file(path: str) -> str:
    """The text of a file.  Raises `UnicodeDecodeError` if it is not UTF-8."""
    return Path(path).read_text(encoding="utf-8")


@qd.tool()
def convert_to_utf8(path: str, encoding: str) -> str:
    """Write a file again in UTF-8; `encoding` is what it is in now."""
    text = Path(path).read_text(encoding=encoding)
    Path(path).write_text(text, encoding="utf-8")
    return f"{len(text)} characters"


@qd.tool()
def add(numbers: list[int]) -> int:
    """The sum.  A language model should not do this in its head."""
    return sum(numbers)


@qd.tool()
def check_report(path: str, counted: dict[str, int]) -> dict[str, list[str]]:
    """
    Compare counts by day with the till's in the CSV file at `path`.

    Every day of the till is in one list: the counts `agree` or `differ`, or there is `no_note`.
    """
    compared: dict[str, list[str]] = {"agree": [], "differ": [], "no_note": []}
    with Path(path).open(encoding="utf-8", newline="") as till:
        for row in csv.DictReader(till):
            day = row["day"]
            if day not in counted:
                compared["no_note"].append(day)
            elif counted[day] == int(row["sold"]):
                compared["agree"].append(day)
            else:
                compared["differ"].append(day)
    return compared


@qd.tool()
def write_report(path: str, text: str) -> int:
    """Write a report and return its size in characters."""
    Path(path).parent.mkdir(exist_ok=True)
    return Path(path).write_text(text, encoding="utf-8")
