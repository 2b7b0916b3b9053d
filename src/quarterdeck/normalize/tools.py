"""
What tool calls tell beside their name: their target, handoffs, and questions to people.

The target decides error episodes: `read_file a.txt` failing and `read_file b.txt` working is
no recovery.  It is a path, a query or a command where the arguments name one, else their hash.
"""

import re
from functools import lru_cache

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanAsk, HumanDecision
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json, fingerprint_of, object_of
from quarterdeck.normalize.dialect import Draft

_TARGET_KEYS = (
    "path", "file_path", "filepath", "file", "filename", "notebook_path", "url", "uri",
    "command", "cmd", "full_command", "query", "q", "sql", "pattern", "search_query", "target",
    "id", "order_id",
)  # fmt: skip
_MAX_TARGET = 160
"""Enough for a path or a short command; longer ones are told apart by their hash."""


def target_of(arguments: Value) -> str:
    """What a tool acts on, short; "" if the arguments tell nothing."""
    found = arguments if isinstance(arguments, dict) else object_of(arguments)
    if len(found) == 1:
        # {"input": {...}} and {"args": {...}} wrap the real arguments.
        only = next(iter(found.values()))
        inner = only if isinstance(only, dict) else None
        if inner is not None:
            found = inner
    found = _dispatched(found)
    lowered = {str(k).lower(): v for k, v in found.items()}
    for key in _TARGET_KEYS:
        value = lowered.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            spelled = str(value)
            if len(spelled) <= _MAX_TARGET and "\n" not in spelled:
                return spelled
            return f"{key}:{fingerprint_of(spelled)}"
    return ""


def _dispatched(arguments: Value) -> Value:
    """
    The inner arguments of an application's own dispatcher: its calls look like
    `{"name": "read", "args": {...}, "attempt": 1}`.
    """
    if isinstance(arguments, dict) and "name" in arguments:
        inner = arguments.get("args")
        if isinstance(inner, dict) and inner:
            return inner
    return arguments


def arguments_hash(arguments: Value) -> str:
    """Equal for equal arguments, however their JSON was written."""
    decoded = _dispatched(decode_json(arguments))
    return fingerprint_of(decoded) if decoded not in (None, "", {}, []) else ""


_DELEGATING = frozenset({"delegate work to coworker", "ask question to coworker", "delegate_task",
                         "delegate_work_to_coworker", "ask_question_to_coworker"})  # fmt: skip
_SPAWNING = frozenset({"spawn_agent"})
_TARGETS = ("agent_name", "coworker", "target", "agent", "to_agent", "name", "subagent_type")


@lru_cache(maxsize=4096)
def is_plain(tool: str, human_tools: tuple[str, ...]) -> bool:
    """Does a tool so called neither hand off nor ask a person?  Most don't."""
    return handoff_of(tool, None, "") is None and ask_of(tool, human_tools) is None


def handoff_of(tool: str, arguments: Value, agent: str) -> HandoffHint | None:
    """The handoff that calling this tool means, or None."""
    lowered = tool.lower()
    target = ""
    if lowered in ("handoff_to_agent", "transfer_to_agent"):
        target = _named(arguments)
        return HandoffHint(source=agent, target=target, kind="hands_off")
    for prefix in ("transfer_to_", "transfer_back_to_", "handoff_to_"):
        if lowered.startswith(prefix):
            target = tool[len(prefix) :]
            return HandoffHint(source=agent, target=target, kind="hands_off")
    if lowered in _DELEGATING:
        return HandoffHint(source=agent, target=_named(arguments), kind="delegates")
    if lowered in _SPAWNING:
        return HandoffHint(source=agent, target=_named(arguments), kind="spawns")
    return None


def _named(arguments: Value) -> str:
    found = arguments if isinstance(arguments, dict) else object_of(arguments)
    for key in _TARGETS:
        value = found.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:200]
    return ""


_ASKING: dict[str, HumanAsk] = {
    "ask_human": "question",
    "human_input": "question",
    "request_approval": "approval",
    "human_approval": "approval",
    "get_human_feedback": "feedback",
    "human_feedback": "feedback",
    "askuserquestion": "question",
    "ask_user": "question",
    "ask_user_question": "question",
    "humaninputrun": "question",
    "human": "question",
    "adk_request_confirmation": "approval",
    "adk_request_input": "question",
    "adk_request_credential": "question",
}


def ask_of(tool: str, human_tools: tuple[str, ...]) -> HumanAsk | None:
    """What a tool asks of a person, or None if it asks nobody."""
    lowered = tool.strip().lower()
    if lowered.startswith("escalate"):
        return "takeover"
    if lowered in _ASKING:
        return _ASKING[lowered]
    for named in human_tools:
        wanted = named.strip().lower()
        if lowered == wanted or (wanted.endswith("*") and lowered.startswith(wanted[:-1])):
            return "question"
    return None


_TEXT_KEYS = ("question", "prompt", "message", "query", "text", "reason")
_VERDICT_KEYS = ("approved", "approve")
_BY_KEYS = ("by", "approver", "approved_by", "decided_by", "reviewer")


def verdict_of(result: Value) -> tuple[HumanDecision, str]:
    """What a result like `{"approved": true, "by": "alice"}` says: the decision, and who."""
    told = result if isinstance(result, dict) else object_of(result)
    verdict = next((told[key] for key in _VERDICT_KEYS if isinstance(told.get(key), bool)), None)
    by = next((v for key in _BY_KEYS if isinstance(v := told.get(key), str) and v), "")
    if verdict is None:
        return "none", by[:200]
    return "approved" if verdict else "rejected", by[:200]


_MAY_DECIDE = re.compile(r"human|approv", re.IGNORECASE)


def may_decide(span_name: str) -> bool:
    """Is a span so called worth a look at its output for a person's decision?"""
    return _MAY_DECIDE.search(span_name) is not None


def decision_of(span_name: str, result: Value) -> HumanAct | None:
    """
    A person's decision that an application recorded on a plain span: a yes or no, and who.

    A verdict without a name counts only where the span's name says that it was a person's.
    """
    decision, by = verdict_of(decode_json(result))
    if decision == "none" or not (by or "human" in span_name.lower()):
        return None
    return HumanAct(asked="approval", decision=decision, by=by)


def human_of(draft: Draft, ask: HumanAsk, arguments: Value, result: Value) -> HumanAct:
    """The act that a tool call to a person shows: answered if it gave a result."""
    found = arguments if isinstance(arguments, dict) else object_of(arguments)
    question = next((v for k in _TEXT_KEYS if isinstance(v := found.get(k), str) and v), "")
    answer = decode_json(result)
    decision, by = verdict_of(answer)
    if isinstance(answer, dict):
        answer = next(
            (v for k in ("answer", "response", "text", "content") if (v := answer.get(k))), ""
        )
    failed = draft.found.get("status") in ("error", "interrupted", "cancelled")
    waited = draft.raw.end_ns - draft.raw.start_ns
    if failed or not draft.raw.end_ns:
        decision = "none"
    elif decision == "none" and ask == "approval":
        decision = "approved"
    return HumanAct(
        asked=ask,
        decision=decision,
        by=by,
        waited_ns=waited if waited > 0 and not failed else None,
        call_id=draft.found.get("tool_call_id", ""),
        tool=draft.found.get("tool", ""),
        question=question[:500],
        answer=str(answer)[:500] if isinstance(answer, str | int | float | bool) else "",
    )
