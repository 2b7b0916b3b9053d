"""
A transcript as spans, spelled as OpenTelemetry and our own attributes spell them.

The server then reads them like any other sender's: one way in, one meaning.  Ids are hashes of
what was recorded, so an import that is repeated, or that runs again over a file that has grown,
sends the same spans; the store keeps one of each.

Times that the file does not tell are filled so that the order stays: an entry without a time
follows the one before it by a microsecond, and those of one instant follow each other by a
nanosecond.  Where no time is told at all, the session is placed where the caller says, and a
finding says so: no duration of it means anything but those that the file tells of single steps.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.spans import RawEvent, RawSpan, Resource, Value
from quarterdeck.receive.transcripts.span_attributes import (
    entry_attributes,
    finding_attributes,
    present,
    score_events,
    session_attributes,
)
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)

SCOPE = "quarterdeck.transcripts"
"""The scope of every imported span: normalize/token_semantics.py knows how it counts."""

SCOPE_VERSION = "1"
"""Raised when the same file begins to give other spans."""

_STEP_NS = 1_000
"""Between an entry and the next one whose time is not told: below any real difference."""

_OK, _ERROR = 1, 2


class _Timed(NamedTuple):
    start_ns: int
    end_ns: int


def trace_id_of(transcript: Transcript) -> str:
    """One trace for all parts of a session: a sub-agent's file meets its caller's there."""
    return _hash(transcript.format, transcript.session_id)[:32]


def span_id_of(trace_id: str, part: str, entry_id: str) -> str:
    """`entry_id` "" = the part's root."""
    return _hash(trace_id, part, entry_id)[:16]


def has_times(transcript: Transcript) -> bool:
    """Whether the file tells any time of what happened in it."""
    return transcript.started_ns is not None or any(
        entry.start_ns is not None for entry in transcript.entries
    )


def to_spans(transcript: Transcript, *, placed_ns: int = 0, live: bool = False) -> list[RawSpan]:
    """
    The root first, then the entries in their order.

    `placed_ns` is where a session begins whose file tells no time; otherwise it is ignored.
    `live`: the file may still grow, so the root is sent as partial, to be completed later.
    Raises `ValueError` for entries whose ids are not unique or whose parent is not before them:
    a defect of the format, found by the contract kit.
    """
    return list(_Builder(transcript, placed_ns=placed_ns, live=live).spans())


class _Builder:
    """One transcript on its way: what all its spans share."""

    def __init__(self, transcript: Transcript, *, placed_ns: int, live: bool) -> None:
        self._of = transcript
        self._live = live
        self._trace_id = trace_id_of(transcript)
        self._resource = Resource(
            attributes={"service.name": transcript.format},
            scope_name=SCOPE,
            scope_version=SCOPE_VERSION,
        )
        self._placed = not has_times(transcript)
        self._placed_ns = placed_ns
        self._times = _times_of(transcript, placed_ns=placed_ns)
        self._parents = _parents_of(transcript.entries)
        self._last_call: dict[str, str] = {}
        """The entry id of the latest model call of each parent, whose input the next continues."""

    def spans(self) -> Iterator[RawSpan]:
        yield self._root()
        if self._has_main_agent:
            yield self._main_agent()
        for entry, timed in zip(self._of.entries, self._times, strict=True):
            yield self._span(entry, timed)

    @property
    def _has_main_agent(self) -> bool:
        """A part's root is its agent; only a session's own root leaves room for one below it."""
        return bool(self._of.agent) and not self._of.part

    def _id(self, entry_id: str) -> str:
        return span_id_of(self._trace_id, self._of.part, entry_id)

    def _parent_id(self, entry: Entry) -> str:
        if entry.parent:
            return self._id(entry.parent)
        return self._id("\0agent") if self._has_main_agent else self._id("")

    def _span_of_all(self) -> _Timed:
        of = self._of
        starts = [timed.start_ns for timed in self._times]
        ends = [timed.end_ns for timed in self._times]
        start = of.started_ns if of.started_ns is not None else min(starts, default=0)
        if self._placed:
            # Exactly there, so that an import that finds it stored places it there again.
            start = self._placed_ns
        end = of.ended_ns if of.ended_ns is not None else max(ends, default=start)
        return _Timed(min([start, *starts]), max([start, end, *ends]))

    def _root(self) -> RawSpan:
        of = self._of
        attributes = session_attributes(of)
        attributes["session.id"] = of.session_id
        if of.part:
            attributes |= present({"gen_ai.operation.name": "invoke_agent",
                                    "gen_ai.agent.name": of.agent or of.part,
                                    "quarterdeck.role": of.agent_role})  # fmt: skip
            parent = span_id_of(self._trace_id, "", of.attached_to)
        else:
            attributes["quarterdeck.kind"] = "session"
            parent = ""
        findings = [*of.findings, *([_placed_finding(of)] if self._placed and of.entries else [])]
        attributes |= finding_attributes(findings)
        if self._live:
            attributes["quarterdeck.partial"] = True
        timed = self._span_of_all()
        own = tuple(score for score in of.scores if not score.target_span_id)
        return self._made(
            self._id(""),
            parent,
            (of.agent or of.part) if of.part else (of.task_type or of.format),
            timed,
            attributes,
            status=of.status,
            error=of.error,
            events=score_events(own, scope="session"),
        )

    def _main_agent(self) -> RawSpan:
        of = self._of
        attributes = present(
            {
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": of.agent,
                "quarterdeck.role": of.agent_role,
            }
        )
        if self._live:
            attributes["quarterdeck.partial"] = True
        return self._made(
            self._id("\0agent"), self._id(""), of.agent, self._span_of_all(), attributes,
            status=of.status, error=of.error,
        )  # fmt: skip

    def _span(self, entry: Entry, timed: _Timed) -> RawSpan:
        attributes = entry_attributes(entry)
        if isinstance(entry, ModelCall):
            base = self._last_call.get(entry.parent)
            if base is not None and entry.input and entry.continues:
                attributes["quarterdeck.input.base_span_id"] = self._id(base)
            # A failed attempt is continued by nothing: its retry has the same input.
            if entry.input and not (entry.attempt is not None and entry.status == "error"):
                self._last_call[entry.parent] = entry.id
        judged = (*entry.scores, *(s for s in self._of.scores if s.target_span_id == entry.id))
        return self._made(
            self._id(entry.id),
            self._parent_id(entry),
            _name_of(entry),
            timed,
            attributes,
            status=entry.status,
            error=entry.error,
            error_type=entry.error_type,
            events=score_events(judged, scope="span"),
        )

    def _made(
        self,
        span_id: str,
        parent: str,
        name: str,
        timed: _Timed,
        attributes: dict[str, Value],
        *,
        status: str,
        error: str,
        error_type: str = "",
        events: tuple[RawEvent, ...] = (),
    ) -> RawSpan:
        if status in ("cancelled", "blocked"):
            attributes["quarterdeck.status"] = status
        if error_type:
            attributes["error.type"] = error_type
        return RawSpan(
            trace_id=self._trace_id,
            span_id=span_id,
            parent_span_id=parent,
            name=name,
            start_ns=timed.start_ns,
            end_ns=timed.end_ns,
            status_code=_ERROR if status == "error" else _OK if status == "ok" else 0,
            status_message=error,
            attributes=attributes,
            events=tuple(
                msgspec.structs.replace(event, time_ns=event.time_ns or timed.end_ns)
                for event in events
            ),
            resource=self._resource,
        )


def _parents_of(entries: Sequence[Entry]) -> frozenset[str]:
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen or not entry.id:
            raise ValueError(f"entry id {entry.id!r} is not unique")
        if entry.parent and entry.parent not in seen:
            raise ValueError(f"parent {entry.parent!r} of {entry.id!r} is not before it")
        seen.add(entry.id)
    return frozenset(entry.parent for entry in entries if entry.parent)


def _times_of(transcript: Transcript, *, placed_ns: int) -> list[_Timed]:
    """Start and end of every entry; those of runs span what happened in them."""
    told = [entry.start_ns for entry in transcript.entries if entry.start_ns is not None]
    last = transcript.started_ns
    if last is None:
        last = told[0] if told else placed_ns
    times: list[_Timed] = []
    for entry in transcript.entries:
        start = entry.start_ns if entry.start_ns is not None else last + _STEP_NS
        end = max(start, entry.end_ns if entry.end_ns is not None else start)
        last = max(last, start)
        if entry.took_ns is not None and entry.start_ns is None:
            last = end = start + max(0, entry.took_ns)
        times.append(_Timed(start, end))
    return _stretched(transcript.entries, _apart(transcript.entries, times))


def _apart(entries: Sequence[Entry], times: list[_Timed]) -> list[_Timed]:
    """Entries of one instant begin a nanosecond after each other: by time alone they would mix."""
    taken: Counter[int] = Counter()
    apart = list(times)
    for place in _told_order(entries):
        start, end = times[place]
        begun = start + taken[start]
        taken[start] += 1
        apart[place] = _Timed(begun, max(begun, end))
    return apart


def _told_order(entries: Sequence[Entry]) -> list[int]:
    """As they are told, but an approval before the call that it let run."""
    calls = {
        entry.call_id: place
        for place, entry in enumerate(entries)
        if isinstance(entry, ToolCall) and entry.call_id
    }

    def rank(place: int) -> tuple[int, bool]:
        entry = entries[place]
        if isinstance(entry, PersonAct) and entry.kind == "approval":
            return calls.get(entry.call_id, place), False
        return place, True

    return sorted(range(len(entries)), key=rank)


def _stretched(entries: Sequence[Entry], times: list[_Timed]) -> list[_Timed]:
    """Runs without an end of their own end with the last thing in them, innermost first."""
    place = {entry.id: index for index, entry in enumerate(entries)}
    for index in range(len(entries) - 1, -1, -1):
        parent = entries[index].parent
        if not parent:
            continue
        above = place[parent]
        if entries[above].end_ns is None and times[index].end_ns > times[above].end_ns:
            times[above] = times[above]._replace(end_ns=times[index].end_ns)
    return times


def _name_of(entry: Entry) -> str:
    match entry:
        case AgentRun():
            return f"invoke_agent {entry.name}".strip()
        case ModelCall():
            return f"chat {entry.model}".strip()
        case ToolCall():
            return f"execute_tool {entry.tool}".strip()
        case PersonAct():
            return entry.kind
        case Event():
            return entry.name


def _placed_finding(of: Transcript) -> Finding:
    where = "the date of the file" if of.written_ns else "where it was first imported"
    return Finding(
        code="times_unknown",
        message=f"the file tells no times: the session is placed at {where}, "
        "its steps are in order, and no duration of it means anything"
        + (" but those that the file tells of single steps" if _tells_durations(of) else ""),
    )


def _tells_durations(of: Transcript) -> bool:
    return any(entry.took_ns is not None for entry in of.entries)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(("transcript", *parts)).encode(errors="replace")).hexdigest()
