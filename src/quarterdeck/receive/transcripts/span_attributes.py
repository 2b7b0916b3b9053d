"""
How what a transcript tells is spelled as attributes: OpenTelemetry's, and our own where there are
none.  What was not told has no attribute.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Total,
    Transcript,
)

_MAX_TASK = 500
"""Characters: a column of a list.  The whole is in the first model call's input."""


def session_attributes(of: Transcript) -> dict[str, Value]:
    outcome = of.outcome
    found = present(
        {
            "quarterdeck.task": of.task[:_MAX_TASK],
            "quarterdeck.task_type": of.task_type,
            "user.id": of.user,
            "quarterdeck.tags": list(of.tags),
            "quarterdeck.workflow.name": of.workflow,
            "quarterdeck.workflow.version": of.workflow_version,
            "quarterdeck.environment": of.environment,
            "quarterdeck.case": of.case,
            "quarterdeck.trial": of.trial,
            "quarterdeck.expected_calls.count": of.expected_calls,
            "quarterdeck.expected_calls.matched": of.matched_calls,
            "quarterdeck.recorded_cost_usd": _money(of.recorded_cost_usd),
            "transcript.format": of.format,
        }
    )
    if of.experiment:
        found["quarterdeck.experiment"] = True
    if outcome is not None:
        found |= present(
            {
                "quarterdeck.outcome": outcome.label,
                "quarterdeck.outcome.source": outcome.source,
                "quarterdeck.outcome.reason": outcome.reason,
            }
        )
    found |= {f"quarterdeck.units.{name}": amount for name, amount in of.units.items()}
    return found | _metadata(of.metadata)


def entry_attributes(entry: Entry) -> dict[str, Value]:
    match entry:
        case AgentRun():
            found = _agent_attributes(entry)
        case ModelCall():
            found = _model_attributes(entry)
        case ToolCall():
            found = _tool_attributes(entry)
        case PersonAct():
            found = _person_attributes(entry)
        case Event():
            found = _event_attributes(entry)
    if entry.agent:
        found["gen_ai.agent.name"] = entry.agent
    return found | _metadata(entry.metadata)


def _agent_attributes(run: AgentRun) -> dict[str, Value]:
    return present(
        {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": run.name,
            "quarterdeck.role": run.role,
            "input.value": _text(run.input),
            "output.value": _text(run.output),
        }
    ) | _total_attributes(run.total)


def _model_attributes(call: ModelCall) -> dict[str, Value]:
    return present(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": call.model,
            "gen_ai.response.model": call.model,
            "gen_ai.provider.name": call.provider,
            "quarterdeck.role": call.role,
            "gen_ai.system_instructions": call.instructions,
            "gen_ai.input.messages": _messages(call.input),
            "gen_ai.output.messages": _messages(call.output),
            "gen_ai.response.id": call.response_id,
            "gen_ai.response.finish_reasons": [call.finish_reason] if call.finish_reason else [],
            "quarterdeck.recorded_cost_usd": _money(call.recorded_cost_usd),
            "quarterdeck.attempt": call.attempt,
            "openai.response.service_tier": call.service_tier,
        }
    ) | _usage_attributes(call.usage)


_USAGE = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "cache_write_1h_tokens": "gen_ai.usage.cache_creation.1h_input_tokens",
    "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "input_audio_tokens": "gen_ai.usage.audio.input_tokens",
    "output_audio_tokens": "gen_ai.usage.audio.output_tokens",
    "web_searches": "gen_ai.usage.web_search_requests",
}


def _usage_attributes(usage: Usage | None) -> dict[str, Value]:
    if usage is None:
        return {}
    told = ((key, getattr(usage, field)) for field, key in _USAGE.items())
    return {key: amount for key, amount in told if amount is not None}


def _tool_attributes(call: ToolCall) -> dict[str, Value]:
    return present(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": call.tool,
            "gen_ai.tool.call.id": call.call_id,
            "gen_ai.tool.call.arguments": _text(call.arguments),
            "gen_ai.tool.call.result": _text(call.result),
        }
    )


def _person_attributes(act: PersonAct) -> dict[str, Value]:
    waited = None if act.waited_ns is None else act.waited_ns / 1e9
    found = present(
        {
            "quarterdeck.human.kind": act.kind,
            "quarterdeck.human.decision": act.decision if act.decision != "none" else "",
            "quarterdeck.human.by": act.by,
            "quarterdeck.human.question": act.question,
            "quarterdeck.human.answer": act.answer,
            "quarterdeck.human.waited_s": waited,
            "gen_ai.tool.call.id": act.call_id,
            "gen_ai.tool.name": act.tool,
        }
    )
    if act.auto:
        found["quarterdeck.human.auto"] = True
    return found


def _event_attributes(event: Event) -> dict[str, Value]:
    return (
        {"quarterdeck.kind": "step"}
        | present(
            {
                "quarterdeck.handoff.to": event.handoff_to,
                "quarterdeck.handoff.from": event.handoff_from,
                "input.value": _text(event.input),
                "output.value": _text(event.output),
            }
        )
        | _total_attributes(event.total)
    )


def _total_attributes(total: Total | None) -> dict[str, Value]:
    if total is None:
        return {}
    return present(
        {
            "gen_ai.request.model": total.model,
            "quarterdeck.usage.is_total": True,
            "quarterdeck.recorded_cost_usd": _money(total.recorded_cost_usd),
        }
    ) | _usage_attributes(total.usage)


def finding_attributes(findings: Sequence[Finding]) -> dict[str, Value]:
    """Findings of one code share its attribute, as a list."""
    said: dict[str, list[str]] = {}
    for finding in findings:
        said.setdefault(f"quarterdeck.finding.{finding.code}", []).append(finding.message)
    return {key: texts[0] if len(texts) == 1 else texts for key, texts in said.items()}


def score_events(scores: Sequence[Score], *, scope: str) -> tuple[RawEvent, ...]:
    return tuple(
        RawEvent(
            name="quarterdeck.score",
            time_ns=score.at_ns,
            attributes=present(
                {
                    "name": score.name,
                    "value": score.value,
                    "label": score.label,
                    "explanation": score.explanation,
                    "judge": "" if score.judge == "unknown" else score.judge,
                    "author": score.author,
                    "identifier": score.identifier,
                    "scope": scope,
                }
            ),
        )
        for score in scores
    )


def _metadata(metadata: Mapping[str, Any]) -> dict[str, Value]:
    return {
        f"transcript.{key}": value if isinstance(value, str | bool | int | float) else _json(value)
        for key, value in metadata.items()
        if value is not None
    }


def _messages(messages: Sequence[Message]) -> str:
    return _json(messages) if messages else ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode(errors="replace")


def _money(usd: Decimal | None) -> str | None:
    return None if usd is None else f"{usd:f}"


def present(found: Mapping[str, Value]) -> dict[str, Value]:
    """Without what was not told: None, "" and empty lists; 0 and False are told."""
    return {
        key: value for key, value in found.items() if value is not None and value not in ("", [])
    }
