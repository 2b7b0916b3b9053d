"""
Runs, read back: one, those of a project, and what they sum up to.

They come from what the client sent, not from the sessions made of it, so that it reads its own
words.  Filters are those that are fields of the request; the filter language is not spoken.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.wire import Call, Desk, Fragment, Reply, trace_id_of
from quarterdeck.receive.wires.langsmith import bodies
from quarterdeck.receive.wires.langsmith.answers import (
    MOST_ON_A_PAGE,
    PAGE,
    project_id_of,
    unsupported,
)
from quarterdeck.receive.wires.langsmith.bodies import FEEDBACK, FEEDBACK_OF, RUN, RUNS_OF
from quarterdeck.receive.wires.langsmith.examples import shown_case
from quarterdeck.receive.wires.langsmith.instants import instant_of, spell
from quarterdeck.receive.wires.langsmith.merged import feedback_of, object_of
from quarterdeck.receive.wires.langsmith.models import first_token, read_call
from quarterdeck.receive.wires.langsmith.spans import PROJECT, trace_of
from quarterdeck.storage.records.datasets import list_cases
from quarterdeck.storage.records.experiments import find_experiment

Object = dict[str, Any]

_LOOK = 200
"""Runs looked at at once: their content comes with them."""
_MOST_LOOKS = 25
"""Of one request; its cursor goes on where it stopped."""
_WEEK_NS = 7 * 24 * 3600 * NS_PER_S
_CLOCKS_DIFFER_NS = 3600 * NS_PER_S
_LANGUAGE = ("filter", "trace_filter", "tree_filter", "query", "search_filter")
_OBJECT = "langsmith.run_id"


async def read(call: Call, desk: Desk) -> Reply:
    run_id = bodies.identity(call.path["run_id"], what="run")
    known = await desk.objects([RUN + run_id])
    if not known:
        await desk.settled(within_s=5)
        known = await desk.objects([RUN + run_id])
    found = _shown(desk, known)
    if not found:
        raise NotFound(f"no run {run_id!r}")
    return Reply(body=found[0])


async def query(call: Call, desk: Desk) -> Reply:
    """`POST /runs/query`: newest first, by pages whose cursor is where the next begins."""
    asked = call.object()
    spoken = next((name for name in _LANGUAGE if asked.get(name)), "")
    if spoken:
        return unsupported(f"{spoken!r} of runs (the filter language)")
    await desk.settled(within_s=5)
    cursor = asked.get("cursor")
    offset = int(cursor) if isinstance(cursor, str) and cursor.isdigit() else 0
    size = min(_count(asked.get("limit")) or PAGE, MOST_ON_A_PAGE)
    project = await _lasting_project(desk, asked)
    if project:
        page, following = await _newest(desk, project, asked, offset=offset, size=size)
    else:
        runs = [run for run in await _asked_for(desk, asked) if _fits(run, asked)]
        runs.sort(key=lambda run: (instant_of(run.get("start_time")), run["id"]), reverse=True)
        page = runs[offset : offset + size]
        following = offset + size if offset + size < len(runs) else 0
    select = _texts(asked.get("select"))
    if select:
        wanted = {*select, "id", "trace_id", "name", "run_type", "start_time"}
        page = [{key: run[key] for key in run if key in wanted} for run in page]
    more = str(following) if following else None
    return Reply(body={"runs": page, "cursors": {"next": more, "prev": None}})


async def _lasting_project(desk: Desk, asked: Object) -> str:
    """
    The name of the one tracing project that is asked for; "" for anything else.

    An experiment has an end, and all of it is looked at; a project has none.
    """
    sessions = _texts(asked.get("session"))
    if len(sessions) != 1 or asked.get("id") or asked.get("trace"):
        return ""
    if asked.get("reference_example"):
        return ""
    name, is_experiment = await _named(desk, sessions[0])
    return "" if is_experiment else name


async def _newest(
    desk: Desk, project: str, asked: Object, *, offset: int, size: int
) -> tuple[list[Object], int]:
    """A page of a project's runs, roots before all others, and where the next one begins; 0 = it
    was the last.  Runs older than a week are found if `start_time` says so."""
    until_ns = instant_of(asked.get("end_time")) or desk.now_ns() + _CLOCKS_DIFFER_NS
    since_ns = instant_of(asked.get("start_time")) or until_ns - _WEEK_NS
    found: list[Object] = []
    for _ in range(_MOST_LOOKS):
        spans = await desk.newest(
            since_ns=since_ns,
            until_ns=until_ns,
            most=_LOOK,
            after=offset,
            resource_attribute=(PROJECT, project),
        )
        names = [
            RUN + run_id
            for span in spans
            if isinstance(run_id := span.attributes.get(_OBJECT), str)
            and (asked.get("is_root") is not True or not span.parent_span_id)
        ]
        runs = {run["id"]: run for run in _shown(desk, await desk.objects(names))}
        for span in spans:
            offset += 1
            run = runs.get(str(span.attributes.get(_OBJECT)))
            if run is not None and _fits(run, asked):
                found.append(run)
                if len(found) == size:
                    return found, offset
        if len(spans) < _LOOK or (asked.get("is_root") is True and spans[-1].parent_span_id):
            return found, 0
    return found, offset


async def query_by_example(call: Call, desk: Desk) -> Reply:
    """`POST /datasets/{id}/runs`: the examples of a dataset, each with its runs in experiments."""
    asked = call.object()
    await desk.settled(within_s=5)
    by_example: dict[str, list[Object]] = {}
    for session_id in _texts(asked.get("session_ids")):
        for run in await runs_of(desk, session_id):
            by_example.setdefault(str(run.get("reference_example_id")), []).append(run)
    cases, _ = await desk.records(
        list_cases,
        project_id=desk.project_id,
        dataset_id=bodies.identity(call.path["dataset_id"], what="dataset"),
        limit=_count(asked.get("limit")) or PAGE,
        offset=_count(asked.get("offset")),
    )
    return Reply(
        body=[{**shown_case(case), "runs": by_example.get(case.case_id, [])} for case in cases]
    )


async def _asked_for(desk: Desk, asked: Object) -> list[Object]:
    if asked.get("id"):
        names = [RUN + bodies.identity(one, what="run") for one in _texts(asked["id"])]
        return _shown(desk, await desk.objects(names))
    if asked.get("trace"):
        trace_id = bodies.identity(asked["trace"], what="trace")
        spans = await desk.trace(trace_id_of(trace_id))
        ids = [span.attributes.get(_OBJECT) for span in spans]
        return _shown(desk, await desk.objects([f"{RUN}{one}" for one in ids if one]))
    found: dict[str, Object] = {}
    for session_id in _texts(asked.get("session")):
        for run in await runs_of(desk, session_id):
            found[run["id"]] = run
    return list(found.values())


async def runs_of(desk: Desk, session_id: str) -> list[Object]:
    """All runs of an experiment, or the first of a project."""
    found: dict[str, list[Fragment]] = {}
    name, _ = await _named(desk, session_id)
    for collection in dict.fromkeys((RUNS_OF + name if name else "", RUNS_OF + session_id)):
        if collection:
            found |= await desk.collection(collection)
    return _shown(desk, found, session_id)


async def _named(desk: Desk, session_id: str) -> tuple[str, bool]:
    """The name that the runs of a session carry ("" = unknown), and whether it is an experiment."""
    try:
        experiment = await desk.records(
            find_experiment, project_id=desk.project_id, experiment_id=session_id
        )
    except NotFound:
        known = await desk.objects([f"langsmith:project:{session_id}"])
        told = object_of(next(iter(known.values()), []))
        return str(told.get("name") or ""), False
    return experiment.name, True


def _count(value: Any) -> int:
    return min(value, 10_000_000) if type(value) is int and value > 0 else 0


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _fits(run: Object, asked: Object) -> bool:
    examples = _texts(asked.get("reference_example"))
    since = instant_of(asked.get("start_time"))
    until = instant_of(asked.get("end_time"))
    begun = instant_of(run.get("start_time"))
    tests = (
        asked.get("is_root") is None or asked["is_root"] == (not run.get("parent_run_id")),
        not asked.get("run_type") or run.get("run_type") == asked["run_type"],
        asked.get("error") is None or bool(run.get("error")) == asked["error"],
        not asked.get("parent_run") or run.get("parent_run_id") == asked["parent_run"],
        not asked.get("trace") or run.get("trace_id") == asked["trace"],
        not examples or run.get("reference_example_id") in examples,
        not since or begun >= since,
        not until or begun < until,
    )
    return all(tests)


def _shown(
    desk: Desk, objects: Mapping[str, Sequence[Fragment]], session_id: str = ""
) -> list[Object]:
    """As the client's model of a run wants them."""
    found = []
    for name, fragments in objects.items():
        parts = bodies.by_object(fragments)
        run = object_of(parts.pop(name, []))
        start = spell(instant_of(run.get("start_time")))
        if not name.startswith(RUN) or start is None:
            continue
        usage = read_call(run).get("langsmith.usage_metadata") or {}
        given = [feedback_of(told) for other, told in parts.items() if other.startswith(FEEDBACK)]
        project = session_id or run.get("session_id")
        if not project and run.get("session_name"):
            project = project_id_of(desk, str(run["session_name"]))
        found.append(
            {
                **run,
                "id": name.removeprefix(RUN),
                "trace_id": trace_of(run),
                "name": run.get("name") or "run",
                "run_type": run.get("run_type") or "chain",
                "start_time": start,
                "end_time": spell(instant_of(run.get("end_time"))),
                "status": _status(run),
                "inputs": run.get("inputs") or {},
                "outputs": run.get("outputs"),
                "session_id": project,
                "parent_run_ids": _ancestors(run),
                "child_run_ids": None,
                "feedback_stats": feedback_stats(given),
                "first_token_time": spell(instant_of(first_token(run.get("events")))),
                "prompt_tokens": usage.get("input_tokens"),
                "completion_tokens": usage.get("output_tokens"),
                "total_tokens": usage.get("total_tokens"),
                "prompt_cost": usage.get("input_cost"),
                "completion_cost": usage.get("output_cost"),
                "total_cost": usage.get("total_cost"),
                "app_path": None,
            }
        )
    return found


def _status(run: Object) -> str:
    if run.get("error"):
        return "error"
    return "success" if run.get("end_time") else "pending"


def _ancestors(run: Object) -> list[str]:
    """Ids of the runs above, topmost first."""
    order = run.get("dotted_order")
    above = order.split(".")[:-1] if isinstance(order, str) else []
    return [segment.partition("Z")[2] for segment in above]


def feedback_stats(given: Iterable[Object]) -> Object:
    """Key -> how often it was given, the mean of its numbers, how often each word came."""
    stats: Object = {}
    for one in given:
        if not one.get("key"):
            continue
        line = stats.setdefault(
            str(one["key"]), {"n": 0, "avg": None, "values": {}, "comments": []}
        )
        score = one.get("score")
        if isinstance(score, int | float):
            total = (line["avg"] or 0.0) * line["n"] + float(score)
            line["n"] += 1
            line["avg"] = total / line["n"]
        value = one.get("value")
        if isinstance(value, str):
            line["values"][value] = line["values"].get(value, 0) + 1
        if isinstance(one.get("comment"), str):
            line["comments"].append(one["comment"])
    return stats


async def stats_of(desk: Desk, session_id: str, name: str) -> Object:
    """
    What the runs of an experiment sum up to: how many, how they ended, what was said of them.

    Nothing of a tracing project: it has no end, and half a sum is a wrong one.
    """
    if not (await _named(desk, session_id))[1]:
        return {}
    objects = await desk.collection(RUNS_OF + name)
    runs = _shown(desk, objects, session_id)
    roots = [run for run in runs if not run.get("parent_run_id")]
    given: list[Object] = []
    for fragments in objects.values():
        given += (
            feedback_of(told)
            for other, told in bodies.by_object(fragments).items()
            if other.startswith(FEEDBACK)
        )
    overall: list[Object] = []
    for fragments in (await desk.collection(FEEDBACK_OF + session_id)).values():
        told = feedback_of(fragments)
        if told and not told.get("run_id"):
            overall.append(told)
    lasted = sorted(
        (instant_of(run["end_time"]) - instant_of(run["start_time"])) / 1e9
        for run in roots
        if run["end_time"]
    )
    tokens = {
        name: sum(run[name] for run in runs if isinstance(run[name], int))
        for name in ("total_tokens", "prompt_tokens", "completion_tokens")
    }
    failed = sum(run["status"] == "error" for run in roots)
    starts = [str(run["start_time"]) for run in roots]
    return {
        "run_count": len(roots),
        "error_rate": failed / len(roots) if roots else None,
        "latency_p50": lasted[len(lasted) // 2] if lasted else None,
        "latency_p99": lasted[-1] if lasted else None,
        "last_run_start_time": max(starts, default=None),
        "feedback_stats": feedback_stats(given),
        "session_feedback_stats": feedback_stats(overall),
        **tokens,
    }
