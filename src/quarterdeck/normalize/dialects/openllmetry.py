"""
OpenLLMetry (Traceloop): `traceloop.*`, and the flattened `gen_ai.prompt.N.*` of its old form.

Version 0.62 follows OpenTelemetry's attributes for model spans; deployed applications lag, so
both are read.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    decode_json,
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
    "agent": Kind("agent"),
    "tool": Kind("tool"),
    "workflow": Kind("step", "workflow", generic=True),
    "task": Kind("step", "chain", generic=True),
    "unknown": Kind("step", "", generic=True),
}
_REQUESTS = {
    "chat": Kind("model"),
    "completion": Kind("model"),
    "embedding": Kind("model", "embedding"),
    "rerank": Kind("retrieval", "rerank"),
}

_GRAPH_NAMES = frozenset({"langgraph", "stategraph", "compiledstategraph", "pregel"})


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    _workflow(draft)
    source = attributes.get("langgraph.command.source_node")
    target = attributes.get("langgraph.command.goto_node")
    if not target:
        nodes = texts(attributes.get("langgraph.command.goto_nodes"))
        target = nodes[0] if nodes else ""
    if isinstance(source, str) and isinstance(target, str) and target and target != "__end__":
        found["handoff"] = HandoffHint(source=source, target=target, kind="hands_off")
        if found["kind"] == "step":
            found["subkind"] = "handoff"
    state = attributes.get("gen_ai.task.status")
    if state == "failure":
        found.setdefault("success", False)


def _workflow(draft: Draft) -> None:
    """
    LangGraph's root says `invoke_agent` and means the graph: its agent's name is the graph's.

    Under it comes `{graph}.workflow` for the same run; that second one is only bookkeeping.
    """
    found, attributes = draft.found, draft.attributes
    if found["kind"] != "agent":
        return
    agent = found.get("agent", "")
    inner = attributes.get("traceloop.span.kind") == "workflow"
    if not (inner or "gen_ai.workflow.nodes" in attributes or agent.lower() in _GRAPH_NAMES):
        return
    found["kind"], found["subkind"] = "step", "workflow"
    found.pop("agent", None)
    found.pop("agent_id", None)
    if agent and agent.lower() not in _GRAPH_NAMES:
        found.setdefault("workflow", agent)


def _tool_definitions(flat: dict[str, Value]) -> list[Value] | None:
    tree = unflatten(flat)[0]
    items = tree if isinstance(tree, list) else []
    return [
        {**item, "parameters": decode_json(item.get("parameters"))}
        for item in items
        if isinstance(item, dict)
    ] or None


DIALECT = Dialect(
    name="openllmetry",
    recognizes=Recognizes(
        keys=("traceloop.", "llm.request.type", "gen_ai.prompt.#.", "gen_ai.completion.#.",
              "gen_ai.workflow.nodes", "langgraph.command.", "gen_ai.task."),
    ),
    sources=(
        Source("session_key", 40, "traceloop.association.properties.session_id", session_id),
        Source("session_key", 41, "traceloop.association.properties.chat_id", session_id),
        Source("session_key", 42, "traceloop.association.properties.thread_id", session_id),
        # Helicone's asynchronous logger is OpenLLMetry with its own headers as properties.
        Source(
            "session_key", 43, "traceloop.association.properties.Helicone-Session-Id", session_id
        ),
        Source("user", 40, "traceloop.association.properties.user_id"),
        Source("user", 41, "traceloop.association.properties.customer_id"),
        Source("user", 42, "traceloop.association.properties.Helicone-User-Id"),
        Source("user", 100, "gen_ai.user"),
        Source("user", 101, "llm.user"),
        Source("entity_name", 40, "traceloop.entity.name"),
        Source("display_name", 50, "traceloop.entity.name"),
        Source("workflow", 10, "traceloop.workflow.name", workflow_name),
        Source("workflow_version", 30, "traceloop.entity.version"),
        Source("task_type", 30, "traceloop.association.properties.task_type"),
        Source("task_type", 40, "gen_ai.task.kind"),
        Source("environment", 65, "traceloop.association.properties.environment", word),
    ),
    kinds=(
        KindSource(8, "llm.request.type", _REQUESTS),
        KindSource(9, "traceloop.span.kind", _KINDS),
    ),
    contents=(
        ContentSource("input_messages", 50, "gen_ai.prompt.#.", group=True),
        ContentSource("output_messages", 50, "gen_ai.completion.#.", group=True),
        ContentSource("input_messages", 110, "traceloop.entity.input", loose=True),
        ContentSource("output_messages", 100, "traceloop.entity.output", loose=True),
        ContentSource("arguments", 70, "traceloop.entity.input"),
        ContentSource("result", 80, "traceloop.entity.output"),
        ContentSource(
            "tool_definitions", 50, "llm.request.functions.#.", _tool_definitions, group=True
        ),
        ContentSource(
            "metadata", 50, "traceloop.association.properties.", group=True
        ),
    ),
    adjust=_adjust,
)  # fmt: skip
