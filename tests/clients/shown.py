"""
What a server shows of one project, read through its public API, in the form that expectations
are compared with.

Spans come with their content, since what a tool was given and gave back is a fact.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

import msgspec

from clients.servers import Gone, Place
from quarterdeck.model.spans import Content, Span

Json = dict[str, Any]

_COUNTS = (
    "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"
)  # fmt: skip


@dataclass(slots=True, frozen=True, kw_only=True)
class ShownSession:
    session: SimpleNamespace
    """With the names that `quarterdeck.model.sessions.Session` has."""
    spans: tuple[Span, ...]
    steps: tuple[SimpleNamespace, ...]
    contents: Mapping[tuple[str, str], Content]

    def content(self, trace_id: str, span_id: str) -> Content:
        return self.contents[trace_id, span_id]


def sessions_of(place: Place) -> list[ShownSession]:
    """All of the project, by their start."""
    rows = _pages(place, "/api/v1/sessions?sort=started&limit=200", "sessions")
    found = []
    for row in rows:
        # A session may get its real id, or be joined to another, between two requests.
        with contextlib.suppress(Gone):
            found.append(_session_of(place, row["session_id"]))
    return sorted(found, key=lambda one: (one.session.started_at, one.session.session_id))


def _pages(place: Place, path: str, name: str) -> list[Json]:
    rows: list[Json] = []
    cursor = ""
    while True:
        after = f"&cursor={quote(cursor)}" if cursor else ""
        page = place.server.read(place, path + after)
        rows += page[name]
        cursor = page["next_cursor"]
        if not cursor:
            return rows


def _session_of(place: Place, session_id: str) -> ShownSession:
    path = f"/api/v1/sessions/{quote(session_id, safe='')}"
    record = place.server.read(place, path)
    # Before the spans, which may be more by then: each step has to find its own.
    steps = tuple(_steps_of(place, path))
    spans, contents = [], {}
    lines = place.server.read_lines(
        place, f"/api/v1/export?session_id={quote(session_id, safe='')}"
    )
    for line in lines:
        span = msgspec.convert(line["span"], Span, strict=False)
        spans.append(span)
        contents[span.trace_id, span.span_id] = msgspec.convert(
            line["content"], Content, strict=False
        )
    return ShownSession(
        session=_as_session(record),
        spans=tuple(spans),
        steps=steps,
        contents=contents,
    )


def _steps_of(place: Place, path: str) -> list[SimpleNamespace]:
    steps: list[SimpleNamespace] = []
    first: int | None = 1
    while first is not None:
        page = place.server.read(place, f"{path}/steps?from={first}&limit=200")
        steps += [_told(step) for step in page["steps"]]
        first = page["next_from"]
    return steps


def _told(row: Json, **renamed: str) -> SimpleNamespace:
    """A row of JSON with the names and the empty values of our own structs."""
    plain = {renamed.get(name, name): value for name, value in row.items()}
    texts = {
        name: "" if value is None and name not in ("value", "recovered_at") else value
        for name, value in plain.items()
    }
    return SimpleNamespace(**texts)


def _as_session(record: Json) -> SimpleNamespace:
    reported = record["cost"]["reported_usd"]
    return SimpleNamespace(
        session_id=record["session_id"],
        external_id=record["external_id"] or "",
        started_at=record["started_at"],
        derived=record["derived"],
        span_count=record["span_count"],
        user=record["user"] or "",
        experiment=record["experiment"],
        workflow=SimpleNamespace(environment=record["workflow"]["environment"] or ""),
        sub_sessions=record["sub_sessions"],
        tags=record["tags"],
        agents=[_told(agent) for agent in record["agents"]],
        tools=[_told(tool) for tool in record["tool_calls"]],
        models=[_told({**row, **_known(row)}) for row in record["models_used"]],
        handoffs=[_told(row, **{"from": "source", "to": "target"}) for row in record["handoffs"]],
        interventions=[_told(row) for row in record["interventions"]],
        retries=[_told(row, **{"from": "source", "to": "target"}) for row in record["attempts"]],
        episodes=[SimpleNamespace(recovered_ns=row["recovered_at"]) for row in record["episodes"]],
        scores=[_told(row) for row in record["scores"]],
        outcome=_told(record["outcome"]),
        cost=SimpleNamespace(reported_usd=None if reported is None else Decimal(reported)),
    )


def _known(row: Json) -> Json:
    """Tokens that nobody told are null in the record and 0 in our structs."""
    return {name: row[name] or 0 for name in _COUNTS}
