"""
Who looks, and what has changed: between those that write sessions and the live streams.

Writers call from their threads and never wait: a change is noted in a bounded list and the
streams' loop is woken.  What fell out of the list is asked of the store.  The hub also counts the
connections and refuses more than one credential, or the server, can have.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from quarterdeck.errors import TryAgain
from quarterdeck.model.ids import ProjectId

PER_CREDENTIAL = 16
"""A browser opens at most six connections to one server over HTTP/1.1, all its tabs together."""
PER_SERVER = 256
"""A quarter of the connections that a server takes by default."""

METRICS = {
    "quarterdeck_live_streams": ("gauge", "Live streams that are open."),
    "quarterdeck_live_streams_ended_total": ("counter", "Live streams that ended, by reason."),
}

_REMEMBERED = 5_000
"""Sessions of one project: a stream that was away asks the store about older ones."""
_PROJECTS = 1_000

Wake = Callable[[], None]


class Changes(NamedTuple):
    session_ids: list[str]
    """Longest ago first."""
    stamp: int
    """Ask with it for what comes later."""


class _Project:
    def __init__(self, first: int) -> None:
        self.known_from = first
        """What was written from this stamp on is in `changed`."""
        self.stamp = first
        self.changed: OrderedDict[str, int] = OrderedDict()


class Hub:
    """Safe for many threads.  With `polls`, other processes write sessions too."""

    def __init__(
        self,
        *,
        polls: bool = False,
        check_every_s: float = 5.0,
        heartbeat_s: float = 15.0,
        per_credential: int = PER_CREDENTIAL,
        per_server: int = PER_SERVER,
    ) -> None:
        self.polls = polls
        self.check_every_s = check_every_s
        """How often a stream asks whether its credential still counts."""
        self.heartbeat_s = heartbeat_s
        self.ended: Counter[str] = Counter()
        """Streams that ended, by reason."""
        self._per_credential, self._per_server = per_credential, per_server
        self._lock = threading.Lock()  # protects all below
        self._projects: OrderedDict[ProjectId, _Project] = OrderedDict()
        self._wakes: dict[ProjectId, dict[int, Wake]] = {}
        self._connections: Counter[str] = Counter()
        self._number = 0
        self._closed = False

    # -- writing ---------------------------------------------------------------------------

    def written(self, project_id: ProjectId, session_ids: Iterable[str], *, at_ns: int) -> None:
        """The rows of these sessions are written, or gone; `at_ns` is the writer's clock."""
        with self._lock:
            project = self._open(project_id, at_ns)
            project.stamp = max(project.stamp + 1, at_ns)
            for session_id in session_ids:
                project.changed[session_id] = project.stamp
                project.changed.move_to_end(session_id)
            while len(project.changed) > _REMEMBERED:
                project.known_from = project.changed.popitem(last=False)[1] + 1
            wakes = list(self._wakes.get(project_id, {}).values())
        for wake in wakes:
            wake()

    def open(self, project_id: ProjectId, *, at_ns: int) -> int:
        """Begin to remember what is written in a project; the stamp of its last change."""
        with self._lock:
            return self._open(project_id, at_ns).stamp

    def _open(self, project_id: ProjectId, at_ns: int) -> _Project:
        project = self._projects.get(project_id)
        if project is None:
            project = self._projects[project_id] = _Project(at_ns)
            while len(self._projects) > _PROJECTS:
                self._projects.popitem(last=False)
        self._projects.move_to_end(project_id)
        return project

    # -- looking ---------------------------------------------------------------------------

    def since(self, project_id: ProjectId, stamp: int) -> Changes | None:
        """What was written after `stamp`; None where that reaches back too far to be known."""
        with self._lock:
            project = self._projects.get(project_id)
            if project is None or stamp < project.known_from - 1:
                return None
            found: list[str] = []
            for session_id, at in reversed(project.changed.items()):
                if at <= stamp:
                    break
                found.append(session_id)
            return Changes(found[::-1], project.stamp)

    def listen(self, project_id: ProjectId, wake: Wake) -> Callable[[], None]:
        """`wake` is called, from any thread, after each change and at the end.  Returns what
        stops it."""
        with self._lock:
            self._number += 1
            number = self._number
            self._wakes.setdefault(project_id, {})[number] = wake

        def stop() -> None:
            with self._lock:
                wakes = self._wakes.get(project_id, {})
                wakes.pop(number, None)
                if not wakes:
                    self._wakes.pop(project_id, None)

        return stop

    # -- connections -----------------------------------------------------------------------

    def connect(self, credential: str) -> None:
        """Raises `TryAgain`.  Every one that succeeded ends with `disconnect`."""
        with self._lock:
            if self._closed:
                raise TryAgain("the server is stopping")
            if self._connections.total() >= self._per_server:
                raise TryAgain(
                    f"{self._per_server} live streams are open, more are not served",
                    hint="Ask again later, or read without `live`.",
                    retry_after_s=10,
                )
            if self._connections[credential] >= self._per_credential:
                raise TryAgain(
                    f"{self._per_credential} live streams of this credential are open",
                    hint="Close one, or use another key.",
                    code="too_many_requests",
                    retry_after_s=10,
                )
            self._connections[credential] += 1

    def disconnect(self, credential: str, *, reason: str) -> None:
        with self._lock:
            self.ended[reason] += 1
            self._connections[credential] -= 1
            if self._connections[credential] <= 0:
                del self._connections[credential]

    @property
    def connections(self) -> int:
        with self._lock:
            return self._connections.total()

    def render(self) -> str:
        """For /metrics, in Prometheus' text format."""
        lines: list[str] = []
        for name, (kind, told) in METRICS.items():
            lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]
            if kind == "gauge":
                lines.append(f"{name} {self.connections}")
        with self._lock:
            lines += [
                f'quarterdeck_live_streams_ended_total{{reason="{reason}"}} {count}'
                for reason, count in sorted(self.ended.items())
            ]
        return "\n".join(lines) + "\n"

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """No stream is begun any more, and those that are open end.  Twice is once."""
        with self._lock:
            self._closed = True
            wakes = [wake for some in self._wakes.values() for wake in some.values()]
        for wake in wakes:
            wake()
