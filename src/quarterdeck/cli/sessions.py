"""`quarterdeck sessions …`: list, show, replay, export, judge, delete."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.export import ExportFormat, save_export
from quarterdeck.cli.instants import read_instant
from quarterdeck.errors import Invalid, NotFound
from quarterdeck.sdk.client import Client, Params, segment

app = typer.Typer(
    name="sessions", no_args_is_help=True, help="What agents did: list, show, replay, export."
)

PAGE = 50
"""Rows of one list unless `--limit` says otherwise: two screens."""

Words = list[str] | None
AsJson = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead.")]
Utc = Annotated[bool, typer.Option("--utc", help="Exact instants in UTC instead of '3 min ago'.")]


@app.command("list")
def list_sessions(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option(help="Began at or after: 2026-04-12, or so long ago: 24h, 7d.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Began before; written like --since.")] = None,
    status: Annotated[Words, typer.Option(help="open, waiting_for_human or closed.")] = None,
    outcome: Annotated[
        Words,
        typer.Option(help="success, success_partial, failure, abandoned, interrupted or unknown."),
    ] = None,
    task_type: Annotated[Words, typer.Option(help="Kind of task.")] = None,
    workflow: Annotated[Words, typer.Option(help="Workflow name.")] = None,
    version: Annotated[Words, typer.Option(help="Workflow version.")] = None,
    environment: Annotated[Words, typer.Option(help="production, staging, …")] = None,
    agent: Annotated[Words, typer.Option(help="An agent that took part.")] = None,
    model: Annotated[Words, typer.Option(help="A model that was called.")] = None,
    tool: Annotated[Words, typer.Option(help="A tool that was called.")] = None,
    user: Annotated[Words, typer.Option(help="Whose task it was.")] = None,
    tag: Annotated[Words, typer.Option(help="A tag; of several, all of them.")] = None,
    human: Annotated[
        Words, typer.Option(help="An act of a person: approval, correction, …, or any.")
    ] = None,
    has_intervention: Annotated[
        bool | None,
        typer.Option("--has-intervention/--no-intervention", help="Whether a person stepped in."),
    ] = None,
    has_errors: Annotated[
        bool | None, typer.Option("--has-errors/--no-errors", help="Whether anything failed.")
    ] = None,
    experiment: Annotated[
        bool | None,
        typer.Option("--experiment/--production", help="From an evaluation run, or real work."),
    ] = None,
    min_cost: Annotated[str | None, typer.Option(help="Cost at least, in USD.")] = None,
    max_cost: Annotated[str | None, typer.Option(help="Cost at most, in USD.")] = None,
    query: Annotated[
        str | None,
        typer.Option(
            "--query", "-q", help="Words in inputs and outputs, or terms: 'cost:>5 -tag:test'."
        ),
    ] = None,
    sort: Annotated[
        str | None,
        typer.Option(help="started, cost, …; a leading minus puts the most first: -cost."),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Rows at most.")] = PAGE,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where a page ended: its next_cursor.")
    ] = None,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest first.  A filter given several times means any of its values."""
    now_ns = terminal.today_ns()
    filters: Params = {
        "since": read_instant(since, now_ns=now_ns),
        "until": read_instant(until, now_ns=now_ns),
        "status": status,
        "outcome": outcome,
        "task_type": task_type,
        "workflow": workflow,
        "version": version,
        "environment": environment,
        "agent": agent,
        "model": model,
        "tool": tool,
        "user": user,
        "tag": tag,
        "human": human,
        "has_intervention": has_intervention,
        "has_errors": has_errors,
        "experiment": experiment,
        "min_cost": min_cost,
        "max_cost": max_cost,
        "q": query,
        "sort": sort,
        "cursor": cursor,
    }
    client: Client = ctx.obj
    if as_json:
        terminal.print_json(client.get("/api/v1/sessions", {**filters, "limit": limit}))
        return
    from quarterdeck.cli.session_list import print_sessions

    rows, more = _collect(client, filters, limit=limit)
    print_sessions(
        terminal.make_console(),
        rows,
        now_ns=now_ns,
        utc=utc,
        more=more,
        filtered=any(value not in (None, []) for value in filters.values()),
    )


@app.command("show")
def show(
    ctx: typer.Context,
    session_id: Annotated[
        str | None, typer.Argument(help="The session's id; the newest session if left out.")
    ] = None,
    tree: Annotated[
        bool, typer.Option("--tree", help="Also the decision tree: choices, retries, people.")
    ] = False,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """Show one session: who did what with which model and tool, its cost and how it ended."""
    client: Client = ctx.obj
    path = f"/api/v1/sessions/{segment(_public(session_id or newest(client)))}"
    if as_json:
        terminal.print_json(client.get(f"{path}/tree" if tree else path))
        return
    from quarterdeck.cli.replay import first_request
    from quarterdeck.cli.session_page import print_session, print_tree

    console = terminal.make_console()
    record = client.get_json(path)
    asked = "" if record.get("task") else first_request(client, str(record["session_id"]))
    print_session(console, record, now_ns=terminal.today_ns(), utc=utc, asked=asked)
    if tree:
        print_tree(console, client.get_json(f"{path}/tree"))


@app.command("replay")
def replay(
    ctx: typer.Context,
    session_id: Annotated[
        str | None, typer.Argument(help="The session's id; the newest session if left out.")
    ] = None,
    start: Annotated[int, typer.Option("--from", min=1, help="The step to begin at.")] = 1,
    step: Annotated[int | None, typer.Option(min=1, help="Only this step.")] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Wait for new steps until the session closes.")
    ] = False,
    utc: Utc = False,
    as_json: AsJson = False,
) -> None:
    """
    Go through a session step by step.

    On a terminal: n, j or Enter for the next step, p or k for the one before, g and a number
    to jump, q to leave.  Into a pipe: every step, one after another.
    """
    from quarterdeck.cli import replay as steps

    client: Client = ctx.obj
    source = steps.StepSource(client, _public(session_id or newest(client)))
    if as_json:
        steps.print_frames_json(source, start=step or start, only=step is not None)
        return
    console = terminal.make_console()
    if step is not None:
        steps.print_one(console, source, step, utc=utc)
    elif follow:
        steps.follow(console, source, start=start, utc=utc)
    elif sys.stdin.isatty() and sys.stdout.isatty():
        steps.walk(console, source, start=start, utc=utc)
    else:
        steps.print_all(console, source, start=start, utc=utc)


@app.command("export")
def export_session(
    ctx: typer.Context,
    session_id: Annotated[str, typer.Argument(help="The session's id.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output if left out.")
    ] = None,
    form: Annotated[
        ExportFormat, typer.Option("--format", help="ndjson or parquet.")
    ] = ExportFormat.ndjson,
) -> None:
    """Write one session with its spans and their payloads."""
    save_export(ctx.obj, {"session_id": _public(session_id)}, form=form, output=output)


@app.command("outcome")
def outcome(
    ctx: typer.Context,
    session_id: Annotated[str, typer.Argument(help="The session's id.")],
    label: Annotated[
        str,
        typer.Argument(
            help="success, success_partial, failure, abandoned, interrupted or unknown."
        ),
    ],
    reason: Annotated[str, typer.Option(help="Why: the evidence, in words.")] = "",
    by: Annotated[str, typer.Option(help="Who says so, where the key can't tell.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say how a session really ended.  A person's word counts before the agent's; both stay."""
    _judge(ctx, session_id, "outcome", {"label": label, "reason": reason, "by": by}, as_json)


@app.command("feedback")
def feedback(
    ctx: typer.Context,
    session_id: Annotated[str, typer.Argument(help="The session's id.")],
    name: Annotated[str, typer.Option(help="What is judged.")] = "feedback",
    value: Annotated[float | None, typer.Option(help="A number.")] = None,
    label: Annotated[str, typer.Option(help="A word.")] = "",
    comment: Annotated[str, typer.Option(help="In your own words.")] = "",
    by: Annotated[str, typer.Option(help="Who says so, where the key can't tell.")] = "",
    as_json: AsJson = False,
) -> None:
    """Judge a session.  Saying the same again replaces it; others' words stay beside it."""
    body = {"name": name, "value": value, "label": label, "comment": comment, "by": by}
    _judge(ctx, session_id, "feedback", body, as_json)


@app.command("delete")
def delete(
    ctx: typer.Context,
    session_id: Annotated[str, typer.Argument(help="The session's id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
) -> None:
    """Delete a session, its spans and its scores.  There is no undo."""
    confirm(f"Delete session {session_id} and everything in it?", yes=yes)
    client: Client = ctx.obj
    client.delete(f"/api/v1/sessions/{segment(_public(session_id))}")
    print(f"Deleted {terminal.printable(session_id)}.")


def _judge(
    ctx: typer.Context, session_id: str, what: str, body: dict[str, Any], as_json: bool
) -> None:
    client: Client = ctx.obj
    answer = client.post(f"/api/v1/sessions/{segment(_public(session_id))}/{what}", body)
    if as_json:
        terminal.print_json(answer)
    else:
        print(f"Kept the {what} of {terminal.printable(session_id)}.")


def _public(session_id: str) -> str:
    """The id for addresses: senders' ids with a slash or a space have another there."""
    # Not at the top: every `--help` would wait for it.
    from quarterdeck.assembly.identify import public_id

    return public_id(session_id)


def newest(client: Client) -> str:
    """The id of the session that began last.  Raises `NotFound` where there is none."""
    rows, _ = _collect(client, {}, limit=1)
    if not rows:
        raise NotFound(
            "there is no session yet", hint="`quarterdeck demo` makes some, with three agents."
        )
    return str(rows[0]["session_id"])


def confirm(question: str, *, yes: bool) -> None:
    """Ask, unless told not to.  Raises `Invalid` where nobody can be asked or the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid("this can't be undone, and nobody can be asked", hint="Add --yes.")
    if not typer.confirm(terminal.printable(question)):
        raise Invalid("not confirmed: nothing was changed")


def _collect(client: Client, filters: Params, *, limit: int) -> tuple[list[dict[str, Any]], bool]:
    """At most `limit` rows over as many pages as that takes, and whether there are more."""
    rows: list[dict[str, Any]] = []
    cursor = filters.get("cursor")
    while True:
        page = client.get_json(
            "/api/v1/sessions", {**filters, "cursor": cursor, "limit": min(limit - len(rows), 200)}
        )
        rows += page["sessions"]
        cursor = page.get("next_cursor")
        if not cursor or len(rows) >= limit:
            return rows[:limit], bool(cursor)
