"""A full or failing disk is a "try again", loses nothing acknowledged, and heals by itself."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.errors import TryAgain
from quarterdeck.receive.spool import Appended, Spool, open_spool

MIB = 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"a small file system can't be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def appended(seed: int, size: int = 100_000) -> Appended:
    return Appended("default", "traces", "protobuf", 1, seed.to_bytes(4) + os.urandom(size))


def fill(spool: Spool, acknowledged: dict[int, bytes], *, size: int = 100_000) -> TryAgain:
    """Append until the disk says no."""
    for seed in range(10_000):
        row = appended(seed, size)
        try:
            acknowledged[spool.submit(row).result(30)] = row.body
        except TryAgain as error:
            return error
    raise AssertionError("the disk never filled")


def spooled(spool: Spool) -> dict[int, bytes]:
    return {row.id: row.body() for row in spool.read(0, max_items=10**9, max_bytes=10**12)}


@pytest.mark.parametrize("size", [200, 5_000, 100_000, 900_000])
@pytest.mark.parametrize("ballast_kib", [0, 1024, 2048, 3072, 3500])
def test_a_full_disk_loses_nothing_acknowledged_and_recovers(
    small_disk: Path, size: int, ballast_kib: int
) -> None:
    spool = open_spool(small_disk / "spool.db", max_bytes=256 * MIB)
    ballast = small_disk / "ballast"
    with contextlib.suppress(OSError):
        ballast.write_bytes(b"\0" * ballast_kib * 1024)
    acknowledged: dict[int, bytes] = {}
    refusal = fill(spool, acknowledged, size=size)
    assert refusal.code == "spool_failed"
    assert refusal.retry_after_s >= 1
    for seed in range(3):
        with contextlib.suppress(TryAgain):
            row = appended(seed, size)
            acknowledged[spool.submit(row).result(30)] = row.body
    assert spooled(spool) == acknowledged
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    began = time.monotonic()
    while True:
        row = appended(1, size)
        try:
            acknowledged[spool.submit(row).result(30)] = row.body
            break
        except TryAgain:
            assert time.monotonic() - began < 5
    assert spooled(spool) == acknowledged
    spool.close()
    again = open_spool(small_disk / "spool.db", max_bytes=256 * MIB)
    assert spooled(again) == acknowledged
    assert again.state().corrupt_files == 0
    again.close()


@pytest.mark.parametrize("delete", [1, 5, 20])
def test_rows_that_are_processed_make_room_on_a_full_disk(small_disk: Path, delete: int) -> None:
    spool = open_spool(small_disk / "spool.db", max_bytes=256 * MIB)
    acknowledged: dict[int, bytes] = {}
    fill(spool, acknowledged, size=20_000)
    gone = sorted(acknowledged)[:delete]
    spool.delete(gone)
    for number in gone:
        del acknowledged[number]
    assert spooled(spool) == acknowledged
    spool.close()
    subprocess.run(["mount", "-o", "remount,size=32m", str(small_disk)], check=True)
    again = open_spool(small_disk / "spool.db", max_bytes=256 * MIB)
    # A deletion that did not reach the disk is repeated work, never a loss.
    assert acknowledged.items() <= spooled(again).items()
    again.close()


_LIMITED = """
import resource, sys
from pathlib import Path
from quarterdeck.errors import TryAgain
from quarterdeck.receive.spool import Appended, open_spool

spool = open_spool(Path(sys.argv[1]) / "spool.db", max_bytes=1 << 30)
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kind, limit = getattr(resource, sys.argv[2]), int(sys.argv[3])
soft, hard = resource.getrlimit(kind)
resource.setrlimit(kind, (limit, hard))
said = 0
import os
kept = 0
for number in range(60):
    try:
        spool.submit(Appended("p", "traces", "protobuf", 1, os.urandom(60_000))).result(30)
        kept += 1
    except TryAgain:
        said += 1
resource.setrlimit(kind, (soft, hard))
for _ in range(20):
    try:
        spool.submit(Appended("p", "traces", "protobuf", 1, b"after")).result(30)
        kept += 1
        break
    except TryAgain:
        continue
else:
    raise SystemExit("never recovered")
rows = spool.read(0, max_items=10**9, max_bytes=10**12)
assert len([row.body() for row in rows]) == kept, (len(rows), kept)
spool.close()
again = open_spool(Path(sys.argv[1]) / "spool.db", max_bytes=1 << 30)
assert again.state().rows == kept, (again.state(), kept)
again.close()
print(said)
"""


@pytest.mark.parametrize(
    ("limit", "value", "refuses"),
    [
        ("RLIMIT_FSIZE", 500_000, True),
        ("RLIMIT_FSIZE", 2_000_000, True),
        ("RLIMIT_NOFILE", 3, False),
    ],
)
def test_limits_of_the_process_are_answers_too(
    tmp_path: Path, limit: str, value: int, refuses: bool
) -> None:
    import sys

    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(tmp_path), limit, str(value)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if refuses:
        assert int(done.stdout) > 0
