"""Acknowledged rows are on disk, come back in order, and survive what happens to files."""

import asyncio
import os
import random
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.errors import TryAgain
from quarterdeck.receive.otlp_decode import parse
from quarterdeck.receive.spool import Appended, Corrupt, Spool, SpoolRow, open_spool
from receive.receiver import trace_request

MIB = 1024 * 1024


def body(number: int) -> bytes:
    return trace_request(1, first=number).SerializeToString()


def row(number: int = 1, *, items: int = 1, parsed: bool = False) -> Appended:
    content = body(number)
    request = parse(content, signal="traces", encoding="protobuf") if parsed else None
    return Appended("default", "traces", "protobuf", items, content, request)


def all_rows(spool: Spool) -> list[SpoolRow]:
    return spool.read(0, max_items=10**9, max_bytes=10**12)


def opened(folder: Path, **given: Any) -> Spool:
    return open_spool(folder / "spool.db", max_bytes=given.pop("max_bytes", 64 * MIB), **given)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = opened(tmp_path)
    yield spool
    spool.close()


async def test_rows_come_back_in_the_order_of_their_acknowledgement(spool: Spool) -> None:
    ids = [await spool.append(row(number)) for number in range(1, 8)]
    assert [(found.id, found.body()) for found in all_rows(spool)] == [
        (number, body(index)) for index, number in enumerate(sorted(ids), start=1)
    ]


async def test_each_project_is_told_apart_when_its_own_rows_are_stored(
    tmp_path: Path, spool: Spool
) -> None:
    flood = [await spool.append(row(number)._replace(project_id="a")) for number in range(1, 4)]
    mine = await spool.append(row(4)._replace(project_id="b"))
    last = await spool.append(row(5)._replace(project_id="a"))
    assert (spool.last_id("a"), spool.last_id("b"), spool.last_id("c")) == (last, mine, 0)
    assert spool.is_done("c", last)
    spool.delete([mine])
    assert spool.is_done("b", mine)
    assert spool.last_id("b") == 0
    spool.delete(flood[1:])
    assert not spool.is_done("a", flood[-1]), "an older one waits"
    spool.quarantine(flood[:1], "unreadable")
    assert spool.is_done("a", flood[-1])
    assert not spool.is_done("a", last)
    spool.requeue_quarantined()
    assert spool.last_id("a") > last
    spool.delete([last])
    spool.close()
    again = opened(tmp_path)
    assert again.last_id("a") > last
    assert again.is_done("a", last)
    again.close()


async def test_every_row_is_read_once_by_a_reader_that_follows(spool: Spool) -> None:
    ids = [await spool.append(row(number, parsed=number % 3 == 0)) for number in range(1, 20)]
    seen: list[int] = []
    after = 0
    while rows := spool.read(after, max_items=4, max_bytes=10**9):
        assert sum(found.items for found in rows) <= 4
        for found in rows:
            assert found.request().content.resource_spans
        seen += [found.id for found in rows]
        after = seen[-1]
    assert seen == ids


async def test_what_was_acknowledged_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for number in range(1, 6):
        await spool.append(row(number, items=3))
    rows = all_rows(spool)
    spool.delete([rows[0].id])
    spool.close()
    again = opened(tmp_path)
    assert [found.body() for found in all_rows(again)] == [body(n) for n in range(2, 6)]
    assert again.state().recovered_items == {"traces": 12}
    assert (again.state().rows, again.state().items) == (4, 12)
    await again.append(row(9))
    assert all_rows(again)[-1].id > rows[-1].id
    again.close()


async def test_a_copy_of_the_files_at_the_moment_of_an_acknowledgement_holds_the_row(
    spool: Spool, tmp_path: Path
) -> None:
    for number in range(1, 4):
        await spool.append(row(number))
        copy = tmp_path / f"copy{number}"
        copy.mkdir()
        for suffix in ("", "-wal"):
            (copy / f"spool.db{suffix}").write_bytes((tmp_path / f"spool.db{suffix}").read_bytes())
        found = opened(copy)
        assert [kept.body() for kept in all_rows(found)] == [body(n) for n in range(1, number + 1)]
        found.close()


def test_many_senders_share_a_commit_and_each_gets_its_own_answer(spool: Spool) -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda n: spool.submit(row(n)).result(30), range(1, 201)))
    assert len(set(ids)) == 200
    found = {kept.id: kept.body() for kept in all_rows(spool)}
    assert [found[ids[n - 1]] for n in range(1, 201)] == [body(n) for n in range(1, 201)]


async def test_a_full_spool_says_so_and_takes_more_when_there_is_room(tmp_path: Path) -> None:
    spool = opened(tmp_path, max_bytes=2_000)
    ids = list[int]()
    caught: TryAgain | None = None
    while caught is None:
        try:
            ids.append(await spool.append(row(len(ids) + 1)))
        except TryAgain as error:
            caught = error
    assert caught.code == "spool_full"
    assert 1 <= len(ids) < 100
    with pytest.raises(TryAgain):
        spool.submit(Appended("default", "traces", "protobuf", 1, os.urandom(3_000)))
    spool.delete(ids)
    await spool.append(row(100))
    spool.close()


async def test_a_row_that_can_not_be_processed_is_kept_with_its_error_and_can_be_put_back(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path)
    first, second = [await spool.append(row(number, items=5)) for number in (1, 2)]
    await asyncio.to_thread(spool.quarantine, [first], "ValueError: bad")
    state = spool.state()
    assert (state.rows, state.quarantined_rows, state.quarantined_items) == (1, 1, 5)
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as db:
        assert db.execute("SELECT error FROM quarantine").fetchall() == [("ValueError: bad",)]
    again = opened(tmp_path)
    assert again.state().quarantined_rows == 1
    assert again.requeue_quarantined() == 1
    assert [kept.body() for kept in all_rows(again)] == [body(2), body(1)]
    assert all_rows(again)[0].id == second
    assert again.state().quarantined_rows == 0
    again.close()


async def test_the_quarantine_has_its_own_limit_and_its_oldest_row_goes_first(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path, max_quarantine_bytes=500)
    for number in range(1, 11):
        number_id = await spool.append(row(number))
        await asyncio.to_thread(spool.quarantine, [number_id], "bad")
    state = spool.state()
    assert state.quarantined_rows + state.quarantine_evicted_rows == 10
    assert 0 < state.quarantined_rows < 10
    spool.requeue_quarantined()
    assert all_rows(spool)[-1].body() == body(10)
    spool.close()


def test_closing_twice_does_nothing_and_a_closed_spool_says_try_again(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    spool.close()
    spool.close()
    with pytest.raises(TryAgain):
        spool.submit(row())
    with pytest.raises(TryAgain):
        spool.quarantine([1], "x")
    with pytest.raises(TryAgain):
        spool.refuse_if_full()


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    futures = [spool.submit(row(number)) for number in range(1, 51)]
    spool.close()
    assert all(future.result(0) for future in futures)
    again = opened(tmp_path)
    assert again.state().rows == 50
    again.close()


def test_a_reader_is_woken_by_a_row_and_by_closing(spool: Spool) -> None:
    woken = []
    thread = threading.Thread(target=lambda: woken.append(spool.wait(0, 30)))
    thread.start()
    spool.submit(row()).result(10)
    thread.join(10)
    assert woken == [True]
    last = all_rows(spool)[-1].id
    assert not spool.wait(last, 0.01)
    closing = threading.Thread(target=lambda: woken.append(spool.wait(last, 30)))
    closing.start()
    spool.close()
    closing.join(10)
    assert woken == [True, False]


def test_the_age_is_that_of_the_oldest_row_that_waits(tmp_path: Path) -> None:
    now = [1_000]
    spool = open_spool(tmp_path / "s.db", max_bytes=MIB, now_ns=lambda: now[0])
    assert spool.state().oldest_received_ns == 0
    first = spool.submit(row(1)).result(10)
    now[0] = 2_000
    spool.submit(row(2)).result(10)
    assert spool.state().oldest_received_ns == 1_000
    spool.delete([first])
    assert spool.state().oldest_received_ns == 2_000
    spool.close()


# ------------------------------------------------------------------------------ damaged files


def written(folder: Path, rows: int) -> None:
    spool = opened(folder)
    for number in range(1, rows + 1):
        spool.submit(row(number)).result(10)
    spool.close()


def readable(spool: Spool) -> list[bytes]:
    """Bodies of the rows that are whole; a row that is not is what gets quarantined."""
    found = []
    for kept in all_rows(spool):
        try:
            found.append(kept.body())
        except Corrupt:
            continue
    return found


@pytest.mark.parametrize("seed", [*range(60), 141, 142, 351, 386, 509])
def test_a_file_with_flipped_bits_opens_by_itself_and_invents_nothing(
    tmp_path: Path, seed: int
) -> None:
    written(tmp_path, 12)
    sent = {body(number) for number in range(1, 13)}
    path = tmp_path / "spool.db"
    data = bytearray(path.read_bytes())
    chance = random.Random(seed)
    for _ in range(chance.choice((1, 1, 1, 8, 200))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    path.write_bytes(data)
    spool = opened(tmp_path)
    assert set(readable(spool)) <= sent
    spool.submit(row(99)).result(10)
    assert body(99) in readable(spool)
    spool.close()


@pytest.mark.parametrize("content", [b"", b"no database", b"\0" * 70_000, b"SQLite format 3\0"])
def test_a_file_that_is_no_database_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "spool.db").write_bytes(content)
    spool = opened(tmp_path)
    spool.submit(row()).result(10)
    assert spool.state().corrupt_files == (1 if content else 0)
    assert len(list(tmp_path.glob("*.corrupt-1"))) == (1 if content else 0)
    spool.close()


def test_a_log_that_is_cut_at_any_byte_of_its_last_row_costs_that_row_alone(
    tmp_path: Path,
) -> None:
    spool = opened(tmp_path)
    for number in range(1, 4):
        spool.submit(row(number)).result(10)
    before = (tmp_path / "spool.db-wal").stat().st_size
    spool.submit(row(4)).result(10)
    wal, main = ((tmp_path / f"spool.db{suffix}").read_bytes() for suffix in ("-wal", ""))
    spool.close()
    cuts = range(before, len(wal), max(1, (len(wal) - before) // 40))
    for number, cut in enumerate(cuts):
        folder = tmp_path / f"cut{number}"
        folder.mkdir()
        (folder / "spool.db").write_bytes(main)
        (folder / "spool.db-wal").write_bytes(wal[:cut])
        torn = opened(folder)
        assert readable(torn)[:3] == [body(1), body(2), body(3)]
        assert torn.state().corrupt_files == 0
        torn.close()


def test_whole_rows_of_a_damaged_file_are_taken_over(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for number in range(1, 40):
        spool.submit(
            Appended("default", "traces", "protobuf", 2, os.urandom(20_000) + bytes([number]))
        ).result(10)
    spool.close()
    path = tmp_path / "spool.db"
    data = bytearray(path.read_bytes())
    # A leaf page of the table, not the schema: rows elsewhere can still be reached.
    middle = len(data) // 2 // 16384 * 16384
    data[middle : middle + 16384] = b"\xa5" * 16384
    path.write_bytes(data)
    again = opened(tmp_path)
    state = again.state()
    assert state.rows == len(readable(again))
    assert state.recovered_items.get("traces", 0) == 2 * state.rows
    assert state.rows + state.lost_rows >= 30
    again.close()


def test_a_disk_that_fails_while_running_is_an_answer_and_then_recovers(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    kept = spool.submit(row(1)).result(10)
    with spool._disk:
        spool._db.close()  # the connection dies under the writer
    with pytest.raises(TryAgain) as caught:
        spool.submit(row(2)).result(10)
    assert caught.value.code == "spool_failed"
    deadline = time.monotonic() + 10
    while True:
        try:
            third = spool.submit(row(3)).result(10)
            break
        except TryAgain:
            assert time.monotonic() < deadline
    assert [found.id for found in all_rows(spool)] == [kept, third]
    spool.close()
