"""What a pull writes, and what no server can make it write."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Run
from quarterdeck.cli.workflow_git import facts, without_credentials
from quarterdeck.cli.workflow_pull import write
from quarterdeck.errors import Conflict, Invalid
from quarterdeck.workflows.digest import digest_of
from quarterdeck.workflows.manifest import Folder

GOOD = {"workflow.yaml": b"name: f\n", "prompts/a.md": b"hi"}


class Hostile:
    """A server that answers every version with `files` under `digest`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = dict(GOOD)
        self.digest = ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                digest = outer.digest or digest_of(Folder(files=outer.files))
                told: dict[str, Any] = {
                    "workflow": "f", "version": 1, "digest": digest, "pins": [],
                }  # fmt: skip
                if self.path.endswith("/files"):
                    told["files"] = {
                        path: base64.b64encode(data).decode() for path, data in outer.files.items()
                    }
                body = json.dumps(told).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                return

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"


@pytest.fixture
def hostile() -> Iterator[Hostile]:
    made = Hostile()
    thread = threading.Thread(target=made.http.serve_forever)
    thread.start()
    yield made
    made.http.shutdown()
    thread.join()
    made.http.server_close()


def pull(run: Run, hostile: Hostile, out: Path, *, expect: int, which: str = "f@1") -> str:
    done = run(
        "workflow", "pull", which, str(out), "--force", expect=expect, QUARTERDECK_URL=hostile.url
    )
    return done.stdout + done.stderr


def test_a_path_out_of_the_folder_is_refused_and_nothing_is_written(
    run: Run, hostile: Hostile, tmp_path: Path
) -> None:
    hostile.files["../evil\x1b[2J.md"] = b"evil"
    said = pull(run, hostile, tmp_path / "a" / "out", expect=5)
    assert "nothing was written" in said
    assert "\x1b" not in said
    assert not (tmp_path / "a").exists()


def test_files_that_are_not_those_of_the_digest_are_refused(
    run: Run, hostile: Hostile, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    hostile.digest = "sha256:" + "0" * 64
    assert "are not those of" in pull(run, hostile, out, expect=5)
    hostile.digest = ""
    wanted = "f@sha256:" + "1" * 64
    assert "when asked for" in pull(run, hostile, out, expect=5, which=wanted)
    assert not out.exists()


@pytest.mark.parametrize(
    "path",
    ["../x", "/etc/x", "a/../../x", "a//x", "./x", "", "a\\..\\x", "c:x", "a/", "x\x00", "..", "."],
)
def test_no_path_leads_out(tmp_path: Path, path: str) -> None:
    out = tmp_path / "deep" / "out"
    with pytest.raises(Invalid, match="nothing was written"):
        write(Folder(files={**GOOD, path: b"evil"}), out, force=True)
    assert not (tmp_path / "deep").exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside, out = tmp_path / "outside", tmp_path / "out"
    outside.mkdir()
    out.mkdir()
    (out / "prompts").symlink_to(outside)
    with pytest.raises(Invalid, match="is a link"):
        write(Folder(files=GOOD), out, force=True)
    (out / "prompts").unlink()
    (outside / "secret").write_text("mine")
    (out / "workflow.yaml").symlink_to(outside / "secret")
    with pytest.raises(Conflict):
        write(Folder(files=GOOD), out, force=False)
    assert write(Folder(files=GOOD), out, force=True) == ["prompts/a.md", "workflow.yaml"]
    assert (outside / "secret").read_text() == "mine"
    assert not (out / "workflow.yaml").is_symlink()
    assert sorted(path.name for path in out.rglob("*")) == ["a.md", "prompts", "workflow.yaml"]


def test_other_content_stays_without_force_and_equal_content_is_not_written(
    tmp_path: Path,
) -> None:
    assert write(Folder(files=GOOD), tmp_path, force=False) == sorted(GOOD)
    (tmp_path / "notes.md").write_text("mine")
    other = Folder(files=GOOD | {"prompts/a.md": b"other", "prompts/b.md": b"new"})
    with pytest.raises(Conflict, match=r"prompts/a\.md"):
        write(other, tmp_path, force=False)
    assert not (tmp_path / "prompts/b.md").exists()
    assert write(other, tmp_path, force=True) == ["prompts/a.md", "prompts/b.md"]
    assert (tmp_path / "notes.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("remote", "told"),
    [
        ("https://bob:tok@git.example.org/a.git?t=1#x", "https://git.example.org/a.git"),
        ("https://tok@git.example.org/a.git", "https://git.example.org/a.git"),
        ("ssh://git@host:22/a.git", "ssh://host:22/a.git"),
        ("git@host:team/a.git", "git@host:team/a.git"),
        ("bob:tok@host:team/a.git", "host:team/a.git"),
        ("host:team/a.git", "host:team/a.git"),
        ("/home/bob/a.git", ""),
        ("../a.git", ""),
        ("file:///home/bob/a.git", ""),
        ("https://[broken/a.git", ""),
    ],
)
def test_a_remote_is_told_without_credentials(remote: str, told: str) -> None:
    assert without_credentials(remote) == told


def test_without_a_repository_git_tells_nothing(tmp_path: Path) -> None:
    assert facts(tmp_path) == {}
