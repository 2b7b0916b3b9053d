"""SIGTERM under load ends the server within 10 s and loses nothing acknowledged."""

import random
import time
from pathlib import Path

import pytest

from faults.server import ServerProcess
from faults.traffic import Sender, check_all_there_once, check_integrity

STOPS = 20


@pytest.mark.real_server
def test_stopping_under_load_is_quick_and_loses_nothing(tmp_path: Path) -> None:
    chance = random.Random(13)
    server = ServerProcess(tmp_path)
    acknowledged: list[int] = []
    for stop in range(STOPS):
        server.start()
        senders = [Sender(server, first=10_000 * (stop + 1) + 1_000 * n) for n in range(3)]
        for sender in senders:
            sender.start()
        time.sleep(chance.uniform(0.1, 1.0))
        assert server.terminate() <= 10
        for sender in senders:
            acknowledged += sender.stop()
    server.start()
    server.wait_until_processed()
    assert len(acknowledged) >= STOPS
    check_all_there_once(server, acknowledged)
    server.terminate()
    check_integrity(tmp_path)
