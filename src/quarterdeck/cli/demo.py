"""
`quarterdeck demo`: a small real job by three agents on a local language model, watched here.

It needs a server to report to and starts one where none answers.  The questions that the job
has for a person are asked here, on the terminal; where nobody can be asked, `--yes` has to be
given, and is told to the job as what it is: a rule, and no person's answer.
"""

from __future__ import annotations

import getpass
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli import terminal
from quarterdeck.errors import Invalid, TryAgain
from quarterdeck.sdk.client import DEFAULT_URL, Client

if TYPE_CHECKING:
    from quarterdeck.demo.job import Ending
    from quarterdeck.demo.serving import Served

NARROW_COLUMNS = 80
"""Lines are broken here even where there is more room, so that a transcript fits a page."""

WHO_COLUMNS = 10
"""`reviewer` and a gap."""

COMMAND_COLUMNS = 52
"""The longest of the commands told at the end, and a gap."""


def demo(
    ctx: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", help="Don't ask before a report is written.")
    ] = False,
    sessions: Annotated[
        int, typer.Option(min=1, max=600, help="How many; there are six tasks, taken in turn.")
    ] = 6,
    data: Annotated[
        Path | None,
        typer.Option(
            help="The data folder of a server that has to be started "
            "[QUARTERDECK_DATA; ~/.quarterdeck]."
        ),
    ] = None,
) -> None:
    """
    Watch three agents do a small real job on a local language model, then look at it.

    A planner, a worker and a reviewer answer questions from the notes of five shops, and ask
    you before they write a report.  Nothing leaves this machine.  Where no server answers, one
    is started.
    """
    from quarterdeck.demo.job import Person
    from quarterdeck.demo.model import check_installed
    from quarterdeck.demo.run import not_delivered, reporting, run
    from quarterdeck.sdk.sending.status import without_credentials

    if not yes and not sys.stdin.isatty():
        raise Invalid("the demo asks before it writes, and nobody can be asked", hint="Add --yes.")
    check_installed()
    client: Client = ctx.obj
    stage = TerminalStage()
    with ExitStack() as open_things:
        served = _server(client, open_things, data=data)
        folder = Path(tempfile.mkdtemp(prefix="quarterdeck-demo-"))
        print(f"Three agents go to work in {folder}")
        print(f"and report to Quarterdeck at {without_credentials(served.url)}.")
        began = time.monotonic()
        person = Person(name=_user(), asked=not yes)
        with reporting(url=served.url), stage:
            endings = list(run(folder=folder, sessions=sessions, person=person, stage=stage))
        _tell_endings(endings, folder=folder, took_s=time.monotonic() - began)
        if problem := not_delivered():
            print(f"\n{problem}  `quarterdeck doctor` looks into it.")
        _tell_commands(endings, url=without_credentials(served.url))
        _stay(served)


class TerminalStage:
    """The job's stage on standard output: who did what, a line each, as it happens."""

    def __init__(self) -> None:
        self._width = min(terminal.make_console().width, NARROW_COLUMNS)
        self._column = 0

    def __enter__(self) -> TerminalStage:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end_line()
        if kind is KeyboardInterrupt:
            print("Stopped: the session that was running says so.", flush=True)

    def tell(self, who: str, what: str) -> None:
        self._end_line()
        if not who:
            print(f"\n{terminal.one_line(what)}")
            return
        self._put(f"  {who:<{WHO_COLUMNS}}")
        for number, word in enumerate(terminal.one_line(what).split()):
            self._go_on(word, gap=" " if number else "")

    def more(self, what: str) -> None:
        self._go_on(terminal.one_line(what), gap=" ")

    def _go_on(self, what: str, *, gap: str, room: int = 0) -> None:
        """On this line if it fits there with `room` to spare, else on the next."""
        if self._column + len(gap) + len(what) + room > self._width:
            self._end_line()
            self._put(" " * (WHO_COLUMNS + 2))
            gap = ""
        self._put(gap + what)

    def approves(self, question: str) -> bool:
        while True:
            self.tell("you", question)
            self._go_on("[y/n] ", gap=" ", room=len("yes"))
            try:
                answer = input().strip().lower()
            except EOFError as error:
                raise KeyboardInterrupt from error  # whoever was there has left
            self._column = 0
            if answer in ("y", "yes", "n", "no"):
                return answer.startswith("y")

    def _put(self, text: str) -> None:
        print(text, end="", flush=True)
        self._column += len(text)

    def _end_line(self) -> None:
        if self._column:
            print(flush=True)
            self._column = 0


def _server(client: Client, open_things: ExitStack, *, data: Path | None) -> Served:
    """
    Where to report to: the server that answers, else one started here.

    Raises `TryAgain` where the caller named a server and it does not answer: they mean that one.
    """
    from quarterdeck.demo.serving import Served, answers, started

    if answers(client):
        return Served(url=client.url)
    if client.url != DEFAULT_URL:
        raise TryAgain(
            f"no Quarterdeck answers at {client.shown_url}",
            hint="Start it there, or leave QUARTERDECK_URL and --url out: "
            "the demo then starts one itself.",
        )
    print("No Quarterdeck answers here yet: starting one (`quarterdeck up`).", flush=True)
    return open_things.enter_context(started(data=data))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"  # a container's user without a name


def _tell_endings(endings: list[Ending], *, folder: Path, took_s: float) -> None:
    # Not at the top: every `--help` would wait for it.
    from quarterdeck.model.outcomes import OUTCOME_LABELS

    labels = [ending.label for ending in endings]
    counts = [f"{labels.count(label)} {label}" for label in OUTCOME_LABELS if label in labels]
    print()
    print(f"{terminal.plural(len(endings), 'session')} in {terminal.duration(took_s)}: ", end="")
    print(", ".join(counts) + ".")
    if (folder / "reports").is_dir():
        print(f"The reports are in {folder / 'reports'}")


def _tell_commands(endings: list[Ending], *, url: str) -> None:
    """What to look at, in this run's own ids."""
    told = [("quarterdeck sessions list --tag demo", "all of them")]
    failed = next((ending for ending in endings if ending.label == "failure"), None)
    if failed is not None:
        told.append((f"quarterdeck sessions show {failed.session_id} --tree", "one that failed"))
    recovered = next((ending for ending in endings if ending.recovered), None)
    if recovered is not None:
        told.append((f"quarterdeck sessions replay {recovered.session_id}", "a tool recovered"))
    fell_back = next((ending for ending in endings if ending.fell_back), None)
    if fell_back is not None:
        told.append((f"quarterdeck sessions show {fell_back.session_id}", "a model fell back"))
    told.append(("quarterdeck figures --query task_type:demo", "rates, with intervals"))
    print()
    if url != os.environ.get("QUARTERDECK_URL", DEFAULT_URL):
        print(f"  export QUARTERDECK_URL={url}")
    for command, why in told:
        print(f"  {command:<{COMMAND_COLUMNS}}  # {why}")


def _stay(served: Served) -> None:
    """
    Where the demo started the server and somebody sits before it: serve until Ctrl-C, so that
    the commands above work in another terminal.
    """
    if served.process is None:
        return
    print()
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print("The server stops with the demo; `quarterdeck up` serves what it kept.")
        return
    print(f"Quarterdeck goes on at {served.url}: type these in another terminal.")
    print("Ctrl-C stops it; everything is kept, and `quarterdeck up` serves it again.", flush=True)
    try:
        served.process.wait()
    except KeyboardInterrupt:
        print()
