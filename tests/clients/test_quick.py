"""
A few real clients, unchanged, in CI: LangSmith's, Langfuse's and Braintrust's Python SDKs.

Their environments are made from hashed locks in seconds and kept outside the repository; where no
registry can be reached, or the drivers are not beside this checkout, the tests are skipped.

Three runs take some 20 s on two cores, and as much again where the packages are not cached.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clients import environments, facts
from clients.catalog import CLIENTS
from clients.client import Client, Run
from clients.drive import drive
from clients.environments import BuildError, Environment
from clients.run import settled
from clients.servers import Models, Stages

pytestmark = pytest.mark.real_server

QUICK = [(client, run) for client in CLIENTS for run in client.runs if run.quick]
UNREACHABLE = re.compile(r"dns|connect|network|timed out|error sending request", re.IGNORECASE)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = Stages(tmp_path_factory.mktemp("quick"), local=False)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def models(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Models]:
    made = Models(shared / "clients", tmp_path_factory.mktemp("models"))
    yield made
    made.stop()


def built(name: str) -> Environment:
    try:
        return environments.build(name)
    except BuildError as error:
        if UNREACHABLE.search(str(error)):
            pytest.skip(f"no package registry can be reached: {str(error)[-200:]}")
        raise


@pytest.mark.parametrize(
    ("client", "run"), QUICK, ids=[f"{client.name}-{run.name}" for client, run in QUICK]
)
def test_a_client_told_one_address_gives_the_sessions_that_its_driver_performed(
    client: Client, run: Run, stages: Stages, models: Models, shared: Path, tmp_path: Path
) -> None:
    made = built(client.environment)
    built("model_server")
    wanted = facts.facts_of(client.name, run.name)
    assert wanted is not None
    with stages.place(f"{client.name}-{run.name}") as place:
        before = place.server.troubles()
        driven = drive(
            client, run, place, environment=made, models=models,
            drivers=shared / "clients", folder=tmp_path,
        )  # fmt: skip
        assert driven.status == 0, driven.output[-2000:]
        wrong = list(facts.not_printed(wanted, driven.output))
        wrong += settled(place, wanted)[1]
        wrong += facts.troubling(wanted, place.server.troubles() - before)
    assert not wrong, "\n" + "\n".join(wrong)
