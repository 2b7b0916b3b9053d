"""
OpenAI Agents SDK (0.24), as OpenInference, OpenLLMetry and OpenTelemetry v2 show it, and as its
own exporter does (`openai_agents.*`).

The trace's root is the workflow, though OpenInference calls it an agent.  Handoffs are spans of
their own; OpenLLMetry does not tell their target, and assembly takes the next agent.  v2 puts
a placeholder agent on every span that is no agent.  Only the own exporter tells `group_id`,
which is the session; it tells no model and no messages of a call to the Responses API.

A tool that needs approval leaves a span without result when the run stops to ask; the run that
goes on has the tool's real span.  A tool that returns None leaves the same span, so it tells of
a person only if the same call ran later.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    fingerprint,
    fingerprint_of,
    flag,
    member,
    object_of,
    session_id,
    text,
    texts,
    word,
)
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
    UsageFamily,
)
from quarterdeck.normalize.synthesis import word_of

_OPENINFERENCE = "openinference.instrumentation.openai_agents"
_OPENLLMETRY = "opentelemetry.instrumentation.openai_agents"

_PLACEHOLDER = "OpenAI Agent"

_OPERATIONS = {"handoff": Kind("step", "handoff"), "agent_handoff": Kind("step", "handoff")}
_TRACELOOP = {"handoff": Kind("step", "handoff")}
_TYPES = {
    "custom": Kind("step", "", generic=True),
    "mcp_tools": Kind("step", "mcp"),
    "speech_group": Kind("step", "speech", generic=True),
    "guardrail": Kind("guardrail"),
}
_DEFAULT_WORKFLOW = "Agent workflow"
"""What the SDK calls a trace that nobody named."""


def _by_name(name: str) -> Kind | None:
    if name.startswith("handoff to ") or name.endswith(".handoff"):
        return Kind("step", "handoff")
    return Kind("step", "turn", True) if name == "turn" else None


def _not_placeholder(value: Value) -> str | None:
    return None if value == _PLACEHOLDER else value if isinstance(value, str) else None


def _workflow(value: Value) -> str | None:
    return None if value == _DEFAULT_WORKFLOW else text(value)


def _usage(value: Value) -> dict[str, Value] | None:
    """Of the own exporter: cached tokens are part of the input, reasoning of the output."""
    usage = object_of(value)
    read = object_of(usage.get("input_tokens_details"))
    written = object_of(usage.get("output_tokens_details"))
    found = {
        "input_tokens": usage.get("input_tokens", usage.get("prompt_tokens")),
        "output_tokens": usage.get("output_tokens", usage.get("completion_tokens")),
        "total_tokens": usage.get("total_tokens"),
        "cache_read_tokens": read.get("cached_tokens"),
        "cache_write_tokens": read.get("cache_write_tokens"),
        "reasoning_tokens": written.get("reasoning_tokens"),
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def _adjust(draft: Draft) -> None:
    found, raw = draft.found, draft.raw
    if found.get("agent") == _PLACEHOLDER:
        found.pop("agent")
        if found["kind"] == "agent":
            found["kind"], found["subkind"] = "step", "workflow"
        if found.get("agent_id") == "agent":
            found.pop("agent_id")
    if found.get("subkind") == "handoff":
        _read_handoff(draft)
    elif found["kind"] == "agent" and _is_root_workflow(draft):
        found["kind"], found["subkind"] = "step", "workflow"
        found.pop("agent", None)
        found.setdefault("workflow", raw.name)
    elif found["kind"] == "agent":
        source = word_of(draft.attributes, "graph.node.parent_id")
        if source and source != found["agent"]:
            found["handoff"] = HandoffHint(source=source, target=found["agent"], kind="hands_off")
    elif found["kind"] == "tool":
        _read_tool(draft)
    if raw.name == "turn" and found["kind"] == "step":
        found["subkind"] = "turn"
    if "openai_agents.data" in draft.attributes:
        _read_custom(draft)


def _read_custom(draft: Draft) -> None:
    """The SDK's own turns and tasks are custom spans that say so."""
    told = object_of(draft.attributes["openai_agents.data"]).get("sdk_span_type")
    if told == "task":
        draft.found["subkind"] = "workflow"
    elif told == "turn":
        draft.found["subkind"] = "turn"


def _read_tool(draft: Draft) -> None:
    found = draft.found
    if not found.get("tool_call_id"):
        # Only the arguments tell that the tool which ran is the one that was asked about.
        given = next((draft.attributes[k] for k in _INPUTS if k in draft.attributes), "")
        found["tool_call_id"] = "args:" + fingerprint(found.get("tool", ""), fingerprint_of(given))
    if _may_wait_for_approval(draft):
        found["human"] = HumanAct(
            asked="approval",
            tool=found.get("tool", ""),
            call_id=found["tool_call_id"],
            tentative=True,
        )


def _is_root_workflow(draft: Draft) -> bool:
    """OpenInference calls the trace's root an agent.  A real agent says its name."""
    return draft.raw.resource.scope_name == _OPENINFERENCE and not word_of(
        draft.attributes, "agent.name", "graph.node.id"
    )


def _read_handoff(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    source = word_of(draft.attributes, "gen_ai.handoff.from_agent", "input.value")
    target = word_of(draft.attributes, "gen_ai.handoff.to_agent", "output.value")
    if not target and name.startswith("handoff to "):
        target = name.removeprefix("handoff to ").strip()
    found["kind"], found["subkind"] = "step", "handoff"
    found.pop("tool", None)
    found["handoff"] = HandoffHint(source=source, target=target, kind="hands_off")
    if source:
        found.setdefault("agent", source)


_RESULTS = ("output.value", "gen_ai.tool.call.result", "traceloop.entity.output")
_INPUTS = ("input.value", "gen_ai.tool.call.arguments", "traceloop.entity.input")


def _may_wait_for_approval(draft: Draft) -> bool:
    attributes, raw = draft.attributes, draft.raw
    if raw.status_code == 2 or not raw.end_ns:
        return False
    return any(key in attributes for key in _INPUTS) and not any(
        key in attributes for key in _RESULTS
    )


DIALECT = Dialect(
    name="openai_agents",
    framework="openai_agents",
    recognizes=Recognizes(
        scopes=(
            _OPENINFERENCE,
            _OPENLLMETRY,
            "opentelemetry.instrumentation.genai.openai_agents",
            "openai-agents",
            "openai_agents",
        ),
        keys=("gen_ai.handoff.", "openai_agents."),
    ),
    kinds=(
        KindSource(0, "", read=_by_name, gated=True),
        KindSource(1, "gen_ai.operation.name", _OPERATIONS, gated=True),
        KindSource(9, "traceloop.span.kind", _TRACELOOP, gated=True),
        KindSource(10, "openai_agents.type", _TYPES),
    ),
    sources=(
        Source("agent", 5, "gen_ai.agent.name", _not_placeholder, gated=True),
        Source("workflow", 60, "workflow_name", gated=True),
        Source("session_key", 111, "group_id", session_id, gated=True),
        Source("session_key", 63, "openai_agents.group_id", session_id),
        Source(
            "session_key",
            64,
            "openai_agents.metadata",
            member(session_id, "session_id", "conversation_id", "thread_id"),
        ),
        Source("user", 84, "openai_agents.metadata", member(text, "user_id", "user")),
        Source("environment", 68, "openai_agents.metadata", member(word, "environment", "env")),
        Source("tags", 81, "openai_agents.metadata", member(texts, "tags")),
        Source("task_type", 30, "openai_agents.metadata", member(text, "task_type")),
        Source("workflow", 61, "openai_agents.workflow_name", _workflow),
        Source("guardrail_triggered", 60, "openai_agents.triggered", flag),
    ),
    usages=(
        UsageFamily(
            name="openai_agents.usage",
            rank=82,
            key="openai_agents.usage",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 142, "openai_agents.input", loose=True),
        ContentSource("output_messages", 142, "openai_agents.output", loose=True),
        ContentSource("metadata", 61, "openai_agents.metadata"),
    ),
    adjust=_adjust,
)
