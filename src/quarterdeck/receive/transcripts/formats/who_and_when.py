"""
Who&When: logs of failed teams of agents, each with the step at which people saw the failure begin.

Nothing in a file tells times, models or tokens.  The annotation is a judgement of people on that
very step, and says whose mistake it was; where the log shows another speaker there, both are told.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.team_chat import Said, entries_of
from quarterdeck.receive.transcripts.transcript import Read, Transcript

NAME = "who_and_when"
_AUTHOR = "Who&When annotators"

_KNOWN = (
    "is_correct", "is_corrected", "question", "question_ID", "history", "mistake_agent",
    "mistake_step", "mistake_reason", "system_prompt",
)  # fmt: skip


def recognizes(source: Source) -> bool:
    return source.has_keys("history", "mistake_agent", "mistake_step")


def read(source: Source) -> Read:
    document = mapping(source.document)
    if not isinstance(document.get("history"), list):
        raise Invalid(f"{source.shown}: no list `history`", hint="Is it a Who&When file?")
    said = [
        Said(text(item.get("name")) or text(item.get("role")), text(item.get("content")))
        for item in records(document["history"])
    ]
    prompts = {key: text(value) for key, value in mapping(document.get("system_prompt")).items()}
    question = identifier(document.get("question_ID"))
    yield Transcript(
        format=NAME,
        session_id=content_id(NAME, document),
        entries=entries_of(said, prompts),
        task=text(document.get("question")),
        task_type=NAME,
        case=f"{NAME}:{question}" if question else "",
        experiment=True,
        written_ns=source.written_ns,
        outcome=_outcome(document),
        scores=_scores(document, said),
        findings=tuple(_findings(document, said)),
        metadata=present(rest(document, *_KNOWN)),
    )


def _outcome(document: Mapping[str, Any]) -> Outcome | None:
    correct = document.get("is_correct", document.get("is_corrected"))
    if not isinstance(correct, bool):
        return None
    truth = identifier(document.get("ground_truth"))
    return Outcome(
        label="success" if correct else "failure",
        source="evaluator",
        author="Who&When",
        reason=f"the answer is {'' if correct else 'not '}correct; the right one is {truth!r}",
    )


def _step(document: Mapping[str, Any]) -> int | None:
    return told(parse.count, document.get("mistake_step"))


def _scores(document: Mapping[str, Any], said: Sequence[Said]) -> tuple[Score, ...]:
    """One on the step, if the log has it, and one on the session."""
    step, agent = _step(document), identifier(document.get("mistake_agent"))
    reason = text(document.get("mistake_reason"))
    if step is None or not (agent or reason):
        return ()
    whole = Score(
        name="failure_step", scope="session", value=float(step), label=agent, explanation=reason,
        judge="human", author=_AUTHOR, identifier=NAME,
    )  # fmt: skip
    if step >= len(said):
        return (whole,)
    at = Score(
        name="failure_step", target_span_id=f"{step}", label=agent, explanation=reason,
        judge="human", author=_AUTHOR, identifier=NAME,
    )  # fmt: skip
    return (at, whole)


def _findings(document: Mapping[str, Any], said: Sequence[Said]) -> Iterator[Finding]:
    step, agent = _step(document), identifier(document.get("mistake_agent"))
    if step is None or not agent:
        return
    there = said[step].speaker if step < len(said) else "nobody: the log is shorter"
    if there != agent and not there.startswith(f"{agent} ("):
        yield Finding(
            code="judgement_misplaced",
            message=f"the annotation blames {agent!r} at step {step}, but there speaks {there!r}: "
            "the judgement stands on the step",
        )


FORMAT = Format(NAME, "Who&When", recognizes, read)
