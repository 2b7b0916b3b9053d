"""
Whole inputs of the calls of one session that were sent as changes.

Each such call continues the one before it: asked one by one, the hundredth takes a hundred
questions to the store.  Which they are is guessed from the session's steps, read together, and
kept for the next step that is looked at.  A wrong guess costs reading and nothing else.
"""

from collections.abc import Iterable, Mapping, Sequence
from threading import Lock

from quarterdeck.api.parts import Parts
from quarterdeck.api.spans import read_spans
from quarterdeck.assembly.standing import Standing
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.deltas import Key, base_of, with_whole_inputs
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.span_reads import StoredSpan

MAX_KEPT_BYTES = 8 << 20
"""Of payloads, as stored: a chain of 2,000 calls that each add 4 kB."""
_FIRST_AHEAD = 16
_MAX_AHEAD = 1_000
_GROWS = 4


class Chain:
    """Safe for many threads.  Of a session as it stood at one revision."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._lock = Lock()  # protects what follows
        self._kept: dict[Key, RawSpan] = {}
        self._bytes = 0

    def whole(
        self, parts: Parts, scope: ProjectScope, stored: Sequence[StoredSpan]
    ) -> list[RawSpan]:
        """Their raw spans, inputs that were sent as changes made whole.  Blocks."""
        with self._lock:
            known = dict(self._kept)
        ahead = _FIRST_AHEAD

        def fetch(keys: Sequence[Key]) -> Iterable[RawSpan]:
            nonlocal ahead
            missing = [key for key in keys if key not in known]
            if missing:
                likely = [key for key in self._likely(missing, ahead) if key not in known]
                ahead = min(_MAX_AHEAD, _GROWS * ahead)
                read = read_spans(parts, scope, likely)
                known.update({(one.raw.trace_id, one.raw.span_id): one.raw for one in read})
                self._keep(read)
            return _continued(keys, known, scope)

        return with_whole_inputs([one.raw for one in stored], fetch)

    def _likely(self, keys: Sequence[Key], ahead: int) -> list[Key]:
        """These and, of each, the calls of a model by the same agent before it."""
        found = dict.fromkeys(keys)
        for key in keys:
            number = self._standing.number_of.get(key)
            for before in self._standing.calls_until(number, ahead) if number else ():
                step = self._standing.step(before)
                if step.trace_id == key[0]:
                    found[step.trace_id, step.span_id] = None
        return list(found)

    def _keep(self, read: Sequence[StoredSpan]) -> None:
        with self._lock:
            for one in read:
                key = (one.raw.trace_id, one.raw.span_id)
                if key not in self._kept and self._bytes + one.size <= MAX_KEPT_BYTES:
                    self._kept[key] = one.raw
                    self._bytes += one.size


def _continued(
    keys: Sequence[Key], known: Mapping[Key, RawSpan], scope: ProjectScope
) -> Iterable[RawSpan]:
    """Those of the spans that are known, with all that they continue; none that has expired."""
    found: dict[Key, RawSpan] = {}
    for key in keys:
        at = key
        while at not in found and (raw := known.get(at)) is not None:
            if raw.start_ns < scope.floor_ns:
                break
            found[at] = raw
            at = (raw.trace_id, base_of(raw))
    return found.values()
