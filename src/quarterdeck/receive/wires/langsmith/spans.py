"""
A run as a span, from everything that is known of it.

The attributes are those of LangSmith's own OpenTelemetry mode, so that one dialect reads both;
content is `langsmith.inputs` and `langsmith.outputs`, structured as it was sent, and every
field that has no place of its own is `langsmith.<field>`.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from quarterdeck.model.spans import RawEvent, RawSpan, Resource
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.langsmith.bodies import FEEDBACK, QUEUED, RUN, by_object
from quarterdeck.receive.wires.langsmith.failures import Failure, read_failure
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell, start_in_order
from quarterdeck.receive.wires.langsmith.merged import attachments_of, feedback_of, object_of
from quarterdeck.receive.wires.langsmith.models import first_token, read_call
from quarterdeck.receive.wires.langsmith.scores import read_score

Object = dict[str, Any]

PROJECT = "langsmith.project"
"""The vendor's project of a run, on its span and on the resource, by which it can be sought."""
EVALUATORS = "evaluators"
"""The project where the client traces the evaluators of all experiments."""

_MAX_EVENTS = 200
"""Events of a run that are kept: a streamed call sends one for each token, and the answer has
the text anyway."""

_READ = frozenset(
    {"id", "trace_id", "parent_run_id", "name", "run_type", "start_time", "end_time", "error",
     "tags", "extra", "events", "inputs", "outputs", "session_name", "session_id"}
)  # fmt: skip
"""Fields with a place of their own; all others are `langsmith.<field>`."""


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The span of a run; none for what is no run, and while nothing tells its start."""
    if not name.startswith(RUN):
        return ()
    parts = by_object(fragments)
    own = parts.pop(name, [])
    run = object_of(own)
    start_ns = instant_of(run.get("start_time")) or start_in_order(run.get("dotted_order"))
    trace_id = trace_of(run)
    if not start_ns or not trace_id:
        return ()
    run_id = name.removeprefix(RUN)
    ended_ns = instant_of(run.get("end_time"))
    failure = _failure(run)
    scores = _scores(run, parts)
    return (
        RawSpan(
            trace_id=trace_id_of(trace_id),
            span_id=span_id_of(run_id),
            parent_span_id=span_id_of(parent) if (parent := _text(run, "parent_run_id")) else "",
            name=_text(run, "name") or _text(run, "run_type") or "run",
            start_ns=start_ns,
            # JavaScript's ends are whole milliseconds, and may come before the start.
            end_ns=max(ended_ns, start_ns) if ended_ns else 0,
            status_code=2 if failure else (1 if ended_ns else 0),
            status_message=_status_message(failure),
            attributes=_attributes(run_id, run, own, parts, partial=not ended_ns),
            events=(*_events(run), *_exception(failure, ended_ns or start_ns), *scores),
            resource=_resource(run),
        ),
    )


def trace_of(run: Object) -> str:
    """The trace's id as sent; of a run that names none, its topmost known ancestor's."""
    told = _text(run, "trace_id")
    if told:
        return told
    first = _text(run, "dotted_order").partition(".")[0]
    return first.partition("Z")[2] or _text(run, "parent_run_id") or _text(run, "id")


def _attributes(
    run_id: str,
    run: Object,
    own: Sequence[Fragment],
    parts: dict[str, list[Fragment]],
    *,
    partial: bool,
) -> dict[str, Any]:
    extra = _object(run.get("extra"))
    metadata = _object(extra.get("metadata"))
    told: Object = {
        "langsmith.span.kind": run.get("run_type"),
        "langsmith.trace.name": run.get("name"),
        "langsmith.span.tags": run.get("tags"),
        PROJECT: run.get("session_name"),
        "langsmith.project_id": run.get("session_id"),
        "langsmith.run_id": run_id,
        "langsmith.inputs": run.get("inputs"),
        "langsmith.outputs": run.get("outputs"),
        **{f"langsmith.metadata.{key}": value for key, value in metadata.items()},
        **{f"langsmith.{key}": value for key, value in run.items() if key not in _READ},
        "langsmith.extra": {k: v for k, v in extra.items() if k not in ("metadata", "runtime")},
        "langsmith.first_token_time": spell(instant_of(first_token(run.get("events")))),
        **read_call(run),
        **_tool(run, extra, metadata),
        **_experiment(run, metadata),
    }
    queues = [
        f"annotation-queue:{name}"
        for queued in parts
        if queued.startswith(QUEUED) and (name := object_of(parts[queued]).get("queue_name"))
    ]
    told["langsmith.annotation_queues"] = queues
    if queues:
        told["quarterdeck.tags"] = [*(told.get("quarterdeck.tags") or ()), *sorted(queues)]
    for attached in attachments_of(own):
        told[f"langsmith.attachments.{attached.get('name')}"] = {
            key: attached.get(key) for key in ("content_type", "size", "sha256", "filename")
        }
    if partial:
        told["quarterdeck.partial"] = True
    return {key: value for key, value in told.items() if value not in (None, "", {}, [])}


def _tool(run: Object, extra: Object, metadata: Object) -> Object:
    if run.get("run_type") != "tool":
        return {}
    answer = _answer(run)
    named = (extra.get("tool_call_id"), metadata.get("tool_call_id"), answer.get("tool_call_id"))
    return {
        "gen_ai.tool.name": run.get("name"),
        "gen_ai.tool.call.id": next((one for one in named if isinstance(one, str) and one), None),
    }


def _answer(run: Object) -> Object:
    """LangChain's message with a tool's result; {} where the run has none."""
    answer = _object(_object(run.get("outputs")).get("output"))
    answer = _object(answer.get("kwargs")) or answer
    return answer if "content" in answer else {}


def _experiment(run: Object, metadata: Object) -> Object:
    """
    Runs of a target are about an example; the runs below it and the evaluators say so in
    their metadata.  An evaluator belongs to the experiment that it judges, not to its project.
    """
    name, case = run.get("session_name"), run.get("reference_example_id")
    found: Object = {}
    if name == EVALUATORS and metadata.get("experiment"):
        name, case = metadata.get("experiment"), metadata.get("reference_example_id")
        if not run.get("parent_run_id"):
            found["quarterdeck.kind"] = "evaluation"
            target = metadata.get("target_run_id")
            if isinstance(target, str) and target:
                # It goes on with the session of what it judges.
                found["langsmith.judged_trace"] = trace_id_of(target)
    elif not (case or metadata.get("__ls_runner")):
        return {}
    if case and not run.get("parent_run_id"):
        found["quarterdeck.case"] = case
    # What sums up an experiment is no result of it, and does not wear its tag.
    is_result = name and not (run.get("session_name") == EVALUATORS and not case)
    return {
        **found,
        "quarterdeck.experiment": True,
        "quarterdeck.tags": [f"experiment:{name}"] if is_result else None,
    }


def _failure(run: Object) -> Failure | None:
    error = run.get("error")
    if isinstance(error, str) and error:
        return read_failure(error)
    if error:
        return Failure("", msgspec.json.encode(error).decode(), "")
    answer = _answer(run)
    if run.get("run_type") == "tool" and answer.get("status") == "error":
        # A handled failure: the framework gave the error to the model as the tool's answer.
        content = answer.get("content")
        return Failure("", content if isinstance(content, str) else "", "")
    return None


def _status_message(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return f"{failure.type}({failure.message})" if _is_flow(failure) else failure.message


def _is_flow(failure: Failure) -> bool:
    """An interrupt's type is what tells that it is none of the errors."""
    return failure.type.endswith(("Interrupt", "BubbleUp", "Command"))


def _exception(failure: Failure | None, at_ns: int) -> tuple[RawEvent, ...]:
    if failure is None:
        return ()
    told = {
        "exception.type": failure.type,
        "exception.message": failure.message,
        "exception.stacktrace": failure.stacktrace,
    }
    return (
        RawEvent(
            name="exception",
            time_ns=at_ns,
            attributes={key: value for key, value in told.items() if value},
        ),
    )


def _events(run: Object) -> list[RawEvent]:
    events = run.get("events")
    found = []
    for event in events[:_MAX_EVENTS] if isinstance(events, list) else ():
        if isinstance(event, dict):
            rest = {key: value for key, value in event.items() if key not in ("name", "time")}
            found.append(
                RawEvent(
                    name=f"langsmith.{_text(event, 'name') or 'event'}",
                    time_ns=instant_of(event.get("time")),
                    attributes=rest,
                )
            )
    return found


def _scores(run: Object, parts: dict[str, list[Fragment]]) -> list[RawEvent]:
    scope = "span" if run.get("parent_run_id") else "trace"
    return [
        read_score(feedback, scope=scope)
        for name, fragments in sorted(parts.items())
        if name.startswith(FEEDBACK) and (feedback := feedback_of(fragments))
    ]


def _resource(run: Object) -> Resource:
    runtime = _object(_object(run.get("extra")).get("runtime"))
    return _resource_of(msgspec.json.encode(runtime, order="sorted"), _text(run, "session_name"))


@lru_cache(maxsize=256)
def _resource_of(runtime: bytes, project: str) -> Resource:
    """One object for all runs of a process: what sent them says the same in each."""
    told: Object = msgspec.json.decode(runtime)
    version = told.get("sdk_version")
    named = {PROJECT: project} if project else {}
    return Resource(
        attributes=named
        | {f"langsmith.runtime.{key}": value for key, value in told.items() if value is not None},
        scope_name="langsmith",
        scope_version=version if isinstance(version, str) else "",
    )


def _text(told: Object, key: str) -> str:
    value = told.get(key)
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
