"""
Our own attributes, for what no convention has: task, outcome, units of work, human acts.

They are documented for users in docs/reference; the SDK writes them.
"""

import re

from quarterdeck.model.findings import Finding
from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanAsk, HumanDecision
from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome, OutcomeSource
from quarterdeck.model.scores import Judge, Score, ScoreScope
from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    as_json,
    count,
    flag,
    money,
    number,
    seconds,
    session_id,
    text,
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
        "session",
    )
} | {"step": Kind("step", "stated")}  # fmt: skip
"""A span that nobody knows is a step too; one that says so is worth stopping at."""

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
_STATUSES = frozenset({"ok", "error", "cancelled", "blocked", "interrupted"})
_SUCCESSES = frozenset({"success", "success_partial"})
_JUDGES: dict[str, Judge] = {"human": "human", "llm": "llm", "code": "code", "": "unknown"}
_SCOPES: dict[str, ScoreScope] = {"span": "span", "trace": "trace", "session": "session"}

_FINDING = "quarterdeck.finding."
_MAX_FINDINGS = 50
"""Of one span; an importer that finds more says the same thing of many places."""
_CODE = re.compile("[a-z][a-z0-9_]{0,59}")
_RECORDED = "quarterdeck.recorded_cost_usd"


def _status(value: Value) -> str | None:
    """How a span ended where OTLP's status has no word for it."""
    spelled = word(value)
    return spelled if spelled in _STATUSES else None


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
    if source == "rule" and label in _SUCCESSES:
        # The absence of errors is no success: rules only find bad ends.
        draft.problem(
            "quarterdeck.outcome", f"a rule can't tell {label}: the outcome stays unknown"
        )
        return
    reason = draft.attributes.get("quarterdeck.outcome.reason")
    draft.found["outcome"] = Outcome(
        label=label,
        source=_SOURCES.get(source, "agent"),
        reason=reason[:500] if isinstance(reason, str) else "",
        at_ns=draft.raw.end_ns or draft.raw.start_ns,
    )


def _is_true(value: Value) -> bool:
    try:
        return flag(value) or False
    except Unreadable:
        return False


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
        auto=_is_true(attributes.get("quarterdeck.human.auto")),
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


def _findings(draft: Draft) -> None:
    """A text for each code; a list of texts is several findings of one code."""
    found: list[Finding] = []
    for key, value in sorted(draft.attributes.items()):
        if not key.startswith(_FINDING):
            continue
        code = key.removeprefix(_FINDING)
        if not _CODE.fullmatch(code):
            draft.problem(key, "expected a code in snake_case")
            continue
        for said in value if isinstance(value, list | tuple) else (value,):
            message = said if isinstance(said, str) else as_json(said).decode(errors="replace")
            found.append(Finding(code=code, message=message.strip()[:500]))
    if found:
        draft.found["findings"] = tuple(found[:_MAX_FINDINGS])


def _expected(draft: Draft) -> None:
    """Both counts or none: a share needs what it is of."""
    found = draft.found
    expected, matched = found.get("expected_calls"), found.get("matched_calls")
    if expected is None and matched is None:
        return
    if expected is None or matched is None or matched > expected:
        draft.problem(
            "quarterdeck.expected_calls",
            f"expected count and matched, matched no more than count; got {expected} and {matched}",
        )
        found.pop("expected_calls", None)
        found.pop("matched_calls", None)


def _recorded_cost(draft: Draft) -> None:
    """
    What the source says this cost.  Of a session it is the total of its calls, so no charge of
    its own; of a call that ran no model it would be nobody's.
    """
    if _RECORDED not in draft.attributes:
        return
    try:
        recorded = money(draft.attributes[_RECORDED])
    except Unreadable as unreadable:
        draft.problem(_RECORDED, str(unreadable))
        return
    if recorded is None:
        return
    if draft.found["kind"] == "session":
        draft.found["recorded_session_usd"] = recorded
    else:
        draft.found["reported_usd"] = recorded


def _score(draft: Draft, event: RawEvent) -> None:
    """`quarterdeck.score`: a judgement that the span carries."""
    attributes = event.attributes
    try:
        name = text(attributes.get("name"))
        value = number(attributes.get("value"))
        label = text(attributes.get("label")) or ""
        explanation = text(attributes.get("explanation")) or ""
        judge = word(attributes.get("judge")) or ""
        scope = word(attributes.get("scope")) or "span"
        author = text(attributes.get("author")) or ""
        identifier = text(attributes.get("identifier")) or ""
    except Unreadable as unreadable:
        draft.problem("quarterdeck.score", str(unreadable))
        return
    if name is None or (value is None and not label and not explanation):
        draft.problem(
            "quarterdeck.score", "a score needs a name, and a value, label or explanation"
        )
        return
    if judge not in _JUDGES:
        draft.problem("quarterdeck.score", f"expected human, llm or code, got {judge[:40]!r}")
    if scope not in _SCOPES:
        draft.problem("quarterdeck.score", f"expected span, trace or session, got {scope[:40]!r}")
    score = Score(
        name=name[:200],
        scope=_SCOPES.get(scope, "span"),
        value=value,
        label=label[:200],
        explanation=explanation,
        judge=_JUDGES.get(judge, "unknown"),
        author=author[:200],
        identifier=identifier[:200],
        at_ns=event.time_ns or draft.raw.end_ns or draft.raw.start_ns,
    )
    draft.found["scores"] = (*draft.found.get("scores", ()), score)


def _adjust(draft: Draft) -> None:
    _outcome(draft)
    _human(draft)
    _findings(draft)
    _expected(draft)
    _recorded_cost(draft)
    attributes = draft.attributes
    if draft.found.get("case"):
        draft.found.setdefault("experiment", True)
    if _is_true(attributes.get("quarterdeck.usage.is_total")):
        draft.found["subkind"] = "total"
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
        Source("status_word", 1, "quarterdeck.status", _status),
        Source("synthetic", 1, "quarterdeck.synthetic", flag),
        Source("attempt", 1, "quarterdeck.attempt", count),
        Source("fallback_from", 1, "quarterdeck.fallback_from"),
        Source("case", 1, "quarterdeck.case"),
        Source("trial", 1, "quarterdeck.trial", count),
        Source("expected_calls", 1, "quarterdeck.expected_calls.count", count),
        Source("matched_calls", 1, "quarterdeck.expected_calls.matched", count),
        Source("experiment", 1, "quarterdeck.experiment", flag),
        Source("session_key", 25, "quarterdeck.session.id", session_id),
        Source("parts", 1, "quarterdeck.fragments", count),
    ),
    resource_sources=(
        Source("workflow", 1, "quarterdeck.workflow.name"),
        Source("workflow_version", 1, "quarterdeck.workflow.version"),
        Source("workflow_digest", 1, "quarterdeck.workflow.digest"),
        Source("environment", 1, "quarterdeck.environment", word),
    ),
    kinds=(KindSource(0, "quarterdeck.kind", _KINDS),),
    adjust=_adjust,
    on_event={"quarterdeck.score": _score},
)
