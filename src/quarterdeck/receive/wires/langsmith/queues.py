"""
Annotation queues: runs that are put before people.

There is no screen for them: a run that was put into a queue is tagged with its name, so that
its session is found by it, and the queue can be read back.  Reviewing there is not answered.
"""

import uuid
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.langsmith.answers import page_of, tenant_of
from quarterdeck.receive.wires.langsmith.bodies import QUEUED, RUN, identity
from quarterdeck.receive.wires.langsmith.instants import spell
from quarterdeck.receive.wires.langsmith.merged import object_of

Object = dict[str, Any]

_QUEUE = "langsmith:queue:"
_QUEUES = "langsmith:queues"


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    queue_id = identity(body.get("id") or str(uuid.uuid4()), what="queue")
    now = spell(desk.now_ns())
    told = {**body, "id": queue_id, "created_at": now, "updated_at": now}
    await desk.keep(Reading(fragments=(_fragment(told, desk),)))
    return Reply(body=_shown(told, desk))


async def read(call: Call, desk: Desk) -> Reply:
    return Reply(body=_shown(await _queue(call, desk), desk))


async def read_many(call: Call, desk: Desk) -> Reply:
    await desk.settled(within_s=5)
    name, containing = call.one("name"), call.one("name_contains")
    if not name and not containing:
        page = await desk.objects(page_of(call, await desk.members(_QUEUES)))
        return Reply(body=[_shown(object_of(fragments), desk) for fragments in page.values()])
    objects = await desk.collection(_QUEUES)
    told = [object_of(fragments) for fragments in objects.values()]
    fitting = [
        one
        for one in told
        if (not name or one.get("name") == name) and containing in str(one.get("name"))
    ]
    return Reply(body=[_shown(one, desk) for one in page_of(call, fitting)])


async def add_runs(call: Call, desk: Desk) -> Reply:
    """Ids of runs, or objects with a `run_id`."""
    queue = await _queue(call, desk)
    if not isinstance(call.payload, list):
        raise Invalid("expected a list of runs")
    asked = [one.get("run_id") if isinstance(one, dict) else one for one in call.payload]
    fragments = []
    for run in asked:
        run_id = identity(run, what="run")
        fragments.append(
            Fragment(
                object=f"{QUEUED}{queue['id']}:{run_id}",
                kind="post",
                body={"queue_id": queue["id"], "queue_name": queue.get("name"), "run_id": run_id},
                about=RUN + run_id,
                collection=QUEUED + str(queue["id"]),
                at_ns=desk.now_ns(),
            )
        )
    await desk.keep(Reading(fragments=tuple(fragments)))
    return Reply(
        body=[{"queue_id": queue["id"], "run_id": one.body["run_id"]} for one in fragments]
    )


async def _queue(call: Call, desk: Desk) -> Object:
    queue_id = identity(call.path["queue_id"], what="queue")
    known = await desk.objects([_QUEUE + queue_id])
    if not known:
        await desk.settled(within_s=5)
        known = await desk.objects([_QUEUE + queue_id])
    if not known:
        raise NotFound(f"no annotation queue {queue_id!r}")
    return object_of(known[_QUEUE + queue_id])


def _fragment(told: Object, desk: Desk) -> Fragment:
    return Fragment(
        object=_QUEUE + str(told["id"]),
        kind="post",
        body=told,
        collection=_QUEUES,
        at_ns=desk.now_ns(),
    )


def _shown(told: Object, desk: Desk) -> Object:
    return {"name": "", "description": None, **told, "tenant_id": tenant_of(desk)}
