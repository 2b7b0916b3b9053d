"""
`quarterdeck approvals …`: what waits for a person, and deciding it.

Everything that is asked about is an agent's text, and a model may have written it to be approved:
it is shown as text, whole, each line of it marked so that it can't pass for one of ours.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.sessions import AsJson, Utc
from quarterdeck.cli.terminal import one_line, styled, text_of
from quarterdeck.errors import Invalid
from quarterdeck.sdk.client import Client, name_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

app = typer.Typer(
    name="approvals", no_args_is_help=True, help="Approvals: list, show, approve, reject."
)

PATH = "/api/v1/approvals"
CELL_CHARACTERS = 60
MOST_LISTED = 100
_BEGINNING = re.compile(r"ask_[A-Za-z0-9_-]{6,}")

_LOOKS = {
    "waiting": "bold yellow", "approved": "green", "changed": "green", "rejected": "red",
    "expired": "dim", "cancelled": "dim",
}  # fmt: skip

Which = Annotated[
    str,
    typer.Argument(
        help="The approval's id, from `approvals list`, or how a waiting one begins: 10 characters."
    ),
]
Why = Annotated[str, typer.Option("--message", "-m", help="Why; the agent is told.")]
By = Annotated[
    str, typer.Option(help="Who decides, where a key can't tell. Not with an account's.")
]


@app.command("list")
def list_approvals(
    ctx: typer.Context,
    state: Annotated[
        list[str] | None,
        typer.Option(
            help="waiting, approved, changed, rejected, expired, cancelled, or all. "
            "Repeat for several; waiting unless said."
        ),
    ] = None,
    session: Annotated[str | None, typer.Option(help="Of this session only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most so many.")] = 50,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for a person, newest first."""
    client: Client = ctx.obj
    states = state or ["waiting"]
    params = {
        "state": None if "all" in states else states, "session_id": session, "limit": limit,
    }  # fmt: skip
    answer = client.get(PATH, params)
    if as_json:
        terminal.print_json(answer)
        return
    _print_approvals(json.loads(answer), utc=utc)


@app.command("show")
def show(ctx: typer.Context, approval_id: Which, utc: Utc = False, as_json: AsJson = False) -> None:
    """Show what is asked, with its arguments, and what was decided."""
    client: Client = ctx.obj
    answer = client.get(f"{PATH}/{name_segment(_whole_id(client, approval_id))}")
    _tell(answer, utc=utc, as_json=as_json)


@app.command("approve")
def approve(
    ctx: typer.Context,
    approval_id: Which,
    message: Why = "",
    arguments: Annotated[
        str | None, typer.Option(help="A JSON object: the call runs with these instead.")
    ] = None,
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Let the call run. The first decision stands."""
    body: dict[str, Any] = {"decision": "approve", "reason": message, "by": by}
    if arguments is not None:
        body["arguments"] = _object_of(arguments)
    _tell(_decided(ctx.obj, approval_id, body), utc=False, as_json=as_json)


@app.command("reject")
def reject(
    ctx: typer.Context, approval_id: Which, message: Why = "", by: By = "", as_json: AsJson = False
) -> None:
    """Refuse the call. The first decision stands."""
    body = {"decision": "reject", "reason": message, "by": by}
    _tell(_decided(ctx.obj, approval_id, body), utc=False, as_json=as_json)


def _decided(client: Client, approval_id: str, body: dict[str, Any]) -> bytes:
    return client.post(f"{PATH}/{name_segment(_whole_id(client, approval_id))}/decision", body)


def _whole_id(client: Client, told: str) -> str:
    """
    The id of the only one waiting that begins so; `told` itself where none does.

    Raises `Invalid` where several do, or where more wait than a page lists.
    """
    if not _BEGINNING.fullmatch(told):
        return told
    page = client.get_json(PATH, {"state": ["waiting"], "limit": MOST_LISTED})
    ids = [one["approval_id"] for one in page["approvals"]]
    begin = [one for one in ids if one.startswith(told)]
    if told in begin or not begin:
        return told
    # One that is not on the page could begin so too, and a person decides on what they meant.
    if len(begin) > 1 or len(ids) < page["total"]:
        raise Invalid(
            f"several approvals may begin with {told!r}",
            hint="Write the whole id: quarterdeck approvals list.",
        )
    return str(begin[0])


def _object_of(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Invalid(f"--arguments is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise Invalid("--arguments is not a JSON object", hint="""Write '{"amount": 20}'.""")
    return found


def _tell(answer: bytes, *, utc: bool, as_json: bool) -> None:
    if as_json:
        terminal.print_json(answer)
    else:
        _print_approval(json.loads(answer), utc=utc)


def _print_approvals(page: dict[str, Any], *, utc: bool) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    console = terminal.make_console()
    rows: Sequence[dict[str, Any]] = page["approvals"]
    if not rows:
        console.print(styled("Nothing waits for a person.", "dim"))
        return
    now_ns = terminal.today_ns()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for heading in ("Id", "State", "Tool", "Arguments", "Session", "Asked", "Over"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        waits = row["state"] == "waiting"
        over = terminal.when(row["expires_at"], now_ns=now_ns, utc=utc) if waits else ""
        table.add_row(
            styled(text_of(row, "approval_id")),
            _state(row),
            styled(one_line(text_of(row, "tool"), limit=CELL_CHARACTERS), "bold"),
            styled(one_line(_json(row["arguments"]), limit=CELL_CHARACTERS)),
            styled(one_line(text_of(row, "session_id"), limit=CELL_CHARACTERS), "dim"),
            styled(terminal.when(row["asked_at"], now_ns=now_ns, utc=utc), "dim"),
            styled(over, "dim"),
        )
    terminal.print_table(console, table, words=3)
    if len(rows) < page["total"]:
        console.print(styled(f"{page['total'] - len(rows)} more: --limit, --session", "dim"))


def _print_approval(one: dict[str, Any], *, utc: bool) -> None:
    console = terminal.make_console()
    now_ns = terminal.today_ns()
    tool = one_line(text_of(one, "tool")) or "a step"
    console.print(styled(tool, "bold") + styled("  ") + _state(one))
    for line in text_of(one, "question").splitlines():
        console.print(styled("  > ", "dim") + styled(line), soft_wrap=True)
    console.print(styled(_json(one["arguments"], indent=2)), soft_wrap=True)
    of = f"{text_of(one, 'workflow')} {text_of(one, 'version')}".strip()
    for name, value in (
        ("approval", text_of(one, "approval_id")),
        ("session", text_of(one, "session_id")),
        ("agent", text_of(one, "agent")),
        ("workflow", f"{of} in {one['environment']}" if one["environment"] else of),
        ("because", text_of(one, "rule")),
        ("asked", terminal.when(one["asked_at"], now_ns=now_ns, utc=utc)),
    ):
        _print_row(console, name, value)
    expires = terminal.when(one["expires_at"], now_ns=now_ns, utc=utc)
    match one["state"]:
        case "waiting":
            _print_row(console, "over", f"{expires}; then {one['default']}")
        case "expired":
            _print_row(console, "over", f"{expires}: nobody decided, so {one['default']}")
        case _:
            _print_decision(console, one, now_ns=now_ns, utc=utc)


def _print_decision(console: Console, one: Mapping[str, Any], *, now_ns: int, utc: bool) -> None:
    at = terminal.when(one["decided_at"], now_ns=now_ns, utc=utc)
    waited = terminal.duration(one["waited_s"])
    _print_row(console, text_of(one, "state"), f"{at} by {one['decided_by']}, after {waited}")
    _print_row(console, "reason", text_of(one, "reason"))
    if one["changed_arguments"] is not None:
        console.print(styled("  It runs with", "dim"))
        console.print(styled(_json(one["changed_arguments"], indent=2)), soft_wrap=True)


def _print_row(console: Console, name: str, value: str) -> None:
    if value:
        # In one line: a second one would stand where ours do.
        console.print(styled(f"  {name:<12}", "dim") + styled(one_line(value)), soft_wrap=True)


def _state(row: Mapping[str, Any]) -> Any:
    state = text_of(row, "state")
    return styled(state, _LOOKS.get(state, ""))


def _json(value: Any, *, indent: Literal[2] | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
