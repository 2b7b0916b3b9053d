"""
Prompts, datasets and experiments of a project, read from the server's records while it runs.

An experiment's results are sessions: of those tagged `experiment:<name>` the scores are averaged.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from captures.expectation import Found
from clients.servers import Place
from quarterdeck.storage.records.cases import list_cases
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.datasets import list_datasets
from quarterdeck.storage.records.experiment_runs import list_runs
from quarterdeck.storage.records.experiments import list_experiments
from quarterdeck.storage.records.prompts import list_prompts, list_versions

Json = dict[str, Any]

_MOST = 1000
_TAG = "experiment:"


class Kept(NamedTuple):
    prompts: dict[str, Json]
    """By name: `versions`, `labels`, `kind`, `content` (the newest version's, as JSON text)."""
    datasets: dict[str, list[Json]]
    """By name: its cases."""
    experiments: list[Json]
    """`name`, `dataset` (its name), `runs`, `scores`."""


NOTHING = Kept({}, {}, [])


def kept_in(place: Place, sessions: Sequence[Found]) -> Kept:
    path: Path = place.server.folder / "data" / "records.db"
    records = open_records(f"sqlite:///{path}")
    try:
        return Kept(
            _prompts(records, place.project),
            _datasets(records, place.project),
            _experiments(records, place.project, sessions),
        )
    finally:
        records.close()


def _prompts(records: Records, project_id: str) -> dict[str, Json]:
    prompts, _ = list_prompts(records, project_id=project_id, limit=_MOST)
    found = {}
    for prompt in prompts:
        versions = list_versions(
            records, project_id=project_id, name=prompt.name, limit=_MOST
        )  # newest first
        content = msgspec.to_builtins(versions[0].content) if versions else {}
        found[prompt.name] = {
            "name": prompt.name,
            "versions": len(versions),
            "labels": {label: one.version for one in versions for label in one.labels},
            "kind": content.get("kind", ""),
            "content": msgspec.json.encode({**content, "source": None}).decode(),
        }
    return found


def _datasets(records: Records, project_id: str) -> dict[str, list[Json]]:
    datasets, _ = list_datasets(records, project_id=project_id, limit=_MOST)
    found = {}
    for dataset in datasets:
        cases, _ = list_cases(
            records, project_id=project_id, dataset_id=dataset.dataset_id, limit=_MOST
        )
        found[dataset.name] = [msgspec.to_builtins(case) for case in cases]
    return found


def _experiments(records: Records, project_id: str, sessions: Sequence[Found]) -> list[Json]:
    datasets, _ = list_datasets(records, project_id=project_id, limit=_MOST)
    names = {dataset.dataset_id: dataset.name for dataset in datasets}
    experiments, _ = list_experiments(records, project_id=project_id, limit=_MOST)
    found = []
    for one in experiments:
        results = _results(_of_experiment(sessions, one.name))
        runs = list_runs(records, project_id=project_id, experiment_id=one.experiment_id)
        results["runs"] = max(results["runs"], len(runs))
        found.append({"name": one.name, "dataset": names.get(one.dataset_id, ""), **results})
    known = {row["name"] for row in found}
    told = {
        tag.removeprefix(_TAG)
        for one in sessions
        for tag in one.session.tags
        if tag.startswith(_TAG)
    }
    found += [
        {"name": name, "dataset": "", **_results(_of_experiment(sessions, name))}
        for name in sorted(told - known)
    ]
    return found


def _of_experiment(sessions: Sequence[Found], name: str) -> list[Found]:
    return [one for one in sessions if _TAG + name in one.session.tags]


def _results(sessions: Sequence[Found]) -> Json:
    given: dict[str, list[float]] = defaultdict(list)
    for one in sessions:
        for score in one.session.scores:
            if isinstance(score.value, int | float):
                given[score.name].append(score.value)
    scores = {name: sum(values) / len(values) for name, values in given.items()}
    return {"runs": len(sessions), "scores": scores}
