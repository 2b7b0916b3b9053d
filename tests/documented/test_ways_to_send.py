"""What the web app's first page tells people to type is held to what is true of the SDK."""

import ast
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

import quarterdeck as qd
from cli.real_server import serving
from quarterdeck.sdk.instrumentors.targets import TARGETS, Way

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "web" / "src" / "screens" / "welcome" / "ways.json"
WAYS: list[dict[str, Any]] = json.loads(PAGE.read_text())
PYTHON = [
    pytest.param(step["text"], id=way["id"])
    for way in WAYS
    for step in way["steps"]
    if step["language"] == "python"
]


def test_every_way_that_is_promised_is_there() -> None:
    assert [way["name"] for way in WAYS] == [
        "LangGraph",
        "OpenAI Agents",
        "CrewAI",
        "AutoGen",
        "Pydantic AI",
        "Claude Code",
        "OpenClaw",
        "OpenTelemetry",
        "Python SDK",
        "Another product's SDK",
    ]


@pytest.mark.parametrize("text", PYTHON)
def test_a_python_text_parses_and_uses_verbs_that_exist(text: str) -> None:
    tree = compile(text, "ways.json", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "qd"
    }
    assert "init" in used
    assert [name for name in used if not hasattr(qd, name)] == []


def test_a_package_to_install_is_one_that_the_sdk_switches_on() -> None:
    known = {way.package for target in TARGETS for way in target.ways if isinstance(way, Way)}
    for way in WAYS:
        for step in way["steps"]:
            for line in re.findall(r"pip install (.*)", step["text"]):
                assert set(line.split()) - known <= {"quarterdeck"}, way["id"]


def test_a_variable_stands_in_the_page_on_sending() -> None:
    told = (REPOSITORY / "docs" / "how-to" / "send-from-a-framework.md").read_text()
    told += (REPOSITORY / "docs" / "reference" / "settings.md").read_text()
    told += (REPOSITORY / "docs" / "reference" / "sdk.md").read_text()
    told += "".join(
        page.read_text() for page in (REPOSITORY / "docs" / "how-to").glob("migrate-from-*.md")
    )
    for way in WAYS:
        for step in way["steps"]:
            for name in re.findall(r"\b([A-Z]+_[A-Z_]+)=", step["text"]):
                assert name in told, f"{way['id']}: {name}"


@pytest.mark.real_server
def test_the_python_sdks_text_makes_the_session_that_the_page_promises(tmp_path: Path) -> None:
    text = next(
        step["text"]
        for way in WAYS
        if way["id"] == "python"
        for step in way["steps"]
        if step["language"] == "python"
    )
    with serving(tmp_path / "data") as server:
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "QUARTERDECK_URL": server},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        sessions: list[dict[str, Any]] = []
        deadline = time.monotonic() + 10
        while not sessions and time.monotonic() < deadline:
            answer = httpx.get(
                f"{server}/api/v1/sessions?outcome=success&has_intervention=true", trust_env=False
            )
            sessions = answer.json()["sessions"]
            time.sleep(0.05)
    assert [session["task"] for session in sessions] == ["close ticket 4211"]
