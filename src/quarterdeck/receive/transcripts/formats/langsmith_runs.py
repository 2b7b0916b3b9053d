"""
Runs of LangSmith, as its API and its SDK tell them: one on each line, or pages of them.

Nothing is translated: they are posted to where LangSmith's client posts its runs, with the ids
that they have.  Runs of one trace may be in any order and in several files.
"""

import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.source import Source, decode
from quarterdeck.receive.transcripts.transcript import BadLine, ClientCall, Read

MAX_RUNS, MAX_BYTES = 100, 4 * 1024 * 1024
"""Of one call, as LangSmith's client has it: whichever is reached first."""

_KEYS = {"id", "run_type", "start_time", "name"}
_DERIVED = ("child_runs", "child_run_ids", "feedback_stats")
"""Of other runs and of feedback: told there."""


def recognizes(source: Source) -> bool:
    first = source.head[0] if source.head else source.top
    return any(_is_run(run) for run in _runs(first)[:1])


def read(source: Source) -> Read:
    held: list[dict[str, Any]] = []
    held_bytes = 0
    for item in _told(source):
        if isinstance(item, BadLine):
            yield item
            continue
        run = {key: value for key, value in item.items() if key not in _DERIVED}
        size = len(msgspec.json.encode(run))
        if held and (len(held) == MAX_RUNS or held_bytes + size > MAX_BYTES):
            yield _call(held)
            held, held_bytes = [], 0
        held.append(run)
        held_bytes += size
    if held:
        yield _call(held)


def _call(runs: list[dict[str, Any]]) -> ClientCall:
    body = {"post": runs, "patch": []}
    return ClientCall(client="langsmith", method="POST", path="/langsmith/runs/batch", body=body)


def _told(source: Source) -> Iterator[dict[str, Any] | BadLine]:
    if not source.head:
        yield from _checked(source, 0, source.document)
        return
    for line in source.lines():
        try:
            value = decode(line.text)
        except Invalid as error:
            yield BadLine(source.shown, line.number, error.message)
            continue
        yield from _checked(source, line.number, value)


def _checked(source: Source, number: int, value: Any) -> Iterator[dict[str, Any] | BadLine]:
    runs = _runs(value)
    if not runs:
        yield BadLine(source.shown, number, "no run, and no list of runs")
    for run in runs:
        if _is_run(run):
            yield run
        else:
            yield BadLine(source.shown, number, "no run: it lacks an id, a type, a name or a start")


def _runs(value: Any) -> list[Any]:
    if isinstance(value, dict) and isinstance(value.get("runs"), list):
        return list(value["runs"])
    return value if isinstance(value, list) else [value]


def _is_run(value: Any) -> bool:
    if not isinstance(value, dict) or not value.keys() >= _KEYS:
        return False
    if not value.keys() & {"trace_id", "dotted_order"}:
        return False
    try:
        uuid.UUID(value["id"])
    except (ValueError, AttributeError, TypeError):
        return False
    return isinstance(value["run_type"], str)


FORMAT = Format("langsmith_runs", "LangSmith runs", recognizes, read)
