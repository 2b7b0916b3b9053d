"""
LangSmith's "sessions": tracing projects and experiments, which are the same to its client.

A project with a dataset is an experiment and kept as one.  Any other is a name that runs carry:
it is there as soon as somebody asks for it by its name, since a client asks for the project that
it is about to send to, and would stop if it were told that there is none.
"""

import uuid
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.langsmith.answers import (
    flag,
    page_of,
    project_id_of,
    tenant_of,
    text_or_none,
    unsupported,
)
from quarterdeck.receive.wires.langsmith.bodies import identity
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell
from quarterdeck.receive.wires.langsmith.merged import object_of
from quarterdeck.receive.wires.langsmith.queries import stats_of
from quarterdeck.receive.wires.langsmith.results import SOURCE, keep_earlier_results
from quarterdeck.storage.records.experiments import (
    Experiment,
    create_experiment,
    delete_experiment,
    find_experiment,
    list_experiments,
    update_experiment,
)

PROJECT = "langsmith:project:"
_PROJECTS = "langsmith:projects"
_COMPARISON = "langsmith:comparison:"
_COMPARISONS = "langsmith:comparisons"
_DEFAULT = "default"
_MOST_EXPERIMENTS = 10_000

Object = dict[str, Any]


async def create(call: Call, desk: Desk) -> Reply:
    body = call.object()
    name = str(body.get("name") or _DEFAULT)
    if not body.get("reference_dataset_id"):
        made = await _remember(desk, name, body)
        # It is asked for by its name right afterwards.
        await desk.settled(within_s=5)
        return Reply(body=made)
    wanted_id = identity(body["id"], what="session") if body.get("id") else ""
    extra = _object(body.get("extra"))
    try:
        # The same call, sent again.
        experiment = await _experiment(desk, wanted_id)
    except NotFound:
        experiment = await desk.records(
            create_experiment,
            project_id=desk.project_id,
            name=name,
            experiment_id=wanted_id,
            dataset_id=identity(body["reference_dataset_id"], what="dataset"),
            description=str(body.get("description") or ""),
            metadata={**_object(extra.get("metadata")), **_plan_of(body)},
            source=SOURCE,
            created_by=desk.actor,
            now_ns=desk.now_ns(),
            exists="return" if flag(call, "upsert") else "conflict",
        )
    await keep_earlier_results(desk, experiment)
    return Reply(body=_of_experiment(desk, experiment))


def _plan_of(body: Object) -> Object:
    """What the client says of the runs to come, kept beside its own metadata."""
    names = ("num_examples", "num_repetitions", "evaluator_keys")
    planned = {name: body[name] for name in names if body.get(name) is not None}
    return {"langsmith": planned} if planned else {}


async def compare(call: Call, desk: Desk) -> Reply:
    """A comparison of experiments: what is said of it later are feedbacks of their runs."""
    body = call.object()
    told = {
        **body,
        "id": identity(body.get("id") or str(uuid.uuid4()), what="comparison"),
        "tenant_id": tenant_of(desk),
        "created_at": body.get("created_at") or spell(desk.now_ns()),
        "modified_at": spell(desk.now_ns()),
    }
    fragment = Fragment(
        object=_COMPARISON + told["id"],
        kind="post",
        body=told,
        collection=_COMPARISONS,
        at_ns=desk.now_ns(),
    )
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body=told)


async def update(call: Call, desk: Desk) -> Reply:
    session_id = identity(call.path["session_id"], what="session")
    body = call.object()
    try:
        known = await _experiment(desk, session_id)
    except NotFound:
        project = await _project(desk, session_id)
        changed = {**project, **{key: value for key, value in body.items() if value is not None}}
        return Reply(body=await _remember(desk, str(changed["name"]), changed))
    metadata = _object(_object(body.get("extra")).get("metadata"))
    ended = instant_of(body.get("end_time"))
    experiment = await desk.records(
        update_experiment,
        project_id=desk.project_id,
        experiment_id=session_id,
        name=text_or_none(body.get("name")),
        description=text_or_none(body.get("description")),
        metadata={**known.metadata, **metadata} if metadata else None,
        ended_ns=ended or None,
    )
    return Reply(body=_of_experiment(desk, experiment))


async def read(call: Call, desk: Desk) -> Reply:
    session_id = identity(call.path["session_id"], what="session")
    shown = await _shown(desk, session_id)
    if flag(call, "include_stats"):
        await desk.settled(within_s=5)
        shown |= await stats_of(desk, session_id, str(shown["name"]))
    return Reply(body=shown)


async def read_many(call: Call, desk: Desk) -> Reply:
    """A list, also where one is asked for by its name."""
    name = call.one("name")
    if name:
        found = [await _named(desk, name)]
    elif call.query.get("id"):
        found = [await _shown(desk, identity(one, what="session")) for one in call.query["id"]]
    else:
        found = await _all(call, desk)
    shown = list(page_of(call, found))
    if flag(call, "include_stats"):
        await desk.settled(within_s=5)
        shown = [one | await stats_of(desk, str(one["id"]), str(one["name"])) for one in shown]
    return Reply(body=shown)


async def delete(call: Call, desk: Desk) -> Reply:
    """An experiment.  A project's runs are sessions, which are not deleted from here."""
    session_id = identity(call.path["session_id"], what="session")
    try:
        await _experiment(desk, session_id)
    except NotFound:
        await _project(desk, session_id)
        return unsupported("deleting a tracing project")
    await desk.records(delete_experiment, project_id=desk.project_id, experiment_id=session_id)
    return Reply(body={"message": "Session deleted"})


async def name_of(desk: Desk, session_id: str) -> str:
    """The name that the runs of this project carry; "" if nobody has asked for it yet."""
    try:
        return str((await _shown(desk, session_id))["name"])
    except NotFound:
        return ""


async def _named(desk: Desk, name: str) -> Object:
    try:
        found = await desk.records(
            find_experiment, project_id=desk.project_id, name=name, source=SOURCE
        )
    except NotFound:
        return await _project_named(desk, name)
    return _of_experiment(desk, found)


async def _project_named(desk: Desk, name: str) -> Object:
    """The one that the client made under this name, else the one that the name is by itself."""
    for fragments in (await desk.collection(_PROJECTS)).values():
        told = object_of(fragments)
        if told.get("name") == name:
            return _of_project(desk, told)
    return await _remember(desk, name, {})


async def _all(call: Call, desk: Desk) -> list[Object]:
    experiments = await desk.records(
        list_experiments,
        project_id=desk.project_id,
        dataset_id=call.one("reference_dataset"),
        source=SOURCE,
        limit=_MOST_EXPERIMENTS,
    )
    found = [] if flag(call, "reference_free") else [
        _of_experiment(desk, one) for one in experiments[0]
    ]  # fmt: skip
    if not call.one("reference_dataset") and flag(call, "reference_free") is not False:
        objects = await desk.collection(_PROJECTS)
        found += [_of_project(desk, object_of(parts)) for parts in objects.values()]
        if not any(one["name"] == _DEFAULT for one in found):
            # The client learns its tenant's id from any project.
            found.append(_of_project(desk, {"name": _DEFAULT}))
    wanted = call.one("name_contains").lower()
    return [one for one in found if wanted in str(one["name"]).lower()]


async def _shown(desk: Desk, session_id: str) -> Object:
    try:
        return _of_experiment(desk, await _experiment(desk, session_id))
    except NotFound:
        return _of_project(desk, await _project(desk, session_id))


async def _experiment(desk: Desk, session_id: str) -> Experiment:
    return await desk.records(
        find_experiment, project_id=desk.project_id, experiment_id=session_id, source=SOURCE
    )


async def _project(desk: Desk, session_id: str) -> Object:
    if session_id == project_id_of(desk, _DEFAULT):
        return {"name": _DEFAULT}
    known = (await desk.objects([PROJECT + session_id])).get(PROJECT + session_id)
    if not known:
        await desk.settled(within_s=5)
        known = (await desk.objects([PROJECT + session_id])).get(PROJECT + session_id)
    if not known:
        raise NotFound(f"no session {session_id!r}")
    return object_of(known)


async def _remember(desk: Desk, name: str, told: Object) -> Object:
    """The project, whose name can be found by its id from now on."""
    session_id = str(told.get("id") or project_id_of(desk, name))
    session_id = identity(session_id, what="session")
    object_name = PROJECT + session_id
    if told or not await desk.objects([object_name]):
        now_ns = desk.now_ns()
        told = {"start_time": spell(now_ns), **told, "id": session_id, "name": name}
        fragment = Fragment(
            object=object_name, kind="project", body=told, collection=_PROJECTS, at_ns=now_ns
        )
        await desk.keep(Reading(fragments=(fragment,)))
    return _of_project(desk, {**told, "id": session_id, "name": name})


def _of_project(desk: Desk, told: Object) -> Object:
    name = str(told.get("name") or _DEFAULT)
    return {
        "id": told.get("id") or project_id_of(desk, name),
        "name": name,
        "tenant_id": tenant_of(desk),
        "start_time": told.get("start_time") or spell(desk.now_ns()),
        "end_time": told.get("end_time"),
        "description": told.get("description"),
        "extra": told.get("extra"),
        "reference_dataset_id": None,
    }


def _of_experiment(desk: Desk, experiment: Experiment) -> Object:
    metadata = {key: item for key, item in experiment.metadata.items() if key != "langsmith"}
    return {
        "id": experiment.experiment_id,
        "name": experiment.name,
        "tenant_id": tenant_of(desk),
        "start_time": spell(experiment.started_ns),
        "end_time": spell(experiment.ended_ns or 0),
        "description": experiment.description or None,
        "extra": {"metadata": metadata},
        "reference_dataset_id": experiment.dataset_id or None,
        "test_run_number": None,
    }


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
