"""
AgentsView's export of its sessions: `{"sessions": […]}`, or a line for each session.

It tells of each session what was counted (messages, tokens, cost by model) and nothing of what
was said, so a session has totals and no calls.  Its id is marked, because the session may be
imported from its recorder's own file as well, and must not get the tokens twice.  AgentsView's
other reports are of days and projects.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import count, from_micros
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, listing, mapping, rest, text, told
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import totals_only, usage_of
from quarterdeck.receive.transcripts.transcript import BadLine, Event, Read, Total, Transcript

_NAME = "agentsview_export"
_LINES = frozenset({".ndjson", ".jsonl"})
_REPORTS = ("schema_version", "pricing")
_SESSIONS = ("schema_version", "database_id", "sessions")


def _recognizes(source: Source) -> bool:
    if source.extension in _LINES:
        first = source.head[0] if source.head else None
        return (
            isinstance(first, dict)
            and first.get("type") == "meta"
            and {"schema_version", "database_id"} <= first.keys()
        )
    if source.extension != ".json":
        return False
    return source.has_keys(*_SESSIONS) or _is_report(source)


def _is_report(source: Source) -> bool:
    """Of days or projects: `usage daily`, `activity`."""
    return source.has_keys(*_REPORTS) and not source.has_keys("sessions")


def _read(source: Source) -> Read:
    if source.extension in _LINES:
        for item in read_records(source):
            if not isinstance(item, Record):
                yield item
            elif item.value.get("type") is None:
                yield from _session(item.value, source)
        return
    if _is_report(source):
        yield Finding(
            code="not_a_session", message="a report of sums over days and projects: no session"
        )
        return
    for number, session in enumerate(listing(mapping(source.document).get("sessions")), start=1):
        if isinstance(session, dict):
            yield from _session(session, source)
        else:
            what = type(session).__name__
            yield BadLine(source.shown, number, f"expected a session, got a {what}")


def _session(session: dict[str, Any], source: Source) -> Iterator[Transcript | Finding]:
    session_id = identifier(session.get("id"))
    if not session_id:
        yield Finding(code="not_a_session", message="a session without an id was left out")
        return
    usage = mapping(session.get("model_usage"))
    started_ns = instant_ns(session.get("started_at"))
    parent = identifier(session.get("parent_session_id"))
    yield Transcript(
        format=_NAME,
        session_id=f"agentsview:{session_id}",
        agent=text(session.get("agent")),
        workflow=text(mapping(session.get("project")).get("display_label")),
        entries=[
            _total(model, mapping(counted), at_ns=started_ns)
            for model, counted in mapping(usage.get("by_model")).items()
        ],
        started_ns=started_ns,
        ended_ns=instant_ns(session.get("ended_at")),
        written_ns=source.written_ns,
        recorded_cost_usd=_cost(usage),
        findings=(totals_only("each model"), *_sum_differs(usage)),
        metadata=rest(
            session, "id", "agent", "model_usage", "started_at", "ended_at", "parent_session_id",
            "type",
        )
        | ({"parent_session_id": parent} if parent else {}),
    )  # fmt: skip


def _total(model: str, counted: dict[str, Any], *, at_ns: int | None) -> Event:
    return Event(
        id=f"total of {model}",
        name="tokens of all calls",
        start_ns=at_ns,
        end_ns=at_ns,
        total=Total(
            model=text(counted.get("model")) or model,
            usage=usage_of(
                input_tokens=counted.get("input_tokens"),
                output_tokens=counted.get("output_tokens"),
                cache_read=counted.get("cache_read_input_tokens"),
                cache_write=counted.get("cache_creation_input_tokens"),
                reasoning=counted.get("reasoning_tokens"),
                cached="beside",
            ),
            recorded_cost_usd=_cost(counted),
        ),
        metadata=rest(counted, "model", "cost"),
    )


def _cost(counted: dict[str, Any]) -> Decimal | None:
    if counted.get("has_cost") is not True:
        return None
    return told(from_micros, mapping(counted.get("cost")).get("microdollars"))


_COUNTS = (
    "input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens",
)  # fmt: skip


def _sum_differs(usage: dict[str, Any]) -> Iterator[Finding]:
    """Where the session's own totals are not the sums over its models."""
    for name in _COUNTS:
        whole = told(count, usage.get(name))
        parts = sum(
            told(count, mapping(counted).get(name)) or 0
            for counted in mapping(usage.get("by_model")).values()
        )
        if whole is not None and usage.get("by_model") and whole != parts:
            yield Finding(
                code="usage_disagrees",
                message=f"the session's {name} is {whole}, its models' make {parts}: the models' "
                "count",
            )


FORMAT = Format(name=_NAME, title="AgentsView export", recognizes=_recognizes, read=_read)
