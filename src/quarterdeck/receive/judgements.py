"""
Scores that a client gave by themselves: to a session, to a trace, to a span of somebody's trace.

They are kept like those that people give through the API, under the id that they were given to,
so they may come before what they judge.  One that names a span alone waits, as a fragment of that
span, until a span with this id is stored.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from quarterdeck.model.ids import ProjectId, SessionId, public_id
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.fragments import SPAN_HOME, waiting_judgements, waiting_row
from quarterdeck.receive.stored_events import EventStore
from quarterdeck.receive.wire import Judgement
from quarterdeck.storage.events.fragments import FragmentRow
from quarterdeck.storage.events.scores import ScoreRow


class Given(NamedTuple):
    judgement: Judgement
    arrived_ns: int


class _Sorted(NamedTuple):
    placed: list[Given]
    """Their session or trace is known."""
    waiting: list[Given]


class Judgements:
    """Of one pipeline, in its thread.  With `exclusive` False nothing in memory is believed."""

    def __init__(self, store: EventStore, *, exclusive: bool) -> None:
        self._store = store
        self._exclusive = exclusive
        self._awaited: dict[ProjectId, set[str]] = {}
        """Ids of spans that judgements wait for."""

    def store(
        self,
        given: Mapping[ProjectId, Sequence[Given]],
        spans: Mapping[ProjectId, Sequence[RawSpan]],
    ) -> dict[ProjectId, set[str]]:
        """
        Keep these, and those that waited for one of these spans.

        The sessions, or `trace:<id>`, that were given scores, by project.
        """
        rows, waiting = list[ScoreRow](), list[FragmentRow]()
        for project_id in given.keys() | spans.keys():
            here = spans.get(project_id, ())
            all_given = [*given.get(project_id, ()), *self._awaited_by(project_id, here)]
            placed, unplaced = self._sorted(project_id, all_given, here)
            rows += (score_row(project_id, one, arrived_ns=at_ns) for one, at_ns in placed)
            for one, at_ns in unplaced:
                waiting.append(waiting_row(project_id, one, arrived_ns=at_ns))
                self._awaited[project_id].add(one.score.target_span_id)
        if waiting:
            self._store.write_fragments(waiting, ())
        if rows:
            self._store.write_scores(rows)
        for project_id, some in spans.items():
            # Only now: a batch that failed comes again, and finds them waiting still.
            met = self._awaited[project_id] & {raw.span_id for raw in some}
            if met:
                self._store.delete_fragments(project_id, [SPAN_HOME + one for one in met])
                self._awaited[project_id] -= met
        scored: dict[ProjectId, set[str]] = defaultdict(set)
        for row in rows:
            scored[row.project_id].add(row.session_id)
        return scored

    def _awaited_by(self, project_id: ProjectId, spans: Sequence[RawSpan]) -> list[Given]:
        """What was given to these spans before they came."""
        if project_id not in self._awaited or not self._exclusive:
            self._awaited[project_id] = set(self._store.awaited_spans(project_id))
        here = {raw.span_id for raw in spans} & self._awaited[project_id]
        if not here:
            return []
        rows = self._store.parts_of(project_id, [SPAN_HOME + span_id for span_id in here]).rows
        arrived = (row.arrived_ns for row in rows)
        return [Given(*pair) for pair in zip(waiting_judgements(rows), arrived, strict=True)]

    def _sorted(
        self, project_id: ProjectId, given: Sequence[Given], spans: Sequence[RawSpan]
    ) -> _Sorted:
        wanted = {one.score.target_span_id for one, _ in given if _names_a_span_alone(one)}
        if not wanted:
            return _Sorted(list(given), [])
        known = {raw.span_id: raw.trace_id for raw in spans if raw.span_id in wanted}
        if wanted - known.keys():
            known |= self._store.traces_of_spans(project_id, sorted(wanted - known.keys()))
        found = _Sorted([], [])
        for one, arrived_ns in given:
            trace_id = known.get(one.score.target_span_id, "")
            if not _names_a_span_alone(one):
                found.placed.append(Given(one, arrived_ns))
            elif trace_id:
                found.placed.append(Given(_in_trace(one, trace_id), arrived_ns))
            else:
                found.waiting.append(Given(one, arrived_ns))
        return found


def _names_a_span_alone(judgement: Judgement) -> bool:
    score = judgement.score
    return bool(score.target_span_id and not score.target_trace_id and not score.target_session_id)


def _in_trace(judgement: Judgement, trace_id: str) -> Judgement:
    score = msgspec.structs.replace(judgement.score, target_trace_id=trace_id)
    return msgspec.structs.replace(judgement, score=score)


def score_row(project_id: ProjectId, judgement: Judgement, *, arrived_ns: int) -> ScoreRow:
    """As it is stored: under its session's public id, or `trace:<id>`."""
    score = judgement.score
    given_ns = judgement.given_ns or arrived_ns
    session_id = (
        public_id(score.target_session_id)
        if score.target_session_id
        else f"trace:{score.target_trace_id}"
    )
    return ScoreRow(
        project_id=project_id,
        session_id=SessionId(session_id),
        score=score if score.at_ns else msgspec.structs.replace(score, at_ns=given_ns),
        ver=given_ns,
        is_deleted=judgement.taken_back,
    )
