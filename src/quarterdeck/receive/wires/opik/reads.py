"""
What Opik's client reads back: traces, spans, threads and projects, out of what it sent.

A read waits for what was sent before it.  Projects have names here and no ids: an id is made of
the name, and is known again for a project that something was sent to.
"""

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.model.instants import NS_PER_MS, to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Fragment, Handler, Reading, Reply
from quarterdeck.receive.wires.opik.answers import created, id_of, page, stream
from quarterdeck.receive.wires.opik.filters import fits, read_filters
from quarterdeck.receive.wires.opik.known import CLOSE, instant_or_zero, know
from quarterdeck.receive.wires.opik.spans import DEFAULT_PROJECT, PROJECT_ATTRIBUTE, THREAD
from quarterdeck.receive.wires.opik.tracing import (
    PREFIXES,
    PROJECTS,
    Objects,
    project_fragment,
    project_of,
    spans_of,
    text_of,
)

MOST = 2_000
"""Objects in one answer: what the client asks for at most."""
_AT_ONCE = 500
_MOST_LOOKED_AT = 20_000
"""Traces that a search with filters reads before it gives up: some seconds."""


# ------------------------------------------------------------------------- traces and spans


def shown_object(object_id: str, fragments: Iterable[Fragment]) -> dict[str, Any] | None:
    """As the client reads it; None while its start is not known."""
    known = know(fragments)
    fields = known.fields
    if not instant_or_zero(fields.get("start_time")):
        return None
    project = str(fields.get("project_name") or DEFAULT_PROJECT)
    shown = {
        **{key: value for key, value in fields.items() if key != "project_name"},
        "id": object_id,
        "project_id": project_id_of(project),
        "feedback_scores": [shown_score(score) for score in known.scores],
        "comments": [dict(comment) for comment in known.comments],
    }
    if "trace_id" in fields:
        shown["project_name"] = project
    if fields.get("end_time"):
        elapsed_ns = instant_or_zero(fields["end_time"]) - instant_or_zero(fields["start_time"])
        shown["duration"] = elapsed_ns / 1e6
    return shown


def shown_score(score: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in score.items() if key not in ("given_ns", "project_name")}


async def _one(kind: Objects, call: Call, desk: Desk) -> Reply:
    await desk.settled()
    object_id = call.path["id"]
    found = await desk.objects([PREFIXES[kind] + object_id])
    for fragments in found.values():
        shown = shown_object(object_id, fragments)
        if shown is not None:
            return Reply(body=shown)
    raise NotFound(f"no {kind[:-1]} {object_id!r}")


async def _search(kind: Objects, call: Call, desk: Desk) -> Reply:
    body = call.object()
    limit = body.get("limit")
    most = min(limit, MOST) if isinstance(limit, int) and limit > 0 else 500
    found = await _found(kind, body, desk, most=most)
    exclude = body.get("exclude")
    left_out = exclude if isinstance(exclude, list) else []
    return stream(
        {key: value for key, value in one.items() if key not in left_out} for one in found
    )


async def _listed(kind: Objects, call: Call, desk: Desk) -> Reply:
    asked = {name: call.one(name) for name in call.query}
    return page(call, await _found(kind, asked, desk, most=MOST))


async def _found(
    kind: Objects, asked: Mapping[str, Any], desk: Desk, *, most: int
) -> list[dict[str, Any]]:
    """Newest first, by their ids, which hold the time; those behind the last one retrieved."""
    filters = read_filters(asked.get("filters"))
    await desk.settled()
    last = asked.get("last_retrieved_id")
    last = last if isinstance(last, str) else ""
    trace = asked.get("trace_id")
    found: list[dict[str, Any]] = []
    if kind == "spans" and isinstance(trace, str) and trace:
        found = await _spans_of(desk, [trace])
        found = [one for one in found if fits(one, filters) and (not last or one["id"] < last)]
    else:
        async for some in _traces(desk, await _project(asked, desk), asked):
            if kind == "spans":
                some = await _spans_of(desk, [str(one["id"]) for one in some])
            found += (one for one in some if fits(one, filters) and (not last or one["id"] < last))
            if len(found) >= most:
                break
    return sorted(found, key=lambda one: str(one["id"]), reverse=True)[:most]


async def _spans_of(desk: Desk, traces: Iterable[str]) -> list[dict[str, Any]]:
    shown = []
    for trace in traces:
        for name, fragments in (await desk.collection(spans_of(trace))).items():
            shown.append(shown_object(name.removeprefix(PREFIXES["spans"]), fragments))
    return [one for one in shown if one is not None]


async def _traces(
    desk: Desk, project: str, asked: Mapping[str, Any]
) -> AsyncIterator[list[dict[str, Any]]]:
    """
    A project's traces, newest first, some at a time.

    They are looked for among the stored spans: a project's traces are too many to be a list.
    """
    since_ns = instant_or_zero(asked.get("from_time"))
    until_ns = instant_or_zero(asked.get("to_time")) or 2**62
    until_ns = min(until_ns, _after(asked.get("last_retrieved_id")))
    for offset in range(0, _MOST_LOOKED_AT, _AT_ONCE):
        spans = await desk.newest(
            since_ns=since_ns,
            until_ns=until_ns,
            most=_AT_ONCE,
            after=offset,
            resource_attribute=(PROJECT_ATTRIBUTE, project),
        )
        roots = [span for span in spans if not span.parent_span_id]
        named = (span.attributes.get("opik.trace_id") for span in roots)
        ids = {f"{PREFIXES['traces']}{one}": str(one) for one in named if one}
        objects = await desk.objects(list(ids))
        shown = (shown_object(ids[name], fragments) for name, fragments in objects.items())
        yield [one for one in shown if one is not None]
        if len(roots) < _AT_ONCE:
            return


def _after(object_id: Any) -> int:
    """The end of the millisecond in which an id was made; far off for one that holds no time."""
    try:
        made = uuid.UUID(str(object_id))
    except ValueError:
        return 2**62
    return ((made.int >> 80) + 1) * NS_PER_MS if made.version == 7 else 2**62


# ---------------------------------------------------------------------------------- threads


async def _thread(call: Call, desk: Desk) -> Reply:
    body = call.object()
    thread = text_of(body, "thread_id")
    for shown in await _threads(body, desk):
        if shown["id"] == thread:
            return Reply(body=shown)
    raise NotFound(f"no thread {thread!r}")


async def _search_threads(call: Call, desk: Desk) -> Reply:
    body = call.object()
    found = await _threads(body, desk)
    after = body.get("last_retrieved_thread_model_id")
    if isinstance(after, str) and after:
        models = [one["thread_model_id"] for one in found]
        found = found[models.index(after) + 1 :] if after in models else []
    limit = body.get("limit")
    return stream(found[: limit if isinstance(limit, int) and limit > 0 else MOST])


async def _list_threads(call: Call, desk: Desk) -> Reply:
    return page(call, await _threads({name: call.one(name) for name in call.query}, desk))


async def _threads(asked: Mapping[str, Any], desk: Desk) -> list[dict[str, Any]]:
    """By their first turn, the latest first."""
    filters = read_filters(asked.get("filters"))
    project = await _project(asked, desk)
    turns: dict[str, list[dict[str, Any]]] = {}
    for trace in await _found("traces", {"project_name": project}, desk, most=_MOST_LOOKED_AT):
        if trace.get("thread_id"):
            turns.setdefault(str(trace["thread_id"]), []).insert(0, trace)
    closed = await desk.objects([f"{THREAD}{project}:{thread}"[:400] for thread in turns])
    shown = [
        _shown_thread(project, thread, traces, closed.get(f"{THREAD}{project}:{thread}"[:400], []))
        for thread, traces in turns.items()
    ]
    return sorted(
        (one for one in shown if fits(one, filters)),
        key=lambda one: str(one["start_time"]),
        reverse=True,
    )


def _shown_thread(
    project: str, thread: str, turns: Sequence[Mapping[str, Any]], said: Sequence[Fragment]
) -> dict[str, Any]:
    tags = dict.fromkeys(
        str(tag) for turn in turns if isinstance(turn.get("tags"), list) for tag in turn["tags"]
    )
    last = max(instant_or_zero(turn.get("end_time") or turn["start_time"]) for turn in turns)
    is_closed = any(one.kind == CLOSE and one.at_ns >= last for one in said)
    return {
        "id": thread,
        "thread_model_id": id_of(f"opik:thread:{project}:{thread}"),
        "project_id": project_id_of(project),
        "start_time": turns[0]["start_time"],
        "end_time": turns[-1].get("end_time"),
        "created_at": turns[0]["start_time"],
        "first_message": turns[0].get("input"),
        "last_message": turns[-1].get("output"),
        "number_of_messages": 2 * len(turns),
        "status": "inactive" if is_closed else "active",
        "tags": list(tags),
    }


# --------------------------------------------------------------------------------- projects


def project_id_of(name: str) -> str:
    return id_of(f"opik:project:{name}")


def shown_project(name: str) -> dict[str, Any]:
    then = to_rfc3339(0)
    return {
        "id": project_id_of(name),
        "name": name,
        "visibility": "private",
        "created_at": then,
        "last_updated_at": then,
    }


async def _project(asked: Mapping[str, Any], desk: Desk) -> str:
    wanted = asked.get("project_id")
    if not isinstance(wanted, str) or not wanted:
        return project_of(dict(asked))
    return await _named(wanted, desk)


async def _named(project_id: str, desk: Desk) -> str:
    for name in await _project_names(desk):
        if project_id_of(name) == project_id:
            return name
    raise NotFound(f"no project {project_id!r}")


async def _project_names(desk: Desk) -> list[str]:
    await desk.settled()
    named = await desk.members(PROJECTS)
    found = [name.removeprefix("opik:project:") for name in named]
    return list(dict.fromkeys([*found, DEFAULT_PROJECT]))


async def retrieve_project(call: Call, _desk: Desk) -> Reply:
    """Any name is a project: it needs not be made before something is sent to it."""
    return Reply(body=shown_project(text_of(call.object(), "name")))


async def create_project(call: Call, desk: Desk) -> Reply:
    name = text_of(call.object(), "name")
    await desk.keep(Reading(fragments=(project_fragment(name),)))
    return created(call, f"projects/{project_id_of(name)}")


async def list_projects(call: Call, desk: Desk) -> Reply:
    wanted = call.one("name").casefold()
    names = [name for name in await _project_names(desk) if wanted in name.casefold()]
    return page(call, [shown_project(name) for name in names])


async def one_project(call: Call, desk: Desk) -> Reply:
    return Reply(body=shown_project(await _named(call.path["id"], desk)))


def handlers(kind: Objects) -> dict[str, Handler]:
    return {
        "one": partial(_one, kind),
        "search": partial(_search, kind),
        "list": partial(_listed, kind),
    }


THREADS: dict[str, Handler] = {
    "one": _thread,
    "search": _search_threads,
    "list": _list_threads,
}
