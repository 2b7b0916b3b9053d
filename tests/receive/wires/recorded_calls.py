"""
Recorded requests -> a wire's handlers -> the sessions that they are.

No server: a desk in memory keeps what handlers give it, `build` makes the spans of every object
from all its fragments, and the product's own stages make sessions of them.  What the frame does
(keys, limits, redaction) has tests of its own.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote

from captures.load import ReplayedSession, replay_spans
from quarterdeck.errors import NotFound, QuarterdeckError
from quarterdeck.model.ids import DEFAULT_PROJECT, ProjectId
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Call, Fragment, Handler, Reading, Reply, Route, Wire

T = TypeVar("T")
NOW_NS = 1_795_403_000_000_000_000
SPACING_NS = 5_000_000
"""Between requests: some clients tell no time, and arrival decides."""


class MemoryDesk:
    """What was kept, and what can be asked of it; records only if some are given."""

    def __init__(self, records: Any = None) -> None:
        self.readings: list[Reading] = []
        self._records = records

    project_id: ProjectId = DEFAULT_PROJECT
    actor = "test"

    def now_ns(self) -> int:
        return NOW_NS

    async def keep(self, reading: Reading) -> None:
        self.readings.append(reading)

    async def settled(self, *, within_s: float = 10.0) -> None:
        pass

    @property
    def fragments(self) -> list[Fragment]:
        return [fragment for reading in self.readings for fragment in reading.fragments]

    async def objects(self, names: Sequence[str]) -> dict[str, list[Fragment]]:
        found = {name: self.of(name) for name in names}
        return {name: mine for name, mine in found.items() if mine}

    async def collection(self, name: str, *, most: int = 10_000) -> dict[str, list[Fragment]]:
        return {member: self.of(member) for member in await self.members(name, most=most)}

    async def members(self, name: str, *, most: int = 10_000) -> list[str]:
        return list(dict.fromkeys(f.object for f in self.fragments if f.collection == name))[-most:]

    async def trace(self, trace_id: str) -> list[RawSpan]:
        return []

    async def newest(
        self,
        *,
        since_ns: int,
        until_ns: int,
        most: int,
        after: int = 0,
        resource_attribute: tuple[str, str] = ("", ""),
    ) -> list[RawSpan]:
        return []

    async def scores(self, trace_ids: Sequence[str]) -> dict[str, list[Score]]:
        return {}

    async def records(self, act: Callable[..., T], *args: Any, **options: Any) -> T:
        if self._records is None:
            raise NotFound("this desk has no records")
        return act(self._records, *args, **options)

    def of(self, name: str) -> list[Fragment]:
        """The fragments of an object and about it, in order."""
        about = {f.object for f in self.fragments if f.about == name}
        mine = [f for f in self.fragments if f.object == name or f.object in about]
        return sorted(mine, key=lambda fragment: fragment.at_ns)

    def spans(self, wire: Wire) -> list[RawSpan]:
        """All that this desk knows, as spans."""
        found = [span for reading in self.readings for span in reading.spans]
        names = dict.fromkeys(f.about or f.object for f in self.fragments)
        for name in names:
            if wire.build is not None:
                found.extend(wire.build(name, self.of(name)))
        return found

    def judgements(self) -> list[Score]:
        """The last of each, as the store keeps them."""
        found = {}
        for reading in self.readings:
            for judgement in reading.judgements:
                score = judgement.score
                found[score.target_trace_id, score.target_session_id, score.name,
                      score.identifier] = score  # fmt: skip
        return list(found.values())


def recorded(folder: Path, *labels: str) -> list[dict[str, Any]]:
    """The requests of a capture, in order; with labels, those of these scenarios."""
    files = sorted(
        (path for path in folder.glob("*.json") if path.stem.isdigit()),
        key=lambda path: int(path.stem),
    )
    read = [json.loads(path.read_text()) for path in files]
    return [
        {**one["request"], "label": one.get("session")}
        for one in read
        if not labels or one.get("session") in labels
    ]


def matched(wire: Wire, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The route of an address below the wire's prefix, as the frame finds it."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    for prefix in (*wire.ignored_segments, ()):
        if tuple(parts[: len(prefix)]) != prefix:
            continue
        for route in wire.routes:
            values = _fits(route.path.split("/"), parts[len(prefix) :])
            if route.method == method and values is not None:
                return route, values
    return None


def _fits(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for at, piece in enumerate(pattern):
        if piece.startswith("{") and piece.endswith("...}"):
            return {**values, piece[1:-4]: "/".join(parts[at:])} if len(parts) > at else None
        if at >= len(parts):
            return None
        if piece.startswith("{"):
            values[piece[1:-1]] = parts[at]
        elif piece != parts[at]:
            return None
    return values if len(parts) == len(pattern) else None


def ask(
    wire: Wire,
    desk: MemoryDesk,
    method: str,
    path: str,
    payload: Any = None,
    *,
    headers: dict[str, str] | None = None,
    received_ns: int = NOW_NS,
) -> Reply | None:
    """The handler's reply; None for an address that is not one, or not supported."""
    found = matched(wire, method, path)
    if found is None or found[0].handler is None:
        return None
    route, values = found
    call = Call(
        method=method,
        path=values,
        query={},
        headers={name.lower(): value for name, value in (headers or {}).items()},
        payload=payload,
        base_url="http://127.0.0.1:4400" + wire.prefixes[0],
        received_ns=received_ns,
    )
    assert route.handler is not None
    try:
        return asyncio.run(_handled(route.handler, call, desk))
    except QuarterdeckError as error:
        return wire.error(error, 400)


async def _handled(handler: Handler, call: Call, desk: MemoryDesk) -> Reply:
    return await handler(call, desk)


def sent(wire: Wire, requests: Iterable[dict[str, Any]]) -> MemoryDesk:
    """A desk after these requests."""
    desk = MemoryDesk()
    for at, request in enumerate(requests):
        headers = request["headers"]
        pairs = dict(headers.items() if isinstance(headers, dict) else headers)
        body = request.get("body") or {}
        payload = body.get("json") if isinstance(body, dict) else None
        ask(wire, desk, request["method"], request["path"], payload, headers=pairs,
            received_ns=NOW_NS + at * SPACING_NS)  # fmt: skip
    return desk


def sessions(wire: Wire, requests: Iterable[dict[str, Any]]) -> list[ReplayedSession]:
    return replay_spans(sent(wire, requests).spans(wire))
