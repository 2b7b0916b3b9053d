"""
A run of Comet's classic SDK as one span: what was set, what was measured, how it ended.

Nothing of an agent is read into it: parameters are the input, results the output, and the last
value of each metric of the run's own is a score of the session.  Metrics that the SDK takes of
the machine, and the run's printed lines, are kept beside.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.model.instants import NS_PER_MS
from quarterdeck.model.spans import RawEvent, RawSpan, Value
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of

EXPERIMENT = "comet:experiment:"

_MOST_SCORES = 100
"""Metrics of a run that are scores: what a person looks at."""
_MOST_LINES = 500
"""Printed lines that the span shows, the last ones: a summary stands at the end."""
_MOST_SHOWN = 100
"""Pieces of HTML, and files, that the span shows."""
_SYSTEM = ("sys.", "process ")
"""How names of the SDK's own metrics begin."""
_LISTS = frozenset({"installedPackages", "osPackages"})
"""Of the system's details: thousands of names, which are kept and not shown."""


def build(name: str, fragments: Sequence[Fragment]) -> Sequence[RawSpan]:
    key = name.removeprefix(EXPERIMENT)
    told = [(f.kind, f.body) for f in fragments if isinstance(f.body, dict)]
    started_ns, ended_ns = _times(told)
    if not name.startswith(EXPERIMENT) or not started_ns:
        return ()
    others = _others(told)
    attributes = _attributes(key, told, others)
    if not ended_ns:
        attributes["quarterdeck.partial"] = True
    problem = _problem(told)
    if problem:
        attributes["comet.error"] = problem
    given = others.get("Name")
    return (
        RawSpan(
            trace_id=trace_id_of(key),
            span_id=span_id_of(EXPERIMENT + key),
            name=given if isinstance(given, str) and given else "experiment",
            start_ns=started_ns,
            end_ns=max(ended_ns, started_ns) if ended_ns else 0,
            status_code=2 if _has_crashed(told) else 0,
            status_message=problem if _has_crashed(told) else "",
            attributes=attributes,
            events=tuple(_scores(attributes["comet.metrics"])),
        ),
    )


_Told = Sequence[tuple[str, dict[str, Any]]]


def _of(told: _Told, *kinds: str) -> list[dict[str, Any]]:
    return [body for kind, body in told if kind in kinds]


# ------------------------------------------------------------------------------------ times


def _times(told: _Told) -> tuple[int, int]:
    """Start and end; the end is 0 while it runs, and again when it is resumed."""
    stated = _of(told, "times")
    begun = [_ms(body.get("local_timestamp")) for body in _of(told, "run", "resumed")]
    begun += [_ms(body.get("startTimestamp") or body.get("startTimeMillis")) for body in stated]
    ended = [
        _ms(body.get("local_timestamp"))
        for body in _of(told, "status")
        if body.get("is_alive") is False
    ]
    ended += [_ms(body.get("endTimestamp") or body.get("endTimeMillis")) for body in stated]
    starts = [at for at in begun if at]
    start, end = min(starts, default=0), max(ended, default=0)
    return start, end if end >= max(starts, default=0) else 0


def _ms(value: Any) -> int:
    """Nanoseconds of a time in milliseconds; 0 for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return round(value) * NS_PER_MS if 0 < value < 2**43 else 0


# --------------------------------------------------------------------------------- contents


def _attributes(key: str, told: _Told, others: Mapping[str, Any]) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "quarterdeck.kind": "step",
        "quarterdeck.experiment": True,
        "quarterdeck.session.id": key,
        "comet.experiment_key": key,
        "comet.parameters": _parameters(told),
        "comet.metrics": _metrics(told, of_the_system=False),
    }
    found: dict[str, Value] = {
        "quarterdeck.tags": _tags(told),
        "comet.others": dict(others),
        "comet.system_metrics": _metrics(told, of_the_system=True),
        "comet.html": _html(told),
        "comet.output": _output(told),
        "comet.assets": _assets(told),
        "comet.system": _system(told),
        "comet.notifications": [
            {key: body.get(key) for key in ("title", "status") if body.get(key)}
            for body in _of(told, "notification")
        ],
    }
    for body in _of(told, "run", "resumed"):
        for field, name in (
            ("projectName", "project"),
            ("teamName", "workspace"),
            ("libVersion", "library_version"),
            ("offline", "offline"),
        ):
            if body.get(field) is not None:
                attributes[f"comet.{name}"] = body[field]
    for body in _of(told, "detail"):
        for field, value in body.items():
            if value is not None:
                attributes[f"comet.{field}"] = value
    return {**attributes, **{name: value for name, value in found.items() if value}}


def _parameters(told: _Told) -> dict[str, Value]:
    """The last value of each, by the client's clock."""
    values = sorted(
        _values(told, "parameters"), key=lambda one: _number(one.get("timestamp")) or 0.0
    )
    return {str(one.get("parameterName")): one.get("parameterValue") for one in values}


def _values(told: _Told, kind: str) -> Iterable[dict[str, Any]]:
    for body in _of(told, kind):
        values = body.get("values")
        for one in values if isinstance(values, list) else [body]:
            if isinstance(one, dict):
                yield one


def _metrics(told: _Told, *, of_the_system: bool) -> dict[str, Value]:
    """Of each, its last value with its step and time, and the range and count of all."""
    found: dict[str, dict[str, Any]] = {}
    seen: set[tuple[Any, ...]] = set()
    for one in _values(told, "metrics"):
        name = str(one.get("metricName"))
        value = _number(one.get("metricValue"))
        if name.startswith(_SYSTEM) != of_the_system or value is None:
            continue
        at = _number(one.get("timestamp")) or 0.0
        step = _number(one.get("step"))
        context = one.get("context")
        if (name, str(context), at, step, value) in seen:
            continue  # a batch that was sent again
        seen.add((name, str(context), at, step, value))
        spelled = f"{context}_{name}" if isinstance(context, str) and context else name
        line = found.setdefault(
            spelled, {"value": value, "min": value, "max": value, "count": 0, "at_ms": -1.0}
        )
        line["min"], line["max"] = min(line["min"], value), max(line["max"], value)
        line["count"] += 1
        if (at, step or 0.0) >= (line["at_ms"], line.get("step") or 0.0):
            line |= {"value": value, "step": step, "at_ms": at}
    return dict(found)


def _number(value: Any) -> float | None:
    """Of a number, or of text: REST clients send text."""
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found == found and abs(found) != float("inf") else None


def _scores(metrics: Any) -> Iterable[RawEvent]:
    for name in sorted(metrics)[:_MOST_SCORES]:
        line = metrics[name]
        yield RawEvent(
            name="quarterdeck.score",
            time_ns=_ms(line["at_ms"]),
            attributes={
                "name": name,
                "value": line["value"],
                "judge": "code",
                "scope": "session",
            },
        )


def _others(told: _Told) -> dict[str, Any]:
    return {str(body.get("key")): body.get("value") for body in _of(told, "other")}


def _tags(told: _Told) -> list[Value]:
    tags: dict[str, None] = {}
    for kind, body in told:
        if kind == "tags":
            tags |= dict.fromkeys(_texts(body.get("addedTags")))
        elif kind == "untags":
            for tag in _texts(body.get("deletedTags") or body.get("tags")):
                tags.pop(tag, None)
    return list(tags)


def _texts(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _html(told: _Told) -> list[Value]:
    shown: list[Value] = []
    for body in _of(told, "html"):
        if body.get("override") is True:
            shown = []
        if body.get("html") not in shown:
            shown.append(body.get("html"))
    return shown[-_MOST_SHOWN:]


def _output(told: _Told) -> list[Value]:
    """Printed lines, by their number: batches may come late or twice."""
    lines: dict[tuple[float, str], str] = {}
    for body in _of(told, "output"):
        rows = body.get("outputLines")
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and isinstance(row.get("output"), str):
                lines[_number(row.get("offset")) or 0.0, row["output"]] = row["output"]
    return [lines[key] for key in sorted(lines)][-_MOST_LINES:]


def _assets(told: _Told) -> list[Value]:
    found = {str(body.get("assetId")): body for body in _of(told, "asset")}
    return list(found.values())[-_MOST_SHOWN:]


def _system(told: _Told) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for body in _of(told, "system"):
        found |= {key: v for key, v in body.items() if v is not None and key not in _LISTS}
    return found


# ------------------------------------------------------------------------------------- ends


def _problem(told: _Told) -> str:
    said = [body.get("error") for body in _of(told, "state")]
    return next((text[:2000] for text in reversed(said) if isinstance(text, str) and text), "")


def _has_crashed(told: _Told) -> bool:
    return any(body.get("hasCrashed") is True for body in _of(told, "state"))
