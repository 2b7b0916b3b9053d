"""What this machine knows itself: what the SDK's processes counted, and what is instrumented."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from quarterdeck.sdk.diagnosis.check import Check, ok, unknown, warn
from quarterdeck.sdk.diagnosis.situation import Situation, port_of, same_host
from quarterdeck.sdk.instrument import Instrumented, double, instrumented
from quarterdeck.sdk.instrumentors.targets import TARGETS, Target, Way
from quarterdeck.sdk.sending.status import Status, read_statuses, without_credentials
from quarterdeck.sdk.shown import count, one_line, plural, rounded

RECENT_S = 24 * 3600.0
"""Older processes are history, unless they still run."""
NAMED = 5
"""Processes that are told one by one; the rest are told as a number."""


def check_processes(situation: Situation) -> Iterator[Check]:
    folder = situation.status_folder
    statuses = _recent(folder)
    if not statuses:
        yield unknown(
            "sdk_processes",
            f"no process with qd.init() has written its numbers to {folder} in the last day",
            "Call qd.init() when the agent starts; if it runs elsewhere, run this there too.",
        )
        return
    troubled = [(status, said) for status in statuses if (said := _trouble(status))]
    for status, said in troubled[:NAMED]:
        yield warn("sdk_processes", f"{_name(status)}: {'; '.join(said)}", _next(status))
    if len(troubled) > NAMED:
        more = len(troubled) - NAMED
        yield warn("sdk_processes", f"{more} more processes tell of trouble", f"Look in {folder}")
    elsewhere = list(_elsewhere(statuses, situation))
    yield from elsewhere
    if not troubled and not elsewhere:
        sent = sum(_number(status.stats, "sent") for status in statuses)
        yield ok(
            "sdk_processes",
            f"{count(sent)} spans sent by processes with qd.init() in the last day "
            f"({len(statuses)}), none dropped",
        )


def _recent(folder: Path | None) -> list[Status]:
    if folder is None:
        return []
    now = time.time()
    return [
        status
        for status in read_statuses(folder)
        if status.running or now - status.updated_s < RECENT_S
    ]


def _trouble(status: Status) -> list[str]:
    stats = status.stats
    said = []
    dropped = stats.get("dropped")
    if isinstance(dropped, Mapping) and any(dropped.values()):
        reasons = ", ".join(
            f"{count(spans)} {one_line(str(why))}" for why, spans in dropped.items()
        )
        said.append(f"dropped spans: {reasons}")
    if rejected := _number(stats, "rejected"):
        said.append(f"the server rejected {plural(rejected, 'span')}")
    if held := _number(stats, "spool_bytes"):
        said.append(f"{held / 1024:,.0f} KiB wait on disk to be sent")
    if not status.running and (left := _number(stats, "queued")):
        said.append(f"it ended with {plural(left, 'span')} unsent")
    errors = stats.get("errors")
    if isinstance(errors, Mapping) and errors:
        said.append(f"errors of the SDK: {one_line(', '.join(map(str, errors)), limit=120)}")
    problem = stats.get("last_problem")
    if said and problem:
        said.append(f"last problem: {one_line(str(problem), limit=160)}")
    return said


def _elsewhere(statuses: Sequence[Status], situation: Situation) -> Iterator[Check]:
    """Told only where none sends here: a machine may report to several servers."""
    urls = Counter(one_line(status.url, limit=80) for status in statuses)
    if any(_same_server(status.url, situation) for status in statuses):
        return
    where = ", ".join(url for url, _ in urls.most_common(3))
    yield warn(
        "sdk_processes",
        f"all {len(statuses)} processes with qd.init() of the last day send elsewhere ({where}), "
        f"none to {situation.host}:{situation.port}",
        f"Where the agent starts: export QUARTERDECK_URL={without_credentials(situation.url)}",
    )


def _next(status: Status) -> str:
    if _number(status.stats, "spool_bytes"):
        return "What waits on disk is sent when a process with qd.init() reaches that server again."
    return "docs/reference/sdk.md tells what each reason means; qd.init(debug=True) logs them."


def _same_server(url: str, situation: Situation) -> bool:
    if not url:
        return True
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return same_host(host, situation.host) and port_of(url) == situation.port


def _name(status: Status) -> str:
    age = rounded(max(0.0, time.time() - status.updated_s))
    state = "runs" if status.running else f"ended, last heard of {age} ago"
    return (
        f"process {status.pid} ({one_line(status.service or 'no service name', limit=40)}, {state})"
    )


def _number(stats: Mapping[str, object], name: str) -> int:
    value = stats.get(name)
    return value if isinstance(value, int) else 0


def check_instrumentation() -> Iterator[Check]:
    """Of this environment's packages; what an agent switched on is known to the agent alone."""
    found = instrumented()
    if not found:
        yield unknown(
            "instrumentation",
            "no library that is known to report is installed in this environment",
            "Run this in the agent's environment; own code is told with qd.session(), qd.agent(), "
            "qd.tool() and qd.model_call().",
        )
        return
    troubles = [*_missing(found), *_twice(found)]
    yield from troubles
    if not troubles:
        yield ok("instrumentation", f"each reports once: {', '.join(_how(one) for one in found)}")


def _how(one: Instrumented) -> str:
    return f"{one.library} by {one.package or one.by}" if one.by else one.library


def _missing(found: Sequence[Instrumented]) -> Iterator[Check]:
    for one in found:
        if one.state == "missing":
            yield warn(
                "instrumentation",
                f"{one.library} is installed, and nothing here makes it report",
                one.why,
            )
        elif one.state == "failed":
            yield warn(
                "instrumentation",
                f"{one.library} could not be made to report: {one_line(one.why, limit=200)}",
                "qd.init(debug=True) logs why.",
            )


def _twice(found: Sequence[Instrumented]) -> Iterator[Check]:
    for said in double(found):
        yield warn("instrumentation", said, "Switch one of them off.")
    libraries = {one.library for one in found}
    for target in TARGETS:
        if target.library in libraries and len(names := _instrumentors(target)) > 1:
            yield warn(
                "instrumentation",
                f"{' and '.join(names)} are both installed for {target.library}: qd.init() "
                "switches on the first; where the agent switches on another, each call is sent "
                "twice (and counted once)",
                f"If that is not wanted: pip uninstall {names[-1]}",
            )


def _instrumentors(target: Target) -> list[str]:
    names = []
    for way in target.ways:
        if isinstance(way, Way):
            try:
                version(way.package)
            except PackageNotFoundError:
                continue
            names.append(way.package)
    return names
