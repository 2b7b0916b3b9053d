"""
The recorded traffic of every wire, sent to one real server, gives what the drivers did.

The requests go out as they were on the wire, each run's to a project of its own and with its key in
the client's own form; all are sent before the first is looked at.  Clients of plain OTLP are held
to their expectations in `captures/`, through the stages alone and through a server.

70 runs take some 30 s on two cores.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from clients import facts, traffic
from clients.catalog import CLIENTS
from clients.client import Client, Run
from clients.drive import prepare
from clients.facts import Facts, NotDescribedError
from clients.run import settled
from clients.servers import Place, Stages

_AT_ONCE = 4

pytestmark = pytest.mark.real_server


class Recording(NamedTuple):
    client: Client
    run: Run
    label: str

    def __str__(self) -> str:
        return f"{self.client.name}-{self.label}"


def _is_plain_otlp(client: Client) -> bool:
    path = facts.EXPECTED / f"{client.name}.json"
    return path.exists() and "same_as" in json.loads(path.read_text())


RECORDINGS = [
    Recording(client, run, label)
    for client in CLIENTS
    if not _is_plain_otlp(client)
    for run in client.runs
    for label in run.recordings or (run.name,)
]


class Sent(NamedTuple):
    place: Place
    refused: list[str]


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    made = Stages(tmp_path_factory.mktemp("recorded"), local=False)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sent(shared: Path, stages: Stages) -> dict[str, Sent]:
    """By recording: where it went, and what of it was refused."""
    expected = [recording for recording in RECORDINGS if _is_expected(recording)]
    with stages.place("nobody"):
        pass  # the server is started once, not by each thread
    # Some calls wait until what came before them is stored: others go on meanwhile.
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        done = pool.map(lambda one: _send(one, shared / "captures", stages), expected)
        return dict(zip(map(str, expected), done, strict=True))


def _is_expected(recording: Recording) -> bool:
    try:
        return _expected(recording) is not None
    except NotDescribedError:
        return False


def _expected(recording: Recording) -> Facts | None:
    return facts.facts_of(recording.client.name, recording.run.name, recorded=recording.label)


def _send(recording: Recording, captures: Path, stages: Stages) -> Sent:
    requests = traffic.of_run(captures / recording.client.name, [recording.label])
    with stages.place(str(recording)) as place:
        prepare(recording.client, recording.run, place)
        return Sent(place, traffic.refused(traffic.send(recording.client, requests, place)))


@pytest.mark.parametrize("recording", RECORDINGS, ids=str)
def test_a_recording_gives_what_its_driver_did(recording: Recording, sent: dict[str, Sent]) -> None:
    wanted = _expected(recording)
    if wanted is None:
        pytest.skip("left out: its expectation says why")
    place, refused = sent[str(recording)]
    wrong = [*refused, *settled(place, wanted)[1]]
    assert not wrong, "\n" + "\n".join(wrong)


def test_only_calls_that_are_told_go_unanswered(sent: dict[str, Sent]) -> None:
    server = next(iter(sent.values())).place.server
    told = [
        call
        for recording in RECORDINGS
        for call in (_expected(recording) or {}).get("unsupported", ())
    ]
    troubles = traffic.unexpected(server.troubles())
    assert facts.troubling({"unsupported": told}, troubles) == []
