"""
`quarterdeck workflow release|share|promote|hold|resume|rollback`: moving what runs where.

Each move says why, and is made on the state that was there when the command began: if somebody
else moved meanwhile, this one is not done and says who was first.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.sessions import AsJson
from quarterdeck.cli.terminal import plural, styled, text_of
from quarterdeck.errors import Forbidden, Invalid, NotFound
from quarterdeck.sdk.client import Client, name_segment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_STICKY = ("session", "user", "task")

Name = Annotated[str, typer.Argument(help="The workflow's name.", show_default=False)]
In = Annotated[str, typer.Option("--in", help="The environment.", show_default=False)]
Why = Annotated[
    str | None,
    typer.Option("--message", "-m", help="Why.  It is kept with the move; asked for if left out."),
]
Revision = Annotated[
    int | None,
    typer.Option(
        "--revision", min=0, help="Only if the environment is at this one: else nothing is done."
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and do nothing.")]
Auto = Annotated[
    bool | None,
    typer.Option("--auto/--no-auto", help="Promote or roll back by the rule, without a person."),
]
RuleText = Annotated[
    list[str] | None,
    typer.Option(
        "--rule", help="What decides: `limit=-0.05`, `minimum=50`, …, or all as JSON.  Repeatable."
    ),
]


def release(
    ctx: typer.Context,
    version: Annotated[
        str,
        typer.Argument(
            metavar="NAME@VERSION",
            help="The version: a number, a tag, a digest; without @ the newest.",
            show_default=False,
        ),
    ],
    to: Annotated[str, typer.Option("--to", help="The environment.", show_default=False)],
    reason: Why = None,
    share: Annotated[
        str | None, typer.Option(help="Only for so much of the traffic: 10%.  All unless said.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="What stays with one version: session (unless said), user or task."),
    ] = None,
    auto: Auto = None,
    rule: RuleText = None,
    revision: Revision = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Release a version to an environment: to all, or to a share that is watched."""
    name, _, which = version.partition("@")
    told: dict[str, Any] = {"kind": "release", "version": which or "latest"}
    if share is not None:
        told |= {"kind": "canary", "share": read_share(share), "auto": auto, "rule": _rule(rule)}
        told["sticky_by"] = _one_of(by, _STICKY)
    elif by is not None or auto is not None or rule:
        raise Invalid(
            "--by, --auto and --rule are about a share", hint="Say how much: --share 10%."
        )
    _move(ctx, name, to, told, reason, revision=revision, dry_run=dry_run, as_json=as_json)


def change_share(
    ctx: typer.Context,
    name: Name,
    share: Annotated[str, typer.Argument(help="How much the candidate gets: 25%.")],
    environment: In,
    reason: Why = None,
    auto: Auto = None,
    rule: RuleText = None,
    revision: Revision = None,
    as_json: AsJson = False,
) -> None:
    """Give the candidate more of the traffic, or less.  Who was in stays in while it grows."""
    told = {"kind": "share", "share": read_share(share), "auto": auto, "rule": _rule(rule)}
    _move(ctx, name, environment, told, reason, revision=revision, as_json=as_json)


def promote(
    ctx: typer.Context,
    name: Name,
    environment: In,
    reason: Why = None,
    revision: Revision = None,
    as_json: AsJson = False,
) -> None:
    """Give the candidate all of the traffic."""
    _move(ctx, name, environment, {"kind": "promote"}, reason, revision=revision, as_json=as_json)


def hold(
    ctx: typer.Context,
    name: Name,
    environment: In,
    reason: Why = None,
    revision: Revision = None,
    as_json: AsJson = False,
) -> None:
    """Keep the share as it is: nothing is promoted or rolled back without a person."""
    _move(ctx, name, environment, {"kind": "hold"}, reason, revision=revision, as_json=as_json)


def resume(
    ctx: typer.Context,
    name: Name,
    environment: In,
    reason: Why = None,
    auto: Auto = None,
    rule: RuleText = None,
    revision: Revision = None,
    as_json: AsJson = False,
) -> None:
    """Go on with a release that was held."""
    told = {"kind": "resume", "auto": auto, "rule": _rule(rule)}
    _move(ctx, name, environment, told, reason, revision=revision, as_json=as_json)


def rollback(
    ctx: typer.Context,
    name: Name,
    environment: In,
    reason: Why = None,
    memory: Annotated[
        str | None,
        typer.Option(
            help="What becomes of what was learned: keep, pinned, written, or a checkpoint."
        ),
    ] = None,
    revision: Revision = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """End a canary; or, without one, go back to the version before, whole."""
    told = {"kind": "rollback", "memory": memory}
    _move(
        ctx, name, environment, told, reason,
        revision=revision, dry_run=dry_run, as_json=as_json,
    )  # fmt: skip


# -------------------------------------------------------------------------------- words


def read_share(text: str) -> float:
    """`10%` or `0.1`.  Raises `Invalid`."""
    is_percent = text.endswith("%")
    try:
        value = float(text.removesuffix("%")) / (100 if is_percent else 1)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise Invalid(f"not a share: {text!r}", hint="Write it as 10% or 0.1; all is a promotion.")
    return value


def _rule(texts: Sequence[str] | None) -> dict[str, Any] | None:
    """`name=value`, values as JSON; or an object as JSON."""
    told: dict[str, Any] = {}
    for text in texts or ():
        name, _, value = text.partition("=")
        try:
            whole = text.lstrip().startswith("{")
            told |= json.loads(text) if whole else {name.strip(): json.loads(value)}
        except ValueError as error:
            raise Invalid(
                f"not a part of a rule: {text!r} ({error})", hint="Write --rule limit=-0.05."
            ) from error
    return told or None


def _one_of(value: str | None, allowed: Sequence[str]) -> str | None:
    if value is not None and value not in allowed:
        raise Invalid(f"not one of {', '.join(allowed)}: {value!r}")
    return value


def said(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not None}


def path_of(name: str, environment: str = "") -> str:
    path = f"/api/v1/workflows/{name_segment(name)}"
    return f"{path}/environments/{name_segment(environment)}" if environment else path


# --------------------------------------------------------------------------------- moves


def _move(
    ctx: typer.Context,
    name: str,
    environment: str,
    told: dict[str, Any],
    reason: str | None,
    *,
    revision: int | None,
    dry_run: bool = False,
    as_json: bool,
) -> None:
    client: Client = ctx.obj
    if not environment:
        raise Invalid("which environment?")
    if reason is None and not dry_run:
        reason = _ask_why()
    if revision is None:
        revision = _revision_now(client, name, environment)
    body = said({**told, "reason": reason, "expected_revision": revision, "dry_run": dry_run})
    answer = client.post(f"{path_of(name, environment)}/moves", body)
    if as_json:
        terminal.print_json(answer)
        return
    _print_moved(json.loads(answer), environment, dry_run=dry_run)


def _ask_why() -> str:
    """Raises `Invalid` where nobody sits at a terminal."""
    if not sys.stdin.isatty():
        raise Invalid("a move needs a reason", hint='Say why: -m "…".')
    return str(typer.prompt("Why?", err=True))


def _revision_now(client: Client, name: str, environment: str) -> int | None:
    """What was there when the command began; None: this key may not read it."""
    try:
        found = client.get_json(path_of(name, environment), {"limit": 1})
    except NotFound:
        # Whatever it is that is not there, the move will say.
        return 0
    except Forbidden:
        return None
    return int(found["revision"])


def _print_moved(answer: dict[str, Any], environment: str, *, dry_run: bool) -> None:
    console = terminal.make_console()
    plan = answer["plan"]
    console.print(
        styled(f"{environment}: " if not dry_run else f"{environment} would go: ", "bold")
        + styled(_went(answer))
    )
    if (memory := plan["memory"]) is not None:
        console.print(styled(f"Memory: {memory['why']}."))
        if memory["checkpoint"] or memory["writes"]:
            console.print(styled(f"  {_counts(memory)}", "dim"))
        if memory["revert_id"]:
            console.print(styled(f"  revert {memory['revert_id']}, which can be undone", "dim"))
    for sentence in plan["not_moved"]:
        console.print(styled("By hand: ", "yellow") + styled(sentence))
    console.print(styled(plan["sessions"], "dim"))
    move = answer["move"]
    if move is not None:
        if move["without_evidence"]:
            console.print(styled("Promoted without evidence: nothing was decided yet.", "yellow"))
        console.print(styled(f"Revision {move['revision']}, by {text_of(move, 'by')}.", "dim"))


def _went(answer: Mapping[str, Any]) -> str:
    plan, kind = answer["plan"], text_of(answer["move"] or {}, "kind")
    after = runs_text(plan["to"])
    # Neither changes what runs: an arrow between two equal states would tell nothing.
    if kind == "hold":
        return f"held at {after}"
    if kind == "resume":
        return f"resumed with {after}"
    before = "nothing" if plan["from"] is None else runs_text(plan["from"])
    return f"{before} → {after}"


def _counts(memory: Mapping[str, Any]) -> str:
    return ", ".join(
        (
            f"{plural(memory['writes'], 'write')} hidden",
            f"{plural(memory['entries'], 'key')} changed",
            f"{memory['stays']} written again since",
            f"read by {plural(memory['readers'], 'session')}",
        )
    )


def runs_text(runs: Mapping[str, Any]) -> str:
    stable = f"version {runs['stable']['version']}"
    if runs["candidate"] is None:
        return stable
    return f"{stable} and version {runs['candidate']['version']} for {percent(runs['share'])}"


def percent(share: float) -> str:
    return f"{share * 100:.4g} %"
