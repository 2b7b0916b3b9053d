"""
LiveKit Agents (1.8): voice sessions, GenAI v0.1.0 names beside `lk.*`.

A trace is a whole session: `agent_session` covers it.  `llm_node` wraps `llm_request` and has
the call's usage only where no request span exists.  What people say is their normal input,
also when it interrupts the agent.  Content keys have a `pii` segment, older versions none.  A
call's input may hold only what changed since an earlier one: see `deltas.py`.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.normalize.attributes import count, session_id
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import flag_of, word_of

_KINDS = {
    "agent_session": Kind("session"),
    "job_entrypoint": Kind("step", "workflow"),
    "start_agent_activity": Kind("agent", "create_agent"),
    "update_agent": Kind("agent", "create_agent"),
    "user_turn": Kind("step", "turn"),
    "agent_turn": Kind("agent", "turn"),
    "llm_node": Kind("step", "call"),
    "llm_request": Kind("model"),
    "llm_request_run": Kind("step", "call"),
    "realtime_inference": Kind("model"),
    "function_tool": Kind("tool"),
    "tts_node": Kind("step", "speech"),
    "tts_request": Kind("model", "speech"),
    "tts_request_run": Kind("step", "speech"),
    "stt_node": Kind("step", "transcription"),
    "judge_evaluation": Kind("evaluation"),
}


def _by_name(name: str) -> Kind | None:
    if name.startswith("eou_"):
        return Kind("step", "end_of_utterance")
    return _KINDS.get(name)


def _adjust(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    if name == "llm_node" and "usage" in found:
        found["kind"], found["subkind"] = "model", ""
    elif name == "update_agent":
        source = word_of(draft.attributes, "lk.previous_agent_label", "lk.old_agent_label")
        target = word_of(draft.attributes, "lk.new_agent_label", "lk.agent_label", "lk.agent_name")
        found["handoff"] = HandoffHint(
            source=source, target=target or found.get("agent", ""), kind="hands_off"
        )
    elif name == "function_tool" and flag_of(draft.attributes, "lk.function_tool.is_error"):
        found["success"] = False
    if found["kind"] == "session":
        found.pop("agent", None)


DIALECT = Dialect(
    name="livekit",
    framework="livekit",
    recognizes=Recognizes(scopes=("livekit",), keys=("lk.",)),
    kinds=(KindSource(0, "", read=_by_name, gated=True),),
    sources=(
        Source("session_key", 120, "lk.room_sid", session_id),
        Source("session_key", 121, "lk.pii.room_name", session_id),
        Source("session_key", 122, "lk.room_name", session_id),
        Source("agent", 50, "lk.agent_name"),
        Source("agent", 51, "lk.agent_label"),
        Source("tool", 65, "lk.function_tool.name"),
        Source("tool_call_id", 90, "lk.function_tool.id"),
        Source("resends", 30, "lk.retry_count", count),
    ),
    contents=(
        ContentSource("input", 100, "lk.pii.user_input"),
        ContentSource("input", 101, "lk.user_input"),
        ContentSource("input", 102, "lk.pii.user_transcript"),
        ContentSource("input", 103, "lk.user_transcript"),
        ContentSource("input_messages", 170, "lk.pii.chat_ctx"),
        ContentSource("input_messages", 171, "lk.chat_ctx"),
        ContentSource("output_messages", 140, "lk.pii.response.text"),
        ContentSource("output_messages", 141, "lk.response.text"),
        ContentSource("arguments", 105, "lk.pii.function_tool.arguments"),
        ContentSource("arguments", 106, "lk.function_tool.arguments"),
        ContentSource("result", 105, "lk.pii.function_tool.output"),
        ContentSource("result", 106, "lk.function_tool.output"),
    ),
    adjust=_adjust,
)
