"""
The rows that a bench prints and writes: figures, the machine they hold for, tables of medians.

One JSON object a row, as it comes; tables are Markdown, for docs/explanation/benchmarks.md.
"""

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]

Row = dict[str, Any]


class Report:
    """Rows, printed and written as they come, so that a run that breaks off has said something."""

    def __init__(self, bench: str, out: Path | None) -> None:
        self.rows: list[Row] = []
        self._bench = bench
        self._out = out

    def add(self, row: Row) -> None:
        told = {
            "bench": self._bench,
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            **row,
        }
        self.rows.append(told)
        short = {key: _rounded(value) for key, value in told.items()}
        print(json.dumps(short), flush=True)
        if self._out:
            with self._out.open("a") as file:
                file.write(json.dumps(told) + "\n")

    def of(self, kind: str, target: str) -> list[Row]:
        return [row for row in self.rows if row["kind"] == kind and row["target"] == target]


def _rounded(value: Any) -> Any:
    match value:
        case float():
            return float(f"{value:.4g}") if abs(value) < 1000 else round(value)
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case _:
            return value


def table(title: str, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> None:
    """A Markdown table, for docs/explanation/benchmarks.md."""
    print(f"\n### {title}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for line in lines:
        print("| " + " | ".join(str(cell) for cell in line) + " |")


def spread(values: Sequence[float | None], digits: int = 1) -> str:
    """Median (lowest-highest)."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return "-"
    middle = f"{statistics.median(known):,.{digits}f}"
    if len(known) == 1:
        return middle
    return f"{middle} ({known[0]:,.{digits}f}-{known[-1]:,.{digits}f})"


def machine() -> Row:
    """What it ran on: absolute figures hold for this alone."""
    info = Path("/proc/cpuinfo").read_text()
    cpu = next((x.split(":")[1].strip() for x in info.splitlines() if "model name" in x), "?")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) >> 20
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True
    )
    return {
        "kind": "machine",
        "target": "",
        "cpu": cpu,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "python": platform.python_version(),
        "kernel": platform.release(),
        "commit": commit.stdout.strip() or None,
        "chdb_core": own_version("chdb-core"),
        "granian": own_version("granian"),
        "load_1m": os.getloadavg()[0],
    }


def own_version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "absent"
