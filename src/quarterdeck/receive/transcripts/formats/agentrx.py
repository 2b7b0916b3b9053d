"""
AgentRx: logs of Magentic-One teams, with a list that says where and how each of them failed.

A log is a bare list of messages.  `trajectories_info.json`, in its folder or the one above, tells
of each file the task's id, the kind of failure and the step (from 1) at which it began.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import listing, mapping, present, records, text, told
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.team_chat import Said, crash_in, entries_of
from quarterdeck.receive.transcripts.transcript import Read, Status, Transcript

NAME = "agentrx"
_AUTHOR = "AgentRx annotators"
_INFO = "trajectories_info.json"

_LIMIT = re.compile(r"^(Max (?:time|rounds) \([^)]*\) reached)", re.MULTILINE)
_ANSWER = re.compile(r"^FINAL ANSWER: (.*)$", re.MULTILINE)
_OTHER_MODEL = re.compile(r"Resolved model mismatch: (\S+) != (\S+?)\. ")
_SATISFIED = "Request satisfied."


class _Annotation(NamedTuple):
    category: str
    task_id: str
    step: int | None
    """From 1."""
    reason: str


def recognizes(source: Source) -> bool:
    if source.extension != ".json":
        return False
    first = listing(source.top)[:3]
    return (
        bool(first)
        and all(isinstance(item, dict) and {*item} == {"content", "role"} for item in first)
        and any(text(item["role"]).startswith("Orchestrator (") for item in first)
    )


def belongs(source: Source) -> bool:
    return source.name == _INFO


def read(source: Source) -> Read:
    if not isinstance(source.document, list):
        raise Invalid(f"{source.shown}: not a list of messages", hint="Is it a Magentic-One log?")
    said = [
        Said(text(message.get("role")), text(message.get("content")))
        for message in records(source.document)
    ]
    annotation = _annotation(source)
    last = said[-1].content if said else ""
    crash, limit, answer = crash_in(last), _LIMIT.search(last), _ANSWER.search(last)
    status: Status = "error" if crash else "cancelled" if limit else "unset"
    yield Transcript(
        format=NAME,
        session_id=content_id(NAME, source.document),
        entries=entries_of(said, {}),
        task=said[0].content if said else "",
        task_type="magentic_one",
        case=f"{NAME}:{annotation.task_id}" if annotation else "",
        experiment=True,
        written_ns=source.written_ns,
        status=status,
        error=crash or (limit[1] if limit else ""),
        outcome=_outcome(said, annotation),
        scores=_scores(said, annotation),
        findings=tuple(_findings(said, annotation)),
        metadata=present({"final_answer": answer[1] if answer else ""}),
    )


def _annotation(source: Source) -> _Annotation | None:
    for place in (_INFO, f"../{_INFO}"):
        beside = source.beside(place)
        for category, tasks in mapping(beside.top if beside else None).items():
            for task_id, told_of in mapping(tasks).items():
                if text(mapping(told_of).get("name")) == source.name:
                    return _Annotation(
                        category,
                        task_id,
                        told(parse.count, told_of.get("step")),
                        text(told_of.get("reason")),
                    )
    return None


def _satisfied(said: Sequence[Said]) -> bool:
    return any(item.content.startswith(_SATISFIED) for item in said)


def _outcome(said: Sequence[Said], annotation: _Annotation | None) -> Outcome | None:
    """What people found; else what the orchestrator itself concluded."""
    if annotation is not None:
        at = f" at step {annotation.step}" if annotation.step is not None else ""
        return Outcome(label="failure", source="human", author=_AUTHOR,
                       reason=f"{annotation.category}{at}: {annotation.reason}")  # fmt: skip
    if _satisfied(said):
        return Outcome(label="success", source="agent", author="Orchestrator", reason=_SATISFIED)
    return None


def _scores(said: Sequence[Said], annotation: _Annotation | None) -> tuple[Score, ...]:
    """One on the step, if the log has it, and one on the session."""
    if annotation is None or annotation.step is None:
        return ()
    step = annotation.step
    whole = Score(
        name="failure_step", scope="session", value=float(step), label=annotation.category,
        explanation=annotation.reason, judge="human", author=_AUTHOR, identifier=NAME,
    )  # fmt: skip
    if not 1 <= step <= len(said):
        return (whole,)
    at = Score(
        name="failure_step", target_span_id=f"{step - 1}", label=annotation.category,
        explanation=annotation.reason, judge="human", author=_AUTHOR, identifier=NAME,
    )  # fmt: skip
    return (at, whole)


def _findings(said: Sequence[Said], annotation: _Annotation | None) -> Iterator[Finding]:
    if annotation is not None and _satisfied(said):
        yield Finding(
            code="outcome_disagrees",
            message=f"the orchestrator concluded {_SATISFIED!r}, the annotation found "
            f"{annotation.category!r} at step {annotation.step}: taken as a failure",
        )
    if annotation is not None and annotation.step is not None and annotation.step > len(said):
        yield Finding(
            code="judgement_misplaced",
            message=f"the annotation names step {annotation.step} of a log of {len(said)}",
        )
    last = said[-1].content if said else ""
    limit, answer = _LIMIT.search(last), _ANSWER.search(last)
    ended = limit[1] if limit else "an agent raised" if crash_in(last) else ""
    if ended and answer:
        yield Finding(
            code="answer_without_conclusion",
            message=f"the run was cut short ({ended}), and has the answer {answer[1]!r} "
            "nevertheless: the agents did not conclude it",
        )
    others = {found for item in said for found in _OTHER_MODEL.findall(item.content)}
    for served, asked in sorted(others):
        yield Finding(
            code="model_disagrees",
            message=f"the log says that {served} served what was asked of {asked}",
        )


FORMAT = Format(NAME, "AgentRx (Magentic-One)", recognizes, read, belongs)
