"""
The public JSON form of a session: one shape in the API, the SDK, the CLI, exports and MCP.

Instants are RFC 3339, money is text (JSON numbers are floats), unknown is null.  Lists hold the
first 500 entries, the counts beside them are complete.
"""

from decimal import Decimal
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.handoffs import Handoff
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import ErrorEpisode, ModelUse, Retry, Session, SessionCost

Json = dict[str, Any]


def to_json(session: Session) -> Json:
    workflow = session.workflow
    return {
        "session_id": session.session_id,
        "external_id": session.external_id or None,
        "derived": session.derived,
        "status": session.status,
        "task": session.task or None,
        "task_type": session.task_type or None,
        "user": session.user or None,
        "started_at": to_rfc3339(session.started_ns),
        "ended_at": _instant(session.ended_ns),
        "last_seen_at": to_rfc3339(session.last_seen_ns),
        "duration_s": _seconds(session.last_seen_ns - session.started_ns),
        "workflow": {
            "name": workflow.name or None,
            "version": _version(workflow.version),
            "digest": workflow.digest or None,
            "environment": workflow.environment or None,
        },
        "models_used": [_model(use) for use in session.models],
        "tool_calls": [
            {"tool": use.tool, "calls": use.calls, "errors": use.errors, "denied": use.denied}
            for use in session.tools
        ],
        "agents": [
            {
                "agent": use.agent,
                "role": use.role or None,
                "invocations": use.invocations,
                "model_calls": use.model_calls,
                "tool_calls": use.tool_calls,
                "errors": use.errors,
                "cost_usd": _usd(use.cost_usd),
            }
            for use in session.agents
        ],
        "handoffs": [_handoff(handoff) for handoff in session.handoffs],
        "handoff_count": session.handoff_count,
        "human_interventions": {
            "count": sum(session.intervention_kinds.values()),
            "by_kind": session.intervention_kinds,
            "pending": session.pending_interventions,
            "waited_s": waited_s(session),
        },
        "interventions": [_intervention(act) for act in session.interventions],
        "outcome": {
            "label": session.outcome.label,
            "source": session.outcome.source or None,
            "reason": session.outcome.reason or None,
            "author": session.outcome.author or None,
        },
        "cost": _cost(session.cost),
        "quality": {"score": session.quality, "parts": {}},
        "error_episodes": session.episode_count,
        "recovered": session.recovered_count,
        "episodes": [_episode(episode) for episode in session.episodes],
        "retries": session.retry_count,
        "fallbacks": session.fallback_count,
        "attempts": [_retry(retry) for retry in session.retries],
        "units": {name: _number(amount) for name, amount in session.units.items()},
        "tags": list(session.tags),
        "scores": [_score(score) for score in session.scores],
        "experiment": session.experiment,
        "case": session.case or None,
        "trial": session.trial,
        "expected_calls": _expected(session),
        "data_findings": [_finding(finding) for finding in session.findings],
        "data_finding_count": session.finding_count,
        "trace_ids": list(session.trace_ids),
        "sub_sessions": list(session.sub_sessions),
        "span_count": session.span_count,
        "step_count": session.step_count,
        "open_spans": session.open_spans,
        "missing_parents": session.missing_parents,
        "error_spans": session.error_spans,
        "frameworks": list(session.frameworks),
        "dialects": list(session.dialects),
        "problems": [{"key": p.key, "message": p.message} for p in session.problems],
        "problem_count": session.problem_count,
        "dropped": session.dropped,
    }


def _expected(session: Session) -> Json | None:
    """None unless a test said what it expected."""
    if session.expected_calls is None:
        return None
    return {"count": session.expected_calls, "matched": session.matched_calls}


def _finding(finding: Finding) -> Json:
    return {
        "code": finding.code,
        "message": finding.message,
        "count": finding.count,
        "trace_id": finding.trace_id or None,
        "span_id": finding.span_id or None,
    }


def waited_s(session: Session) -> float | None:
    """None where people acted and of no act it is known how long it took."""
    acts = session.interventions
    if acts and not session.waited_ns and all(act.waited_ns is None for act in acts):
        return None
    return _seconds(session.waited_ns)


def _model(use: ModelUse) -> Json:
    sums = use.input_tokens + use.output_tokens
    nobody_told = not sums and 0 < use.calls <= use.calls_without_usage

    def told(tokens: int) -> int | None:
        return None if nobody_told else tokens

    return {
        "model": use.model,
        "provider": use.provider or None,
        "role": use.role or None,
        "calls": use.calls,
        "errors": use.errors,
        "input_tokens": told(use.input_tokens),
        "output_tokens": told(use.output_tokens),
        "cache_read_tokens": told(use.cache_read_tokens),
        "cache_write_tokens": told(use.cache_write_tokens),
        "reasoning_tokens": told(use.reasoning_tokens),
        "calls_without_usage": use.calls_without_usage,
        "cost_usd": _usd(use.cost_usd),
        "unpriced_calls": use.unpriced_calls,
    }


def _cost(cost: SessionCost) -> Json:
    calls = cost.priced_calls + cost.unpriced_calls
    return {
        "total_usd": _usd(cost.total_usd),
        "reported_usd": _usd(cost.reported_usd),
        "computed_usd": _usd(cost.computed_usd),
        "priced_calls": cost.priced_calls,
        "unpriced_calls": cost.unpriced_calls,
        "unpriced_share": round(cost.unpriced_calls / calls, 6) if calls else None,
        "wasted_usd": _usd(cost.wasted_usd),
    }


def _handoff(handoff: Handoff) -> Json:
    return {
        "from": handoff.source,
        "to": handoff.target or None,
        "kind": handoff.kind,
        "at": to_rfc3339(handoff.at_ns),
        "trace_id": handoff.trace_id,
        "span_id": handoff.span_id,
    }


def _intervention(act: Intervention) -> Json:
    return {
        "kind": act.kind,
        "at": to_rfc3339(act.at_ns),
        "waited_s": _seconds(act.waited_ns),
        "decision": act.decision,
        "by": act.by or None,
        "agent": act.agent or None,
        "tool": act.tool or None,
        "call_id": act.call_id or None,
        "question": act.question or None,
        "answer": act.answer or None,
        "pending": act.pending,
        "trace_id": act.trace_id,
        "span_id": act.span_id,
    }


def _episode(episode: ErrorEpisode) -> Json:
    return {
        "operation": episode.operation,
        "target": episode.target or None,
        "opened_at": to_rfc3339(episode.opened_ns),
        "errors": episode.errors,
        "reason": episode.reason or None,
        "recovered_at": _instant(episode.recovered_ns),
        "recovered_by": episode.recovered_by or None,
        "by_fallback": episode.by_fallback,
        "trace_id": episode.trace_id,
        "span_id": episode.span_id,
    }


def _retry(retry: Retry) -> Json:
    return {
        "kind": retry.kind,
        "from": retry.source,
        "to": retry.target,
        "reason": retry.reason,
        "count": retry.count,
        "at": to_rfc3339(retry.at_ns),
        "trace_id": retry.trace_id,
        "span_id": retry.span_id,
    }


def _score(score: Score) -> Json:
    return {
        "name": score.name,
        "scope": score.scope,
        "value": score.value,
        "label": score.label or None,
        "explanation": score.explanation or None,
        "judge": score.judge,
        "identifier": score.identifier or None,
        "author": score.author or None,
        "at": to_rfc3339(score.at_ns),
        "trace_id": score.target_trace_id or None,
        "span_id": score.target_span_id or None,
    }


def _instant(at_ns: int | None) -> str | None:
    return None if at_ns is None else to_rfc3339(at_ns)


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else duration_ns / NS_PER_S


def _usd(usd: Decimal | None) -> str | None:
    """Plain digits, never an exponent."""
    return None if usd is None else f"{usd:f}"


def _number(amount: float) -> float | int:
    return int(amount) if amount.is_integer() else amount


def _version(version: str) -> int | str | None:
    """Our own versions are numbers; others' are text."""
    if (
        version.isascii()
        and version.isdigit()
        and len(version) < 10
        and str(int(version)) == version
    ):
        return int(version)
    return version or None
