"""
What the SDK's processes on this machine counted, in files that `quarterdeck doctor` reads.

Each process writes `status-<pid>.json` beside the spool: the numbers of `qd.stats()`, the
server's address and the service's name, never a key and never content.  A file stays after its
process, so that what was dropped can still be told; after a week it is removed.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.sending.stats import Stats

KEPT_S = 7 * 24 * 3600.0
MAX_FILES = 200
"""Statuses kept; a prefork server of 64 workers restarted three times a day fits."""

_PREFIX, _SUFFIX = "status-", ".json"


class Status(NamedTuple):
    """One process's numbers as it last wrote them."""

    pid: int
    running: bool
    """Whether a process with this pid is alive now; the system may have reused the number."""
    updated_s: float
    """Seconds since 1970."""
    url: str
    service: str
    stats: Mapping[str, Any]
    """The fields of `Stats`."""


def write_status(folder: Path, *, url: str, service: str, stats: Stats) -> None:
    """Replace this process's file.  Raises `OSError`."""
    said = {
        "pid": os.getpid(),
        "updated_s": round(time.time(), 3),
        "url": without_credentials(url),
        "service": service,
        "stats": asdict(stats),
    }
    target = folder / f"{_PREFIX}{os.getpid()}{_SUFFIX}"
    partly = target.with_suffix(".tmp")
    descriptor = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(said, file)
    partly.replace(target)


def read_statuses(folder: Path) -> list[Status]:
    """All that can be read, the last written first; an absent folder has none."""
    found = []
    for path in _files(folder):
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            found.append(
                Status(
                    pid=int(said["pid"]),
                    running=_is_alive(int(said["pid"])),
                    updated_s=float(said["updated_s"]),
                    url=str(said["url"]),
                    service=str(said["service"]),
                    stats=dict(said["stats"]),
                )
            )
        except (OSError, ValueError, KeyError, TypeError):
            continue  # half of a file from a crashed machine tells nothing
    return sorted(found, key=lambda status: -status.updated_s)


def remove_old_statuses(folder: Path) -> None:
    """Those of a week ago, and the oldest beyond `MAX_FILES`.  Never raises."""
    try:
        aged = sorted((path.stat().st_mtime, path) for path in _files(folder))
        oldest = time.time() - KEPT_S
        for at, (written_s, path) in enumerate(aged):
            if written_s < oldest or at < len(aged) - MAX_FILES:
                path.unlink(missing_ok=True)
    except OSError as error:
        swallow("status", error)


def without_credentials(url: str) -> str:
    """The address without user, password, query and fragment, also where its scheme is missing."""
    if "//" not in url:
        return url.partition("?")[0].partition("#")[0].rpartition("@")[2]
    try:
        parts = urlsplit(url)
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        return ""


def _files(folder: Path) -> list[Path]:
    try:
        return list(folder.glob(f"{_PREFIX}*{_SUFFIX}"))
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
