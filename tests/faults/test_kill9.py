"""Kill -9 at any moment loses nothing acknowledged and shows nothing twice."""

import random
import time
from pathlib import Path

import pytest

from faults.server import ServerProcess
from faults.traffic import Sender, check_all_there_once, check_integrity

KILLS = 20


@pytest.mark.real_server
def test_twenty_kills_while_receiving_storing_and_starting_lose_nothing(tmp_path: Path) -> None:
    chance = random.Random(1)
    server = ServerProcess(tmp_path)
    acknowledged: list[int] = []
    for kill in range(KILLS):
        while_starting = kill % 3 == 2
        server.start(wait=not while_starting)
        sender = Sender(server, first=1_000 * (kill + 1))
        sender.start()
        time.sleep(chance.uniform(0.0, 4.0 if while_starting else 1.2))
        server.kill()
        acknowledged += sender.stop()
    server.start()
    server.wait_until_processed()
    assert len(acknowledged) >= KILLS
    check_all_there_once(server, acknowledged)
    server.terminate()
    check_integrity(tmp_path)
