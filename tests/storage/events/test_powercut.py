"""
An acknowledged span survives a power cut.

The store lies on an ext4 file system in a file; `EXT4_IOC_SHUTDOWN` without flushing the journal
makes the kernel forget everything that was not fsynced, as a power cut would.  Needs root and a
loop device, and is skipped without; then reading the settings back (test_schema) is the test.
"""

import fcntl
import os
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
HERE = Path(__file__).parent


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file with an ext4 file system, not mounted."""
    if os.geteuid() != 0 or not all(shutil.which(t) for t in ("mkfs.ext4", "mount", "losetup")):
        pytest.skip("needs root and a loop device")
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(1 << 30)
    mountpoint = tmp_path / "mnt"
    mountpoint.mkdir()
    if run("mkfs.ext4", "-q", "-F", str(image)).returncode:
        pytest.skip("mkfs.ext4 does not work here")
    if run("mount", "-o", "loop", str(image), str(mountpoint)).returncode:
        pytest.skip("loop devices are not allowed here")
    run("umount", str(mountpoint))
    yield image
    run("umount", str(mountpoint))


@pytest.mark.parametrize("seconds", [4.0, 9.0])
def test_what_was_acknowledged_is_there_after_a_power_cut(disk: Path, seconds: float) -> None:
    mountpoint = disk.with_name("mnt")
    acked: list[int] = []
    for _ in range(2):
        assert run("mount", "-o", "loop", str(disk), str(mountpoint)).returncode == 0
        acked += write_until_the_power_goes(mountpoint, seconds, first=len(acked) + 1)
        run("umount", str(mountpoint))
        assert run("mount", "-o", "loop", str(disk), str(mountpoint)).returncode == 0
        found = run(sys.executable, str(HERE / "powercut_reader.py"), str(mountpoint / "data"))
        assert found.returncode == 0, found.stderr[-2000:]
        there = {int(line) for line in found.stdout.split()}
        assert len(acked) > 10
        assert set(acked) - there == set()
        run("umount", str(mountpoint))
        # What was stored and not acknowledged may be there; the sender sends it again.
        acked = sorted(there)


def write_until_the_power_goes(mountpoint: Path, seconds: float, *, first: int) -> list[int]:
    """The batches whose insert had returned before the cut."""
    writer = subprocess.Popen(
        [sys.executable, str(HERE / "powercut_writer.py"), str(mountpoint / "data"), str(first)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    deadline = time.monotonic() + seconds
    acked = []
    for line in writer.stdout:
        acked.append(int(line))
        if time.monotonic() > deadline:
            break
    folder = os.open(mountpoint, os.O_RDONLY)
    fcntl.ioctl(folder, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
    os.close(folder)
    writer.kill()
    # What it had printed before the cut was acknowledged as well; a line cut off was not, and
    # an insert after the cut fails and is not printed.
    acked += [int(line) for line in writer.stdout if line.endswith("\n")]
    writer.wait()
    writer.stdout.close()
    return acked
