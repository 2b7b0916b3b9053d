"""
Mastra (core 1.71): `mastra.span.type` and `mastra.<type>.<key>`.

Mastra promises that exactly one span of a model call carries its usage.  A workflow that waits
for an event waits for a person if somebody resumed it; the record does not say who.
"""

from quarterdeck.model.interventions import HumanAct
from quarterdeck.normalize.attributes import count, flag, instant, milliseconds, session_id, texts
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
from quarterdeck.normalize.synthesis import flag_of

_KINDS = {
    "agent_run": Kind("agent"),
    "model_generation": Kind("model"),
    "model_step": Kind("step", "turn"),
    "model_inference": Kind("step", "turn"),
    "model_chunk": Kind("step", "chunk"),
    "tool_call": Kind("tool"),
    "mcp_tool_call": Kind("tool", "mcp"),
    "workflow_run": Kind("step", "workflow"),
    "workflow_step": Kind("step", "chain"),
    "workflow_conditional": Kind("step", "chain"),
    "workflow_conditional_eval": Kind("step", "chain"),
    "workflow_parallel": Kind("step", "chain"),
    "workflow_loop": Kind("step", "chain"),
    "workflow_sleep": Kind("step", "wait"),
    "workflow_wait_event": Kind("step", "wait"),
    "processor_run": Kind("step", "processor"),
    "scorer_run": Kind("evaluation"),
    "scorer_step": Kind("evaluation"),
    "memory_operation": Kind("memory"),
    "generic": Kind("step", "", True),
}


def _by_type(value: str) -> Kind | None:
    if value.startswith("rag_"):
        return Kind("retrieval")
    return Kind("evaluation") if value.startswith("scorer_") else None


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found.get("subkind") == "wait" and "mastra.workflow_wait_event.event_received" in (
        draft.attributes
    ):
        received = flag_of(draft.attributes, "mastra.workflow_wait_event.event_received")
        found["kind"], found["subkind"] = "human", ""
        waited = draft.raw.end_ns - draft.raw.start_ns
        try:
            told = milliseconds(draft.attributes.get("mastra.workflow_wait_event.wait_duration_ms"))
        except ValueError:
            told = None
        found["human"] = HumanAct(
            asked="question",
            decision="none" if received is not False else "timeout",
            waited_ns=told if told is not None else waited if waited > 0 else None,
        )


DIALECT = Dialect(
    name="mastra",
    framework="mastra",
    recognizes=Recognizes(scopes=("@mastra/", "mastra"), keys=("mastra.",)),
    kinds=(KindSource(7, "mastra.span.type", _KINDS, _by_type),),
    sources=(
        Source("session_key", 115, "mastra.metadata.sessionId", session_id),
        Source("session_key", 116, "mastra.metadata.threadId", session_id),
        Source("session_key", 117, "mastra.agent_run.threadId", session_id),
        Source("user", 95, "mastra.metadata.userId"),
        Source("user", 96, "mastra.metadata.resourceId"),
        Source("agent", 85, "mastra.agent_run.agentName"),
        Source("agent", 86, "mastra.agent_run.name"),
        Source("agent", 87, "entity.name", gated=True),
        Source("agent_id", 30, "mastra.agent_run.agentId"),
        Source("model_requested", 90, "mastra.model_generation.model"),
        Source("provider", 90, "mastra.model_generation.provider"),
        Source("tool", 60, "mastra.tool_call.toolId"),
        Source("tool", 61, "mastra.mcp_tool_call.toolId"),
        Source("success", 60, "mastra.tool_call.success", flag),
        Source("attempt", 60, "mastra.model_generation.attempt", count),
        Source("workflow", 80, "mastra.workflow_run.workflowId"),
        Source("environment", 60, "mastra.metadata.environment"),
        Source("first_token_at_ns", 20, "mastra.completion_start_time", instant),
        Source("first_token_at_ns", 21, "mastra.model_generation.completionStartTime", instant),
        Source("tags", 60, "mastra.tags", texts),
    ),
    usages=(
        UsageFamily(
            name="mastra",
            rank=110,
            keys={
                "input_tokens": ("mastra.model_generation.usage.inputTokens",),
                "output_tokens": ("mastra.model_generation.usage.outputTokens",),
                "cache_read_tokens": (
                    "mastra.model_generation.usage.inputDetails.cacheRead",
                    "mastra.model_generation.usage.cachedInputTokens",
                ),
                "cache_write_tokens": ("mastra.model_generation.usage.inputDetails.cacheWrite",),
                "reasoning_tokens": (
                    "mastra.model_generation.usage.outputDetails.reasoning",
                    "mastra.model_generation.usage.reasoningTokens",
                ),
            },
        ),
    ),
    contents=(
        ContentSource("input_messages", 135, "mastra.model_generation.input"),
        ContentSource("output_messages", 105, "mastra.model_generation.output"),
        ContentSource("input", 50, "mastra.agent_run.input"),
        ContentSource("output", 50, "mastra.agent_run.output"),
        ContentSource("input", 51, "mastra.workflow_run.input"),
        ContentSource("output", 51, "mastra.workflow_run.output"),
        ContentSource("input", 52, "mastra.workflow_step.input"),
        ContentSource("output", 52, "mastra.workflow_step.output"),
        ContentSource("arguments", 75, "mastra.tool_call.input"),
        ContentSource("arguments", 76, "mastra.mcp_tool_call.input"),
        ContentSource("result", 85, "mastra.tool_call.output"),
        ContentSource("result", 86, "mastra.mcp_tool_call.output"),
        ContentSource("metadata", 60, "mastra.metadata.", group=True),
    ),
    adjust=_adjust,
)
