"""
AgentOps: one trace is one session, and its root says how it ended.

Its provider instrumentation sends OpenTelemetry's legacy flattened form; the `tool_call.X`
spans under a model call repeat what the model asked for and are no executions.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.outcomes import Outcome, OutcomeLabel
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    object_of,
    session_id,
    texts,
    unflatten,
    word,
    workflow_name,
)
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)

_KINDS = {
    "session": Kind("session"),
    "workflow": Kind("step", "workflow"),
    "task": Kind("step", "", generic=True),
    "operation": Kind("step", "", generic=True),
    "agent": Kind("agent"),
    "tool": Kind("tool"),
    "llm": Kind("model"),
    "guardrail": Kind("guardrail"),
    "chain": Kind("step", "chain", generic=True),
    "text": Kind("step", "", generic=True),
    "http": Kind("step", "http", generic=True),
    "unknown": Kind("step", "", generic=True),
    "llm.call": Kind("model"),
    "agent.action": Kind("agent"),
    "workflow.step": Kind("step", "", generic=True),
}
_REQUESTS = {
    "chat": Kind("model"),
    "completion": Kind("model"),
    "embedding": Kind("model", "embedding"),
}

_END_STATES: dict[str, OutcomeLabel] = {
    "success": "success",
    "error": "failure",
    "fail": "failure",
    "indeterminate": "unknown",
}


def _name(name: str) -> Kind | None:
    return Kind("step", "tool_request") if name.startswith("tool_call.") else None


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    if found.get("subkind") == "tool_request":
        found["display_name"] = draft.raw.name
    state = attributes.get("agentops.session.end_state")
    if isinstance(state, str) and "outcome" not in found:
        label = _END_STATES.get(state.strip().lower())
        if label is None:
            draft.problem("agentops.session.end_state", f"unknown end state: {state[:40]!r}")
        elif label != "unknown":
            found["outcome"] = Outcome(
                label=label,
                source="agent",
                reason=f"agentops.session.end_state={state.strip()[:40]}",
                at_ns=draft.raw.end_ns,
            )
    source, target = attributes.get("from_agent"), attributes.get("to_agent")
    if isinstance(target, str) and target:
        found["handoff"] = HandoffHint(
            source=source if isinstance(source, str) else "", target=target
        )
    elif found["kind"] == "agent" and "agentops.entity.input" in attributes:
        # The span of an agent that is a class lasts until its object is collected, around
        # whatever else ran meanwhile: agents below it were not started by it.
        agent = found.get("agent", "")
        found["handoff"] = HandoffHint(source=agent, target=agent)
    tool_state = attributes.get("tool.status")
    if isinstance(tool_state, str) and tool_state.strip().lower() in ("error", "failed"):
        found.setdefault("success", False)


def _operation_name(value: Value) -> str | None:
    return value.strip()[:200] or None if isinstance(value, str) else None


def _arguments(value: Value) -> Value:
    """Decorators record {"args": [...], "kwargs": {...}}; the keywords are the arguments."""
    found = object_of(value)
    if set(found) == {"args", "kwargs"} and not found["args"]:
        return found["kwargs"]
    return value


def _tools(flat: dict[str, Value]) -> list[Value] | None:
    tree = unflatten(flat)[0]
    return tree if isinstance(tree, list) else None


DIALECT = Dialect(
    name="agentops",
    recognizes=Recognizes(keys=("agentops.",), scopes=("agentops",)),
    sources=(
        Source("session_key", 64, "trace.metadata.session_id", session_id),
        Source("session_key", 112, "workflow.session_id", session_id),
        Source("user", 84, "trace.metadata.user_id"),
        Source("user", 90, "workflow.user_id"),
        Source("agent_role", 10, "agent.role"),
        Source("agent_id", 20, "agent.id"),
        Source("entity_name", 60, "agentops.entity.name"),
        Source("entity_name", 61, "operation.name", _operation_name, gated=True),
        Source("display_name", 60, "operation.name", _operation_name, gated=True),
        Source("tool_call_id", 45, "tool.call.id", gated=True),
        Source("workflow", 45, "workflow.name", workflow_name),
        Source("environment", 40, "agentops.environment", word),
        Source("tags", 40, "agentops.tags", texts),
    ),
    kinds=(
        KindSource(8, "", {}, _name),
        KindSource(8, "gen_ai.request.type", _REQUESTS),
        KindSource(10, "agentops.span.kind", _KINDS),
    ),
    contents=(
        ContentSource("arguments", 30, "agentops.tool.input", _arguments),
        ContentSource("arguments", 110, "agentops.entity.input", _arguments),
        ContentSource("result", 35, "agentops.tool.output"),
        ContentSource("result", 50, "tool.result"),
        ContentSource("result", 110, "agentops.entity.output"),
        *(
            ContentSource("input", 40 + at, f"agentops.{kind}.input")
            for at, kind in enumerate(
                ("entity", "agent", "workflow", "task", "operation", "chain", "guardrail")
            )
        ),
        *(
            ContentSource("output", 40 + at, f"agentops.{kind}.output")
            for at, kind in enumerate(
                ("entity", "agent", "workflow", "task", "operation", "chain", "guardrail")
            )
        ),
        ContentSource("output", 60, "agentops.printed"),
        ContentSource("tool_definitions", 60, "gen_ai.request.functions.#.", _tools, group=True),
        ContentSource("tool_definitions", 61, "gen_ai.request.tools.#.", _tools, group=True),
    ),
    adjust=_adjust,
)
