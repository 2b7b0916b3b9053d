"""
A trace that was exported from Langfuse: the trace with its scores, and all its observations.

Traces of one `sessionId` are parts of one session.  A trace keeps its own id, so the same one
exported twice is one session.  What a model asked for and no observation ran is a tool call too,
with the result that a later call was shown.  A person's correction of the output afterwards is a
judgement of the session and no act in it.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.scores import Judge, Score
from quarterdeck.normalize.attributes import decode_json, number, workflow_name
from quarterdeck.receive.transcripts.dialogue import text_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.langfuse.content import messages_in
from quarterdeck.receive.transcripts.langfuse.observations import Observation, in_order
from quarterdeck.receive.transcripts.langfuse.steps import Steps
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import Source, decode
from quarterdeck.receive.transcripts.transcript import BadLine, Entry, ModelCall, Read, Transcript

_NAME = "langfuse_trace"


def _recognizes(source: Source) -> bool:
    if source.extension != ".json":
        return False
    if source.has_keys("trace", "observations"):
        trace = source.top["trace"]
        return isinstance(trace, dict) and {"id", "timestamp"} <= trace.keys()
    return source.has_keys("id", "timestamp", "observations", "scores")


def _read(source: Source) -> Read:
    whole = mapping(source.document)
    trace = mapping(whole.get("trace")) if "trace" in whole else whole
    listed = listing(whole.get("observations"))
    for place, item in enumerate(listed, start=1):
        if not isinstance(item, dict):
            what = type(item).__name__
            yield BadLine(source.shown, place, f"expected an observation, got a {what}")
    observations, lacking = in_order(records(listed))
    if not observations:
        yield Finding(code="empty_session", message="the trace has no observations")
        return
    steps = Steps(observations)
    entries = steps.read()
    findings = (*_lacking(lacking), *steps.findings, *_constant_ends(observations))
    yield _transcript(source, trace, observations, entries, findings)


def _transcript(
    source: Source,
    trace: dict[str, Any],
    observations: Sequence[Observation],
    entries: Sequence[Entry],
    findings: Sequence[Finding],
) -> Transcript:
    trace_id = identifier(trace.get("id")) or source.stem
    session_id = identifier(trace.get("sessionId"))
    name = text(trace.get("name"))
    return Transcript(
        format=_NAME,
        session_id=session_id or trace_id,
        part=trace_id if session_id else "",
        agent=name if session_id else "",
        task=_task(trace.get("input")) or _first_words(entries),
        workflow=told(workflow_name, name) or "",
        user=identifier(trace.get("userId")),
        tags=[tag for tag in listing(trace.get("tags")) if isinstance(tag, str)],
        workflow_version=identifier(trace.get("version")),
        environment=text(trace.get("environment")),
        started_ns=min((o.start_ns for o in observations if o.start_ns is not None), default=None)
        or instant_ns(trace.get("timestamp")),
        entries=entries,
        written_ns=source.written_ns,
        scores=_scores(trace, {entry.id for entry in entries}),
        findings=findings,
        metadata=present({"release": trace.get("release"), "trace_id": trace_id,
                          "output": _unquoted(trace.get("output"))}),
    )  # fmt: skip


def _unquoted(value: Any) -> Any:
    """A trace's input and output are JSON, and so a text among them stands in quotes."""
    if isinstance(value, str) and value.startswith('"'):
        with suppress(Invalid):
            return decode(value.encode())
    return value


def _task(value: Any) -> str:
    """The words of the one who asked, out of whatever the framework calls its input."""
    decoded = decode_json(_unquoted(value))
    asked = mapping(decoded).get("new_message", decoded)
    if isinstance(asked, dict) and isinstance(asked.get("prompt"), str):
        return str(asked["prompt"])
    said = [m for m in messages_in(asked, "user") if m.role == "user"]
    return next((words for m in said if (words := text_of(m))), "")


def _first_words(entries: Sequence[Entry]) -> str:
    """What the first model was asked, where the trace has no input of its own."""
    first = next((entry for entry in entries if isinstance(entry, ModelCall)), None)
    said = [m for m in first.input if m.role == "user"] if first is not None else []
    return next((words for m in said if (words := text_of(m))), "")


_JUDGES: dict[str, Judge] = {"EVAL": "llm", "ANNOTATION": "human", "API": "unknown"}


def _scores(trace: dict[str, Any], entries: set[str]) -> list[Score]:
    found = [_score(value, entries) for value in records(trace.get("scores"))]
    return found + [_correction(value) for value in records(trace.get("corrections"))]


def _score(value: dict[str, Any], entries: set[str]) -> Score:
    """A score of an observation that the export lacks is the session's."""
    target = identifier(value.get("observationId"))
    return Score(
        name=text(value.get("name")) or "score",
        scope="span" if target in entries else "session",
        target_span_id=target if target in entries else "",
        value=told(number, value.get("value")),
        label=text(value.get("stringValue")),
        explanation=text(value.get("comment")),
        judge=_JUDGES.get(text(value.get("source")).upper(), "unknown"),
        identifier=identifier(value.get("id")),
        author=identifier(value.get("authorUserId")),
        at_ns=instant_ns(value.get("timestamp")) or 0,
    )


def _correction(value: dict[str, Any]) -> Score:
    """What a person would rather have read, written when the run was long over."""
    return Score(
        name=f"corrected {text(value.get('name'))}".strip(),
        scope="session",
        label="corrected",
        explanation=text(value.get("longStringValue")) or text(value.get("comment")),
        judge="human",
        identifier=identifier(value.get("id")),
        author=identifier(value.get("authorUserId")),
        at_ns=instant_ns(value.get("timestamp")) or 0,
    )


def _lacking(parents: set[str]) -> tuple[Finding, ...]:
    if not parents:
        return ()
    return (
        Finding(
            code="parent_missing",
            message=f"named as a parent and not in the export: {len(parents)} observations; what "
            "was in them is shown at the top",
        ),
    )


_MANY = 5
"""Observations below which equal ends may be chance."""

_SAME_NS = 10_000_000
"""Ends so close to the last one were set when the trace was closed."""


def _constant_ends(observations: Sequence[Observation]) -> tuple[Finding, ...]:
    """Frameworks that end all their spans when the run is over: BeeAI's listeners."""
    ends = [o.end_ns for o in observations if o.end_ns is not None]
    starts = [o.start_ns for o in observations if o.start_ns is not None]
    if len(ends) < _MANY or not starts:
        return ()
    last = max(ends)
    together = sum(last - end <= _SAME_NS for end in ends)
    spread = sum(last - start > 100 * _SAME_NS for start in starts)
    if together < len(ends) or spread * 2 < len(starts):
        return ()
    return (
        Finding(
            code="constant_times",
            message=f"all {len(ends)} observations end with the trace, whenever they began: their "
            "ends and durations mean nothing",
        ),
    )


FORMAT = Format(name=_NAME, title="Langfuse trace", recognizes=_recognizes, read=_read)
