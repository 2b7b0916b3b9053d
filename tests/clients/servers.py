"""
The processes that clients talk to: the server under proof, and the scripted model servers.

A `Stage` is a running server and one place in it for one run: a project of its own with a key of
its own, or, in local mode, a fresh server, since that has only one project.  Addresses and keys
come from the server's own answers; ports are the system's choice.
"""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

from clients.client import ModelServer
from clients.environments import build

_READY_S = 90.0
_STOP_S = 60.0
_LOOK_EVERY_S = 0.05
_OWNER = "owner@example.org"
_PASSWORD = "a-password-for-one-run"
_HTTP = re.compile(r"Quarterdeck is at (http://127\.0\.0\.1:\d+)")
_SERIES = re.compile(r"^(quarterdeck_\w+)(\{[^}]*\})? (\d+)$", re.MULTILINE)
_FAULTS = (
    "quarterdeck_wire_unbuilt_total", "quarterdeck_pipeline_errors_total",
    "quarterdeck_job_failures_total", "quarterdeck_quarantine_rows",
)  # fmt: skip
_ENVIRONMENT = "model_server"
_GRPC = re.compile(r"OTLP/gRPC is at 127\.0\.0\.1:(\d+)")


class StartError(Exception):
    """What the process said last."""


class Gone(Exception):  # noqa: N818 - what is asked for is not there
    """404."""


class Place(NamedTuple):
    """Where one run sends to, and how it is read."""

    server: "Server"
    project: str
    key: str
    """"" in local mode."""


class Server:
    """`quarterdeck up` as a process of its own, on its own data folder."""

    def __init__(self, folder: Path, *, accounts: bool) -> None:
        self.folder = folder
        self.accounts = accounts
        self.url = ""
        self.grpc_port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._cookie = ""

    def start(self) -> None:
        """Returns when it answers.  Raises `StartError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        data = str(self.folder / "data")
        if self.accounts:
            self._command(
                ["users", "create", _OWNER, "--owner", "--password-stdin", "--data", data],
                _PASSWORD,
            )
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*_quarterdeck(), "up", "--port", "0", "--grpc-port", "0", "--data", data],
                stdout=log, stderr=log, env=_own_environment(),
            )  # fmt: skip
        self._wait_until_ready()
        if self.accounts:
            self._log_in()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(_STOP_S)

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _command(self, arguments: list[str], said: str) -> None:
        done = subprocess.run(
            [*_quarterdeck(), *arguments], input=said, capture_output=True, text=True,
            env=_own_environment(), timeout=_READY_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise StartError(done.stderr or done.stdout)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_S
        while True:
            assert self._process is not None
            text = self._log.read_text(errors="replace")
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise StartError(text[-4000:])
            http, grpc = _HTTP.search(text), _GRPC.search(text)
            if http and grpc:
                self.url, self.grpc_port = http[1], int(grpc[1])
                if self.answers("/readyz"):
                    return
            time.sleep(_LOOK_EVERY_S)

    def _log_in(self) -> None:
        asked = self._request(
            "/api/v1/login", body={"email": _OWNER, "password": _PASSWORD}, headers={}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self._cookie = answer.headers["set-cookie"].split(";")[0]

    def _request(
        self, path: str, *, headers: Mapping[str, str], body: Any = None
    ) -> urllib.request.Request:
        asked = urllib.request.Request(self.url + path, headers=dict(headers))
        if body is not None:
            asked.data = json.dumps(body).encode()
            asked.add_header("content-type", "application/json")
        return asked

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _as_owner(self, project: str = "") -> dict[str, str]:
        if not self.accounts:
            return {}
        named = {"x-quarterdeck-project": project} if project else {}
        return {"cookie": self._cookie, "origin": self.url, **named}

    def make_place(
        self, project: str, *, scopes: Sequence[str] = ("ingest", "read", "write")
    ) -> Place:
        """A new project with a key for it."""
        if not self.accounts:
            return Place(self, "default", "")
        body = {"project_id": project}
        self.ask("/api/v1/projects", headers=self._as_owner(), body=body)
        key = {"name": "client", "scopes": list(scopes)}
        made = self.ask("/api/v1/keys", headers=self._as_owner(project), body=key)
        return Place(self, project, made["secret"])

    def ask(self, path: str, *, headers: Mapping[str, str], body: Any = None) -> Any:
        """The answer's JSON.  Raises `Gone` for 404, else `urllib.error.HTTPError`."""
        return json.loads(self._answered(path, headers=headers, body=body))

    def _answered(self, path: str, *, headers: Mapping[str, str], body: Any = None) -> bytes:
        asked = self._request(path, headers=headers, body=body)
        try:
            with urllib.request.urlopen(asked, timeout=60) as answer:
                said: bytes = answer.read()
                return said
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                raise Gone(path) from error
            raise

    def ask_as_owner(self, place: Place, path: str, *, body: Any = None) -> Any:
        """In the place's project.  Raises as `ask` does."""
        return self.ask(path, headers=self._as_owner(place.project), body=body)

    def read(self, place: Place, path: str) -> Any:
        """As the run's own project sees it."""
        return self.ask(path, headers=self._as_owner(place.project))

    def read_lines(self, place: Place, path: str) -> list[Any]:
        """Of an answer with a JSON value in each line."""
        said = self._answered(path, headers=self._as_owner(place.project))
        return [json.loads(line) for line in said.splitlines()]

    def metrics(self) -> str:
        return self._answered("/metrics", headers=self._as_owner()).decode()

    def troubles(self) -> Counter[str]:
        """How often what must not happen did, since the start: calls of clients that nothing
        answers, by method and path; objects that no spans could be made of; faults of its own."""
        found: Counter[str] = Counter()
        for name, labels, count in _SERIES.findall(self.metrics()):
            if name == "quarterdeck_wire_unsupported_total":
                call = re.search(r'call="([^"]*)"', labels)
                found[call[1] if call else labels] += int(count)
            elif name in _FAULTS:
                found[f"{name}{labels}"] += int(count)
        return +found

    def is_processed(self) -> bool:
        """Whether nothing acknowledged is left to store."""
        return "\nquarterdeck_pending_items 0\n" in self.metrics()


def _quarterdeck() -> list[str]:
    return [sys.executable, "-m", "quarterdeck.cli.main"]


def _own_environment() -> dict[str, str]:
    return {name: text for name, text in os.environ.items() if not name.startswith("QUARTERDECK_")}


# ------------------------------------------------------------------------- scripted models


class Models:
    """The drivers' scripted model servers, each started when first asked for."""

    def __init__(self, drivers: Path, folder: Path) -> None:
        self._drivers = drivers
        self._folder = folder
        self._started: dict[ModelServer, str] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def address(self, which: ModelServer) -> str:
        """The base URL of its OpenAI-compatible API."""
        if which not in self._started:
            self._started[which] = self._start(which)
        return self._started[which]

    def _start(self, which: ModelServer) -> str:
        folder = self._folder / which
        source = self._drivers / ("set1" if which == "refunds" else "set2")
        # It keeps what it is asked beside itself, and the shared folder can't be written.
        shutil.copytree(
            source, folder, ignore=lambda _, names: [n for n in names if not n.endswith(".py")]
        )
        python = str(build(_ENVIRONMENT).runner)
        port = _free_port()
        script = (
            ["recorder.py", "--sdk", "_openai", "--port", str(port)]
            if which == "refunds"
            else ["fakellm.py", "--port", str(port)]
        )
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [python, *script], cwd=folder, stdout=log, stderr=log, env=_own_environment()
            )
        self._processes.append(process)
        _wait_for(port, process, folder / "log")
        return f"http://127.0.0.1:{port}/v1"

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError(log.read_text(errors="replace")[-2000:])
        time.sleep(_LOOK_EVERY_S)


# --------------------------------------------------------------------------------- stages


class Stages:
    """Hands out places: of one server with accounts, or of a new local one each time."""

    def __init__(self, folder: Path, *, local: bool) -> None:
        self._folder = folder
        self._local = local
        self._shared: Server | None = None

    @contextlib.contextmanager
    def place(
        self, name: str, *, scopes: Sequence[str] = ("ingest", "read", "write")
    ) -> Iterator[Place]:
        """`name` becomes the project's id, `scopes` are those of its key."""
        project = re.sub(r"[^a-z0-9_-]", "-", name.lower())
        if self._local:
            server = Server(self._folder / project, accounts=False)
            server.start()
            try:
                yield server.make_place(project, scopes=scopes)
            finally:
                server.stop()
            return
        if self._shared is None:
            self._shared = Server(self._folder / "server", accounts=True)
            self._shared.start()
        yield self._shared.make_place(project, scopes=scopes)

    def stop(self) -> None:
        if self._shared is not None:
            self._shared.stop()
