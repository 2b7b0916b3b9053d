"""
MLflow's runs and experiments as they stand, folded from what clients said of them.

An MLflow experiment is a folder of runs.  A run is kept so that it can be read back; it is no
session of ours.  Its metrics are objects of their own, one for each call that logged some: a
training run logs thousands, and each must cost the same.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.receive.wire import Desk, Fragment
from quarterdeck.receive.wires.mlflow.proto_json import (
    items,
    mapping,
    pair_list,
    pairs,
    text,
    whole,
)

RUN = "mlflow:run:"
EXPERIMENT = "mlflow:experiment:"
EXPERIMENTS = "mlflow:experiments"
"""The collection of all of them."""
DEFAULT_ID = "0"
_NS = 1_000_000
"""In a millisecond, in which runs are told."""


def runs_of_experiment(experiment_id: str) -> str:
    return f"mlflow:runs:{experiment_id}"


def metrics_of_run(run_id: str) -> str:
    return f"mlflow:metrics:{run_id}"


# ----------------------------------------------------------------------------------- runs


@dataclass(slots=True, kw_only=True)
class RunState:
    run_id: str
    experiment_id: str = DEFAULT_ID
    name: str = ""
    user: str = ""
    status: str = "RUNNING"
    started_ns: int = 0
    ended_ns: int | None = None
    is_deleted: bool = False
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    inputs: list[Any] = field(default_factory=list)
    """Data sets, verbatim."""
    model_inputs: list[Any] = field(default_factory=list)
    outputs: list[Any] = field(default_factory=list)


def fold_run(name: str, fragments: Sequence[Fragment]) -> RunState:
    run = RunState(run_id=name.removeprefix(RUN))
    for fragment in fragments:
        body = mapping(fragment.body)
        match fragment.kind:
            case "create":
                run.experiment_id = text(body.get("experiment_id")) or DEFAULT_ID
                run.user = text(body.get("user_id"))
                run.started_ns = (whole(body.get("start_time")) or 0) * _NS
                run.name = run.name or text(body.get("run_name"))
                run.tags = pairs(body.get("tags")) | run.tags
            case "update":
                _update(run, body)
            case "batch":
                run.params |= pairs(body.get("params"))
                run.tags |= pairs(body.get("tags"))
            case "untag":
                run.tags.pop(text(body.get("key")), None)
            case "inputs":
                run.inputs += items(body.get("datasets"))
                run.model_inputs += items(body.get("models"))
            case "outputs":
                run.outputs += items(body.get("models"))
            case "delete" | "restore":
                run.is_deleted = fragment.kind == "delete"
            case _:
                pass
    run.name = run.tags.get("mlflow.runName") or run.name
    return run


def _update(run: RunState, body: dict[str, Any]) -> None:
    run.status = text(body.get("status")) or run.status
    ended = whole(body.get("end_time"))
    run.ended_ns = ended * _NS if ended is not None else run.ended_ns
    name = text(body.get("run_name"))
    if name:
        run.name = name
        run.tags["mlflow.runName"] = name


async def find_run(desk: Desk, run_id: str) -> RunState | None:
    """As stored up to now; None = never heard of."""
    name = RUN + run_id
    fragments = (await desk.objects([name])).get(name)
    return fold_run(name, fragments) if fragments else None


def run_info(run: RunState) -> dict[str, Any]:
    found: dict[str, Any] = {
        "run_uuid": run.run_id,
        "run_id": run.run_id,
        "experiment_id": run.experiment_id,
        "run_name": run.name,
        "user_id": run.user,
        "status": run.status,
        "start_time": run.started_ns // _NS,
        "artifact_uri": f"mlflow-artifacts:/{run.experiment_id}/{run.run_id}/artifacts",
        "lifecycle_stage": "deleted" if run.is_deleted else "active",
    }
    if run.ended_ns is not None:
        found["end_time"] = run.ended_ns // _NS
    return found


def whole_run(run: RunState, metrics: Iterable[dict[str, Any]]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    if run.inputs:
        inputs["dataset_inputs"] = run.inputs
    if run.model_inputs:
        inputs["model_inputs"] = run.model_inputs
    found: dict[str, Any] = {
        "info": run_info(run),
        "data": {
            "metrics": list(latest(metrics).values()),
            "params": pair_list(run.params),
            "tags": pair_list(run.tags),
        },
        "inputs": inputs,
    }
    if run.outputs:
        found["outputs"] = {"model_outputs": run.outputs}
    return found


# -------------------------------------------------------------------------------- metrics


async def find_metrics(desk: Desk, run_id: str) -> list[dict[str, Any]]:
    """Every point that was logged, once, in the order of step and time."""
    told = await desk.collection(metrics_of_run(run_id))
    points = {
        _point_key(point): point
        for fragments in told.values()
        for fragment in fragments
        for point in items(mapping(fragment.body).get("metrics"))
        if isinstance(point, dict)
    }
    return [points[key] for key in sorted(points)]


def _point_key(point: dict[str, Any]) -> tuple[str, int, int, str]:
    return (
        text(point.get("key")),
        whole(point.get("step")) or 0,
        whole(point.get("timestamp")) or 0,
        text(point.get("value")),
    )


def latest(points: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The last point of each key, of points in the order of step and time."""
    return {text(point.get("key")): _plain(point) for point in points}


def _plain(point: dict[str, Any]) -> dict[str, Any]:
    return {
        "key": text(point.get("key")),
        "value": point.get("value", 0.0),
        "timestamp": whole(point.get("timestamp")) or 0,
        "step": whole(point.get("step")) or 0,
    }


def history(points: Iterable[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [_plain(point) for point in points if text(point.get("key")) == key]


# ---------------------------------------------------------------------------- experiments


@dataclass(slots=True, kw_only=True)
class ExperimentState:
    experiment_id: str
    name: str = ""
    artifact_location: str = ""
    created_ns: int = 0
    updated_ns: int = 0
    is_deleted: bool = False
    tags: dict[str, str] = field(default_factory=dict)


def experiment_id_of(name: str, *, attempt: int = 0) -> str:
    """Digits, as MLflow's own are: the same name is the same experiment on every replica."""
    spelled = f"{name}\n{attempt}" if attempt else name
    return str(int(hashlib.sha256(spelled.encode(errors="replace")).hexdigest()[:13], 16))


def fold_experiment(name: str, fragments: Sequence[Fragment]) -> ExperimentState:
    found = ExperimentState(experiment_id=name.removeprefix(EXPERIMENT))
    if found.experiment_id == DEFAULT_ID:
        found.name = "Default"
    for fragment in fragments:
        body = mapping(fragment.body)
        at_ns = fragment.at_ns
        match fragment.kind:
            case "create":
                found.name = found.name or text(body.get("name"))
                found.artifact_location = text(body.get("artifact_location"))
                found.created_ns = found.created_ns or at_ns
                found.tags = pairs(body.get("tags")) | found.tags
            case "update":
                found.name = text(body.get("new_name")) or found.name
            case "tag":
                found.tags[text(body.get("key"))] = text(body.get("value"))
            case "untag":
                found.tags.pop(text(body.get("key")), None)
            case "delete" | "restore":
                found.is_deleted = fragment.kind == "delete"
            case _:
                pass
        found.updated_ns = max(found.updated_ns, at_ns)
    return found


def experiment_answer(found: ExperimentState) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "experiment_id": found.experiment_id,
        "name": found.name,
        "artifact_location": found.artifact_location or f"mlflow-artifacts:/{found.experiment_id}",
        "lifecycle_stage": "deleted" if found.is_deleted else "active",
        "creation_time": found.created_ns // _NS,
        "last_update_time": found.updated_ns // _NS,
    }
    if found.tags:
        answer["tags"] = pair_list(found.tags)
    return answer
