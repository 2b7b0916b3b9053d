"""
An experiment's rows -> its trials, and the figures of one experiment beside another's.

A trial is a row without a parent and all below it.  Its scores are those of its rows, scorers'
included; a name that several of its rows give counts once, as their mean.  Two experiments are
compared case by case: by the dataset's row, else by equal input; several trials of a case count as
their mean.  Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any, NamedTuple

from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.wires.braintrust.rows import Row, instant_of
from quarterdeck.receive.wires.braintrust.spans import case_of, seconds_ns, type_of

_UNITS = {
    "duration": "s",
    "llm_duration": "s",
    "prompt_tokens": "tok",
    "completion_tokens": "tok",
    "total_tokens": "tok",
    "estimated_cost": "$",
    "llm_calls": "",
    "tool_calls": "",
    "errors": "",
}
"""Of all of these, less is better."""
_SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    row: Row
    case: str
    started_ns: int
    ended_ns: int
    scores: Mapping[str, float]
    metrics: Mapping[str, float]
    error: str = ""


@dataclass(slots=True)
class _Gathered:
    scores: dict[str, list[float]] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, amount: Any) -> None:
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            self.metrics[name] = self.metrics.get(name, 0) + amount


class Figures(NamedTuple):
    scores: dict[str, dict[str, Any]]
    metrics: dict[str, dict[str, Any]]


def trials_of(rows: Iterable[Row]) -> list[Trial]:
    """In the order of their start.  Rows below a root that never came belong to no trial."""
    by_root: dict[str, list[Row]] = {}
    for row in rows:
        root = row.body.get("root_span_id")
        if isinstance(root, str) and not row.deleted:
            by_root.setdefault(root, []).append(row)
    made = [_trial(mine) for mine in by_root.values()]
    found = [trial for trial in made if trial is not None]
    return sorted(found, key=lambda trial: (trial.started_ns, trial.row.id))


def _trial(rows: Sequence[Row]) -> Trial | None:
    root = next((row for row in rows if not row.body.get("span_parents")), None)
    if root is None:
        return None
    started_ns, ended_ns = _times(root.body)
    gathered = _Gathered()
    if ended_ns:
        gathered.metrics["duration"] = (ended_ns - started_ns) / NS_PER_S
    for row in rows:
        scores = row.body.get("scores")
        for name, value in scores.items() if isinstance(scores, dict) else ():
            if isinstance(value, int | float) and not isinstance(value, bool):
                gathered.scores.setdefault(str(name), []).append(value)
        _add_metrics(gathered, row.body)
    error = root.body.get("error")
    return Trial(
        row=root,
        case=case_of(root.body),
        started_ns=started_ns,
        ended_ns=ended_ns,
        scores={name: fmean(values) for name, values in gathered.scores.items()},
        metrics=gathered.metrics,
        error=error if isinstance(error, str) else "" if error is None else "error",
    )


def _times(body: Mapping[str, Any]) -> tuple[int, int]:
    metrics = body.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    started_ns = seconds_ns(metrics.get("start")) or instant_of(body.get("created"))
    return started_ns, seconds_ns(metrics.get("end"))


def _add_metrics(gathered: _Gathered, body: Mapping[str, Any]) -> None:
    """What the row's work cost; a scorer's is no part of what is measured."""
    kind = type_of(body)
    told = body.get("span_attributes")
    if isinstance(told, dict) and told.get("purpose") == "scorer":
        return
    metrics = body.get("metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    for name, spelled in (
        ("prompt_tokens", "prompt_tokens"),
        ("completion_tokens", "completion_tokens"),
        ("total_tokens", "tokens"),
        ("estimated_cost", "estimated_cost"),
    ):
        gathered.add(name, metrics.get(spelled))
    if kind == "llm":
        started_ns, ended_ns = _times(body)
        gathered.add("llm_calls", 1)
        gathered.add("llm_duration", max(0, ended_ns - started_ns) / NS_PER_S if ended_ns else None)
    elif kind == "tool":
        gathered.add("tool_calls", 1)
    gathered.add("errors", int(body.get("error") not in (None, "")))


def compare(trials: Sequence[Trial], base: Sequence[Trial] | None) -> Figures:
    """
    Means over the trials; against `base`, the cases that moved, and by how much the mean did:
    a score's by its difference, a metric's by its share of what it was.
    """
    return Figures(
        scores={
            name: {
                "name": name,
                "score": mean,
                **_moved(trials, base, name, _scores, mean, up=True),
            }
            for name, mean in _means(trials, _scores).items()
        },
        metrics={
            name: {
                "name": name,
                "metric": mean,
                "unit": _UNITS[name],
                **_moved(trials, base, name, _metrics, mean, up=False),
            }
            for name, mean in _means(trials, _metrics).items()
            if name in _UNITS
        },
    )


_Read = Callable[[Trial], Mapping[str, float]]


def _scores(trial: Trial) -> Mapping[str, float]:
    return trial.scores


def _metrics(trial: Trial) -> Mapping[str, float]:
    return trial.metrics


def _means(trials: Sequence[Trial], read: _Read) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for trial in trials:
        for name, value in read(trial).items():
            values.setdefault(name, []).append(value)
    return {name: fmean(found) for name, found in values.items()}


def _moved(
    trials: Sequence[Trial],
    base: Sequence[Trial] | None,
    name: str,
    read: _Read,
    mean: float,
    *,
    up: bool,
) -> dict[str, Any]:
    before = _means(base, read).get(name) if base else None
    if base is None or before is None:
        return {"diff": None, "improvements": 0, "regressions": 0}
    now, then = _by_case(trials, name, read), _by_case(base, name, read)
    steps = [now[case] - then[case] for case in now if case in then]
    raised = sum(step > _SAME for step in steps)
    fallen = sum(step < -_SAME for step in steps)
    if up:
        return {"diff": mean - before, "improvements": raised, "regressions": fallen}
    # The clients print it as a percentage: of scores that is a difference, of metrics a share.
    share = (mean - before) / before if before else None
    return {"diff": share, "improvements": fallen, "regressions": raised}


def _by_case(trials: Sequence[Trial], name: str, read: _Read) -> dict[str, float]:
    values: dict[str, list[float]] = {}
    for trial in trials:
        found = read(trial).get(name)
        if found is not None and trial.case:
            values.setdefault(trial.case, []).append(found)
    return {case: fmean(found) for case, found in values.items()}
