"""
`quarterdeck doctor`: why does nothing show up?

It looks at the address, the key, this environment and the server, sends a probe through the whole
way and reads it back.  Each line is a verdict, what was seen, and the next step.  Exit code 1 if
anything failed; a warning alone is 0, because agents do report then.  No key is ever printed.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli import terminal
from quarterdeck.sdk.client import Client

if TYPE_CHECKING:
    from rich.console import Console

    from quarterdeck.sdk.diagnosis.check import Check, Verdict
    from quarterdeck.sdk.diagnosis.situation import Situation

FOUND_A_FAILURE = 1

_MARKS: dict[Verdict, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warn": ("▲", "yellow"),
    "fail": ("✗", "red bold"),
    "unknown": ("?", "dim"),
}
_NAME_COLUMNS = 16


def doctor(
    ctx: typer.Context,
    probe: Annotated[
        bool,
        typer.Option("--probe/--no-probe", help="Send a probe and read it back, or only look."),
    ] = True,
    wait: Annotated[
        float, typer.Option(min=0.0, help="Seconds that the probe may take to come back.")
    ] = 15.0,
    grpc_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65535, help="The server's port of OTLP/gRPC [QUARTERDECK_GRPC_PORT; 4317]."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the checks as JSON.")] = False,
) -> None:
    """Explain why nothing shows up: check the way from here to a session, with a probe."""
    from quarterdeck.sdk.diagnosis.run import diagnose

    situation = _situation(ctx.obj, grpc_port=grpc_port, wait_s=wait)
    if as_json:
        done = list(diagnose(situation, probe=probe))
        _print_json(situation, done)
    else:
        console = terminal.make_console()
        with console.status("looking …") as status:  # shown on a terminal only

            def waiting(seconds: float) -> None:
                status.update(f"waiting for the probe to come back, {seconds:.0f} s")

            checks = diagnose(situation, probe=probe, waiting=waiting)
            done = []
            for check in checks:
                status.update("looking …")
                _print_check(console, check)
                done.append(check)
        _print_sum(console, done)
    if any(check.verdict == "fail" for check in done):
        raise typer.Exit(FOUND_A_FAILURE)


def _situation(client: Client, *, grpc_port: int | None, wait_s: float) -> Situation:
    from quarterdeck.sdk.diagnosis.situation import DEFAULT_GRPC_PORT, Situation
    from quarterdeck.sdk.options import default_spool_dir

    told = os.environ.get("QUARTERDECK_GRPC_PORT", "")
    return Situation(
        url=client.url,
        api_key=os.environ.get("QUARTERDECK_API_KEY", ""),
        environment=dict(os.environ),
        grpc_port=grpc_port or (int(told) if told.isdigit() and int(told) else DEFAULT_GRPC_PORT),
        wait_s=wait_s,
        status_folder=default_spool_dir(),
    )


def _print_check(console: Console, check: Check) -> None:
    mark, style = _MARKS[check.verdict]
    name = check.name.replace("_", " ")
    console.print(
        terminal.styled("")  # what is added to a text takes its style
        + terminal.styled(f"{mark} ", style)
        + terminal.styled(f"{name:<{_NAME_COLUMNS}}", "bold")
        + terminal.styled(terminal.one_line(check.seen)),
        soft_wrap=True,
    )
    if check.next_step:
        console.print(
            terminal.styled(" " * (_NAME_COLUMNS + 2))
            + terminal.styled("→ ", "cyan")
            + terminal.styled(terminal.one_line(check.next_step)),
            soft_wrap=True,
        )


def _print_sum(console: Console, done: list[Check]) -> None:
    from quarterdeck.sdk.diagnosis.run import left_out

    failed = [check.name for check in done if check.verdict == "fail"]
    warned = sum(check.verdict == "warn" for check in done)
    console.print()
    missing = left_out(done)
    if missing:
        names = ", ".join(name.replace("_", " ") for name in missing)
        console.print(terminal.styled(f"Not checked: {names}.", "dim"), soft_wrap=True)
    if failed:
        first = failed[0].replace("_", " ")
        said = f"{terminal.plural(len(failed), 'check')} failed; begin with the first, {first}."
        console.print(terminal.styled(said, "red"))
    else:
        came_back = any(check.name == "read_back" for check in done)
        said = "What is sent shows up." if came_back else "Nothing failed."
        said += f"  {terminal.plural(warned, 'warning')} above." if warned else ""
        console.print(terminal.styled(said, "yellow" if warned else "green"))


def _print_json(situation: Situation, done: list[Check]) -> None:
    from quarterdeck.sdk.diagnosis.run import left_out
    from quarterdeck.sdk.sending.status import without_credentials

    body = {
        "url": without_credentials(situation.url),
        "ok": all(check.verdict != "fail" for check in done),
        "checks": [check.to_json() for check in done],
        "not_checked": left_out(done),
    }
    terminal.print_json(json.dumps(body, ensure_ascii=False).encode())
