"""
AWS Strands (1.62): `invoke_agent` over event-loop cycles over `chat` and `execute_tool`.

Usage is on agents, cycles and calls at once, under two names; the agent's is accumulated over
its whole life, so the second invocation repeats the first one's.  Only calls are spent.
Content is Bedrock-Converse JSON in span events: a tool's input is in `gen_ai.tool.message`,
its output in `gen_ai.choice`.
"""

from quarterdeck.model.interventions import HumanAct, HumanDecision
from quarterdeck.model.spans import RawEvent, SpanStatus, Value
from quarterdeck.normalize.attributes import decode_json, is_hidden, milliseconds, object_of, word
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)

_OPERATIONS = {
    "invoke_swarm": Kind("step", "workflow"),
    "invoke_graph": Kind("step", "workflow"),
}

_STATUSES: dict[str, SpanStatus] = {
    "success": "ok", "error": "error", "interrupted": "interrupted", "cancelled": "cancelled",
}  # fmt: skip


def _by_name(name: str) -> Kind | None:
    if name.startswith(("invoke_swarm", "invoke_graph")):
        return Kind("step", "workflow")
    if name.startswith("memory."):
        return Kind("memory")
    return None


def _tool_status(value: Value) -> SpanStatus | None:
    return _STATUSES.get(word(value) or "")


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found["kind"] != "model" and "usage" in found:
        found["usage_is_aggregate"] = True
    if found.get("subkind") == "workflow":
        found.pop("agent", None)
    if found["kind"] == "agent":
        answer = _interrupt_answer(draft)
        if answer is not None:
            found["human"] = answer


_YES = frozenset({"y", "yes", "approve", "approved", "true", "ok", "accept"})
_NO = frozenset({"n", "no", "reject", "rejected", "deny", "denied", "false"})


def _interrupt_answer(draft: Draft) -> HumanAct | None:
    """A run that goes on after an interrupt has the person's answers in its input."""
    for event in draft.raw.events:
        spelled = event.attributes.get("content")
        if event.name != "gen_ai.user.message" or not isinstance(spelled, str):
            continue
        if "interruptResponse" not in spelled and "interrupt_response" not in spelled:
            continue
        blocks = decode_json(spelled)
        for block in blocks if isinstance(blocks, list) else [blocks]:
            told = _answer(block)
            if told is not None:
                return told
    return None


def _answer(block: Value) -> HumanAct | None:
    if not isinstance(block, dict):
        return None
    inner = block.get("interruptResponse", block.get("interrupt_response"))
    if inner is None and block.get("type") == "interrupt_response":
        inner = block
    if not isinstance(inner, dict):
        return None
    answer = inner.get("response")
    spelled = str(answer).strip()[:500] if isinstance(answer, str | bool | int | float) else ""
    decision: HumanDecision = "none"
    if spelled.lower() in _YES:
        decision = "approved"
    elif spelled.lower() in _NO:
        decision = "rejected"
    return HumanAct(asked="approval", decision=decision, answer=spelled)


def _tool_input(events: list[RawEvent]) -> Value:
    return _last(events, "content")


def _tool_result(events: list[RawEvent]) -> Value:
    return _last(events, "message")


def _last(events: list[RawEvent], key: str) -> Value:
    for event in reversed(events):
        value = event.attributes.get(key)
        if not is_hidden(value):
            return _unwrapped(value)
    return None


def _unwrapped(value: Value) -> Value:
    """Text of a single Converse text block; anything else as it is, decoded."""
    decoded = decode_json(value)
    if isinstance(decoded, list) and len(decoded) == 1:
        only = object_of(decoded[0])
        if set(only) == {"text"}:
            return only["text"]
    return decoded


DIALECT = Dialect(
    name="strands",
    framework="strands",
    recognizes=Recognizes(
        scopes=("strands.", "strands-agents"), keys=("event_loop.", "gen_ai.agent.tools")
    ),
    kinds=(
        KindSource(1, "gen_ai.operation.name", _OPERATIONS, gated=True),
        KindSource(5, "", read=_by_name, gated=True),
    ),
    sources=(
        Source("status_word", 40, "gen_ai.tool.status", _tool_status),
        Source(
            "time_to_first_token_ns", 60, "gen_ai.server.time_to_first_token", milliseconds,
            gated=True,
        ),
    ),
    contents=(
        ContentSource(
            "arguments", 110, read=_tool_input, events=("gen_ai.tool.message",), gated=True
        ),
        ContentSource("result", 70, read=_tool_result, events=("gen_ai.choice",), gated=True),
        ContentSource("result", 55, "tool.result", _unwrapped, gated=True),
    ),
    adjust=_adjust,
)  # fmt: skip
