"""
Feedback: what people and evaluators said of runs and of whole projects.

Tokens let an application hand the giving of one feedback to somebody else.  Ours are known to
the server that made them and need a key like every other call: a link of LangSmith's is given
without one.
"""

import uuid
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.langsmith import bodies
from quarterdeck.receive.wires.langsmith.answers import page_of
from quarterdeck.receive.wires.langsmith.bodies import FEEDBACK, FEEDBACK_OF, RUN
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell
from quarterdeck.receive.wires.langsmith.merged import feedback_of
from quarterdeck.receive.wires.langsmith.results import keep_results

Object = dict[str, Any]

_LINK = "langsmith:feedback-token:"
_LINKS_OF = "langsmith:feedback-tokens:"
_LASTING_S = 3 * 3600
"""How long the client's own links hold if it does not say."""


async def create(call: Call, desk: Desk) -> Reply:
    given = _dated(call.object(), desk)
    given.setdefault("id", str(uuid.uuid4()))
    fragment = bodies.of_feedback(given)
    await _keep(desk, fragment)
    return Reply(body=_shown(fragment.body))


async def update(call: Call, desk: Desk) -> Reply:
    """Only what changes; a null empties a field."""
    changed = {**call.object(), "id": call.path["feedback_id"]}
    changed["modified_at"] = spell(desk.now_ns())
    fragment = bodies.of_feedback(changed, kind="patch")
    await desk.keep(Reading(fragments=(fragment,)))
    known = (await desk.objects([fragment.object])).get(fragment.object, [])
    told = feedback_of([*known, fragment])
    if told.get("run_id"):
        await keep_results(desk, [bodies.of_feedback(told)])
    return Reply(body=fragment.body)


async def delete(call: Call, desk: Desk) -> Reply:
    feedback_id = bodies.identity(call.path["feedback_id"], what="feedback")
    gone = Fragment(object=FEEDBACK + feedback_id, kind="delete", body={}, at_ns=desk.now_ns())
    await desk.keep(Reading(fragments=(gone,)))
    return Reply(body={"message": "Feedback deleted"})


async def read(call: Call, desk: Desk) -> Reply:
    name = FEEDBACK + bodies.identity(call.path["feedback_id"], what="feedback")
    await desk.settled(within_s=5)
    found = feedback_of((await desk.objects([name])).get(name, []))
    if found:
        return Reply(body=_shown(found))
    raise NotFound(f"no feedback {call.path['feedback_id']!r}")


async def read_many(call: Call, desk: Desk) -> Reply:
    """Of some runs, or of a project; by key and source."""
    await desk.settled(within_s=5)
    names = [RUN + bodies.identity(run_id, what="run") for run_id in call.query.get("run", ())]
    found = list(await of_runs(desk, names))
    for project_id in call.query.get("session", ()):
        for fragments in (await desk.collection(FEEDBACK_OF + project_id)).values():
            told = feedback_of(fragments)
            if told and (not names or told.get("run_id") in call.query.get("run", ())):
                found.append(told)
    keys, sources = call.query.get("key", ()), call.query.get("source", ())
    distinct = {one["id"]: one for one in found if one.get("id")}
    fitting = [
        one
        for one in distinct.values()
        if (not keys or one.get("key") in keys) and (not sources or _source_type(one) in sources)
    ]
    fitting.sort(key=lambda one: (str(one.get("created_at")), one["id"]))
    return Reply(body=[_shown(one) for one in page_of(call, fitting)])


async def of_runs(desk: Desk, names: list[str]) -> list[Object]:
    """All feedback about these runs."""
    found = []
    for fragments in (await desk.objects(names)).values() if names else ():
        for name, parts in bodies.by_object(fragments).items():
            if name.startswith(FEEDBACK) and (told := feedback_of(parts)):
                found.append(told)
    return found


# ------------------------------------------------------------------------------- tokens


async def create_tokens(call: Call, desk: Desk) -> Reply:
    """One for an object, a list for a list."""
    asked = call.payload if isinstance(call.payload, list) else [call.object()]
    made = [_token(one, call, desk) for one in asked if isinstance(one, dict)]
    await desk.keep(Reading(fragments=tuple(made)))
    shown = [{key: one.body[key] for key in ("id", "url", "expires_at")} for one in made]
    return Reply(body=shown if isinstance(call.payload, list) else shown[0])


def _token(asked: Object, call: Call, desk: Desk) -> Fragment:
    run_id = bodies.identity(asked.get("run_id"), what="run")
    token_id = str(uuid.uuid4())
    expires_ns = instant_of(asked.get("expires_at")) or desk.now_ns() + _lasting_ns(asked)
    return Fragment(
        object=_LINK + token_id,
        kind="token",
        body={
            "id": token_id,
            "url": f"{call.base_url}/feedback/tokens/{token_id}",
            "expires_at": spell(expires_ns),
            "run_id": run_id,
            "feedback_key": str(asked.get("feedback_key") or "feedback"),
            "feedback_id": asked.get("id"),
        },
        collection=_LINKS_OF + run_id,
        at_ns=desk.now_ns(),
    )


def _lasting_ns(asked: Object) -> int:
    told = asked.get("expires_in")
    if not isinstance(told, dict):
        return _LASTING_S * NS_PER_S
    seconds = 0.0
    for name, each in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        amount = told.get(name)
        seconds += amount * each if isinstance(amount, int | float) else 0
    return round(min(max(seconds, 60.0), 10**9) * NS_PER_S)


async def list_tokens(call: Call, desk: Desk) -> Reply:
    await desk.settled(within_s=5)
    names = await desk.members(_LINKS_OF + call.one("run_id"))
    objects = await desk.objects(page_of(call, names))
    told = [fragments[-1].body for fragments in objects.values() if fragments]
    shown = [{key: one[key] for key in ("id", "url", "expires_at")} for one in told]
    return Reply(body=shown)


async def use_token(call: Call, desk: Desk) -> Reply:
    """A feedback by a token: the body has what was said, or a link's query."""
    token_id = bodies.identity(call.path["token_id"], what="feedback token")
    await desk.settled(within_s=5)
    known = (await desk.objects([_LINK + token_id])).get(_LINK + token_id)
    if not known or not isinstance(known[-1].body, dict):
        raise NotFound(f"no feedback token {token_id!r}")
    token = known[-1].body
    if desk.now_ns() > instant_of(token.get("expires_at")):
        raise Invalid(f"the feedback token {token_id!r} expired at {token.get('expires_at')}")
    said = call.payload if isinstance(call.payload, dict) else _of_query(call)
    given = {
        "id": token.get("feedback_id") or str(uuid.uuid4()),
        "run_id": token["run_id"],
        "key": token["feedback_key"],
        **{name: said.get(name) for name in ("score", "value", "comment", "correction")},
        "feedback_source": {"type": "api", "metadata": said.get("metadata") or {}},
    }
    await _keep(desk, bodies.of_feedback(_dated(given, desk)))
    return Reply(body={"message": "Feedback created"})


def _of_query(call: Call) -> Object:
    score = call.one("score")
    try:
        number: float | None = float(score) if score else None
    except ValueError:
        number = None
    return {
        "score": number,
        "value": call.one("value") or (score if score and number is None else None),
        "comment": call.one("comment") or None,
    }


# ------------------------------------------------------------------------------- shared


async def _keep(desk: Desk, fragment: Fragment) -> None:
    await desk.keep(Reading(fragments=(fragment,)))
    await keep_results(desk, [fragment])


def _source_type(told: Object) -> Any:
    source = told.get("feedback_source")
    return source.get("type") if isinstance(source, dict) else None


def _dated(given: Object, desk: Desk) -> Object:
    now = spell(desk.now_ns())
    return {"created_at": now, "modified_at": now, **given}


def _shown(told: Object) -> Object:
    """With the fields that the client's model requires."""
    return {"run_id": None, "trace_id": None, "score": None, "value": None, **told}
