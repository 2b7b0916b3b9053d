"""
The adapters of `quarterdeck.frameworks`, each in a program of its framework against a real server.

A version of a workflow is pushed and released, the program runs a session: a tool that is allowed,
one that is denied, control to another agent, one that a person is asked about.  Then a second
version is released, and the same process runs another session.  What must be seen is read through
the API, and is the same for all, but how a framework hands over.
"""

import base64
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from clients import examples
from clients.examples import REPOSITORY, Example
from clients.servers import Gone, Place

FOLDER = REPOSITORY / "tests" / "frameworks"
PROGRAMS = FOLDER / "programs"
NAME = "fraud-triage"
SCOPES = ("ingest", "run")
"""Of the program's key: it can't release, and it can't decide what a person is asked."""
_WITHIN_S = 90.0
_SETTLE_S = 20.0
_LOOK_EVERY_S = 0.1
_INHERITED = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")


class Framework(NamedTuple):
    name: str
    """Of its adapter, and of its example, whose environment it has."""
    handoff: tuple[str, ...] = ()
    """The tool call that hands over, where it shows as one."""
    quick: bool = False
    """Run in CI."""


FRAMEWORKS = (
    Framework("langgraph"),
    Framework("autogen"),
    Framework("crewai"),
    Framework("openai_agents", quick=True),
    Framework("pydantic_ai", handoff=("ask_blocker",)),
)


def example_of(framework: Framework) -> Example:
    return next(example for example in examples.EXAMPLES if example.name == framework.name)


def build(framework: Framework) -> Path:
    """The environment's Python.  Raises `BuildError`."""
    return examples.build(example_of(framework), extra="workflow")


def files_of(version: int) -> dict[str, bytes]:
    """The workflow's folder; the second version says other words and denies and asks nothing."""
    folder = FOLDER / "workflow"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    if version == 2:
        manifest = files["workflow.yaml"].decode()
        for before, after in (
            ('reason != "fraud"', 'reason == ""'),
            ("permission: ask\n", "permission: allow\n"),
        ):
            assert before in manifest
            manifest = manifest.replace(before, after)
        files["workflow.yaml"] = manifest.encode()
        prompt = files["prompts/triage.md"]
        files["prompts/triage.md"] = prompt.replace(b"first edition", b"second edition")
    return files


class Program:
    """A program that runs a session for each line that it is given."""

    def __init__(self, framework: Framework, place: Place, *, python: Path, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        settings = {
            **{name: os.environ[name] for name in _INHERITED if name in os.environ},
            "HOME": str(folder),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "QUARTERDECK_URL": place.server.url,
            "QUARTERDECK_API_KEY": place.key,
        }
        self.path = folder / "output"
        with self.path.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, PROGRAMS / "model.py", python,
                 PROGRAMS / f"with_{framework.name}.py"],
                cwd=folder, env=settings, stdin=subprocess.PIPE, stdout=output,
                stderr=subprocess.STDOUT,
            )  # fmt: skip

    def run(self, session: str) -> None:
        """Returns when the session has ended.  Raises `TimeoutError`, or `OSError` for an end."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{session}\n".encode())
        self._process.stdin.flush()
        deadline = time.monotonic() + _WITHIN_S
        while f"ran {session} " not in self.output():
            if self._process.poll() is not None:
                raise OSError(f"the program ended: {self.output()[-3000:]}")
            if time.monotonic() > deadline:
                raise TimeoutError(f"no end after {_WITHIN_S:.0f} s: {self.output()[-3000:]}")
            time.sleep(_LOOK_EVERY_S)

    def output(self) -> str:
        return self.path.read_text(errors="replace")

    def asked(self) -> set[str]:
        """What `model.py` was told: edition, model, temperature."""
        return set(re.findall(r"^asked (.*)$", self.output(), re.MULTILINE))

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Desk:
    """What people do at the server while the program runs."""

    def __init__(self, place: Place) -> None:
        self._place = place

    def ask(self, path: str, body: Any = None) -> Any:
        return self._place.server.ask_as_owner(self._place, f"/api/v1{path}", body=body)

    def text(self, session: str) -> str:
        """All that its spans say, as they were sent."""
        return str(self._place.server.read_lines(
            self._place, f"/api/v1/export?session_id={quote(session)}"
        ))  # fmt: skip

    def release(self, version: int) -> None:
        files = {path: base64.b64encode(text).decode() for path, text in files_of(version).items()}
        pushed = self.ask(f"/workflows/{NAME}/versions", {"files": files, "message": "for a test"})
        assert pushed["version"]["version"] == version, pushed
        self.ask(
            f"/workflows/{NAME}/environments/production/moves",
            {"kind": "release", "version": version, "reason": "for a test"},
        )

    @contextmanager
    def person(self) -> Iterator[list[dict[str, Any]]]:
        """Somebody who approves what is asked; the list is what they saw."""
        seen: list[dict[str, Any]] = []
        done = threading.Event()

        def decide() -> None:
            while not done.wait(_LOOK_EVERY_S):
                for one in self.ask("/approvals?state=waiting")["approvals"]:
                    seen.append(one)
                    body = {"decision": "approve", "reason": "stolen", "arguments": {
                        **one["arguments"], "hours": 2}}  # fmt: skip
                    self.ask(f"/approvals/{one['approval_id']}/decision", body)

        person = threading.Thread(target=decide)
        person.start()
        try:
            yield seen
        finally:
            done.set()
            person.join()


def prove(framework: Framework, place: Place, *, python: Path, folder: Path) -> list[str]:
    """What is not as it must be; [] = all is."""
    desk = Desk(place)
    desk.release(1)
    program = Program(framework, place, python=python, folder=folder)
    wrong: list[str] = []
    try:
        with desk.person() as asked:
            program.run("first")
            asked_first = program.asked()
            desk.release(2)
            program.run("second")
    except (OSError, TimeoutError) as error:
        return [str(error)]
    finally:
        program.stop()
    wrong += _differs("asked", [(one["tool"], one["arguments"], one["version"]) for one in asked], [
        ("block_card", {"card": "c-17"}, 1)])  # fmt: skip
    told = [asked_first, program.asked() - asked_first]
    edition = [{f'["{word}", "gpt-4o-mini", 0.2]'} for word in ("first", "second")]
    wrong += _differs("the model was told", told, edition)
    for session, version in (("first", 1), ("second", 2)):
        wrong += [f"{session}: {line}" for line in _settled(framework, desk, session, version)]
    return wrong


def _settled(framework: Framework, desk: Desk, session: str, version: int) -> list[str]:
    deadline = time.monotonic() + _SETTLE_S
    while True:
        try:
            wrong = _judged(framework, desk, session, version)
        except Gone:
            wrong = ["it does not show"]
        if not wrong or time.monotonic() > deadline:
            return wrong
        time.sleep(_LOOK_EVERY_S)


def _judged(framework: Framework, desk: Desk, session: str, version: int) -> list[str]:
    record = desk.ask(f"/sessions/{session}")
    is_first = version == 1
    workflow: Mapping[str, Any] = record["workflow"] or {}
    tools = {
        one["tool"]: (one["calls"], one["errors"], one["denied"]) for one in record["tool_calls"]
        if not one["tool"].startswith(("transfer_to_", "Delegate"))
    }  # fmt: skip
    wanted = {"lookup": (1, 0, 0), "close_account": (1, 0, int(is_first)), "block_card": (1, 0, 0)}
    wanted |= dict.fromkeys(framework.handoff, (1, 0, 0))
    people = record["human_interventions"]
    handoffs = {(one["from"], one["to"]) for one in record["handoffs"]}
    lines = [
        *_differs("workflow", (workflow.get("name"), str(workflow.get("version")),
                               workflow.get("environment")),
                  (NAME, str(version), "production")),
        *_differs("outcome", record["outcome"]["label"], "success"),
        *_differs("tools", tools, wanted),
        *_differs("interventions", people["count"], 1 if is_first else 0),
        *_differs("handoffs", handoffs, {("triage", "blocker")}),
    ]  # fmt: skip
    told = desk.text(session)
    shown = ["blocked for 2 hours" if is_first else "blocked for 24 hours"]
    shown += ["close_account was not called"] if is_first else ["account of c-17 closed"]
    lines += [f"nowhere: {words!r}" for words in shown if words not in told]
    return lines


def _differs(what: str, found: Any, wanted: Any) -> list[str]:
    return [] if found == wanted else [f"{what}: {found!r}, and not {wanted!r}"]


FACTS = 2 * 7 + 2
"""What `prove` compares."""
