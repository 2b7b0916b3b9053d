"""
Rows of `/logs3` -> spans, as Braintrust's OpenTelemetry mode would spell them.

Whole values stand in `braintrust.input`, `.output`, `.metadata`, `.metrics`; what a row has
beside what is read here stays under `braintrust.<name>`.  Rows of datasets make no spans.

Trap: a model call that failed inside the wrapped OpenAI client (Python, 0.3 to 0.47) is sent
with an end and nothing else: no error, no output.  That is a failure without a reason, since
a call that succeeded has an output.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.braintrust.attachments import missing_files
from quarterdeck.receive.wires.braintrust.rows import Row, instant_of, read_row

_VERBATIM = (
    "input", "output", "expected", "metadata", "metrics", "tags", "context", "origin", "error",
    "project_id", "experiment_id", "log_id", "created", "facets", "classifications",
)  # fmt: skip
_ELSEWHERE = frozenset(
    {*_VERBATIM, "id", "span_id", "root_span_id", "span_parents", "span_attributes", "scores",
     "_is_merge", "_merge_paths", "_audit_source", "_audit_metadata"}
)  # fmt: skip
HUMAN_SOURCES = frozenset({"app", "external"})
"""`log_feedback` says "external" unless told otherwise; "api" is a program's."""
_MAX_NS = 2**63 - 1


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    """The span of a row; none while its trace, or its start, has not been told."""
    row = read_row(name, fragments)
    body = row.body
    root, span = body.get("root_span_id"), body.get("span_id")
    if not isinstance(root, str) or not isinstance(span, str) or not root or not span:
        return ()
    if isinstance(body.get("dataset_id"), str):
        return ()
    metrics = body.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    start_ns = seconds_ns(metrics.get("start")) or instant_of(body.get("created"))
    if not start_ns:
        return ()
    end_ns = seconds_ns(metrics.get("end"))
    trace_id = trace_id_of(root)
    parents = _parents_of(body)
    failure, events = _failure_of(body, end_ns=end_ns)
    return (
        RawSpan(
            trace_id=trace_id,
            span_id=span_id_of(span),
            parent_span_id=span_id_of(parents[0]) if parents else "",
            name=_name_of(body),
            start_ns=start_ns,
            end_ns=max(end_ns, start_ns) if end_ns else 0,
            status_code=2 if failure is not None else int(bool(end_ns)),
            status_message=failure or "",
            attributes=_attributes_of(row, ended=bool(end_ns), is_root=not parents),
            events=(*events, *_score_events(row)),
            links=tuple(RawLink(trace_id=trace_id, span_id=span_id_of(p)) for p in parents[1:]),
            resource=_resource_of(body),
        ),
    )


def seconds_ns(value: Any) -> int:
    """Nanoseconds of seconds since 1970; 0 for anything that is no such instant."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    try:
        # By the shortest text: the float itself would invent the last digits.
        found = int(Decimal(repr(value)) * NS_PER_S)
    except (ArithmeticError, ValueError):
        return 0
    return found if 0 < found <= _MAX_NS else 0


def _parents_of(body: Mapping[str, Any]) -> list[str]:
    told = body.get("span_parents")
    return [one for one in told if isinstance(one, str) and one] if isinstance(told, list) else []


def _name_of(body: Mapping[str, Any]) -> str:
    told = body.get("span_attributes")
    name = told.get("name") if isinstance(told, dict) else None
    return name if isinstance(name, str) else ""


def type_of(body: Mapping[str, Any]) -> str:
    told = body.get("span_attributes")
    found = told.get("type") if isinstance(told, dict) else None
    return found if isinstance(found, str) else ""


# -- attributes -------------------------------------------------------------------------------


def _attributes_of(row: Row, *, ended: bool, is_root: bool) -> dict[str, Any]:
    body = row.body
    found: dict[str, Any] = {
        "braintrust.row_id": row.id,
        "braintrust.span_id": body.get("span_id"),
        "braintrust.root_span_id": body.get("root_span_id"),
    }
    told = body.get("span_attributes")
    if isinstance(told, dict):
        found |= {f"braintrust.span_attributes.{name}": value for name, value in told.items()}
    found |= {f"braintrust.{name}": body[name] for name in _VERBATIM if body.get(name) is not None}
    found |= {f"braintrust.{name}": value for name, value in body.items() if name not in _ELSEWHERE}
    if type_of(body) == "score" and isinstance(body.get("scores"), dict):
        found["braintrust.scores"] = body["scores"]  # of the span above: the dialect's rule
    missing = missing_files(body.get("input"), body.get("output"), body.get("metadata"))
    if missing:
        found["quarterdeck.problem.attachments"] = missing
    if row.deleted:
        found["braintrust.deleted"] = True
    if not ended:
        found["quarterdeck.partial"] = True
    if isinstance(body.get("experiment_id"), str):
        found |= _of_an_experiment(row, is_root=is_root)
    return found


def _of_an_experiment(row: Row, *, is_root: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"quarterdeck.experiment": True}
    if not is_root:
        return found
    case = case_of(row.body)
    if case:
        found["quarterdeck.case"] = case
    name = row.extras.get("experiment")
    if isinstance(name, str) and name:
        found["quarterdeck.tags"] = [f"experiment:{name}"]
    return found


def case_of(body: Mapping[str, Any]) -> str:
    """The dataset's row that an evaluated row comes from; else a name for its input."""
    origin = body.get("origin")
    if isinstance(origin, dict) and isinstance(origin.get("id"), str):
        return str(origin["id"])
    if body.get("input") is None:
        return ""
    content = msgspec.json.encode(body["input"], order="sorted")
    return "input:" + hashlib.sha256(content).hexdigest()[:16]


def _resource_of(body: Mapping[str, Any]) -> Resource:
    """The SDK that sent the row, where it tells."""
    context = body.get("context")
    origin = context.get("span_origin") if isinstance(context, dict) else None
    if not isinstance(origin, dict):
        return Resource(scope_name="braintrust")
    version = origin.get("version")
    return Resource(
        scope_name="braintrust", scope_version=version if isinstance(version, str) else ""
    )


# -- errors -----------------------------------------------------------------------------------


def _failure_of(body: Mapping[str, Any], *, end_ns: int) -> tuple[str | None, tuple[RawEvent, ...]]:
    """What failed, None if nothing did; and the exception as an event."""
    error = body.get("error")
    if error is None or error == "":
        if end_ns and _ended_silently(body):
            return "ended without an output", ()
        return None, ()
    text = error if isinstance(error, str) else msgspec.json.encode(error).decode()
    kind, message = _exception_of(text)
    told = {
        "exception.type": kind,
        "exception.message": message,
        "exception.stacktrace": text if "Traceback" in text else "",
    }
    attributes = {name: value for name, value in told.items() if value}
    return message, (RawEvent(name="exception", time_ns=end_ns, attributes=attributes),)


def _ended_silently(body: Mapping[str, Any]) -> bool:
    metadata = body.get("metadata")
    return (
        type_of(body) == "llm"
        and isinstance(metadata, dict)
        and bool(metadata.get("model"))
        and body.get("output") is None
    )


_TRACEBACK = "Traceback (most recent call last):"


def _exception_of(text: str) -> tuple[str, str]:
    """
    Class and message, of a Python traceback or of one line.

    0.3 writes the exception first and its traceback below; later versions the traceback alone,
    whose last line that is not indented begins the exception.
    """
    before, _, after = text.partition(_TRACEBACK)
    said = before.strip()
    if not said and after:
        lines = after.rstrip().split("\n")
        first = max((n for n, line in enumerate(lines) if line[:1].strip()), default=len(lines) - 1)
        said = "\n".join(lines[first:]).strip()
    kind, separator, message = said.partition(": ")
    named = kind.replace(".", "").replace("_", "")
    if separator and named.isalnum() and not named.isdigit() and kind[:1].isalpha():
        return kind, message.strip()
    return "", said


# -- scores -----------------------------------------------------------------------------------


def _score_events(row: Row) -> Iterator[RawEvent]:
    body = row.body
    scores = body.get("scores")
    if isinstance(scores, dict) and type_of(body) != "score":
        for name, value in scores.items():
            if value is None:
                continue  # asked for and not given
            given = row.given.get(name)
            source = given.source if given is not None else ""
            told = {"name": name, "value": value, "author": given.author if given else ""}
            yield _score_event(row, told, judge="human" if source in HUMAN_SOURCES else "code")
    if row.expected_by.source and body.get("expected") is not None:
        expected = body["expected"]
        text = expected if isinstance(expected, str) else msgspec.json.encode(expected).decode()
        told = {"name": "expected", "explanation": text, "author": row.expected_by.author}
        yield _score_event(row, told, judge="human")
    for comment in row.comments:
        told = {"name": "comment", "explanation": comment.text, "author": comment.author}
        if comment.text:
            yield _score_event(
                row, {**told, "identifier": comment.id}, judge="human", time_ns=comment.at_ns
            )


def _score_event(row: Row, told: Mapping[str, Any], *, judge: str, time_ns: int = 0) -> RawEvent:
    attributes = {"identifier": row.id, **told, "judge": judge, "scope": "span"}
    return RawEvent(name="quarterdeck.score", time_ns=time_ns, attributes=attributes)
