"""What is in the wheel, and that it works where nothing else is installed."""

import json
import os
import re
import resource
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

import pytest

from cli.real_server import serving

REPOSITORY = Path(__file__).resolve().parents[2]

ALLOWED = (
    "quarterdeck/*.py",
    "quarterdeck/py.typed",
    "quarterdeck/*.sql",
    "quarterdeck/cost/*.json.gz",
    "quarterdeck/storage/records/migrations/script.py.mako",
    "quarterdeck/web/index.html",
    "quarterdeck/web/favicon.svg",
    "quarterdeck/web/assets/*.js",
    "quarterdeck/web/assets/*.css",
    "quarterdeck/web/assets/*.woff2",
    "quarterdeck/web/assets/*.br",
    "quarterdeck/web/assets/*.gz",
    "quarterdeck/web/assets/*.zst",
    "quarterdeck-*.dist-info/METADATA",
    "quarterdeck-*.dist-info/WHEEL",
    "quarterdeck-*.dist-info/RECORD",
    "quarterdeck-*.dist-info/entry_points.txt",
    "quarterdeck-*.dist-info/licenses/LICENSE",
)
"""`*` crosses folders.  Anything else in a wheel is a mistake, or worse: a `.pth` file runs at
every start of Python, which is how a stolen release of another gateway took its users' keys."""

SERVER_LIBRARIES = (
    "alembic",
    "argon2",
    "chdb",
    "clickhouse_connect",
    "fastapi",
    "genai_prices",
    "granian",
    "grpc",
    "numpy",
    "psycopg",
    "pyarrow",
    "pydantic_settings",
    "sqlalchemy",
    "zstandard",
)

AGENT = """
import quarterdeck as qd

qd.init()
with qd.session("count the sheep", id="light-session") as session:
    with qd.agent("shepherd"), qd.tool("count", arguments={"field": "north"}) as tool:
        tool.result(41)
    session.outcome("success", reason="41 sheep")
"""

TRANSCRIPT = (
    '{"type": "session", "version": 3, "id": "light-transcript", "cwd": "/srv",'
    ' "timestamp": "2026-05-01T10:00:00Z"}\n'
    '{"type": "message", "id": "e1", "parentId": null, "timestamp": "2026-05-01T10:00:01Z",'
    ' "message": {"role": "user", "content": [{"type": "text", "text": "hello"}]}}\n'
    '{"type": "message", "id": "e2", "parentId": "e1", "timestamp": "2026-05-01T10:00:02Z",'
    ' "message": {"role": "assistant", "content": [{"type": "text", "text": "hi"}],'
    ' "model": "claude-opus-4-5", "provider": "anthropic",'
    ' "usage": {"input": 10, "output": 5, "totalTokens": 15}, "stopReason": "stop"}}\n'
)
"""As pi writes it."""

LIGHT_SIZE_MB = 45
LIGHT_START_S = 0.5
"""Processor time, best of several.  docs/reference/limits.md states both limits."""

ATTEMPTS = 10


def test_the_wheel_holds_our_code_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "quarterdeck/cli/main.py" in names
    strangers = [name for name in names if not any(fnmatch(name, kind) for kind in ALLOWED)]
    assert strangers == []


def test_the_wheel_and_the_source_archive_hold_the_web_app(
    wheel: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every file that index.html names is there: without them the pages would be white."""
    if not (REPOSITORY / "src/quarterdeck/web/index.html").is_file():
        pytest.skip("the web app is not built: make web")
    with zipfile.ZipFile(wheel) as files:
        in_wheel = set(files.namelist())
        index = files.read("quarterdeck/web/index.html").decode()
    named = re.findall(r'(?:src|href)="/([^"]+)"', index)
    assert any(name.endswith(".js") for name in named)
    assert [name for name in named if f"quarterdeck/web/{name}" not in in_wheel] == []
    assert "__CSP_NONCE__" in index
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", index)

    folder = tmp_path_factory.mktemp("source")
    _run(
        Path(sys.executable), "-m", "build", "--sdist", "--no-isolation", "--outdir", folder,
        REPOSITORY,
    )  # fmt: skip
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        in_archive = {name.partition("/")[2] for name in files.getnames()}
    assert {name for name in in_wheel if name.startswith("quarterdeck/web/")} == {
        name.removeprefix("src/") for name in in_archive if "/web/" in name and "." in name
    }


def test_without_extras_it_is_the_light_client_and_knows_no_server(
    install: Callable[[str], Path], record_property: Callable[[str, object], None]
) -> None:
    commands = install("")
    helped = _run(commands / "quarterdeck", "--help")
    assert "sessions" in helped.stdout

    probe = (
        "import importlib.util, json, sys\n"
        "import quarterdeck.cli.main\n"
        f"names = {SERVER_LIBRARIES!r}\n"
        "print(json.dumps([n for n in names if importlib.util.find_spec(n)]))"
    )
    assert json.loads(_run(commands / "python", "-c", probe).stdout) == []

    refused = _run(commands / "quarterdeck", "up", expect=8)
    assert "pip install 'quarterdeck[server]'" in refused.stderr

    size_mb = _size_of_dependencies(commands) / 1e6
    start_s = _best_start(commands / "quarterdeck", "version")
    import_s = _best_start(commands / "python", "-c", "import quarterdeck")
    for name, value in (("size_mb", size_mb), ("start_s", start_s), ("import_s", import_s)):
        record_property(name, value)
    print(f"light: {size_mb:.1f} MB, starts in {start_s:.3f} s, import in {import_s:.3f} s")
    assert size_mb <= LIGHT_SIZE_MB
    assert start_s <= LIGHT_START_S


@pytest.mark.real_server
def test_without_extras_an_agent_reports_and_files_are_read(
    install: Callable[[str], Path], tmp_path: Path
) -> None:
    commands = install("")
    transcript = tmp_path / "a.jsonl"
    transcript.write_text(TRANSCRIPT)
    with serving(tmp_path / "data") as address:
        told = {"QUARTERDECK_URL": address, "HOME": str(tmp_path)}
        _run(commands / "python", "-c", AGENT, variables=told)
        _run(commands / "quarterdeck", "import", transcript, variables=told)
        shown = [
            json.loads(
                _run(
                    commands / "quarterdeck", "sessions", "show", "--json", one, variables=told
                ).stdout
            )
            for one in ("light-session", "light-transcript")
        ]
    assert [record["outcome"]["label"] for record in shown] == ["success", "unknown"]
    assert shown[0]["tool_calls"] == [{"tool": "count", "calls": 1, "errors": 0, "denied": 0}]
    assert shown[1]["models_used"][0]["calls"] == 1


@pytest.mark.real_server
def test_with_the_server_extra_it_serves(install: Callable[[str], Path], tmp_path: Path) -> None:
    commands = install("[server]")
    alone = {"PATH": str(commands), "HOME": str(tmp_path)}
    command = [commands / "quarterdeck"]
    with serving(tmp_path / "data", command=command, environment=alone) as address:
        listed = _run(commands / "quarterdeck", "--url", address, "sessions", "list", "--json")
    assert json.loads(listed.stdout)["sessions"] == []


def _run(
    command: Path, *arguments: str | Path, expect: int = 0, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [command, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=None if variables is None else {**os.environ, **variables},
    )
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def _best_start(command: Path, *arguments: str) -> float:
    """Seconds of processor time from start to end: what else the machine does is not counted."""
    taken: list[float] = []
    for _ in range(ATTEMPTS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _run(command, *arguments)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


def _size_of_dependencies(commands: Path) -> int:
    """Bytes of everything installed but pip and setuptools, which the environment came with."""
    (packages,) = (commands.parent / "lib").glob("python*/site-packages")
    return sum(
        file.stat().st_size
        for file in packages.rglob("*")
        if file.is_file()
        and file.relative_to(packages).parts[0].split("-")[0]
        not in {"pip", "setuptools", "pkg_resources", "_distutils_hack", "distutils"}
    )
