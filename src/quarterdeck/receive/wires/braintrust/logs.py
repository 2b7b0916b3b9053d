"""
`/logs3`: rows of logs, experiments and datasets, feedback and comments, in any mixture.

The client drops a batch after three refusals whatever the status, so only what can't be read at
all is refused.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.model.scores import Score
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply
from quarterdeck.receive.wires.braintrust.datasets import write_cases
from quarterdeck.receive.wires.braintrust.rows import fragment_of
from quarterdeck.receive.wires.braintrust.spans import HUMAN_SOURCES
from quarterdeck.storage.records.experiments import find_experiment

_MAX_ROWS = 50_000
"""The clients send 100 at once."""
_HEX = frozenset("0123456789abcdef")
_COMMENTS = uuid.UUID("2f0d1c4e-8a57-5b0c-9f44-3f7c1f1f8d02")
"""The namespace of ids of comments that came without one; any constant would do."""


async def log_rows(call: Call, desk: Desk) -> Reply:
    rows = call.object().get("rows")
    if isinstance(rows, dict) and rows.get("type") == "logs3_overflow":
        # No client does this by itself: it has to hear of a limit first (`GET /version`).
        raise NotFound("rows in a bucket are not read: send them here", code="unsupported")
    ids = await _keep(desk, _objects_in(rows, "rows"))
    return Reply(body={"ids": ids, "xact_id": str(desk.now_ns())})


async def insert_events(call: Call, desk: Desk) -> Reply:
    """`/v1/<kind>/{id}/insert`: the same rows, of one object, by Braintrust's REST API."""
    events = _objects_in(call.object().get("events"), "events")
    home = _home_of(call)
    ids = await _keep(desk, [{"id": str(uuid.uuid4()), **one, **home} for one in events])
    return Reply(body={"row_ids": ids})


async def give_feedback(call: Call, desk: Desk) -> Reply:
    """`/v1/<kind>/{id}/feedback`: scores, expected values, tags and comments on its rows."""
    home = _home_of(call)
    rows: list[Mapping[str, Any]] = []
    for one in _objects_in(call.object().get("feedback"), "feedback"):
        source = one.get("source")
        audit = {
            "_audit_source": source if isinstance(source, str) else "external",
            "_audit_metadata": one.get("metadata"),
            **home,
        }
        said = {name: one[name] for name in ("scores", "expected", "tags") if name in one}
        rows.append({"id": one.get("id"), "_is_merge": True, **said, **audit})
        if one.get("comment"):
            # Sent again, it is the same comment.
            comment_id = uuid.uuid5(_COMMENTS, f"{one.get('id')}\0{one['comment']}")
            origin, comment = {"id": one.get("id")}, {"text": one["comment"]}
            rows.append({"id": str(comment_id), "origin": origin, "comment": comment, **audit})
    await _keep(desk, rows)
    return Reply(body={"status": "success"})


def _home_of(call: Call) -> dict[str, Any]:
    """What says to which object the rows of an address belong."""
    kind, object_id = call.path["kind"], call.path["object_id"]
    match kind:
        case "project_logs":
            return {"project_id": object_id, "log_id": "g"}
        case "experiment" | "dataset":
            return {f"{kind}_id": object_id}
    raise NotFound(f"{kind[:40]!r} has no rows", code="unsupported")


def _objects_in(told: Any, name: str) -> list[Mapping[str, Any]]:
    """Raises `Invalid`."""
    if not isinstance(told, list) or len(told) > _MAX_ROWS:
        raise Invalid(f"expected a list of at most {_MAX_ROWS} {name}")
    return [one for one in told if isinstance(one, dict)]


async def _keep(desk: Desk, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The ids of the rows, when they are on disk and datasets know them."""
    fragments = [fragment_of(row) for row in rows]
    names = await _names_of_experiments(desk, rows)
    known = [
        Fragment(object=fragment.object, kind="known", body={"experiment": names[experiment]})
        for fragment, row in zip(fragments, rows, strict=True)
        if (experiment := _new_trial(row)) in names
    ]
    judgements = tuple(_of_otlp_spans(rows))
    await desk.keep(Reading(fragments=(*fragments, *known), judgements=judgements))
    await write_cases(desk, fragments)
    return [row["id"] for row in rows]


def _new_trial(row: Mapping[str, Any]) -> str:
    """The experiment of a row that begins a trial; else ""."""
    experiment = row.get("experiment_id")
    begins = not row.get("span_parents") and row.get("_is_merge") is not True
    return experiment if begins and isinstance(experiment, str) else ""


async def _names_of_experiments(desk: Desk, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for experiment_id in sorted({_new_trial(row) for row in rows} - {""}):
        try:
            experiment = await desk.records(
                find_experiment, project_id=desk.project_id, experiment_id=experiment_id
            )
        except NotFound:
            continue
        found[experiment_id] = experiment.name
    return found


def _of_otlp_spans(rows: Iterable[Mapping[str, Any]]) -> Iterable[Judgement]:
    """
    Feedback on spans that came by OTLP: their rows' ids are the spans' own.

    JavaScript's rows have ids of that form too; a judgement of one of those finds no span, and its
    row has the scores anyway.
    """
    for row in rows:
        row_id, scores, source = row.get("id"), row.get("scores"), row.get("_audit_source")
        if (
            not isinstance(row_id, str)
            or len(row_id) != 16
            or not _HEX.issuperset(row_id)
            or not isinstance(scores, dict)
            or not isinstance(source, str)
            or "span_id" in row
        ):
            continue
        for name, value in list(scores.items())[:100]:
            if isinstance(value, int | float) and not isinstance(value, bool):
                yield Judgement(
                    score=Score(
                        name=str(name)[:200],
                        target_span_id=row_id,
                        value=float(value),
                        judge="human" if source in HUMAN_SOURCES else "code",
                        identifier=row_id,
                    )
                )
