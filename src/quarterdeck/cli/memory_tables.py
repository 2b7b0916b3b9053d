"""How `quarterdeck memory …` looks to people: entries, history, and what a revert would do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from quarterdeck.cli import terminal
from quarterdeck.cli.terminal import one_line, plural, styled, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.text import Text

VALUE_CHARACTERS = 60
PLAN_ROWS = 20
"""Of each list of a plan; the totals count all, and `--json` has 200."""


def print_entries(page: Mapping[str, Any], *, utc: bool) -> None:
    now_ns = terminal.today_ns()
    rows = [
        (
            styled(text_of(one, "key"), "bold"),
            styled(place_of(one), "dim"),
            styled(value_of(one["value"])),
            styled(writer_of(one["provenance"])),
            styled(str(one["readers"])),
            styled(terminal.when(one["written_at"], now_ns=now_ns, utc=utc), "dim"),
        )
        for one in page["entries"]
    ]
    _print_table(("Key", "Where", "Value", "Written by", "Readers", "When"), rows, "No entries.")
    if page.get("next_cursor"):
        print("There are older ones: --cursor, --prefix, --query")


def print_entry(entry: Mapping[str, Any], *, utc: bool) -> None:
    console, now_ns = terminal.make_console(), terminal.today_ns()
    console.print(styled(text_of(entry, "key"), "bold") + styled(f"  {place_of(entry)}", "dim"))
    at = terminal.when(entry["written_at"], now_ns=now_ns, utc=utc)
    console.print(styled(f"{at} by {writer_of(entry['provenance'])}", "dim"))
    if entry["expires_at"]:
        gone = terminal.when(entry["expires_at"], now_ns=now_ns, utc=utc)
        console.print(styled(f"gone {gone}", "dim"))
    console.print(styled(f"read by {plural(entry['readers'], 'session')}", "dim"))
    value = entry["value"]
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    console.print(styled(written), soft_wrap=True)


def print_namespaces(page: Mapping[str, Any], *, utc: bool) -> None:
    now_ns = terminal.today_ns()
    rows = [
        (
            styled(text_of(one, "namespace"), "bold"),
            styled(text_of(one, "environment")),
            styled(str(one["entries"])),
            styled(str(one["scopes"])),
            styled(terminal.when(one["last_at"], now_ns=now_ns, utc=utc), "dim"),
        )
        for one in page["namespaces"]
    ]
    headings = ("Namespace", "Environment", "Entries", "Scopes", "Last write")
    _print_table(headings, rows, "Nothing was learned yet.")


def print_history(page: Mapping[str, Any], *, utc: bool) -> None:
    console, now_ns = terminal.make_console(), terminal.today_ns()
    console.print(styled(text_of(page, "key"), "bold") + styled(f"  {place_of(page)}", "dim"))
    for write in page["writes"]:
        at = terminal.when(write["written_at"], now_ns=now_ns, utc=utc)
        console.print(
            styled(f"{_state_of(write):<9}", "green" if write["current"] else "dim")
            + styled("deleted" if write["deleted"] else value_of(write["value"]))
            + styled(f"  {writer_of(write['provenance'])}, {at}", "dim")
        )
        for hiding in write["hidings"]:
            since = terminal.when(hiding["from_at"], now_ns=now_ns, utc=utc)
            ended = "" if hiding["until_at"] is None else ", taken back since"
            told = f"{since} by {hiding['by']}: {hiding['reason']}{ended}"
            console.print(styled(f"         reverted {one_line(told, limit=160)}", "yellow"))
        for reader in write["read_by"]:
            outcome = reader["outcome"] or terminal.NOT_TOLD
            told = f"read by {reader['session_id']} ({plural(reader['reads'], 'time')}, {outcome})"
            console.print(styled(f"         {told}", "dim"))
    if not page["writes"]:
        console.print(styled("Nothing was ever written there.", "dim"))
    if page["next_cursor"]:
        console.print(styled(f"{page['total'] - len(page['writes'])} older writes.", "dim"))


def print_checkpoints(page: Mapping[str, Any], *, utc: bool) -> None:
    now_ns = terminal.today_ns()
    rows = [
        (
            styled(text_of(one, "name"), "bold"),
            styled(text_of(one, "checkpoint_id"), "dim"),
            styled(one_line(text_of(one, "description"), limit=VALUE_CHARACTERS)),
            styled(terminal.when(one["at"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(one, "by"), "dim"),
        )
        for one in page["checkpoints"]
    ]
    _print_table(("Name", "Id", "What for", "When", "By"), rows, "No checkpoints.")


def print_reverts(page: Mapping[str, Any], *, utc: bool) -> None:
    now_ns = terminal.today_ns()
    rows = [
        (
            styled(text_of(one, "revert_id"), "bold"),
            styled(_selection_of(one["selection"])),
            styled(str(one["writes"])),
            styled(one_line(text_of(one, "reason"), limit=VALUE_CHARACTERS)),
            styled(terminal.when(one["at"], now_ns=now_ns, utc=utc), "dim"),
            styled(text_of(one, "by"), "dim"),
            styled(f"by {one['undone_by']}" if one["undone_at"] else "", "yellow"),
        )
        for one in page["reverts"]
    ]
    headings = ("Id", "What", "Writes", "Reason", "When", "By", "Undone")
    _print_table(headings, rows, "No reverts.")


def print_plan(plan: Mapping[str, Any], *, utc: bool) -> None:
    """What goes, what stays and why, who has read it; then the totals in one line."""
    console, now_ns = terminal.make_console(), terminal.today_ns()
    totals = plan["totals"]
    _print_part("Goes", totals["goes"], (_going(one) for one in plan["goes"][:PLAN_ROWS]))
    _print_part(
        "Stays, since somebody wrote later",
        totals["stays"],
        (_staying(one, now_ns=now_ns, utc=utc) for one in plan["stays"][:PLAN_ROWS]),
    )
    _print_part(
        "Sessions that have read what goes",
        totals["readers"],
        (_reader(one, now_ns=now_ns, utc=utc) for one in plan["readers"][:PLAN_ROWS]),
    )
    console.print(styled(what_of(plan), "bold"))
    if plan["hint"]:
        console.print(styled(text_of(plan, "hint"), "yellow"))


def what_of(plan: Mapping[str, Any]) -> str:
    told = f"{plural(plan['writes'], 'write')} of {plural(_entries(plan), 'key')}"
    if plan["shows"]:
        told += f", and {plural(plan['shows'], 'write')} seen again"
    return told


def _entries(plan: Mapping[str, Any]) -> int:
    return int(plan["totals"]["goes"]) + int(plan["totals"]["stays"])


def _print_part(heading: str, total: int, lines: Iterable[Text]) -> None:
    console = terminal.make_console()
    console.print(styled(f"{heading}: {total}", "bold"))
    shown = 0
    for line in lines:
        console.print(styled("  ") + line, soft_wrap=True)
        shown += 1
    if shown < total:
        console.print(styled(f"  and {total - shown} more", "dim"))


def _going(one: Mapping[str, Any]) -> Text:
    now, after = value_of(one["value_now"]), value_of(one["value_after"])
    told = {
        "gone": f"{now} → nothing",
        "earlier": f"{now} → {after}",
        "back": f"nothing → {after}",
        "nothing": "nothing → nothing",
    }[one["becomes"]]
    return _key_of(one["address"]) + styled(f"  {told}")


def _staying(one: Mapping[str, Any], *, now_ns: int, utc: bool) -> Text:
    later = one["because"]
    by = later["session_id"] or later["by"]
    at = terminal.when(later["at"], now_ns=now_ns, utc=utc)
    return _key_of(one["address"]) + styled(f"  {by}, {at}", "dim")


def _reader(one: Mapping[str, Any], *, now_ns: int, utc: bool) -> Text:
    at = terminal.when(one["first_at"], now_ns=now_ns, utc=utc)
    outcome = one["outcome"] or terminal.NOT_TOLD
    told = f"  {plural(one['reads'], 'read')}, first {at}, outcome {outcome}"
    if one["later_writes"]:
        told += f", wrote {one['later_writes']} afterwards"
    return styled(text_of(one, "session_id"), "bold") + styled(told, "dim")


def _key_of(address: Mapping[str, Any]) -> Text:
    return styled(text_of(address, "key"), "bold") + styled(f"  {place_of(address)}", "dim")


def place_of(address: Mapping[str, Any]) -> str:
    parts = (address["environment"], address["namespace"], address["scope"])
    return " ".join(part for part in parts if part)


def value_of(value: Any) -> str:
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return one_line(written, limit=VALUE_CHARACTERS)


def writer_of(provenance: Mapping[str, Any]) -> str:
    """The session and version, or the person."""
    if not provenance["session_id"]:
        return text_of(provenance, "by")
    version = "" if provenance["version"] is None else f"@{provenance['version']}"
    workflow = f" ({provenance['workflow']}{version})" if provenance["workflow"] else ""
    return f"{provenance['session_id']}{workflow}"


def _selection_of(selection: Mapping[str, Any]) -> str:
    said = (f"{name} {value}" for name, value in selection.items() if value not in (None, ""))
    return ", ".join(said)


def _state_of(write: Mapping[str, Any]) -> str:
    if write["hidden"]:
        return "reverted"
    if write["expired"]:
        return "expired"
    return "now" if write["current"] else "earlier"


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[Text]], nothing: str) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    if not rows:
        console.print(styled(nothing, "dim"))
        return
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    terminal.print_table(console, table, words=1)
