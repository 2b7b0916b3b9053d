"""
Our own attributes, for what no convention has: task, outcome, units of work, human acts.

They are documented for users in docs/reference; the SDK writes them.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanAsk, HumanDecision
from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome, OutcomeSource
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    count,
    flag,
    number,
    seconds,
    session_id,
    texts,
    word,
)
from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)

_KINDS = {
    kind: Kind(kind)
    for kind in (
        "agent", "model", "tool", "retrieval", "human", "guardrail", "evaluation", "memory",
        "step", "session",
    )
}  # fmt: skip

_SOURCES: dict[str, OutcomeSource] = {
    "agent": "agent",
    "human": "human",
    "evaluator": "evaluator",
    "rule": "rule",
}
_ASKS: dict[str, HumanAsk] = {
    "approval": "approval",
    "rejection": "approval",
    "question": "question",
    "answer": "question",
    "edit": "edit",
    "correction": "edit",
    "feedback": "feedback",
    "takeover": "takeover",
    "stop": "stop",
}
_DECISIONS: dict[str, HumanDecision] = {
    "approved": "approved",
    "approve": "approved",
    "accept": "approved",
    "accepted": "approved",
    "rejected": "rejected",
    "reject": "rejected",
    "denied": "rejected",
    "modified": "modified",
    "edited": "modified",
    "cancelled": "cancelled",
    "timeout": "timeout",
    "none": "none",
}


def _units(below: dict[str, Value]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, value in list(below.items())[:50]:
        try:
            amount = number(value)
        except Unreadable as unreadable:
            raise Unreadable(f"{name}: {unreadable}") from unreadable
        if amount is not None and name:
            found[name[:100]] = amount
    return found or None


def _outcome(draft: Draft) -> None:
    spelled = draft.attributes.get("quarterdeck.outcome")
    if spelled is None:
        return
    label = str(spelled).strip().lower()
    if label not in OUTCOME_LABELS:
        draft.problem(
            "quarterdeck.outcome",
            f"expected one of {', '.join(OUTCOME_LABELS)}, got {label[:40]!r}",
        )
        return
    source = str(draft.attributes.get("quarterdeck.outcome.source") or "agent").strip().lower()
    reason = draft.attributes.get("quarterdeck.outcome.reason")
    draft.found["outcome"] = Outcome(
        label=label,
        source=_SOURCES.get(source, "agent"),
        reason=reason[:500] if isinstance(reason, str) else "",
        at_ns=draft.raw.end_ns or draft.raw.start_ns,
    )


def _human(draft: Draft) -> None:
    attributes = draft.attributes
    if not any(key.startswith("quarterdeck.human.") for key in attributes):
        return
    kind = str(attributes.get("quarterdeck.human.kind") or "approval").strip().lower()
    decision = str(attributes.get("quarterdeck.human.decision") or "none").strip().lower()
    if kind not in _ASKS:
        draft.problem("quarterdeck.human.kind", f"unknown kind of human act: {kind[:40]!r}")
    if decision not in _DECISIONS:
        draft.problem("quarterdeck.human.decision", f"unknown decision: {decision[:40]!r}")
    decided = _DECISIONS.get(decision, "none")
    if kind == "rejection" and decided == "none":
        decided = "rejected"
    waited = None
    try:
        waited = seconds(attributes.get("quarterdeck.human.waited_s"))
    except Unreadable as unreadable:
        draft.problem("quarterdeck.human.waited_s", str(unreadable))
    by = attributes.get("quarterdeck.human.by")
    question = attributes.get("quarterdeck.human.question")
    answer = attributes.get("quarterdeck.human.answer")
    draft.found["human"] = HumanAct(
        asked=_ASKS.get(kind, "approval"),
        decision=decided,
        by=by[:200] if isinstance(by, str) else "",
        waited_ns=waited,
        call_id=draft.found.get("tool_call_id", ""),
        tool=draft.found.get("tool", ""),
        question=question[:500] if isinstance(question, str) else "",
        answer=answer[:500] if isinstance(answer, str) else "",
    )
    draft.found["kind"] = "human"
    if "quarterdeck.human.decision" in attributes and decided == "none":
        # Asked, and said to be unanswered: an ended span is no answer then.
        draft.found.setdefault("status", "interrupted")


def _adjust(draft: Draft) -> None:
    _outcome(draft)
    _human(draft)
    attributes = draft.attributes
    for key, value in attributes.items():
        if key.startswith("quarterdeck.problem"):
            # What `receive` could not decode and said so in place of it.
            draft.problem(key, str(value))
    target = attributes.get("quarterdeck.handoff.to")
    if isinstance(target, str) and target:
        source = attributes.get("quarterdeck.handoff.from")
        draft.found["handoff"] = HandoffHint(
            source=source if isinstance(source, str) else draft.found.get("agent", ""),
            target=target,
        )


DIALECT = Dialect(
    name="quarterdeck",
    recognizes=Recognizes(keys=("quarterdeck.",)),
    sources=(
        Source("task", 1, "quarterdeck.task"),
        Source("task_type", 1, "quarterdeck.task_type"),
        Source("agent_role", 1, "quarterdeck.role"),
        Source("units", 1, "quarterdeck.units.", _units, group=True),
        Source("workflow", 1, "quarterdeck.workflow.name"),
        Source("workflow_version", 1, "quarterdeck.workflow.version"),
        Source("workflow_digest", 1, "quarterdeck.workflow.digest"),
        Source("environment", 1, "quarterdeck.environment", word),
        Source("tags", 1, "quarterdeck.tags", texts),
        Source("partial", 1, "quarterdeck.partial", flag),
        Source("synthetic", 1, "quarterdeck.synthetic", flag),
        Source("attempt", 1, "quarterdeck.attempt", count),
        Source("fallback_from", 1, "quarterdeck.fallback_from"),
        Source("session_key", 25, "quarterdeck.session.id", session_id),
    ),
    resource_sources=(
        Source("workflow", 1, "quarterdeck.workflow.name"),
        Source("workflow_version", 1, "quarterdeck.workflow.version"),
        Source("workflow_digest", 1, "quarterdeck.workflow.digest"),
        Source("environment", 1, "quarterdeck.environment", word),
    ),
    kinds=(KindSource(0, "quarterdeck.kind", _KINDS),),
    adjust=_adjust,
)
