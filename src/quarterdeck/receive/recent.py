"""
What happened at the intake lately: items by minute, and the last requests that were refused.

For who asks why nothing arrives.  In memory, of this process, and bounded: a sender that is
refused a thousand times a second fills its own few rows and nobody else's memory.  Nothing of a
body is here, of a key only its last two characters, and what a sender wrote (a path, a header
quoted in a message) is cut and made printable.
"""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeVar

from quarterdeck.errors import QuarterdeckError
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.instants import NS_PER_S

_T = TypeVar("_T")

NOBODY = ProjectId("")
"""Whose a request is that came without a known key."""

_PROJECTS = 500
"""Remembered at a time, some 20 kB each; the one that is longest quiet is forgotten first."""
_REFUSALS = 20
_UNANSWERED = 100
_MINUTES = 60
_SECONDS = 10
_SHOWN = 200
"""Characters of a path, a reason or a hint."""
_KEY_HEADERS = ("authorization", "x-api-key", "api-key")
_LEAST_KEY = 12
"""Characters: two of a shorter one would be too much of it."""


class Refusal(NamedTuple):
    at_ns: int
    first_ns: int
    times: int
    """One after another, alike."""
    method: str
    path: str
    status: int
    code: str
    reason: str
    hint: str
    key_end: str
    """The last two characters of the key that came with it; "" = none came, or a short one."""
    project_id: ProjectId


class Unanswered(NamedTuple):
    """A call of a foreign SDK that this server does not answer: what came with it is not here."""

    wire: str
    call: str
    """Method and address, ids left out."""
    status: int
    times: int
    last_ns: int


class RecentCounts(NamedTuple):
    """Of the last hour, or since the process began."""

    minutes: int
    requests: int
    received: int
    outcomes: Counter[str]
    """`stored`, `duplicate`, `ignored`, `rejected`, `quarantined`."""
    refused: int
    items_per_s: float
    """Over the last ten whole seconds."""


class _Project:
    def __init__(self) -> None:
        self.minutes: OrderedDict[int, Counter[str]] = OrderedDict()
        self.seconds: OrderedDict[int, int] = OrderedDict()
        self.refusals: deque[Refusal] = deque(maxlen=_REFUSALS)
        self.unanswered: OrderedDict[tuple[str, str], Unanswered] = OrderedDict()


class Recent:
    """Any thread may call any method.  Counting an accepted request takes some microseconds."""

    def __init__(self, *, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._began_ns = now_ns()
        self._lock = threading.Lock()  # protects the one below
        self._projects: OrderedDict[ProjectId, _Project] = OrderedDict()

    def accepted(self, project_id: ProjectId, items: int, rejected: int) -> None:
        """One request; `items` with the rejected ones."""
        now_ns = self._now_ns()
        with self._lock:
            project = self._of(project_id)
            counts = _slot(project.minutes, now_ns // (60 * NS_PER_S), Counter, _MINUTES)
            counts.update({"requests": 1, "received": items, "rejected": rejected})
            second = now_ns // NS_PER_S
            _slot(project.seconds, second, int, _SECONDS + 1)
            project.seconds[second] += items

    def became(self, project_id: ProjectId, outcome: str, items: int) -> None:
        """What the pipeline made of items."""
        minute = self._now_ns() // (60 * NS_PER_S)
        with self._lock:
            counts = _slot(self._of(project_id).minutes, minute, Counter, _MINUTES)
            counts[outcome] += items

    def refused(
        self,
        *,
        method: str,
        path: str,
        status: int,
        error: QuarterdeckError,
        headers: Iterable[tuple[str | bytes, str | bytes]] = (),
        project_id: ProjectId = NOBODY,
    ) -> None:
        """`project_id` of the key that came with it, if that was known."""
        now_ns = self._now_ns()
        one = Refusal(
            at_ns=now_ns,
            first_ns=now_ns,
            times=1,
            method=_printable(method[:16]),
            path=_printable(path),
            status=status,
            code=error.code,
            reason=_printable(error.message),
            hint=_printable(error.hint),
            key_end=_key_end(headers),
            project_id=project_id,
        )
        with self._lock:
            project = self._of(project_id)
            counts = _slot(project.minutes, now_ns // (60 * NS_PER_S), Counter, _MINUTES)
            counts["refused"] += 1
            last = project.refusals[-1] if project.refusals else None
            if last is not None and last[3:] == one[3:]:
                one = one._replace(first_ns=last.first_ns, times=last.times + 1)
                project.refusals.pop()
            project.refusals.append(one)

    def unsupported(self, project_id: ProjectId, wire: str, call: str, status: int) -> None:
        """`project_id` of the key that came with the call, if that was known."""
        now_ns = self._now_ns()
        with self._lock:
            found = self._of(project_id).unanswered
            key = (wire, _printable(call))
            times = found.pop(key).times if key in found else 0
            found[key] = Unanswered(*key, status, times + 1, now_ns)
            while len(found) > _UNANSWERED:
                found.popitem(last=False)

    def unanswered(self, project_ids: Sequence[ProjectId]) -> list[Unanswered]:
        """Since the process began, newest first, at most 100 for a project."""
        with self._lock:
            found = [
                one
                for project in filter(None, map(self._projects.get, project_ids))
                for one in project.unanswered.values()
            ]
        return sorted(found, key=lambda one: -one.last_ns)

    def counts(self, project_ids: Sequence[ProjectId]) -> RecentCounts:
        """Of these projects together; `NOBODY` is one of them where its requests count."""
        now_ns = self._now_ns()
        minute, second = now_ns // (60 * NS_PER_S), now_ns // NS_PER_S
        total: Counter[str] = Counter()
        lately = 0
        with self._lock:
            for project in filter(None, map(self._projects.get, project_ids)):
                for at, counts in project.minutes.items():
                    if at > minute - _MINUTES:
                        total.update(counts)
                in_time = range(second - _SECONDS, second)
                lately += sum(items for at, items in project.seconds.items() if at in in_time)
        old_minutes = (now_ns - self._began_ns) // (60 * NS_PER_S) + 1
        return RecentCounts(
            minutes=min(_MINUTES, old_minutes),
            requests=total.pop("requests", 0),
            received=total.pop("received", 0),
            refused=total.pop("refused", 0),
            outcomes=total,
            items_per_s=lately / _SECONDS,
        )

    def refusals(self, project_ids: Sequence[ProjectId]) -> list[Refusal]:
        """Newest first, at most 20."""
        with self._lock:
            found = [
                one
                for project in filter(None, map(self._projects.get, project_ids))
                for one in project.refusals
            ]
        return sorted(found, key=lambda one: -one.at_ns)[:_REFUSALS]

    def forget(self, project_id: ProjectId) -> None:
        """The project is gone."""
        with self._lock:
            self._projects.pop(project_id, None)

    def _of(self, project_id: ProjectId) -> _Project:
        project = self._projects.setdefault(project_id, _Project())
        self._projects.move_to_end(project_id)
        while len(self._projects) > _PROJECTS:
            self._projects.popitem(last=False)
        return project


def _slot(slots: OrderedDict[int, _T], at: int, make: Callable[[], _T], most: int) -> _T:
    found = slots.setdefault(at, make())
    while len(slots) > most:
        slots.popitem(last=False)
    return found


def _printable(text: str) -> str:
    """Cut, and without what could drive a terminal or turn a line around."""
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in shown)


def _key_end(headers: Iterable[tuple[str | bytes, str | bytes]]) -> str:
    for name, value in headers:
        if _text(name).lower() in _KEY_HEADERS:
            key = _text(value).strip()
            scheme, _, rest = key.partition(" ")
            if scheme.lower() == "basic":
                return ""  # the end of base64 shows more of what it ends with, and nobody knows it
            key = rest.strip() if rest else key
            return _printable(key[-2:]) if len(key) >= _LEAST_KEY else ""
    return ""


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


_SIGNALS = ("traces", "logs", "metrics")
_ALMOST = {
    **dict.fromkeys(("trace", "traces", "span", "spans"), "traces"),
    **dict.fromkeys(("log", "logs"), "logs"),
    **dict.fromkeys(("metric", "metrics"), "metrics"),
}


def meant_path(path: str) -> str:
    """
    The OTLP path that a POST to this one probably meant; "" for any other, and for a right one.

    Exporters differ in whether they append `/v1/traces` to the address they are given, so it is
    missing, doubled, or behind another prefix.
    """
    if path in {f"/v1/{signal}" for signal in _SIGNALS}:
        return ""
    parts = [part for part in path.lower().split("/") if part]
    if not parts:
        return "/v1/traces"
    last = _ALMOST.get(parts[-1], "")
    if last and not path.startswith("/api/"):
        return f"/v1/{last}"
    if parts in (["v1"], ["otlp"], ["v1", "otlp"], ["otlp", "v1"]):
        return "/v1/traces"
    return ""
