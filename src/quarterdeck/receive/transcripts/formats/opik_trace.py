"""
A trace of Opik with its spans, as `opik export` writes each into a file of its own.

Nothing is translated: trace, spans and feedback scores are sent to where Opik's client sends
them, with the ids that they have.  Attachments are other files, and stay there.
"""

from collections.abc import Iterator
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import mapping, records
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, ClientCall, Read

MAX_OBJECTS = 500
"""Of one call.  Opik's client sends up to a thousand."""

_ADDRESS = "/opik/api/v1/private/"


def recognizes(source: Source) -> bool:
    if not source.has_keys("trace", "spans"):
        return False
    trace, spans = source.top["trace"], source.top["spans"]
    return isinstance(trace, dict) and {"id", "start_time"} <= {*trace} and isinstance(spans, list)


def read(source: Source) -> Read:
    whole = mapping(source.document)
    trace = mapping(whole.get("trace"))
    if not isinstance(trace.get("id"), str):
        raise Invalid("the trace has no id")
    project = whole.get("project_name") or trace.get("project_name")
    named = {"project_name": project} if isinstance(project, str) and project else {}
    yield from _calls("traces", [{**trace, **named}])
    spans = []
    for place, span in enumerate(whole.get("spans") or [], start=1):
        if isinstance(span, dict) and isinstance(span.get("id"), str):
            spans.append({"trace_id": trace["id"], **span, **named})
        else:
            yield BadLine(source.shown, place, "no span: it has no id")
    yield from _calls("spans", spans)


def _calls(kind: str, objects: list[dict[str, Any]]) -> Iterator[ClientCall]:
    for start in range(0, len(objects), MAX_OBJECTS):
        some = objects[start : start + MAX_OBJECTS]
        yield _call("POST", f"{kind}/batch", {kind: [_plain(one) for one in some]})
        scores = [
            {**score, "id": one["id"]}
            for one in some
            for score in records(one.get("feedback_scores"))
        ]
        if scores:
            yield _call("PUT", f"{kind}/feedback-scores", {"scores": scores})


def _plain(one: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in one.items() if key != "feedback_scores"}


def _call(method: Any, path: str, body: dict[str, Any]) -> ClientCall:
    return ClientCall(client="opik", method=method, path=_ADDRESS + path, body=body)


FORMAT = Format("opik_trace", "Opik export", recognizes, read)
