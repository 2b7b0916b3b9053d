"""
Opik's traces, spans and closed threads as spans.

A trace is a span of its own, the root of its spans: it carries the thread, tags, metadata and
the turn's input and output, which no span of it repeats.  Fields keep their names under `opik.`,
where the dialect reads them; a span's parent is the trace where it names none.

A thread that was closed is a span of kind `session`, in a trace of its own: Opik tells of the
end, and says it of no trace.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.model.scores import Judge
from quarterdeck.model.spans import RawEvent, RawSpan, Resource, Value
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.opik import langchain
from quarterdeck.receive.wires.opik.known import CLOSE, Known, instant_or_zero, know

TRACE = "opik:trace:"
SPAN = "opik:span:"
THREAD = "opik:thread:"
DEFAULT_PROJECT = "Default Project"
PROJECT_ATTRIBUTE = "opik.project"
"""Of a span's resource too, where traces of one project are looked for."""

_BESIDE = frozenset({"name", "start_time", "end_time", "error_info", "id"})
"""Fields that the span itself holds, or that are told in another form."""
_EXPERIMENTS = frozenset({"experiment", "optimization", "evaluator"})
"""Values of `source`: what ran to be judged."""
JUDGES: dict[str, Judge] = {"ui": "human", "online_scoring": "llm"}
"""Of a score's `source`.  "sdk" may be a person's word or a program's."""


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    if name.startswith(THREAD):
        return _thread(name, fragments)
    known = know(fragments)
    started_ns = instant_or_zero(known.fields.get("start_time"))
    if not started_ns:
        return ()
    if name.startswith(TRACE):
        return (_trace(name.removeprefix(TRACE), known, started_ns),)
    trace = known.fields.get("trace_id")
    if not name.startswith(SPAN) or not isinstance(trace, str) or not trace:
        return ()
    return (_span(name.removeprefix(SPAN), trace, known, started_ns),)


def _trace(trace: str, known: Known, started_ns: int) -> RawSpan:
    attributes: dict[str, Value] = {"opik.object": "trace", "opik.trace_id": trace}
    experiments = [str(item.get("experiment_name") or item.get("experiment_id") or "")
                   for item in known.items]  # fmt: skip
    if experiments:
        attributes["quarterdeck.experiment"] = True
        attributes["quarterdeck.case"] = str(known.items[0].get("dataset_item_id") or "")
        named = dict.fromkeys(filter(None, experiments))
        attributes["quarterdeck.tags"] = [f"experiment:{one}" for one in named]
        attributes["opik.experiment_items"] = [dict(item) for item in known.items]
    is_trial = bool(experiments) or known.fields.get("source") in _EXPERIMENTS
    return _made(
        known,
        started_ns,
        ids=(trace_id_of(trace), root_id_of(trace), ""),
        attributes=attributes,
        scope="session" if is_trial else "trace",
    )


def _span(span: str, trace: str, known: Known, started_ns: int) -> RawSpan:
    parent = known.fields.get("parent_span_id")
    above = span_id_of(parent) if isinstance(parent, str) and parent else root_id_of(trace)
    attributes: dict[str, Value] = {"opik.object": "span", "opik.span_id": span}
    return _made(
        known,
        started_ns,
        ids=(trace_id_of(trace), span_id_of(span), above),
        attributes=attributes,
        scope="span",
    )


def root_id_of(trace: str) -> str:
    """The span that a trace itself is; its id may be one of its spans' too."""
    return span_id_of(TRACE + trace)


def _made(
    known: Known,
    started_ns: int,
    *,
    ids: tuple[str, str, str],
    attributes: dict[str, Value],
    scope: str,
) -> RawSpan:
    fields = known.fields
    name, ended_ns = fields.get("name"), instant_or_zero(fields.get("end_time"))
    for key, value in fields.items():
        if key not in _BESIDE:
            attributes[PROJECT_ATTRIBUTE if key == "project_name" else f"opik.{key}"] = value
    if fields.get("end_time") is not None and not ended_ns:
        attributes["quarterdeck.problem.end_time"] = "expected an ISO time"
    if not ended_ns:
        attributes["quarterdeck.partial"] = True
    if fields.get("source") in _EXPERIMENTS:
        attributes["quarterdeck.experiment"] = True
    failed, events = _failure(fields.get("error_info"), attributes, ended_ns or started_ns)
    events += langchain.spell(fields, attributes, at_ns=ended_ns or started_ns)
    scores = (_score(score, scope) for score in known.scores)
    comments = (_comment(comment, scope) for comment in known.comments)
    trace_id, span_id, parent_span_id = ids
    return RawSpan(
        trace_id=trace_id,
        span_id=span_id,
        parent_span_id=parent_span_id,
        name=name if isinstance(name, str) else "",
        start_ns=started_ns,
        end_ns=max(ended_ns, started_ns) if ended_ns else 0,
        status_code=2 if failed is not None else 0,
        status_message=failed or "",
        attributes=attributes,
        events=(*events, *scores, *comments),
        resource=Resource(
            attributes={PROJECT_ATTRIBUTE: str(fields.get("project_name") or DEFAULT_PROJECT)}
        ),
    )


def _failure(
    told: Any, attributes: dict[str, Value], at_ns: int
) -> tuple[str | None, tuple[RawEvent, ...]]:
    """The message of what went wrong, None if nothing did; and OpenTelemetry's event of it."""
    if told is None:
        return None, ()
    if not isinstance(told, dict):
        attributes["opik.error_info"] = told
        return str(told)[:500], ()
    names = {"exception_type": "type", "message": "message", "traceback": "stacktrace"}
    said = {
        f"exception.{name}": value
        for key, name in names.items()
        if isinstance(value := told.get(key), str) and value
    }
    further = {key: value for key, value in told.items() if key not in names}
    if further:
        attributes["opik.error_info"] = further
    message = said.get("exception.message") or said.get("exception.type") or ""
    return message, (RawEvent(name="exception", time_ns=at_ns, attributes=said),)


def _score(score: Mapping[str, Any], scope: str) -> RawEvent:
    told = {
        "name": score.get("name"),
        "value": score.get("value"),
        "label": score.get("category_name") or "",
        "explanation": score.get("reason") or "",
        "judge": JUDGES.get(str(score.get("source")), ""),
        "scope": scope,
        "author": score.get("author") or "",
        "identifier": "",
    }
    return RawEvent(name="quarterdeck.score", time_ns=score["given_ns"], attributes=told)


def _comment(comment: Mapping[str, Any], scope: str) -> RawEvent:
    told = {
        "name": "comment",
        "explanation": comment.get("text") or "",
        "judge": "human",
        "scope": scope,
        "author": comment.get("created_by") or "",
        "identifier": comment.get("id") or "",
    }
    return RawEvent(name="quarterdeck.score", time_ns=comment["given_ns"], attributes=told)


def _thread(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """
    The last time that a thread was closed.

    Opening it again needs no span: the session is open as soon as something comes.
    """
    said = [f for f in fragments if f.kind == CLOSE and isinstance(f.body, dict)]
    if not said:
        return ()
    last = max(said, key=lambda fragment: fragment.at_ns)
    attributes: dict[str, Value] = {
        "quarterdeck.kind": "session",
        "quarterdeck.synthetic": True,
        "opik.object": "thread",
        "opik.thread_id": last.body.get("thread_id"),
        "opik.project": last.body.get("project_name") or "",
    }
    return (
        RawSpan(
            trace_id=trace_id_of(name),
            span_id=span_id_of(name),
            name="thread closed",
            start_ns=last.at_ns,
            end_ns=last.at_ns,
            attributes=attributes,
        ),
    )
