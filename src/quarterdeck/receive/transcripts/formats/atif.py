"""
ATIF: the trajectory format of Harbor, versions 1.0 to 1.7, one agent's run in a file.

A continuation or a sub-agent in a file of its own is a part of the session of the run that points
to it.  `final_metrics` are compared with the steps, and are the session's recorded cost.  Whether
the task was done tells only Harbor's `result.json` of the trial, which is read where it lies beside
the trajectory or above it, or the agent itself, where it was asked to confirm.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.receive.transcripts.amounts import shown_usd
from quarterdeck.receive.transcripts.atif.family import (
    Place,
    Relative,
    has_parent,
    is_trajectory,
    missing,
    place_of,
    points_to,
    relatives,
    session_of,
)
from quarterdeck.receive.transcripts.atif.harbor_trial import NAME as RESULT
from quarterdeck.receive.transcripts.atif.harbor_trial import Trial, is_result, trial_of
from quarterdeck.receive.transcripts.atif.steps import Totals, Trajectory, final_totals
from quarterdeck.receive.transcripts.dialogue import text_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import TIMEZONE_UNKNOWN, names_zone
from quarterdeck.receive.transcripts.members import identifier, mapping, present, records, text
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import ModelCall, Read, ToolCall, Transcript

NAME = "atif"
_DUST = Decimal("0.000001")

_COMPLETE = "mark_task_complete"
"""Terminus-2's tool: the first call is asked whether it is sure, the second one ends the run."""
_CLAIM = '"task_complete": true'
"""The same in a model's answer that is recorded as it came."""


def recognizes(source: Source) -> bool:
    return bool(_documents(source.top))


def belongs(source: Source) -> bool:
    return source.name == RESULT and is_result(source.top)


def read(source: Source) -> Read:
    documents = _documents(source.document)
    if not documents:
        raise Invalid(f"{source.shown}: no ATIF trajectory", hint="Has it a schema_version?")
    family = [Relative(source.name, document) for document in documents[1:]]
    first = documents[0]
    if has_parent(first) or Trajectory(first).references or "continued_trajectory_ref" in first:
        family += relatives(source)
    trial = trial_of(source)
    for index, document in enumerate(documents):
        others = family if index == 0 else [Relative(source.name, first)]
        yield _transcript(document, source, others, trial, is_child=index > 0)


def _documents(top: Any) -> list[dict[str, Any]]:
    """One trajectory, or several that one object holds by name, the main one first."""
    if is_trajectory(top):
        return [top]
    inner = list(top.values()) if isinstance(top, dict) else []
    return inner if inner and all(is_trajectory(document) for document in inner) else []


def _transcript(
    document: Mapping[str, Any],
    source: Source,
    family: list[Relative],
    trial: Trial | None,
    *,
    is_child: bool,
) -> Transcript:
    trajectory = Trajectory(document)
    agent = mapping(document.get("agent"))
    place = (
        place_of(document, source.name, family)
        if is_child or has_parent(document)
        else Place(identifier(document.get("session_id")) or content_id(NAME, document), "", "")
    )
    name = text(agent.get("name"))
    is_main = not place.part or place.continues
    whole = _whole(document, family) if not place.part else None
    main = trial if not place.part else None
    return Transcript(
        format=NAME,
        session_id=place.session_id,
        part=place.part,
        attached_to=place.attached_to,
        entries=trajectory.entries,
        agent=name,
        task="" if place.part else trajectory.task,
        task_type="" if place.part else main.task_type if main else "",
        workflow="" if place.part else name,
        workflow_version="" if place.part else identifier(agent.get("version")),
        case=main.case if main else "",
        experiment=bool(main),
        written_ns=source.written_ns,
        status=main.status if main else "unset",
        error=main.error if main else "",
        outcome=(main.outcome if main else None) or (_own_word(trajectory) if is_main else None),
        scores=main.scores if main else (),
        recorded_cost_usd=whole.cost_usd if whole and whole.cost_usd else None,
        findings=(
            *(main.findings if main else ()),
            *_findings(document, trajectory, family, place),
        ),
        metadata=present(
            {
                "schema_version": document.get("schema_version"),
                "agent": agent.get("extra"),
                "extra": document.get("extra"),
                "notes": document.get("notes"),
                "final_metrics": mapping(document.get("final_metrics")).get("extra"),
            }
        ),
    )


def _is_continued(document: Mapping[str, Any]) -> bool:
    return bool(text(document.get("continued_trajectory_ref")))


def _whole(document: Mapping[str, Any], family: list[Relative]) -> Totals | None:
    """Of the whole session: the totals of its last file, where it goes on in others."""
    if not _is_continued(document):
        return final_totals(document)
    later = [r.document for r in family if has_parent(r.document)
             and session_of(r.document) == session_of(document)]  # fmt: skip
    ends = [of for of in later if not _is_continued(of)]
    return final_totals(ends[0]) if len(ends) == 1 else None


def _own_word(trajectory: Trajectory) -> Outcome | None:
    """The agent's own: it called its work complete, was asked again, and confirmed."""
    tools = {e.id.rpartition("/")[0]: e.tool for e in trajectory.entries if isinstance(e, ToolCall)}
    last = [e for e in trajectory.entries if isinstance(e, ModelCall)][-2:]
    if len(last) == 2 and all(
        tools.get(call.id) == _COMPLETE or any(_CLAIM in text_of(m) for m in call.output)
        for call in last
    ):
        return Outcome(label="success", source="agent", reason=f"confirmed {_COMPLETE}")
    return None


def _findings(
    document: Mapping[str, Any], trajectory: Trajectory, family: list[Relative], place: Place
) -> Iterator[Finding]:
    times = [step.get("timestamp") for step in records(document.get("steps"))]
    if any(time and not names_zone(time) for time in times):
        yield TIMEZONE_UNKNOWN
    gone = list(missing(document, trajectory.references, family))
    if gone:
        yield Finding(
            code="part_missing",
            message=f"{len(gone)} trajectories that this one points to are not in its folder: "
            + ", ".join(gone),
        )
    yield from _disagreement(document, trajectory, family, place)
    steps = mapping(document.get("final_metrics")).get("total_steps")
    if isinstance(steps, int) and steps != len(records(document.get("steps"))):
        yield Finding(
            code="totals_disagree",
            message=f"final_metrics tells {steps} steps, there are "
            f"{len(records(document.get('steps')))}",
        )


def _disagreement(
    document: Mapping[str, Any], trajectory: Trajectory, family: list[Relative], place: Place
) -> Iterator[Finding]:
    """Whether the totals are those of the steps; sub-agents and earlier files may be in them."""
    final, own = final_totals(document), trajectory.totals()
    if final is None:
        return
    of_parts = own.plus(_referenced(trajectory, family))
    before = [r.document for r in family if _is_continued(r.document)
              and session_of(r.document) == place.session_id]  # fmt: skip
    with_before = of_parts
    for earlier in before:
        with_before = with_before.plus(final_totals(earlier) or Totals())
    if any(_same(final, candidate) for candidate in (own, of_parts, with_before)):
        return
    known = with_before if before else of_parts
    yield Finding(
        code="totals_disagree",
        message=f"final_metrics tells {_shown(final)}; the steps"
        f"{' and the files before' if before else ''} add up to {_shown(known)}: calls are "
        "missing or counted elsewhere",
    )


def _referenced(trajectory: Trajectory, family: list[Relative]) -> Totals:
    found = Totals()
    for reference in trajectory.references:
        for other in family:
            if points_to(reference, identifier(other.document.get("session_id")), other.name):
                found = found.plus(Trajectory(other.document).totals())
    return found


def _same(one: Totals, other: Totals) -> bool:
    return one[:2] == other[:2] and abs(one.cost_usd - other.cost_usd) <= _DUST


def _shown(totals: Totals) -> str:
    return (
        f"{totals.input_tokens} input and {totals.output_tokens} output tokens, "
        f"{shown_usd(totals.cost_usd)} USD"
    )


FORMAT = Format(NAME, "ATIF (Harbor)", recognizes, read, belongs)
