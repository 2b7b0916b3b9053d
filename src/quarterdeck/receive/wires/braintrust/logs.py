"""
`/logs3`: rows of logs, experiments and datasets, feedback and comments, in any mixture.

The client drops a batch after three refusals whatever the status, so only what can't be read at
all is refused.
"""

from collections.abc import Iterable, Mapping
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


async def log_rows(call: Call, desk: Desk) -> Reply:
    rows = call.object().get("rows")
    if isinstance(rows, dict) and rows.get("type") == "logs3_overflow":
        # No client does this by itself: it has to hear of a limit first (`GET /version`).
        return Reply(status=501, body={"error": "rows in a bucket are not read: send them here"})
    if not isinstance(rows, list) or len(rows) > _MAX_ROWS:
        raise Invalid(f"expected a list of at most {_MAX_ROWS} rows")
    told = [row for row in rows if isinstance(row, dict)]
    fragments = [fragment_of(row) for row in told]
    names = await _names_of_experiments(desk, told)
    known = [
        Fragment(object=fragment.object, kind="known", body={"experiment": names[experiment]})
        for fragment, row in zip(fragments, told, strict=True)
        if (experiment := _new_trial(row)) in names
    ]
    await desk.keep(Reading(fragments=(*fragments, *known), judgements=tuple(_of_otlp_spans(told))))
    await write_cases(desk, fragments)
    return Reply(body={"ids": [row["id"] for row in told], "xact_id": str(desk.now_ns())})


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
