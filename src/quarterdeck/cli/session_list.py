"""A page of sessions for people: a table on a wide terminal, blocks on a narrow one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from quarterdeck.cli.terminal import (
    between,
    count,
    duration,
    is_wide,
    money,
    one_line,
    styled,
    text_of,
    when,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

TASK_CHARACTERS = 60
"""Enough to tell one task from the next; the whole text is in `sessions show`."""

OUTCOME_STYLES = {
    "success": "green",
    "success_partial": "yellow",
    "failure": "red",
    "abandoned": "magenta",
    "interrupted": "magenta",
    "unknown": "dim",
}
OUTCOME_MARKS = {
    "success": "✓",
    "success_partial": "◐",
    "failure": "✗",
    "abandoned": "∅",
    "interrupted": "■",
    "unknown": "?",
}
"""A mark beside the color: red and green are one color to many, and a pipe has none."""

HEADINGS = ("Started", "Session", "Task", "Outcome", "Models", "Tools", "People", "Took", "Cost")
TASK_COLUMN = 2
"""The one that gives way when the terminal is not wide enough for all …"""
SHORTEST_TASK = 16
"""… down to this; then blocks tell more."""
FIRST_NUMBER = 4

STATUS_STYLES = {"open": "cyan", "waiting_for_human": "yellow bold", "closed": "dim"}


def print_sessions(
    console: Console,
    rows: Sequence[Mapping[str, Any]],
    *,
    now_ns: int,
    utc: bool,
    more: bool,
    filtered: bool = True,
) -> None:
    """
    Print `rows` in their order, and how to get the rest if there is `more`.

    Not `filtered`: these are all that there are, so none means that nothing was sent yet.
    """
    if not rows and filtered:
        console.print(styled("No sessions match.", "dim"))
        return
    if not rows:
        said = (
            "No session yet.  docs/how-to/send-from-a-framework.md; if some were sent: "
            "quarterdeck doctor"
        )
        console.print(styled(said, "dim"))
        return
    table = _table(console, rows, now_ns=now_ns, utc=utc) if is_wide(console) else None
    if table is not None:
        console.print(table)
    else:
        for row in rows:
            _print_block(console, row, now_ns=now_ns, utc=utc)
    if more:
        console.print(styled(f"{len(rows)} shown; there are more: --limit or --since.", "dim"))


def outcome_text(row: Mapping[str, Any]) -> Text:
    """The outcome with its mark; the status too while the session is not closed."""
    label = text_of(row.get("outcome") or {}, "label") or "unknown"
    status = text_of(row, "status")
    text = styled(f"{OUTCOME_MARKS.get(label, '?')} {label}", OUTCOME_STYLES.get(label, ""))
    if status == "closed" or not status:
        return text
    shown = styled(status.replace("_", " "), STATUS_STYLES.get(status, ""))
    return shown if label == "unknown" else shown + styled(" · ") + text


def cost_text(row: Mapping[str, Any]) -> str:
    """`$47.82`, with a `+` when calls without a price are missing from it."""
    cost = row.get("cost") or {}
    total = money(cost.get("total_usd"))
    return f"{total}+" if cost.get("unpriced_calls") and cost.get("total_usd") else total


def took(row: Mapping[str, Any]) -> str:
    """From the first span to the end; to the last news while it is not closed."""
    end = row.get("ended_at") or row.get("last_seen_at")
    return duration(between(row.get("started_at"), end))


def calls(row: Mapping[str, Any], key: str) -> int:
    return sum(int(use.get("calls") or 0) for use in row.get(key) or ())


def names(row: Mapping[str, Any], key: str, field: str) -> list[str]:
    """Distinct names in order of appearance."""
    return list(dict.fromkeys(text_of(use, field) for use in row.get(key) or () if use.get(field)))


def _table(
    console: Console, rows: Sequence[Mapping[str, Any]], *, now_ns: int, utc: bool
) -> Table | None:
    """None if it would be wider than the console with the task at its shortest."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    cells = [_cells(row, now_ns=now_ns, utc=utc) for row in rows]
    others = sum(
        max(len(heading), *(text.cell_len for text in column))
        for number, (heading, column) in enumerate(
            zip(HEADINGS, zip(*cells, strict=True), strict=True)
        )
        if number != TASK_COLUMN
    )
    room = console.width - others - 3 * len(HEADINGS)
    if room < SHORTEST_TASK:
        return None
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for number, heading in enumerate(HEADINGS):
        justify: Literal["left", "right"] = "right" if number >= FIRST_NUMBER else "left"
        table.add_column(heading, justify=justify, no_wrap=True)
    for row in cells:
        row[TASK_COLUMN].truncate(room, overflow="ellipsis")
        table.add_row(*row)
    return table


def _cells(row: Mapping[str, Any], *, now_ns: int, utc: bool) -> list[Text]:
    return [
        styled(when(row.get("started_at"), now_ns=now_ns, utc=utc), "dim"),
        styled(text_of(row, "session_id"), "bold"),
        styled(task_line(row)),
        outcome_text(row),
        styled(count(calls(row, "models_used"))),
        styled(count(calls(row, "tool_calls"))),
        styled(count((row.get("human_interventions") or {}).get("count"))),
        styled(took(row)),
        styled(cost_text(row)),
    ]


def _print_block(console: Console, row: Mapping[str, Any], *, now_ns: int, utc: bool) -> None:
    # The id stands alone and may wrap by itself: it is what gets copied.
    console.print(styled(text_of(row, "session_id"), "bold"), soft_wrap=True)
    line = task_line(row)
    if line:
        console.print(styled(f"  {line}"), no_wrap=True, overflow="ellipsis")
    people = (row.get("human_interventions") or {}).get("count")
    console.print(styled("  ") + outcome_text(row))
    console.print(
        styled(
            f"  {when(row.get('started_at'), now_ns=now_ns, utc=utc)}, took {took(row)}, "
            f"{cost_text(row)}; models {count(calls(row, 'models_used'))}, "
            f"tools {count(calls(row, 'tool_calls'))}, people {count(people)}",
            "dim",
        )
    )


def task_line(row: Mapping[str, Any]) -> str:
    """
    The task on one line; where nobody told it, its type, the workflow or who took part.

    Before it the id as it was sent, where no address can carry that.
    """
    sent = text_of(row, "external_id")
    told = (
        text_of(row, "task")
        or text_of(row, "task_type")
        or text_of(row.get("workflow") or {}, "name")
        or ", ".join(names(row, "agents", "agent"))
    )
    return one_line(" ".join(filter(None, (sent, told))), limit=TASK_CHARACTERS)
