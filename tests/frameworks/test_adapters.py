"""
Agents of a framework, built from a released version: one real framework in CI, the others with
`make clients CLIENTS=--frameworks`.

Its environment is made in seconds where a package registry, or its cache, can be reached; else the
test is skipped.  About 15 s on a quiet machine.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import frameworks
from clients.environments import BuildError
from clients.frameworks import FRAMEWORKS, Framework
from clients.servers import Stages

pytestmark = pytest.mark.real_server

UNREACHABLE = re.compile(r"dns|connect|network|timed out|error sending request", re.IGNORECASE)
QUICK = [framework for framework in FRAMEWORKS if framework.quick]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = Stages(tmp_path_factory.mktemp("frameworks"), local=False)
    yield made
    made.stop()


@pytest.mark.parametrize("framework", QUICK, ids=lambda framework: framework.name)
def test_a_running_agent_is_what_is_released_and_the_next_session_what_is_released_next(
    framework: Framework, stages: Stages, tmp_path: Path
) -> None:
    try:
        python = frameworks.build(framework)
    except BuildError as error:
        if UNREACHABLE.search(str(error)):
            pytest.skip(f"no package registry can be reached: {str(error)[-200:]}")
        raise
    with stages.place(framework.name, scopes=frameworks.SCOPES) as place:
        wrong = frameworks.prove(framework, place, python=python, folder=tmp_path / "program")
    assert not wrong, "\n" + "\n".join(wrong)
