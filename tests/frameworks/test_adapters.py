"""
Agents of a framework, built from a released version: one real framework in CI, the others with
`make clients CLIENTS=--frameworks`.

Its environment is made in seconds where a package registry, or its cache, can be reached; else the
test is skipped.  About 15 s on a quiet machine.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import frameworks
from clients.environments import BuildError
from clients.frameworks import FRAMEWORKS, PROGRAMS, Framework
from clients.servers import Stages

pytestmark = pytest.mark.real_server

UNREACHABLE = re.compile(r"dns|connect|network|timed out|error sending request", re.IGNORECASE)
QUICK = [framework for framework in FRAMEWORKS if framework.quick]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = Stages(tmp_path_factory.mktemp("frameworks"), local=False)
    yield made
    made.stop()


def built(framework: Framework) -> Path:
    try:
        return frameworks.build(framework)
    except BuildError as error:
        if UNREACHABLE.search(str(error)):
            pytest.skip(f"no package registry can be reached: {str(error)[-200:]}")
        raise


@pytest.mark.parametrize("framework", QUICK, ids=lambda framework: framework.name)
def test_a_running_agent_is_what_is_released_and_the_next_session_what_is_released_next(
    framework: Framework, stages: Stages, tmp_path: Path
) -> None:
    python = built(framework)
    with stages.place(framework.name, scopes=frameworks.SCOPES) as place:
        wrong = frameworks.prove(framework, place, python=python, folder=tmp_path / "program")
    assert not wrong, "\n" + "\n".join(wrong)


def test_tools_of_an_mcp_server_pass_the_version_s_permissions_with_its_secret_from_outside(
    tmp_path: Path,
) -> None:
    [framework] = [one for one in FRAMEWORKS if one.name == "openai_agents"]
    python = built(framework)
    manifest = {
        "name": "cards",
        "agents": {"clerk": {"model": "chat", "tools": ["print_card"], "mcp_servers": ["cards"]}},
        "tools": {"print_card": {"permission": "deny"}},
        "models": {"chat": {"targets": [{"model": "gpt-4o-mini"}]}},
        "mcp_servers": {
            "cards": {
                "command": [str(python), str(PROGRAMS / "cards_server.py")],
                "environment": {"CARDS_TOKEN": "${env:CARDS_SECRET}"},
                "tools": ["list_cards", "print_card"],
                "permission": "allow",
            }
        },
    }
    (tmp_path / "workflow.yaml").write_text(json.dumps(manifest))  # JSON is YAML
    done = subprocess.run(
        [python, PROGRAMS / "mcp_of_openai_agents.py", tmp_path],
        cwd=PROGRAMS, capture_output=True, text=True, timeout=60, check=False,
        env={
            "HOME": str(tmp_path), "OPENAI_API_KEY": "sk-none", "CARDS_SECRET": "opensesame",
            "QUARTERDECK_ENABLED": "false",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "shown ['list_cards', 'print_card']",
        "list_cards ada has c-17, says opensesame",
        "print_card print_card was not called: deny is what holds for 'print_card'.",
    ]
