"""
Experiments: `Eval(...)` from its registration to the figures that it prints.

The rows are those of `/logs3`; figures are made of the kept rows, when all that was sent before is
stored.  Whoever asks for figures has the runs written down as well: that is the end of every
`Eval`.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.wire import Call, Desk, Reply, span_id_of, trace_id_of
from quarterdeck.receive.wires.braintrust.datasets import page_of_rows
from quarterdeck.receive.wires.braintrust.projects import project_by_id, project_in
from quarterdeck.receive.wires.braintrust.rows import EXPERIMENT, read_row
from quarterdeck.receive.wires.braintrust.trials import Figures, Trial, compare, trials_of
from quarterdeck.storage.records.experiments import (
    Experiment,
    ExperimentRun,
    create_experiment,
    find_experiment,
    list_experiments,
    put_runs,
    update_experiment,
)

SOURCE = "braintrust"
_REMEMBERED = ("base_exp_id", "dataset_version", "repo_info", "tags", "public", "ancestor_commits")
_MOST_ROWS = 100_000
_SETTLE_S = 15.0
"""The clients wait 20 s for figures and ask again."""


# -- making and finding -----------------------------------------------------------------------


async def make_experiment(call: Call, desk: Desk) -> Reply:
    """`/v1/experiment`; with `ensure_new`, a name that is taken gets a number."""
    body = call.object()
    project = await project_in(body, desk)
    made = await _make(desk, project, body, name=body.get("name"), new=bool(body.get("ensure_new")))
    return Reply(body=_shown(made))


async def register_experiment(call: Call, desk: Desk) -> Reply:
    """The same for clients of the older API, which continue one with `update`."""
    body = dict(call.object())
    project = await project_in(body, desk)
    base = body.get("base_experiment")
    if isinstance(base, str) and base:
        try:
            body["base_exp_id"] = (await _by_name(desk, str(project["id"]), base)).experiment_id
        except NotFound as error:
            # The client reads these words and goes on without.
            raise Invalid(f"base experiment {base[:80]!r} does not exist") from error
    name, new = body.get("experiment_name"), body.get("update") is not True
    made = await _make(desk, project, body, name=name, new=new)
    return Reply(body={"project": project, "experiment": _shown(made)})


async def _make(
    desk: Desk, project: Mapping[str, Any], body: Mapping[str, Any], *, name: Any, new: bool
) -> Experiment:
    dataset, description, metadata = (
        body.get("dataset_id"), body.get("description"), body.get("metadata")
    )  # fmt: skip
    own = {key: body[key] for key in _REMEMBERED if body.get(key) is not None}
    named = isinstance(name, str) and bool(name)
    return await desk.records(
        create_experiment,
        project_id=desk.project_id,
        name=str(name) if named else f"experiment {to_rfc3339(desk.now_ns())[:19]}",
        dataset_id=dataset if isinstance(dataset, str) else "",
        description=description if isinstance(description, str) else "",
        metadata={
            **(metadata if isinstance(metadata, dict) else {}),
            SOURCE: {"project_id": project["id"], **own},
        },
        source=SOURCE,
        created_by=desk.actor,
        now_ns=desk.now_ns(),
        exists="rename" if new or not named else "return",
    )


async def find_experiments(call: Call, desk: Desk) -> Reply:
    """`GET /v1/experiment`: those of a name, in a project where one is named."""
    found = await _named(desk, call.one("project_id"), call.one("experiment_name"))
    return Reply(body={"objects": [_shown(one) for one in found]})


async def get_experiments(call: Call, desk: Desk) -> Reply:
    """`/api/experiment/get`, of the older API."""
    body = call.object()
    name, project_id = body.get("experiment_name"), body.get("project_id")
    found = await _named(
        desk,
        project_id if isinstance(project_id, str) else "",
        name if isinstance(name, str) else "",
    )
    return Reply(body=[_shown(one) for one in found])


async def show_experiment(call: Call, desk: Desk) -> Reply:
    return Reply(body=_shown(await _find(desk, call.path["experiment_id"])))


async def _find(desk: Desk, experiment_id: str) -> Experiment:
    return await desk.records(
        find_experiment, project_id=desk.project_id, experiment_id=experiment_id
    )


async def _named(desk: Desk, project_id: str, name: str) -> list[Experiment]:
    """The newest first."""
    page = await desk.records(
        list_experiments, project_id=desk.project_id, containing=name, source=SOURCE, limit=1000
    )
    found = [one for one in page[0] if not name or one.name == name]
    if project_id:
        found = [one for one in found if _own(one).get("project_id") == project_id]
    return sorted(found, key=lambda one: (-one.started_ns, one.experiment_id))


async def _by_name(desk: Desk, project_id: str, name: str) -> Experiment:
    """Raises `NotFound`."""
    found = await _named(desk, project_id, name)
    if not found:
        raise NotFound(f"no experiment {name[:80]!r}")
    return found[0]


def _own(experiment: Experiment) -> Mapping[str, Any]:
    own = experiment.metadata.get(SOURCE)
    return own if isinstance(own, dict) else {}


def _shown(experiment: Experiment) -> dict[str, Any]:
    own = _own(experiment)
    return {
        "id": experiment.experiment_id,
        "project_id": own.get("project_id") or "",
        "name": experiment.name,
        "description": experiment.description or None,
        "created": to_rfc3339(experiment.started_ns),
        "repo_info": own.get("repo_info"),
        "commit": None,
        "base_exp_id": own.get("base_exp_id"),
        "deleted_at": None,
        "dataset_id": experiment.dataset_id or None,
        "dataset_version": own.get("dataset_version"),
        "public": bool(own.get("public")),
        "user_id": None,
        "tags": own.get("tags"),
        "metadata": {k: v for k, v in experiment.metadata.items() if k != SOURCE} or None,
    }


# -- figures ----------------------------------------------------------------------------------


async def summarize(call: Call, desk: Desk) -> Reply:
    """`/v1/experiment/{id}/summarize`."""
    experiment = await _find(desk, call.path["experiment_id"])
    wanted = call.one("comparison_experiment_id")
    base = await _find(desk, wanted) if wanted else await _base_of(desk, experiment)
    figures = Figures({}, {})
    if call.one("summarize_scores") == "true":
        figures = await _figures(desk, experiment, base)
    return Reply(
        body={
            "project_name": await _project_name(desk, experiment),
            "experiment_name": experiment.name,
            "project_url": call.base_url,
            "experiment_url": call.base_url,
            "comparison_experiment_name": base.name if base is not None else None,
            "scores": figures.scores,
            "metrics": figures.metrics,
        }
    )


async def compare_experiments(call: Call, desk: Desk) -> Reply:
    """`/experiment-comparison2`, of the older API: the client names the base, or none."""
    experiment = await _find(desk, call.one("experiment_id"))
    wanted = call.one("base_experiment_id")
    figures = await _figures(desk, experiment, await _find(desk, wanted) if wanted else None)
    return Reply(body={"scores": figures.scores, "metrics": figures.metrics})


async def tell_base(call: Call, desk: Desk) -> Reply:
    """`/api/base_experiment/get_id`: 400 says that there is none."""
    wanted = call.object().get("id")
    experiment = await _find(desk, wanted if isinstance(wanted, str) else "")
    base = await _base_of(desk, experiment)
    if base is None:
        return Reply(status=400, body={"error": "there is no base experiment"})
    return Reply(body={"base_exp_id": base.experiment_id, "base_exp_name": base.name})


async def _base_of(desk: Desk, experiment: Experiment) -> Experiment | None:
    """The one that it was made to be compared with, else the one before it in its project."""
    own = _own(experiment)
    stated = own.get("base_exp_id")
    if isinstance(stated, str) and stated:
        try:
            return await _find(desk, stated)
        except NotFound:
            return None
    earlier = [
        one
        for one in await _named(desk, str(own.get("project_id") or ""), "")
        if one.started_ns < experiment.started_ns
    ]
    return earlier[0] if earlier else None


async def _figures(desk: Desk, experiment: Experiment, base: Experiment | None) -> Figures:
    await desk.settled(within_s=_SETTLE_S)
    trials = await _trials(desk, experiment)
    await _write_runs(desk, experiment, trials)
    return compare(trials, await _trials(desk, base) if base is not None else None)


async def _trials(desk: Desk, experiment: Experiment) -> list[Trial]:
    known = await desk.collection(EXPERIMENT + experiment.experiment_id, most=_MOST_ROWS)
    return trials_of(read_row(name, fragments) for name, fragments in known.items())


async def _write_runs(desk: Desk, experiment: Experiment, trials: list[Trial]) -> None:
    if not trials:
        return
    of = {"project_id": desk.project_id, "experiment_id": experiment.experiment_id}
    await desk.records(put_runs, runs=[_run(trial) for trial in trials], **of)
    ended_ns = max(trial.ended_ns for trial in trials)
    if ended_ns:
        await desk.records(update_experiment, ended_ns=ended_ns, **of)


def _run(trial: Trial) -> ExperimentRun:
    body = trial.row.body
    metadata = body.get("metadata")
    return ExperimentRun(
        run_id=trial.row.id,
        case_id=trial.case,
        trace_id=trace_id_of(str(body.get("root_span_id"))),
        span_id=span_id_of(str(body.get("span_id"))),
        output=body.get("output"),
        error=trial.error,
        started_ns=trial.started_ns,
        ended_ns=trial.ended_ns,
        metadata=metadata if isinstance(metadata, dict) else {},
        scores=dict(trial.scores),
    )


async def _project_name(desk: Desk, experiment: Experiment) -> str:
    try:
        project = await project_by_id(desk, str(_own(experiment).get("project_id") or ""))
    except NotFound:
        return ""
    return str(project["name"])


# -- rows -------------------------------------------------------------------------------------


async def fetch_rows(call: Call, desk: Desk) -> Reply:
    """`/v1/experiment/{id}/fetch`: all rows, in one page."""
    return Reply(body={"events": await _rows(desk, call.path["experiment_id"]), "cursor": None})


async def _rows(desk: Desk, experiment_id: str) -> list[dict[str, Any]]:
    await desk.settled()
    experiment = await _find(desk, experiment_id)
    known = await desk.collection(EXPERIMENT + experiment.experiment_id, most=_MOST_ROWS)
    rows = [read_row(name, fragments) for name, fragments in known.items()]
    return [{"_xact_id": "0", **row.body, "id": row.id} for row in rows if not row.deleted]


async def ask(call: Call, desk: Desk) -> Reply:
    """
    `/btql`, of which the clients need one question: all rows of a dataset or an experiment.

    Raises `NotFound` for any other.
    """
    body = call.object()
    query = body.get("query")
    asked = _whole_object(query) if isinstance(query, dict) else None
    if asked is None or not isinstance(query, dict):
        raise NotFound(
            "this server answers queries for all rows of a dataset or experiment, and no others",
            code="unsupported",
        )
    kind, object_id = asked
    if kind == "experiment":
        return Reply(body={"data": await _rows(desk, object_id), "cursor": None})
    rows, cursor = await page_of_rows(
        desk,
        object_id,
        limit=query.get("limit"),
        cursor=query.get("cursor"),
        version=body.get("version"),
    )
    return Reply(body={"data": rows, "cursor": cursor})


def _whole_object(query: Mapping[str, Any]) -> tuple[str, str] | None:
    """Kind and id of `select * from <kind>(<id>)`; None for any other question."""
    if set(query) - {"select", "from", "cursor", "limit"}:
        return None
    source = query.get("from")
    if not isinstance(source, dict):
        return None
    named, given = source.get("name"), source.get("args")
    path = named.get("name") if isinstance(named, dict) else None
    literal = given[0] if isinstance(given, list) and len(given) == 1 else None
    value = literal.get("value") if isinstance(literal, dict) else None
    if path in (["dataset"], ["experiment"]) and isinstance(value, str):
        return str(path[0]), value
    return None
