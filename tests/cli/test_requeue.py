"""What was quarantined gets another try by one command."""

import asyncio
from pathlib import Path

from cli.conftest import Run
from quarterdeck.receive.spool import Appended, open_spool
from receive.receiver import trace_request

_MAX_BYTES = 1 << 26


async def quarantine_one(spool_file: Path) -> None:
    spool_file.parent.mkdir(parents=True)
    spool = open_spool(spool_file, max_bytes=_MAX_BYTES)
    body = trace_request(3).SerializeToString()
    row_id = await spool.append(Appended("default", "traces", "protobuf", 3, body))
    await asyncio.to_thread(spool.quarantine, [row_id], "ValueError: bad")
    spool.close()


def test_quarantined_data_is_put_back_in_line(run: Run, tmp_path: Path) -> None:
    spool_file = tmp_path / "data" / "spool" / "spool.db"
    asyncio.run(quarantine_one(spool_file))
    assert run("requeue").stdout == "1 quarantined body is in line again.\n"
    spool = open_spool(spool_file, max_bytes=_MAX_BYTES)
    state = spool.state()
    spool.close()
    assert (state.rows, state.items, state.quarantined_rows) == (1, 3, 0)


def test_a_folder_without_a_spool_is_told(run: Run) -> None:
    assert "there is no spool" in run("requeue", expect=3).stderr
