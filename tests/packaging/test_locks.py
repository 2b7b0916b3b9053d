"""The locked dependencies: complete, hashed, and naming no place to get them from."""

import re
from pathlib import Path

import pytest

LOCKS = sorted((Path(__file__).resolve().parents[2] / "requirements").glob("*.txt"))
PIN = re.compile(r"^([a-z0-9._-]+)==(\S+)", re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_host_and_no_folder(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--(extra-)?index|--find-links|-e|/|\.)", text, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_locked_package_has_a_hash(lock: Path) -> None:
    packages = re.split(r"^(?=[a-z0-9._-]+==)", lock.read_text(), flags=re.MULTILINE)[1:]
    assert len(packages) == 1 if lock.name == "model.txt" else len(packages) > 10
    assert [text.split()[0] for text in packages if "--hash=sha256:" not in text] == []


def test_what_is_deployed_is_what_was_tested() -> None:
    versions = {lock.name: dict(PIN.findall(lock.read_text())) for lock in LOCKS}
    deployed, tested = versions["server.txt"], versions["dev.txt"]
    assert deployed.items() <= tested.items()
