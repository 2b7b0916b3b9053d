"""
Inspect's evaluation logs, as JSON or as `.eval` (a zip of it), and lists of its events.

Each sample is a session: an epoch is a trial of its case, its grade is the outcome, and it is kept
out of production figures.  A log without samples tells sums only and holds no session.
"""

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.beginnings import begins_an_object, begins_like
from quarterdeck.receive.transcripts.dialogue import text_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.inspect_ai.events import Events
from quarterdeck.receive.transcripts.inspect_ai.samples import NAME, read_sample
from quarterdeck.receive.transcripts.inspect_ai.verdicts import outcome_of, scores_of
from quarterdeck.receive.transcripts.members import listing, mapping, present, text, told
from quarterdeck.receive.transcripts.source import Source, content_id, decode
from quarterdeck.receive.transcripts.token_counts import disagreement
from quarterdeck.receive.transcripts.transcript import BadLine, Entry, ModelCall, Read, Transcript

_PLAIN = frozenset({".json", ".txt"})
_PACKED = ".eval"
_CUT = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:')
_KNOWN_VERSION = 2
"""The log's schema since 2024."""

_MAX_MEMBER_BYTES = 1 << 30
"""A sample that unpacks to more is no sample."""


def _recognizes(source: Source) -> bool:
    if source.extension == _PACKED:
        return zipfile.is_zipfile(source.path)
    if source.extension not in _PLAIN or not begins_an_object(source):
        return False
    if source.top is None:
        return begins_like(source, _CUT)
    if source.has_keys("version", "status", "eval"):
        return "task" in mapping(source.top["eval"])
    return _is_event_list(source.top)


def _is_event_list(top: Any) -> bool:
    events = listing(mapping(top).get("events"))
    return bool(events) and all(
        isinstance(event, dict) and {"event", "timestamp"} <= event.keys() for event in events
    )


def _read(source: Source) -> Read:
    if source.extension == _PACKED:
        yield from _packed(source)
        return
    log = mapping(source.document)
    if "eval" not in log:
        yield _of_events(log, source)
        return
    yield from _about(log)
    samples = listing(log.get("samples"))
    header = {key: value for key, value in log.items() if key != "samples"}
    for number, sample in enumerate(samples, start=1):
        if isinstance(sample, dict):
            yield read_sample(sample, header, written_ns=source.written_ns)
        else:
            what = type(sample).__name__
            yield BadLine(source.shown, number, f"expected a sample, got a {what}")
    yield from _counted(header, len(samples))


def _about(log: dict[str, Any]) -> Iterator[Finding]:
    version = told(count, log.get("version"))
    if version is not None and version > _KNOWN_VERSION:
        yield Finding(
            code="unknown_version",
            message=f"the log is of version {version}, versions up to {_KNOWN_VERSION} are known: "
            "it is read as far as it is the same",
        )


def _counted(header: dict[str, Any], samples: int) -> Iterator[Finding]:
    results = mapping(header.get("results"))
    if not samples:
        task = text(mapping(header.get("eval")).get("task"))
        yield Finding(
            code="not_a_session",
            message=f"a log of {task!r} without its samples: it tells sums only",
        )
        return
    yield from disagreement("total_samples", told(count, results.get("total_samples")), samples)


def _of_events(log: dict[str, Any], source: Source) -> Transcript:
    """A list of events without their sample: one session, told by what is in it."""
    events = Events({})
    entries = events.read(log.get("events"))
    return Transcript(
        format=NAME,
        session_id=content_id(log.get("events")),
        task=_asked(entries),
        experiment=True,
        entries=entries,
        written_ns=source.written_ns,
        outcome=outcome_of(events.scores),
        scores=scores_of(events.scores, events.judges),
        metadata=present({"description": text(log.get("description"))}),
    )


def _asked(entries: Sequence[Entry]) -> str:
    first = next((entry for entry in entries if isinstance(entry, ModelCall)), None)
    said = [m for m in first.input if m.role == "user"] if first is not None else []
    return next((words for m in said if (words := text_of(m))), "")


def _packed(source: Source) -> Read:
    try:
        with zipfile.ZipFile(source.path) as archive:
            yield from _members(archive, source)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise Invalid(f"{source.shown}: can't be unpacked: {error}") from error


def _members(archive: zipfile.ZipFile, source: Source) -> Read:
    names = sorted(name for name in archive.namelist() if name.startswith("samples/"))
    header = mapping(_member(archive, "header.json")) or mapping(
        _member(archive, "_journal/start.json")
    )
    yield from _about(header)
    for number, name in enumerate(names, start=1):
        try:
            sample = _member(archive, name)
        except Invalid as error:
            yield BadLine(source.shown, number, f"{name}: {error.message}")
            continue
        if isinstance(sample, dict):
            yield read_sample(sample, header, written_ns=source.written_ns)
        else:
            yield BadLine(source.shown, number, f"{name}: expected a sample")
    yield from _counted(header, len(names))


def _member(archive: zipfile.ZipFile, name: str) -> Any:
    """One JSON value, or None where the archive has no such member.  Raises `Invalid`."""
    try:
        info = archive.getinfo(name)
    except KeyError:
        return None
    if info.file_size > _MAX_MEMBER_BYTES:
        raise Invalid(f"{name} unpacks to {info.file_size} bytes, more than any sample has")
    try:
        return decode(archive.read(info))
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError) as error:
        raise Invalid(f"{name}: can't be unpacked: {error}") from error


FORMAT = Format(name=NAME, title="Inspect", recognizes=_recognizes, read=_read)
