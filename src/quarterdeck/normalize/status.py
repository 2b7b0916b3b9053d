"""
How a span ended.

Exceptions that frameworks use for control flow are not errors, whatever status the
instrumentation set: LangGraph's interrupt arrives as OK from one library and as ERROR from
another, and both mean that the run waits for a person.
"""

import re

from quarterdeck.model.spans import RawEvent, SpanStatus
from quarterdeck.normalize.attributes import MAX_TEXT, flag
from quarterdeck.normalize.dialect import Draft

_FLOW: tuple[tuple[str, SpanStatus], ...] = (
    ("GraphInterrupt", "interrupted"),
    ("NodeInterrupt", "interrupted"),
    ("GraphBubbleUp", "interrupted"),
    ("ApprovalRequired", "interrupted"),
    ("CallDeferred", "interrupted"),
    ("InterruptException", "interrupted"),
    ("ParentCommand", "ok"),
    ("CancelledError", "cancelled"),
    ("KeyboardInterrupt", "cancelled"),
    ("AbortError", "cancelled"),
)
_FLOW_WORDS = tuple(word for word, _ in _FLOW)
_COMMAND = re.compile(r"^(?:\w+\.)*(?:Parent)?Command\(")

_BAD_FINISH = frozenset({"error", "content_filter"})


def flow_status(spelled: str) -> SpanStatus | None:
    """The status that a control-flow exception stands for; None = a real error, or none."""
    head = spelled[:200]
    if not head:
        return None
    # The type is the last dotted part: `langgraph.errors.GraphInterrupt`; in a message it
    # comes first: `GraphInterrupt((Interrupt(value=...`.
    first = re.split(r"[\s(:]", head.strip(), maxsplit=1)[0]
    last = first.rsplit(".", 1)[-1]
    if last in _FLOW_WORDS:
        return dict(_FLOW)[last]
    if _COMMAND.match(head):
        return "ok"
    return None


def judge(draft: Draft) -> None:
    """Fill `status`, `error_type` and `error_message` of a draft that has no status yet."""
    found = draft.found
    raw = draft.raw
    escaped = _exception(draft) if raw.events else None
    stated = found.pop("status_word", None)
    success = found.pop("success", None)
    error_type = found.get("error_type", "")
    if "status" in found:
        return
    flow = None
    if error_type or raw.status_message or escaped is not None:
        flow = _flow(error_type, raw.status_message, escaped)
    if flow is not None:
        found["status"] = flow
        if flow == "ok":
            found.pop("error_type", None)
            found.pop("error_message", None)
        return
    failed = (
        raw.status_code == 2
        or bool(error_type)
        or success is False
        or (escaped is not None and _has_escaped(escaped))
        or not _BAD_FINISH.isdisjoint(found.get("finish_reasons", ()))
    )
    if stated is not None and (stated != "ok" or not failed):
        found["status"] = stated
    elif failed:
        found["status"] = "error"
    elif raw.status_code == 1 or success is True:
        found["status"] = "ok"
    if found.get("status") in ("error", "blocked", "cancelled"):
        _explain_error(draft, escaped)
    else:
        found.pop("error_message", None)


def _exception(draft: Draft) -> RawEvent | None:
    for event in reversed(draft.raw.events):
        if event.name == "exception":
            return event
    return None


def _has_escaped(event: RawEvent) -> bool:
    try:
        return flag(event.attributes.get("exception.escaped")) is True
    except ValueError:
        return False


def _flow(error_type: str, message: str, event: RawEvent | None) -> SpanStatus | None:
    for spelled in (error_type, message):
        status = flow_status(spelled)
        if status is not None:
            return status
    if event is not None:
        for key in ("exception.type", "exception.message"):
            value = event.attributes.get(key)
            if isinstance(value, str) and (status := flow_status(value)) is not None:
                return status
    return None


def _explain_error(draft: Draft, event: RawEvent | None) -> None:
    found = draft.found
    attributes = event.attributes if event is not None else draft.attributes
    if not found.get("error_type"):
        spelled = attributes.get("exception.type")
        if isinstance(spelled, str) and spelled:
            found["error_type"] = spelled[:200]
    if not found.get("error_message"):
        message = draft.raw.status_message or attributes.get("exception.message")
        if isinstance(message, str) and message:
            found["error_message"] = message
    if found.get("error_message"):
        found["error_message"] = found["error_message"][:MAX_TEXT]
