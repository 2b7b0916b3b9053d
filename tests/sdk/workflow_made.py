"""Workflow folders, and servers that answer for them as a test says."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import yaml

NAME = "fraud-triage"


def tool_file(name: str, **properties: str) -> bytes:
    return json.dumps(
        {
            "name": name,
            "description": f"The {name} tool.",
            "parameters": {
                "type": "object",
                "properties": {key: {"type": kind} for key, kind in properties.items()},
                "required": list(properties),
                "additionalProperties": False,
            },
        }
    ).encode()


def files_of(*, prompt: str = "You triage.", **parts: Any) -> dict[str, bytes]:
    """A workflow with the tools `lookup` and `refund`; `parts` replace those of the manifest."""
    manifest: dict[str, Any] = {
        "name": NAME,
        "agents": {
            "triage": {
                "role": "triager",
                "instructions": "prompts/triage.md",
                "model": "fast",
                "tools": ["lookup", "refund"],
            },
            "reader": {"tools": ["lookup"]},
        },
        "tools": {
            "lookup": {"schema": "tools/lookup.json"},
            "refund": {"schema": "tools/refund.json"},
        },
        "models": {"fast": {"targets": [{"model": "m-1", "provider": "p"}]}},
        **parts,
    }
    return {
        "workflow.yaml": yaml.safe_dump(manifest, sort_keys=False).encode(),
        "prompts/triage.md": prompt.encode(),
        "tools/lookup.json": tool_file("lookup", key="string"),
        "tools/refund.json": tool_file("refund", amount="number"),
    }


def refunds(**refund: Any) -> dict[str, Any]:
    """The tools of `files_of`, with these fields of `refund`."""
    return {
        "lookup": {"schema": "tools/lookup.json"},
        # So that a test whose person fails ends soon.
        "refund": {"schema": "tools/refund.json", "ask": {"timeout_s": 30}, **refund},
    }


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


class Api:
    """What a test does as the people of a real server."""

    def __init__(self, url: str) -> None:
        self.url = url

    def push(self, files: Mapping[str, bytes], name: str = NAME) -> int:
        body = {
            "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
            "message": "made by a test",
        }
        answer = self._post(f"/workflows/{name}/versions", body)
        number: int = answer["version"]["version"]
        return number

    def move(self, kind: str, *, name: str = NAME, **told: Any) -> Any:
        body = {"kind": kind, "reason": "a test", **told}
        return self._post(f"/workflows/{name}/environments/production/moves", body)

    def waiting(self, *, within_s: float = 20) -> dict[str, Any]:
        """The approval that waits, once there is one."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            found = self.get("/approvals", state="waiting")["approvals"]
            if found:
                (one,) = found
                return dict(one)
            time.sleep(0.02)
        raise AssertionError(f"nothing waits after {within_s} s")

    def decide(self, decision: str, **told: Any) -> dict[str, Any]:
        """Decide what waits; gives what was asked."""
        asked = self.waiting()
        path = f"/approvals/{asked['approval_id']}/decision"
        self._post(path, {"decision": decision, "by": "ada", **told})
        return asked

    def get(self, path: str, **params: Any) -> Any:
        answer = httpx.get(f"{self.url}/api/v1{path}", params=params, trust_env=False)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def _post(self, path: str, body: Any) -> Any:
        answer = httpx.post(f"{self.url}/api/v1{path}", json=body, trust_env=False)
        assert answer.status_code < 400, answer.text
        return answer.json()


@contextmanager
def meanwhile(act: Callable[[], Any]) -> Iterator[list[Any]]:
    """`act` runs in a thread; what it gave is in the list when the block has ended."""
    gave: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            gave.append(act())
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield gave
    finally:
        thread.join()
    if failed:
        raise failed[0]


class Stub:
    """A server that answers `resolve` as the test says: the SDK's other side, when that is odd."""

    def __init__(self) -> None:
        self.resolution: dict[str, Any] | None = None
        self.status = 200
        self.hang_s = 0.0
        self.asked: list[dict[str, Any]] = []
        self.url = ""
        self.die: Callable[[], None] = lambda: None
        """Listens no more: connections are refused from now on."""

    def answer(self, path: str, body: bytes) -> tuple[int, Any]:
        if not path.endswith("/resolve"):
            return 200, {}
        told = json.loads(body)
        self.asked.append(told)
        if self.status != 200:
            return self.status, {"error": {"code": "told", "message": "as the test says"}}
        assert self.resolution is not None
        known = self.resolution["digest"] in told["have"]
        return 200, self.resolution | ({"content": None} if known else {})


@contextmanager
def stub() -> Iterator[Stub]:
    made = Stub()
    stopping = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # one packet for head and body: two would wait for each other

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            is_asked = self.path.endswith("/resolve")
            if made.hang_s and is_asked:
                stopping.wait(made.hang_s)
            status, said = made.answer(self.path, body)
            content = json.dumps(said).encode() if self.path.startswith("/api") else b""
            self.send_response(status)
            self.send_header("connection", "close")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # the usual 5 refuses some of many that come at once

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that has gone is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.die = server.server_close
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield made
    finally:
        stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def resolution(version: int = 1, **told: Any) -> dict[str, Any]:
    """What a server answers that runs one version, with its content."""
    stable = {"version": version, "digest": digest(version)}
    return {
        "workflow": NAME,
        "environment": "production",
        **stable,
        "arm": "stable",
        "release_id": "",
        "revision": version,
        "split": {
            "stable": stable,
            "candidate": None,
            "share_bp": 0,
            "sticky_by": "session",
            "release_id": "",
            "revision": version,
        },
        "content": content(version),
        **told,
    }


def digest(version: int) -> str:
    return f"sha256:{version:064x}"


def content(version: int) -> dict[str, Any]:
    return {
        "manifest": {"name": NAME, "agents": {"triage": {"role": "triager"}}},
        "prompts": {"triage": f"You are version {version}."},
        "tools": {},
        "pins": [],
    }
