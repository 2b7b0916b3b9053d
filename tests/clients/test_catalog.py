"""
The catalog of real clients: its locks are complete, its expectations are about runs that exist,
and the reference claims what they prove.  Nothing is installed or started here.
"""

import json
import re
from pathlib import Path

import pytest

from clients.catalog import CLIENTS
from clients.client import Client
from clients.environments import REQUIREMENTS, lock_of
from clients.facts import EXPECTED, count, facts_of
from clients.page import PAGE, text

LOCKS = sorted(REQUIREMENTS.glob("*.txt"))
NODE_LOCKS = sorted(REQUIREMENTS.glob("*/package-lock.json"))
BEFORE_A_PIN = re.compile(r"^(?=[A-Za-z0-9._-]+(?:\[[^\]]*\])?==)", re.MULTILINE)
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", re.MULTILINE)


def test_no_lock_names_a_place_to_download_from() -> None:
    assert [lock.name for lock in LOCKS if "://" in lock.read_text()] == []
    for lock in NODE_LOCKS:
        packages = json.loads(lock.read_text())["packages"]
        assert [name for name, told in packages.items() if "resolved" in told] == []
        assert [n for n, told in packages.items() if n and "integrity" not in told] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_of_an_environment_is_pinned_and_hashed(lock: Path) -> None:
    packages = BEFORE_A_PIN.split(lock.read_text())[1:]
    assert packages
    assert [one.split()[0] for one in packages if "--hash=sha256:" not in one] == []
    asked = PIN.findall(lock.with_suffix(".in").read_text())
    locked = {_normal(name): version for name, version in PIN.findall(lock.read_text())}
    assert {name: locked.get(_normal(name)) for name, _ in asked} == dict(asked)


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_has_the_version_that_its_environment_installs(client: Client) -> None:
    name, version = client.package.removesuffix(" (npm)").split(" ")
    lock = lock_of(client.environment)
    if lock.suffix == ".json":
        packages = json.loads(lock.read_text())["packages"]
        assert packages[f"node_modules/{name}"]["version"] == version
    else:
        locked = {_normal(one): is_ for one, is_ in PIN.findall(lock.read_text())}
        assert locked[_normal(name)] == version


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_client_and_each_of_its_runs_is_described() -> None:
    undescribed = [
        f"{client.name} {run.name}"
        for client in CLIENTS
        for run in client.runs
        if (facts := facts_of(client.name, run.name)) is None or not count(facts)
    ]
    assert undescribed == []


def test_every_expectation_is_about_a_run_of_the_catalog() -> None:
    runs = {client.name: {run.name for run in client.runs} for client in CLIENTS}
    for path in EXPECTED.glob("*.json"):
        told = json.loads(path.read_text())
        assert set(told.get("runs", ())) <= runs[path.stem], path.name


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_drivers_and_recordings_of_a_client_are_there(client: Client, shared: Path) -> None:
    for run in client.runs:
        assert (shared / "clients" / (run.driver or client.driver)).is_file()


def test_the_reference_claims_what_the_expectations_prove() -> None:
    """`make clients CLIENTS=--page` writes it."""
    assert PAGE.read_text() == text()
