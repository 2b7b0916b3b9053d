"""
Google ADK, both schemas (2.13): `gcp.vertex.agent.*` and the GenAI conventions.

Schema 1 wraps each call in `call_llm`, schema 2 does not; usage is on `generate_content`.
Parallel tool calls also give one merged tool span, which is no call.  `gen_ai.tool.type` is a
Python class: it tells transfers, agents used as tools, and tools that finish later, by a person
or a job.  A transfer's target is only in the content: without it, assembly takes the next agent.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import object_of, session_id
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of

_KINDS = {
    "invocation": Kind("step", "workflow"),
    "call_llm": Kind("step", "call"),
    "send_data": Kind("step", "call"),
    "managed_agent_interaction": Kind("agent"),
}


def _by_name(name: str) -> Kind | None:
    if name.startswith("agent_run"):
        return Kind("agent")
    if name.startswith("compact_events"):
        return Kind("step", "compaction")
    return _KINDS.get(name)


def _adjust(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    if found["kind"] == "agent" and name.startswith("agent_run ["):
        found["agent"] = name[len("agent_run [") :].rstrip("]").strip()
    if name == "call_llm" and "usage" in found:
        # Before the inner `generate_content` existed, the call itself carried the usage.
        found["kind"], found["subkind"] = "model", ""
    if name == "execute_tool (merged)" or found.get("tool") == "(merged tools)":
        found["kind"], found["subkind"], found["ghost"] = "step", "merged", True
        found.pop("tool", None)
    elif found["kind"] == "tool":
        _read_tool_type(draft)
    if "compact" in name and word_of(draft.attributes, "gen_ai.compaction.trigger"):
        found["subkind"] = "compaction"


def _read_tool_type(draft: Draft) -> None:
    found = draft.found
    tool = found.get("tool", "")
    spelled = word_of(draft.attributes, "gen_ai.tool.type")
    if spelled == "TransferToAgentTool" or tool == "transfer_to_agent":
        found["handoff"] = HandoffHint(
            source=found.get("agent", ""), target=_transfer_target(draft), kind="hands_off"
        )
        found["subkind"] = "handoff"
    elif spelled == "AgentTool":
        found["handoff"] = HandoffHint(source=found.get("agent", ""), target=tool, kind="delegates")
    elif spelled == "LongRunningFunctionTool":
        # The result arrives in a later invocation: whether a person or a job gives it, the
        # record does not say.
        found["human"] = HumanAct(
            asked="question", call_id=found.get("tool_call_id", ""), tool=tool
        )


def _transfer_target(draft: Draft) -> str:
    for key in ("gen_ai.tool.call.arguments", "gcp.vertex.agent.tool_call_args"):
        target = word_of(object_of(draft.attributes.get(key)), "agent_name")
        if target:
            return target
    return ""


def _request(value: Value) -> Value:
    """The messages of a request: its contents, after its system instruction."""
    request = object_of(value)
    contents = request.get("contents")
    if not isinstance(contents, list):
        return None
    config = request.get("config")
    instruction = config.get("system_instruction") if isinstance(config, dict) else None
    if isinstance(instruction, str) and instruction:
        return [{"role": "system", "content": instruction}, *contents]
    return contents


def _response(value: Value) -> Value:
    response = object_of(value)
    content = response.get("content")
    return [content] if isinstance(content, dict) else None


DIALECT = Dialect(
    name="adk",
    framework="adk",
    recognizes=Recognizes(
        scopes=("gcp.vertex.agent", "google.adk"),
        keys=("gcp.vertex.agent.", "adk.", "gen_ai.compaction."),
    ),
    kinds=(KindSource(5, "", read=_by_name, gated=True),),
    sources=(Source("session_key", 90, "gcp.vertex.agent.session_id", session_id),),
    contents=(
        ContentSource("input_messages", 100, "gcp.vertex.agent.llm_request", _request),
        ContentSource("output_messages", 90, "gcp.vertex.agent.llm_response", _response),
        ContentSource("arguments", 30, "gcp.vertex.agent.tool_call_args"),
        ContentSource("result", 30, "gcp.vertex.agent.tool_response"),
        ContentSource("input", 60, "gcp.vertex.agent.data"),
    ),
    adjust=_adjust,
)
