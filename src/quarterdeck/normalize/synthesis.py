"""
Raw spans made from records that have no span: log records and metric points.

Their ids follow from what the record says (session, event, call), never from a clock or a
random source, so a record that is sent twice gives the same span twice.  Every such span
carries `quarterdeck.synthetic` = true and the record's own attributes under their own names,
so the same dialect that reads the library's spans reads them too.
"""

from collections.abc import Mapping
from hashlib import blake2b

from quarterdeck.model.instants import NS_PER_MS
from quarterdeck.model.spans import RawEvent, RawLog, RawMetric, RawSpan, Value
from quarterdeck.normalize.attributes import Unreadable, as_json, flag, number, session_id, text

SYNTHETIC = "quarterdeck.synthetic"
METRIC = "quarterdeck.metric"
"""The name of the metric that a span was made of; see `dialects/metric_points.py`."""

COST_IS_APART = "quarterdeck.metric.cost_is_apart"
"""Marks tokens whose sender tells their cost in a metric beside them: not to be priced again."""

_MAX_INSTANT_NS = 2**63 - 1
_MAX_DURATION_MS = 30 * 24 * 3600 * 1000.0
"""A month: longer waits are a wrong unit, and would put a span's start before its session."""

_CUMULATIVE = 2


def trace_id_for(*pieces: str) -> str:
    """32 hex digits that stand for the pieces in order."""
    return _digest(pieces, size=16)


def span_id_for(*pieces: str) -> str:
    """16 hex digits that stand for the pieces in order."""
    return _digest(pieces, size=8)


def _digest(pieces: tuple[str, ...], *, size: int) -> str:
    digest = blake2b(digest_size=size, person=b"quarterdeck")
    for piece in pieces:
        digest.update(piece.encode("utf-8", "surrogatepass"))
        digest.update(b"\0")
    return digest.hexdigest()


def has_span(log: RawLog) -> bool:
    """The record was written inside a span."""
    return bool(log.trace_id and log.span_id)


def word_of(attributes: Mapping[str, Value], *keys: str) -> str:
    """The first of these attributes that is text; "" if none is."""
    for key in keys:
        value = attributes.get(key)
        if value is None:
            continue
        try:
            found = text(value)
        except Unreadable:
            continue
        if found:
            return found
    return ""


def session_of(attributes: Mapping[str, Value], *keys: str) -> str:
    """The first of these attributes that can be a session's id; "" if none can."""
    for key in keys:
        try:
            found = session_id(attributes.get(key))
        except Unreadable:
            continue
        if found:
            return found
    return ""


def number_of(attributes: Mapping[str, Value], key: str) -> float | None:
    """A number, also one that came as text; None for anything else."""
    try:
        return number(attributes.get(key))
    except Unreadable:
        return None


def flag_of(attributes: Mapping[str, Value], key: str) -> bool | None:
    """True or false, also as text; None for anything else."""
    try:
        return flag(attributes.get(key))
    except Unreadable:
        return None


def instant_of(log: RawLog) -> int:
    """When the record was written; when it was seen if it does not say."""
    return min(max(log.time_ns or log.observed_ns, 0), _MAX_INSTANT_NS)


def identity_of(log: RawLog) -> str:
    """What tells this record from all others of its session."""
    return span_id_for(
        log.event_name,
        str(log.time_ns),
        as_json(log.attributes).decode("utf-8", "replace"),
        as_json(log.body).decode("utf-8", "replace"),
    )


def event_of(log: RawLog, *, name: str) -> RawEvent:
    """
    The record as an event of its span.

    A structured body is where log records keep what span events keep in attributes: its
    members stand beside the attributes, which win.  Any other body is kept as `body`.
    """
    return RawEvent(name=name, time_ns=instant_of(log), attributes=_with_body(log, name))


def _with_body(log: RawLog, name: str) -> dict[str, Value]:
    if isinstance(log.body, dict) and "bytes" not in log.body:
        return {**log.body, **log.attributes}
    if log.body is None or log.body in ("", name):
        return dict(log.attributes)
    return {"body": log.body, **log.attributes}


def span_of_log(
    log: RawLog,
    *,
    name: str,
    session: str,
    identity: str,
    source: str,
    parent: str = "",
    attributes: Mapping[str, Value] | None = None,
    error: str | None = None,
    otlp_kind: int = 1,
) -> RawSpan:
    """
    A span that ends when the record was written and lasted its `duration_ms`.

    A record written inside a span stays in that span's trace, below it; any other goes to the
    session's own trace, below `parent`.  `error` None = it did not fail.
    """
    end_ns = instant_of(log)
    duration_ms = number_of(log.attributes, "duration_ms") or 0.0
    lasted_ns = round(min(max(duration_ms, 0.0), _MAX_DURATION_MS) * NS_PER_MS)
    return RawSpan(
        trace_id=log.trace_id or trace_id_for(source, session),
        span_id=span_id_for(source, session, name, identity),
        parent_span_id=log.span_id if has_span(log) else parent,
        name=name,
        otlp_kind=otlp_kind,
        start_ns=max(end_ns - lasted_ns, 0),
        end_ns=end_ns,
        status_code=2 if error is not None else 0,
        status_message=error or "",
        attributes={**_with_body(log, name), **(attributes or {}), SYNTHETIC: True},
        resource=log.resource,
    )


def span_of_metric(
    metric: RawMetric, *, session: str, source: str, attributes: Mapping[str, Value]
) -> RawSpan:
    """
    A span that carries the usage or cost of one series, for one session.

    A delta point is a span of its own.  Of a cumulative series, all points since the same
    start share one id and the later end wins, so the running total counts once.
    """
    series = as_json(metric.attributes).decode("utf-8", "replace")
    until = "" if metric.temporality == _CUMULATIVE else str(metric.time_ns)
    end_ns = min(max(metric.time_ns, 0), _MAX_INSTANT_NS)
    start_ns = min(max(metric.start_ns, 0), end_ns) or end_ns
    return RawSpan(
        trace_id=trace_id_for(source, session),
        span_id=span_id_for(source, session, metric.name, series, str(metric.start_ns), until),
        name=metric.name,
        otlp_kind=1,
        start_ns=start_ns,
        end_ns=end_ns,
        attributes={**metric.attributes, **attributes, METRIC: metric.name, SYNTHETIC: True},
        resource=metric.resource,
    )
