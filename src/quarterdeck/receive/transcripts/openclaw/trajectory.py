"""
What the trajectory beside a session says of its runs: how each ended, and what it spent.

Up to 2026.4 a run whose only model call was refused ends as a success there, so its word is
compared with the calls and never taken for an outcome.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.members import mapping, text, told
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import Entry, ModelCall


class Runs(NamedTuple):
    status: str
    """Of the last one: `success`, `error`, …; "" = no trajectory, or it goes on."""
    input_tokens: int
    """Of all, with what was cached."""
    output_tokens: int


def runs_of(source: Source, session_id: str) -> Runs:
    """Never raises."""
    status, inputs, outputs = "", 0, 0
    for event in _events(source.beside(f"{session_id}.trajectory.jsonl")):
        data = mapping(event.get("data"))
        match event.get("type"):
            case "session.started":
                status = ""
            case "session.ended":
                status = text(data.get("status"))
            case "trace.artifacts":
                usage = mapping(data.get("usage"))
                inputs += sum(told(count, usage.get(key)) or 0 for key in _INPUT)
                outputs += told(count, usage.get("output")) or 0
    return Runs(status, inputs, outputs)


_INPUT = ("input", "cacheRead", "cacheWrite")
_NEEDED = (b'"session.started"', b'"session.ended"', b'"trace.artifacts"')
"""The other lines hold the whole context of every run: they are not decoded."""


def _events(trajectory: Source | None) -> Iterator[dict[str, Any]]:
    if trajectory is None:
        return
    try:
        for line in trajectory.lines():
            if any(needle in line.text[:600] for needle in _NEEDED):
                try:
                    yield mapping(msgspec.json.decode(line.text))
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
    except (OSError, EOFError):
        return


def contradictions(runs: Runs, entries: tuple[Entry, ...]) -> Iterator[Finding]:
    """Between what the trajectory says and the calls of the session."""
    calls = [entry for entry in entries if isinstance(entry, ModelCall)]
    if runs.status == "success" and calls and calls[-1].status == "error":
        yield Finding(
            code="status_disagrees",
            message="the trajectory says that the last run was a success, and its last model call "
            f"failed: {calls[-1].error[:200]}; the failure counts",
        )
    inputs = sum((call.usage.input_tokens or 0) for call in calls if call.usage)
    outputs = sum((call.usage.output_tokens or 0) for call in calls if call.usage)
    if runs.input_tokens > inputs or runs.output_tokens > outputs:
        yield Finding(
            code="usage_missing",
            message=f"the trajectory's runs spent {runs.input_tokens} input and "
            f"{runs.output_tokens} output tokens, the calls add up to {inputs} and {outputs}",
        )
