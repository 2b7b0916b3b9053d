"""
Foreign objects in the pipeline: their parts are stored, their spans built, and what belonged to a
deleted session stays away.

An object that is too large to be read holds up nobody: its batch is halved, and alone it is tried
once more, then left as it is; what is said of it is kept, and counted as unbuilt.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.fragments import Build, build_spans, fragment_rows, gather, member_rows
from quarterdeck.receive.stored_events import EventStore, Key
from quarterdeck.receive.wire import Fragment, Reading
from quarterdeck.storage.events.columns import encode
from quarterdeck.storage.events.faults import TooMuch
from quarterdeck.storage.events.fragments import FragmentRow, FragmentsRow, MemberRow

_TRIES = 2
"""Others may have had the store's memory at the first."""

Item = tuple[str, Key | bytes]
"""Of a batch: project, and the span's key or the encoded fragment or judgement."""

_log = logging.getLogger(__name__)


class Told(NamedTuple):
    """What one request said."""

    project_id: ProjectId
    arrived_ns: int
    reading: Reading


class Objects:
    """Of one pipeline, in its thread.  `unbuilt` is told the wire of each object left without
    spans."""

    def __init__(
        self,
        store: EventStore,
        *,
        builders: Mapping[str, Build],
        unbuilt: Callable[[str], None],
    ) -> None:
        self._store = store
        self._builders = builders
        self._unbuilt = unbuilt
        self._deleted: dict[ProjectId, set[str]] = defaultdict(set)
        """Of the batch in hand: objects of which nothing is kept."""
        self._too_large: Counter[tuple[ProjectId, str]] = Counter()
        """Of the batch in hand: how often an object alone was too much."""

    def store(self, said: Sequence[Told]) -> dict[ProjectId, list[RawSpan]]:
        """Keep the fragments; the spans of every object that they tell of."""
        fragments, members = list[FragmentRow](), list[MemberRow]()
        for project_id, arrived_ns, reading in said:
            told = reading.fragments
            fragments += fragment_rows(project_id, told, arrived_ns=arrived_ns)
            members += member_rows(project_id, told, arrived_ns=arrived_ns)
        if fragments:
            self._store.write_fragments(fragments, members)
        self._deleted.clear()
        return self.build(said)

    def build(self, said: Sequence[Told]) -> dict[ProjectId, list[RawSpan]]:
        """From all that was ever said of each.  Raises `TooMuch` where it may go better later."""
        touched: dict[ProjectId, dict[str, None]] = defaultdict(dict)
        for project_id, _, reading in said:
            for fragment in reading.fragments:
                touched[project_id][fragment.object] = None
                if fragment.about:
                    touched[project_id][fragment.about] = None
        spans: dict[ProjectId, list[RawSpan]] = {}
        for project_id, names in touched.items():
            made = build_spans(self._gathered(project_id, list(names)), self._builders)
            left = [name for name in names if self._too_large[project_id, name]]
            if any(self._too_large[project_id, name] < _TRIES for name in left):
                raise TooMuch(f"{len(left)} objects are too large to be read now")
            for wire in (*made.failed, *(name.partition(":")[0] for name in left)):
                self._unbuilt(wire)
            spans[project_id] = made.spans
        return spans

    def drop_deleted(self, said: Sequence[Told]) -> set[Item]:
        """Take away again what was said of objects of deleted sessions; the items that it was."""
        dropped: set[Item] = set()
        gone: dict[ProjectId, set[str]] = defaultdict(set)
        for project_id, _, reading in said:
            deleted = self._deleted.get(project_id, set())
            for one in reading.fragments if deleted else ():
                if one.object in deleted or one.about in deleted:
                    gone[project_id] |= {one.object, one.about or one.object}
                    dropped.add((project_id, encode(one)))
        for project_id, homes in gone.items():
            self._store.delete_fragments(project_id, sorted(homes))
        return dropped

    def done(self) -> None:
        """The batch is stored."""
        self._too_large.clear()

    def _gathered(self, project_id: ProjectId, names: Sequence[str]) -> dict[str, list[Fragment]]:
        """The objects with all their parts, as many at once as the store can give."""

        def load(homes: Sequence[str]) -> list[FragmentsRow]:
            parts = self._store.parts_of(project_id, homes)
            self._deleted[project_id] |= parts.deleted
            return parts.rows

        try:
            found = gather(names, load)
        except TooMuch as error:
            if len(names) > 1:
                half = len(names) // 2
                return self._gathered(project_id, names[:half]) | self._gathered(
                    project_id, names[half:]
                )
            _log.warning("an object is too large to be read: %s: %s", names[0], error.message)
            self._too_large[project_id, names[0]] += 1
            return {}
        for name in names:
            self._too_large.pop((project_id, name), None)
        return found
