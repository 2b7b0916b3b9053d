"""
What a log record says about a session: an event of a span, a span of its own, or nothing.

GenAI events that were written inside a span belong to it: they carry the content that the
instrumentation kept off its spans.  Coding agents tell most of their work in log records; the
dialect of each knows which of them a span tells as well.  Everything else is counted as
ignored, with one of few reasons, which become labels of a counter.  Reading never raises.
"""

from quarterdeck.model.spans import RawLog
from quarterdeck.normalize.attributes import is_hidden
from quarterdeck.normalize.dialect import Ignored, Lifted, LogReading, Synthesized
from quarterdeck.normalize.dialects import DIALECTS
from quarterdeck.normalize.synthesis import (
    event_of,
    has_span,
    identity_of,
    session_of,
    span_of_log,
    word_of,
)

_READERS = tuple(dialect.read_log for dialect in DIALECTS if dialect.read_log is not None)

_DETAILS = "gen_ai.client.inference.operation.details"
_EVALUATION = "gen_ai.evaluation.result"
_SESSION_KEYS = ("session.id", "gen_ai.conversation.id", "conversation.id")

_NO_SPAN = "a GenAI event outside any span, which names no session either"
_NOT_OURS = "no reading for this kind of record"


def interpret_log(log: RawLog) -> tuple[LogReading, ...]:
    """All that one record says, at least one reading.  Never raises."""
    for read in _READERS:
        try:
            readings = read(log)
        except Exception as error:  # noqa: BLE001 - a stranger's record must not stop the batch
            return (Ignored(f"unreadable: {type(error).__name__}"),)
        if readings is not None:
            return readings
    name = _event_name(log)
    if name.startswith("gen_ai."):
        return (_read_genai(log, name),)
    if name in ("exception", "browser.exception") and has_span(log):
        return (Lifted(event_of(log, name="exception")),)
    messages = _read_collected_messages(log)
    return (messages,) if messages is not None else (Ignored(_NOT_OURS),)


def _event_name(log: RawLog) -> str:
    """OTLP's event name; older senders put it into an attribute or make it the body."""
    if log.event_name:
        return log.event_name
    named = log.attributes.get("event.name")
    if isinstance(named, str) and named:
        return named
    return log.body if isinstance(log.body, str) and log.body.startswith("gen_ai.") else ""


def _read_genai(log: RawLog, name: str) -> LogReading:
    if has_span(log):
        return Lifted(event_of(log, name=name))
    session = session_of(log.attributes, *_SESSION_KEYS)
    response = word_of(log.attributes, "gen_ai.response.id")
    if name == _EVALUATION and (session or response):
        # Its target is found by response id, or is the session: no span carries it.
        return Synthesized(
            span_of_log(
                log,
                name=name,
                session=session or response,
                identity=identity_of(log),
                source="gen_ai",
            )
        )
    if name == _DETAILS and (session or response):
        failed = word_of(log.attributes, "error.type")
        return Synthesized(
            span_of_log(
                log,
                name=word_of(log.attributes, "gen_ai.operation.name") or "chat",
                session=session or response,
                identity=response or identity_of(log),
                source="gen_ai",
                error=failed or None,
            )
        )
    return Ignored(_NO_SPAN)


def _read_collected_messages(log: RawLog) -> LogReading | None:
    """
    AWS's distribution moves the content of any library's spans into one record a span: a body
    of `{"input": {"messages": [...]}, "output": {"messages": [...]}}`.
    """
    body = log.body
    if not (has_span(log) and isinstance(body, dict)):
        return None
    attributes = {}
    for side, key in (("input", "gen_ai.input.messages"), ("output", "gen_ai.output.messages")):
        told = body.get(side)
        messages = told.get("messages") if isinstance(told, dict) else None
        if isinstance(messages, list) and not is_hidden(messages):
            attributes[key] = messages
    if not attributes:
        return None
    event = event_of(log, name=_DETAILS)
    kept = {k: v for k, v in event.attributes.items() if k not in ("input", "output")}
    return Lifted(type(event)(name=_DETAILS, time_ns=event.time_ns, attributes=kept | attributes))
