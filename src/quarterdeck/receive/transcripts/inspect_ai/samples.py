"""
One sample of an evaluation as a session: an epoch is a trial of its case.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.inspect_ai.attachments import attachments_of, resolved
from quarterdeck.receive.transcripts.inspect_ai.calls import (
    messages_of,
    provider_and_model,
    usage_in,
)
from quarterdeck.receive.transcripts.inspect_ai.events import Events, failure_of
from quarterdeck.receive.transcripts.inspect_ai.verdicts import outcome_of, scores_of
from quarterdeck.receive.transcripts.instants import STEPS_UNTIMED, instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import content_id
from quarterdeck.receive.transcripts.token_counts import totals_only
from quarterdeck.receive.transcripts.transcript import Entry, Event, ModelCall, Total, Transcript

NAME = "inspect_ai"


def read_sample(
    sample: dict[str, Any], log: Mapping[str, Any], *, written_ns: int | None
) -> Transcript:
    """`log` is the file without its samples: the evaluation that it was part of."""
    attachments = attachments_of(sample)
    events = Events(attachments)
    told_events = sample.get("events") or mapping(sample.get("transcript")).get("events")
    entries = events.read(told_events)
    findings: list[Finding] = []
    if not entries:
        said = _dialogue(sample, mapping(log.get("eval")), attachments)
        read = said.close()
        entries = list(read.entries)
        findings += read.findings
    findings += _differing(sample, entries)
    entries = [*entries, *_retries(sample)]
    scores = mapping(sample.get("scores")) or (
        {"score": sample["score"]} if isinstance(sample.get("score"), dict) else events.scores
    )
    return _transcript(
        sample, log, entries, findings, scores, events, attachments, written_ns=written_ns
    )


def _transcript(
    sample: dict[str, Any],
    log: Mapping[str, Any],
    entries: Sequence[Entry],
    findings: list[Finding],
    scores: Mapping[str, Any],
    events: Events,
    attachments: Mapping[str, Any],
    *,
    written_ns: int | None,
) -> Transcript:
    evaluation = mapping(log.get("eval"))
    task = text(evaluation.get("task"))
    sample_id, epoch = identifier(sample.get("id")), told(count, sample.get("epoch"))
    error = mapping(sample.get("error"))
    outcome = outcome_of(scores)
    timed = any(entry.start_ns is not None for entry in entries)
    started_ns = instant_ns(sample.get("started_at"))
    if started_ns is None and not timed:
        started_ns = instant_ns(mapping(log.get("stats")).get("started_at"))
        findings.append(STEPS_UNTIMED)
    findings += _limited(sample, outcome)
    return Transcript(
        format=NAME,
        session_id=identifier(sample.get("uuid")) or _session_id(evaluation, sample),
        agent=text(evaluation.get("solver")),
        task=_words(resolved(sample.get("input"), attachments)),
        task_type=task,
        tags=[tag for tag in listing(evaluation.get("tags")) if isinstance(tag, str)],
        workflow=task,
        workflow_version=identifier(evaluation.get("task_version")),
        case=f"{NAME}:{task}/{sample_id}" if sample_id else "",
        trial=epoch - 1 if epoch else None,
        experiment=True,
        started_ns=started_ns,
        ended_ns=instant_ns(sample.get("completed_at")),
        entries=entries,
        written_ns=written_ns,
        status="error" if error else "unset",
        error=text(error.get("message")),
        outcome=outcome,
        scores=scores_of(scores, events.judges),
        findings=tuple(dict.fromkeys(findings)),
        metadata=_metadata(sample, log, evaluation),
    )


def _session_id(evaluation: Mapping[str, Any], sample: Mapping[str, Any]) -> str:
    run = evaluation.get("run_id"), evaluation.get("task_id"), evaluation.get("created")
    return content_id(*run, sample.get("id"), sample.get("epoch"), sample.get("messages"))


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    asked = [text_of(m) for m in messages_of(value) if m.role == "user"]
    return next((words for words in asked if words), "")


def _metadata(
    sample: dict[str, Any], log: Mapping[str, Any], evaluation: Mapping[str, Any]
) -> dict[str, Any]:
    return present(
        {
            "eval_id": evaluation.get("eval_id"),
            "run_id": evaluation.get("run_id"),
            "task_id": evaluation.get("task_id"),
            "eval_status": log.get("status"),
            "eval_model": evaluation.get("model"),
            "dataset": mapping(evaluation.get("dataset")).get("name"),
            "sample_id": sample.get("id"),
            "target": sample.get("target"),
            "choices": sample.get("choices"),
            "limit": sample.get("limit"),
            "total_time_s": sample.get("total_time"),
            "working_time_s": sample.get("working_time"),
            "sample_metadata": sample.get("metadata"),
            "store": sample.get("store"),
        }
    )


# -- logs without events --------------------------------------------------------------------------


def _dialogue(
    sample: dict[str, Any], evaluation: Mapping[str, Any], attachments: Mapping[str, Any]
) -> Dialogue:
    """Calls and tools as the messages tell them; tokens only as a sum."""
    said = Dialogue()
    provider, model = provider_and_model(text(evaluation.get("model")))
    for number, value in enumerate(records(sample.get("messages")), start=1):
        message = resolved(value, attachments)
        place = f"message {number}"
        match message.get("role"):
            case "assistant":
                said.call(
                    ModelCall(
                        id=said.id(identifier(message.get("id")), place),
                        model=text(message.get("model")) or model,
                        provider=provider,
                        output=(message_of(message, "assistant"),),
                    )
                )
            case "tool":
                error = mapping(message.get("error"))
                status, failed = failure_of(error)
                said.answer(
                    identifier(message.get("tool_call_id")),
                    plain(message.get("content")),
                    tool=text(message.get("function")),
                    place=place,
                    status=status,
                    error=failed,
                    error_type=text(error.get("type")),
                )
            case _:
                said.hear(message_of(message), place=place)
    for spelled, counted in mapping(sample.get("model_usage")).items():
        provider, model = provider_and_model(spelled)
        said.note(totals_only("the sample"))
        said.add(
            Event(
                id=said.id("", f"total of {spelled}"),
                name="tokens of all calls",
                total=Total(model=model, usage=usage_in(counted)),
            )
        )
    return said


def _retries(sample: Mapping[str, Any]) -> list[Entry]:
    """Earlier attempts that ended with an error, of which nothing else is kept."""
    return [
        Event(
            id=f"retry {number}",
            name="retried after an error",
            status="error",
            error=text(error.get("message")),
            metadata=rest(error, "message", "traceback_ansi"),
        )
        for number, error in enumerate(records(sample.get("error_retries")), start=1)
    ]


# -- what does not fit together --------------------------------------------------------------------


def _differing(sample: Mapping[str, Any], entries: Sequence[Entry]) -> list[Finding]:
    """The sample's own tokens beside those of its calls."""
    calls = [e for e in entries if isinstance(e, ModelCall) and e.usage is not None]
    if not calls:
        return []
    findings = []
    for spelled, counted in mapping(sample.get("model_usage")).items():
        whole = usage_in(counted)
        provider, model = provider_and_model(spelled)
        own = [c.usage for c in calls if c.provider == provider and _is_model(c.model, model)]
        if whole is None or not own:
            continue
        told_ = (whole.input_tokens or 0, whole.output_tokens or 0)
        made = (
            sum(usage.input_tokens or 0 for usage in own if usage is not None),
            sum(usage.output_tokens or 0 for usage in own if usage is not None),
        )
        if told_ != made:
            findings.append(
                Finding(
                    code="usage_disagrees",
                    message=f"the sample's tokens of {spelled} are {told_[0]} in and {told_[1]} "
                    f"out, its calls make {made[0]} and {made[1]}: the calls count",
                )
            )
    return findings


def _is_model(served: str, asked: str) -> bool:
    """A served model has its date behind the name that was asked for."""
    return served.startswith(asked)


def _limited(sample: Mapping[str, Any], outcome: Outcome | None) -> list[Finding]:
    limit = mapping(sample.get("limit"))
    if not limit or outcome is None or outcome.label != "success":
        return []
    return [
        Finding(
            code="timeout_and_success",
            message=f"it was stopped by its {text(limit.get('type')) or 'limit'} limit and is "
            "graded a success: the grade counts",
        )
    ]
