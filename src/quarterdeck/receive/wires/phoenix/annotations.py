"""
Annotations: what people, models and programs think of a span, a trace or a session.

Phoenix names a span by its id alone; which trace it is in, the pipeline finds, also when the span
comes later.  (target, name, identifier) is one annotation, the last given counts.  Each is kept as
it came beside its score, to be read back.
"""

import hashlib
from typing import Any, Literal, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.model.scores import Judge, Score, ScoreScope
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply
from quarterdeck.receive.wires.phoenix.json_values import (
    MAX_PAGE,
    instant_text,
    mapping,
    next_cursor,
    number,
    page_asked,
    text,
)
from quarterdeck.receive.wires.phoenix.node_ids import NodeType, node_id

_JUDGES: dict[str, Judge] = {"HUMAN": "human", "LLM": "llm", "CODE": "code"}
_MAX_LABEL = 200
_MAX_AT_ONCE = 10_000
_MAX_TARGETS = 1_000
_NOTE = "note"


class _Kind(NamedTuple):
    target: Literal["span_id", "trace_id", "session_id"]
    scope: ScoreScope
    node: NodeType


_SPAN = _Kind("span_id", "span", "SpanAnnotation")
_TRACE = _Kind("trace_id", "trace", "TraceAnnotation")
_SESSION = _Kind("session_id", "session", "ProjectSessionAnnotation")
_DOCUMENT = _Kind("span_id", "span", "SpanDocumentAnnotation")


# --------------------------------------------------------------------------- what is said


async def of_spans(call: Call, desk: Desk) -> Reply:
    return await _take(call, desk, _SPAN)


async def of_traces(call: Call, desk: Desk) -> Reply:
    return await _take(call, desk, _TRACE)


async def of_sessions(call: Call, desk: Desk) -> Reply:
    return await _take(call, desk, _SESSION)


async def of_documents(call: Call, desk: Desk) -> Reply:
    """Of a document that a span retrieved: a score of the span, known by the document's place."""
    return await _take(call, desk, _DOCUMENT)


async def note_on_span(call: Call, desk: Desk) -> Reply:
    return await _note(call, desk, _SPAN)


async def note_on_trace(call: Call, desk: Desk) -> Reply:
    return await _note(call, desk, _TRACE)


async def note_on_session(call: Call, desk: Desk) -> Reply:
    return await _note(call, desk, _SESSION)


async def _take(call: Call, desk: Desk, kind: _Kind) -> Reply:
    told = call.object().get("data")
    if not isinstance(told, list) or len(told) > _MAX_AT_ONCE:
        raise Invalid(f"data is a list of at most {_MAX_AT_ONCE} annotations")
    read = [_Annotation(mapping(one), kind) for one in told]
    await _keep(call, desk, read)
    return Reply(body={"data": [{"id": one.node_id} for one in read]})


async def _note(call: Call, desk: Desk, kind: _Kind) -> Reply:
    told = mapping(call.object().get("data"))
    said = text(told.get("note"))
    if not said:
        raise Invalid("a note says something")
    read = _Annotation(
        {
            kind.target: told.get(kind.target),
            "name": _NOTE,
            "annotator_kind": "HUMAN",
            "result": {"explanation": said},
            # A span may have several notes; the same one again is one.
            "identifier": text(told.get("identifier")) or _hash(said)[:16],
        },
        kind,
    )
    await _keep(call, desk, [read])
    return Reply(body={"data": {"id": read.node_id}})


class _Annotation:
    """One, read.  Raises `Invalid` without a name or a target."""

    def __init__(self, told: dict[str, Any], kind: _Kind) -> None:
        self.kind = kind
        self.told = told
        self.target = text(told.get(kind.target)).strip()
        self.name = text(told.get("name")).strip()
        if not self.target or not self.name:
            raise Invalid(f"an annotation needs a name and a {kind.target}")
        place = told.get("document_position")
        at = f"document:{place}" if kind is _DOCUMENT else ""
        self.identifier = ":".join(filter(None, (at, text(told.get("identifier")))))
        self.own_id = _hash(kind.node, self.target, self.name, self.identifier)
        self.node_id = node_id(kind.node, self.own_id)

    def judgement(self, given_ns: int) -> Judgement | None:
        """None where it holds neither a score, a label nor an explanation."""
        result = mapping(self.told.get("result"))
        value = number(result.get("score"))
        label, explanation = text(result.get("label")), text(result.get("explanation"))
        if value is None and not label and not explanation:
            return None
        target = self.target if self.kind.scope == "session" else self.target.lower()
        score = Score(
            name=self.name[:_MAX_LABEL],
            scope=self.kind.scope,
            target_trace_id=target if self.kind.scope == "trace" else "",
            target_span_id=target if self.kind.scope == "span" else "",
            target_session_id=target if self.kind.scope == "session" else "",
            value=value,
            label=label[:_MAX_LABEL],
            explanation=explanation,
            judge=_JUDGES.get(text(self.told.get("annotator_kind")).upper(), "unknown"),
            identifier=self.identifier[:_MAX_LABEL],
            author=text(mapping(self.told.get("metadata")).get("by"))[:_MAX_LABEL],
            at_ns=given_ns,
        )
        return Judgement(score=score, given_ns=given_ns)

    def fragment(self, given_ns: int) -> Fragment:
        return Fragment(
            object=f"phoenix:annotation:{self.own_id}",
            kind="annotation",
            body=self.told,
            collection=_about(self.kind, self.target),
            at_ns=given_ns,
        )


async def _keep(call: Call, desk: Desk, read: list[_Annotation]) -> None:
    given_ns = call.received_ns
    judged = [one.judgement(given_ns) for one in read]
    await desk.keep(
        Reading(
            fragments=tuple(one.fragment(given_ns) for one in read),
            judgements=tuple(found for found in judged if found is not None),
        )
    )


def _about(kind: _Kind, target: str) -> str:
    return f"phoenix:annotations:{kind.node}:{target}"


def _hash(*pieces: str) -> str:
    return hashlib.sha256("\n".join(pieces).encode(errors="replace")).hexdigest()[:32]


# --------------------------------------------------------------------------- what is asked


async def list_of_spans(call: Call, desk: Desk) -> Reply:
    return await _list(call, desk, _SPAN, "span_ids")


async def list_of_traces(call: Call, desk: Desk) -> Reply:
    return await _list(call, desk, _TRACE, "trace_ids")


async def list_of_sessions(call: Call, desk: Desk) -> Reply:
    return await _list(call, desk, _SESSION, "session_ids")


async def _list(call: Call, desk: Desk, kind: _Kind, parameter: str) -> Reply:
    targets = list(dict.fromkeys(call.query.get(parameter, ())))
    if not targets or len(targets) > _MAX_TARGETS:
        raise Invalid(f"{parameter} names 1 to {_MAX_TARGETS}")
    first, most = page_asked(call, MAX_PAGE)
    wanted = set(call.query.get("include_annotation_names", ()))
    unwanted = set(call.query.get("exclude_annotation_names", ()))
    await desk.settled()
    found: list[dict[str, Any]] = []
    for target in targets:
        for fragments in (await desk.collection(_about(kind, target))).values():
            one = _told(fragments, kind)
            if (not wanted or one["name"] in wanted) and one["name"] not in unwanted:
                found.append(one)
    page = found[first : first + most]
    return Reply(body={"data": page, "next_cursor": next_cursor(first, len(page), len(found))})


def _told(fragments: list[Fragment], kind: _Kind) -> dict[str, Any]:
    last = mapping(fragments[-1].body)
    return {
        **{name: value for name, value in last.items() if name not in ("id", "user_id")},
        "name": text(last.get("name")),
        "result": mapping(last.get("result")),
        "metadata": mapping(last.get("metadata")),
        "identifier": text(last.get("identifier")),
        "id": node_id(kind.node, fragments[-1].object.rpartition(":")[2]),
        "created_at": instant_text(fragments[0].at_ns),
        "updated_at": instant_text(fragments[-1].at_ns),
        "source": "API",
        "user_id": None,
    }
