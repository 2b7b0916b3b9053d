"""What an import did, for people: counts, data findings, and what could not be read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.cli import terminal

if TYPE_CHECKING:
    from rich.console import Console

    from quarterdeck.receive.transcripts.report import Report

SHOWN = 10
"""Bad lines and unknown files that are told one by one; `--json` has them all."""


def print_report(console: Console, report: Report, *, dry_run: bool = False) -> None:
    verb = "Read" if dry_run else "Imported"
    console.print(
        terminal.styled(
            f"{verb} {terminal.plural(len(report.session_ids), 'session')} "
            f"from {terminal.plural(sum(c.files for c in report.formats.values()), 'file')}"
            + ("" if dry_run else f", {terminal.plural(report.spans, 'span')} sent"),
            "bold",
        )
    )
    if report.passed_on:
        requests = terminal.plural(sum(report.passed_on.values()), "request")
        signals = ", ".join(sorted(report.passed_on))
        console.print(terminal.styled(f"Passed on {requests} as they stand ({signals})"))
    if report.formats:
        _print_formats(console, report)
    if report.findings:
        _print_findings(console, report)
    if report.bad_line_count:
        _print_bad_lines(console, report)
    if report.rejected:
        why = "; ".join(f"{reason} ({n:,})" for reason, n in report.rejected_because.items())
        console.print(terminal.styled(f"The server refused {report.rejected}: {why}", "red"))
    if report.unknown:
        _print_unknown(console, report)


def _print_formats(console: Console, report: Report) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Format")
    for heading in ("Files", "Sessions", "Model calls", "Tool calls", "Tool errors", "People"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, counts in sorted(report.formats.items()):
        values = counts.to_json()
        table.add_row(
            terminal.styled(name), *(terminal.styled(terminal.count(n)) for n in values.values())
        )
    terminal.print_table(console, table, words=1)


def _print_findings(console: Console, report: Report) -> None:
    console.print(terminal.styled("Data findings", "bold"))
    for code, count in report.findings.most_common():
        path, message = report.examples[code][0]
        console.print(terminal.styled(f"  {code} ({count:,})"))
        console.print(terminal.styled(f"    {Path(path).name}: {message}", "dim"))


def _print_bad_lines(console: Console, report: Report) -> None:
    told = terminal.plural(report.bad_line_count, "place")
    console.print(terminal.styled(f"Could not be read: {told}", "bold"))
    for line in report.bad_lines[:SHOWN]:
        where = f"{line.path}:{line.number}" if line.number else line.path
        console.print(terminal.styled(f"  {where}: {line.message}"))
    if report.bad_line_count > SHOWN:
        console.print(terminal.styled("  … --json lists the rest", "dim"))


def _print_unknown(console: Console, report: Report) -> None:
    told = terminal.plural(len(report.unknown), "file")
    console.print(terminal.styled(f"Not a known session format: {told}", "bold"))
    for path in report.unknown[:SHOWN]:
        console.print(terminal.styled(f"  {path}", "dim"))
    if len(report.unknown) > SHOWN:
        console.print(terminal.styled("  … --json lists the rest", "dim"))
