"""
MLflow's runs: kept, and read back.  An evaluation's run is an experiment of ours besides.
"""

import hashlib
import json
import uuid
from functools import partial
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow.evaluation import end_experiment
from quarterdeck.receive.wires.mlflow.filters import Test, Value, holds, parse
from quarterdeck.receive.wires.mlflow.pages import page_of, sorted_by
from quarterdeck.receive.wires.mlflow.proto_json import field, items, mapping, text, whole
from quarterdeck.receive.wires.mlflow.run_state import (
    DEFAULT_ID,
    RUN,
    RunState,
    find_metrics,
    find_run,
    fold_run,
    history,
    latest,
    metrics_of_run,
    run_info,
    runs_of_experiment,
    whole_run,
)

_MAX_RESULTS = 50_000
_MS = 1_000_000
_ENDED = frozenset({"FINISHED", "FAILED", "KILLED"})


class _Found:
    """A run and its metrics, which are read when they are first asked for."""

    def __init__(self, run: RunState, metrics: list[dict[str, Any]]) -> None:
        self.run = run
        self.metrics = metrics


# ------------------------------------------------------------------------------ what is said


async def create(call: Call, desk: Desk) -> Reply:
    body = dict(call.object())
    run_id = uuid.uuid4().hex
    if not text(body.get("run_name")):
        named = next(
            (
                text(mapping(one).get("value"))
                for one in items(body.get("tags"))
                if mapping(one).get("key") == "mlflow.runName"
            ),
            "",
        )
        body["run_name"] = named or f"run-{run_id[:8]}"
    experiment_id = text(field(body, "experiment_id")) or DEFAULT_ID
    made = Fragment(
        object=RUN + run_id,
        kind="create",
        body={**body, "experiment_id": experiment_id},
        collection=runs_of_experiment(experiment_id),
    )
    await desk.keep(Reading(fragments=(made, _named(run_id, body["run_name"]))))
    run = fold_run(made.object, [made, _named(run_id, body["run_name"])])
    return Reply(body={"run": whole_run(run, ())})


def _named(run_id: str, name: str) -> Fragment:
    """MLflow keeps a run's name in a tag too, and its clients read it there."""
    tags = [{"key": "mlflow.runName", "value": name}]
    return Fragment(object=RUN + run_id, kind="batch", body={"tags": tags})


async def update(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    await _keep(call, desk, run_id, "update", body)
    await desk.settled()
    run = await find_run(desk, run_id) or RunState(run_id=run_id)
    if run.status in _ENDED:
        await end_experiment(desk, run_id, run.ended_ns or desk.now_ns())
    return Reply(body={"run_info": run_info(run)})


async def log_param(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "batch", {"params": [_pair(body)]})


async def set_tag(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "batch", {"tags": [_pair(body)]})


async def delete_tag(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "untag", body)


async def log_metric(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    point = {name: body[name] for name in body if name not in ("run_id", "run_uuid")}
    await desk.keep(Reading(fragments=(_metrics(run_id, [point]),)))
    return Reply(body={})


async def log_batch(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    told: list[Fragment] = []
    if body.get("params") or body.get("tags"):
        said = {name: body[name] for name in ("params", "tags") if body.get(name)}
        told.append(_said(call, run_id, "batch", said))
    points = [
        {name: value for name, value in point.items() if name != "run_id"}
        for point in items(body.get("metrics"))
        if isinstance(point, dict)
    ]
    if points:
        told.append(_metrics(run_id, points))
    await desk.keep(Reading(fragments=tuple(told)))
    return Reply(body={})


async def log_inputs(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "inputs", body)


async def log_outputs(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "outputs", body)


async def delete(call: Call, desk: Desk) -> Reply:
    """As in MLflow, it is only marked; its traces and their sessions stay."""
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "delete", body)


async def restore(call: Call, desk: Desk) -> Reply:
    run_id, body = _run_of(call)
    return await _keep(call, desk, run_id, "restore", body)


async def _keep(call: Call, desk: Desk, run_id: str, kind: str, body: dict[str, Any]) -> Reply:
    await desk.keep(Reading(fragments=(_said(call, run_id, kind, body),)))
    return Reply(body={})


def _said(call: Call, run_id: str, kind: str, body: dict[str, Any]) -> Fragment:
    return Fragment(object=RUN + run_id, kind=kind, body=body, at_ns=call.received_ns)


def _metrics(run_id: str, points: list[dict[str, Any]]) -> Fragment:
    """One object for each call: a run's thousandth metric costs what its first did."""
    plain = json.dumps(points, sort_keys=True, default=str).encode(errors="replace")
    return Fragment(
        object=f"mlflow:metric:{run_id}:{hashlib.sha256(plain).hexdigest()[:32]}",
        kind="metrics",
        body={"metrics": points},
        collection=metrics_of_run(run_id),
    )


def _run_of(call: Call) -> tuple[str, dict[str, Any]]:
    body = call.object()
    run_id = text(field(body, "run_id")) or text(field(body, "run_uuid"))
    if not run_id:
        raise Invalid("the call names no run_id")
    return run_id, body


def _pair(body: dict[str, Any]) -> dict[str, str]:
    return {"key": text(body.get("key")), "value": text(body.get("value"))}


# ------------------------------------------------------------------------------ what is asked


async def get(call: Call, desk: Desk) -> Reply:
    run_id = call.one("run_id") or call.one("run_uuid")
    await desk.settled()
    run = await find_run(desk, run_id)
    if run is None:
        raise NotFound(f"Run with id={run_id} not found")
    return Reply(body={"run": whole_run(run, await find_metrics(desk, run_id))})


async def get_history(call: Call, desk: Desk) -> Reply:
    run_id = call.one("run_id") or call.one("run_uuid")
    most = call.number("max_results", _MAX_RESULTS, most=_MAX_RESULTS)
    await desk.settled()
    found = history(await find_metrics(desk, run_id), call.one("metric_key"))
    page, following = page_of(found, call.one("page_token"), max(1, most))
    answer: dict[str, Any] = {"metrics": page}
    return Reply(body=answer | ({"next_page_token": following} if following else {}))


async def search(call: Call, desk: Desk) -> Reply:
    body = call.object()
    tests = parse(text(body.get("filter")))
    order = [text(one) for one in items(field(body, "order_by"))]
    view = text(field(body, "run_view_type")) or "ACTIVE_ONLY"
    await desk.settled()
    wants_metrics = any("metric" in one for one in (*order, *(test.key for test in tests)))
    found: list[_Found] = []
    for one in items(field(body, "experiment_ids")):
        runs = await desk.collection(runs_of_experiment(text(one)))
        for name, fragments in runs.items():
            run = fold_run(name, fragments)
            if view != "ALL" and run.is_deleted != (view == "DELETED_ONLY"):
                continue
            if _may_fit(run, tests):
                metrics = await find_metrics(desk, run.run_id) if wants_metrics else []
                found.append(_Found(run, metrics))
    fitting = [one for one in found if holds(tests, partial(_look, one))]
    ordered = sorted_by(fitting, order or ["start_time DESC"], _look)
    most = min(max(1, whole(field(body, "max_results")) or 1000), _MAX_RESULTS)
    page, following = page_of(ordered, text(field(body, "page_token")), most)
    answer: dict[str, Any] = {
        "runs": [
            whole_run(one.run, one.metrics or await find_metrics(desk, one.run.run_id))
            for one in page
        ]
    }
    return Reply(body=answer | ({"next_page_token": following} if following else {}))


def _may_fit(run: RunState, tests: list[Test]) -> bool:
    """Before its metrics are read."""
    plain = [test for test in tests if not test.key.startswith("metric")]
    return holds(plain, partial(_look, _Found(run, [])))


def _look(found: _Found, key: str) -> Value:
    run = found.run
    for prefix in ("metrics.", "metric."):
        if key.startswith(prefix):
            point = latest(found.metrics).get(key.removeprefix(prefix))
            return float(point["value"]) if point is not None else None
    for prefix in ("params.", "param.", "parameters."):
        if key.startswith(prefix):
            return run.params.get(key.removeprefix(prefix))
    for prefix in ("tags.", "tag."):
        if key.startswith(prefix):
            return run.tags.get(key.removeprefix(prefix))
    match key.removeprefix("attributes.").removeprefix("attribute.").removeprefix("run."):
        case "run_id":
            return run.run_id
        case "run_name" | "Run name" | "run name":
            return run.name
        case "status":
            return run.status
        case "user_id" | "user":
            return run.user
        case "start_time" | "Created" | "created":
            return float(run.started_ns // _MS)
        case "end_time":
            return float(run.ended_ns // _MS) if run.ended_ns is not None else None
        case "artifact_uri":
            return str(run_info(run)["artifact_uri"])
    raise Invalid(f"runs can't be searched by {key!r}")
