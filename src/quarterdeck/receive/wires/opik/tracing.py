"""
What Opik's client says of traces and spans: each call as fragments of the objects that it names.

Nothing is looked up: a change may come before the object that it changes.  Scores and comments
are parts of the object that they judge.  The client knows a batch as kept by the 204.
"""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Literal

from quarterdeck.errors import Invalid
from quarterdeck.receive.wire import Call, Desk, Fragment, Handler, Reading, Reply
from quarterdeck.receive.wires.opik import known
from quarterdeck.receive.wires.opik.answers import created, new_id
from quarterdeck.receive.wires.opik.spans import DEFAULT_PROJECT, SPAN, TRACE

Objects = Literal["traces", "spans"]
PREFIXES: dict[Objects, str] = {"traces": TRACE, "spans": SPAN}
PROJECTS = "opik:projects"
"""The collection of projects that something was sent to."""
MAX_ID = 200
"""Characters; Opik's own ids have 36."""


def spans_of(trace: str) -> str:
    """The collection of a trace's spans."""
    return f"opik:spans:{trace}"


def project_of(body: dict[str, Any]) -> str:
    named = body.get("project_name")
    return named if isinstance(named, str) and named else DEFAULT_PROJECT


def text_of(body: dict[str, Any], name: str) -> str:
    """A text that must be there.  Raises `Invalid`."""
    value = body.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID:
        raise Invalid(f"{name} must be a text of at most {MAX_ID} characters, got {value!r:.60}")
    return value


def list_of(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects that must be there.  Raises `Invalid`."""
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise Invalid(f"{name} must be a list of objects")
    return value


# ------------------------------------------------------------------------------- fragments


def versions(kind: Objects, bodies: Iterable[dict[str, Any]]) -> list[Fragment]:
    """Objects whole, and the projects that they name."""
    made = []
    for body in bodies:
        collection = spans_of(text_of(body, "trace_id")) if kind == "spans" else ""
        made.append(
            Fragment(
                object=PREFIXES[kind] + text_of(body, "id"),
                kind=known.VERSION,
                body=body,
                collection=collection,
                at_ns=known.instant_or_zero(body.get("last_updated_at")),
            )
        )
    projects = dict.fromkeys(fragment.body.get("project_name") for fragment in made)
    return [*made, *(project_fragment(name) for name in projects if isinstance(name, str) and name)]


def project_fragment(name: str) -> Fragment:
    return Fragment(
        object=f"opik:project:{name[:MAX_ID]}",
        kind="named",
        body={"name": name[:MAX_ID]},
        collection=PROJECTS,
    )


def change(kind: Objects, object_id: str, body: dict[str, Any]) -> Fragment:
    return Fragment(object=PREFIXES[kind] + object_id, kind=known.CHANGE, body=body)


def scores(kind: Objects, bodies: Iterable[dict[str, Any]], *, at_ns: int) -> list[Fragment]:
    return [
        Fragment(
            object=PREFIXES[kind] + text_of(body, "id"),
            kind=known.SCORE,
            body={key: value for key, value in body.items() if key != "id"},
            at_ns=at_ns,
        )
        for body in bodies
    ]


# -------------------------------------------------------------------------------- handlers


async def _keep(desk: Desk, fragments: Sequence[Fragment]) -> Reply:
    await desk.keep(Reading(fragments=tuple(fragments)))
    return Reply(status=204)


async def _batch(kind: Objects, call: Call, desk: Desk) -> Reply:
    bodies = list_of(call.object(), kind)
    return await _keep(desk, versions(kind, [_with_id(body, call) for body in bodies]))


async def _create(kind: Objects, call: Call, desk: Desk) -> Reply:
    body = _with_id(call.object(), call)
    await _keep(desk, versions(kind, [body]))
    return created(call, f"{kind}/{body['id']}")


def _with_id(body: dict[str, Any], call: Call) -> dict[str, Any]:
    return body if body.get("id") else {**body, "id": new_id(call.received_ns)}


async def _change(kind: Objects, call: Call, desk: Desk) -> Reply:
    return await _keep(desk, [change(kind, call.path["id"], call.object())])


async def _change_many(kind: Objects, call: Call, desk: Desk) -> Reply:
    body = call.object()
    ids, update = body.get("ids"), body.get("update")
    if not isinstance(ids, list) or not isinstance(update, dict):
        raise Invalid("expected ids, a list, and update, an object")
    told = {**update, "merge_tags": True} if body.get("merge_tags") is True else update
    return await _keep(desk, [change(kind, str(one)[:MAX_ID], told) for one in ids])


async def _score_many(kind: Objects, call: Call, desk: Desk) -> Reply:
    bodies = list_of(call.object(), "scores")
    return await _keep(desk, scores(kind, bodies, at_ns=call.received_ns))


async def _score(kind: Objects, call: Call, desk: Desk) -> Reply:
    body = {**call.object(), "id": call.path["id"]}
    return await _keep(desk, scores(kind, [body], at_ns=call.received_ns))


async def _unscore(kind: Objects, call: Call, desk: Desk) -> Reply:
    return await _keep(desk, [_about(kind, call, known.UNSCORE, call.object())])


async def _comment(kind: Objects, call: Call, desk: Desk) -> Reply:
    body = call.object()
    text_of({"id": body.get("id") or "new", "text": str(body.get("text") or "")[:1]}, "text")
    comment = {**_with_id(body, call), "created_by": body.get("created_by") or desk.actor}
    await _keep(desk, [_about(kind, call, known.COMMENT, comment)])
    return created(call, f"{kind}/{call.path['id']}/comments/{comment['id']}")


async def assertions(call: Call, desk: Desk) -> Reply:
    """What a test suite's judge found: scores of 1 and 0."""
    body = call.object()
    kind: Objects = "spans" if body.get("entity_type") == "span" else "traces"
    given = [
        {
            **one,
            "id": one.get("entity_id"),
            "value": 1.0 if one.get("status") == "passed" else 0.0,
            "category_name": one.get("status"),
        }
        for one in list_of(body, "assertion_results")
    ]
    return await _keep(desk, scores(kind, given, at_ns=call.received_ns))


def _about(kind: Objects, call: Call, said: str, body: dict[str, Any]) -> Fragment:
    return Fragment(
        object=PREFIXES[kind] + call.path["id"], kind=said, body=body, at_ns=call.received_ns
    )


def handlers(kind: Objects) -> dict[str, Handler]:
    """By what they do, for traces and for spans alike."""
    return {
        "batch": partial(_batch, kind),
        "create": partial(_create, kind),
        "change": partial(_change, kind),
        "change_many": partial(_change_many, kind),
        "score_many": partial(_score_many, kind),
        "score": partial(_score, kind),
        "unscore": partial(_unscore, kind),
        "comment": partial(_comment, kind),
    }
