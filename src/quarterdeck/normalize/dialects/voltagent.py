"""VoltAgent: `span.type` tells the kind, `entity.*` names the agent, tool or workflow."""

from quarterdeck.normalize.attributes import session_id
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
    "agent": Kind("agent"),
    "llm": Kind("model"),
    "tool": Kind("tool"),
    "memory": Kind("memory"),
    "retriever": Kind("retrieval"),
    "embedding": Kind("model", "embedding"),
    "vector": Kind("retrieval"),
    "guardrail": Kind("guardrail"),
    "middleware": Kind("step", "processor"),
    "summary": Kind("step", "compaction"),
    "workflow": Kind("step", "workflow"),
    "workflow-step": Kind("step", "chain"),
}


def _adjust(draft: Draft) -> None:
    found = draft.found
    name = word_of(draft.attributes, "entity.name")
    if name and found.get("subkind") == "workflow":
        found.setdefault("workflow", name)


DIALECT = Dialect(
    name="voltagent",
    framework="voltagent",
    recognizes=Recognizes(scopes=("voltagent", "@voltagent/"), keys=("voltagent.",)),
    kinds=(
        KindSource(10, "span.type", _KINDS, gated=True),
        KindSource(10, "entity.type", _KINDS, gated=True),
    ),
    sources=(
        Source("entity_name", 60, "entity.name", gated=True),
        Source("session_key", 114, "voltagent.conversation_id", session_id),
        Source("session_key", 119, "conversation.id", session_id, gated=True),
        Source("user", 100, "voltagent.user_id"),
        Source("model_requested", 140, "llm.model", gated=True),
    ),
    contents=(
        ContentSource("input_messages", 160, "llm.messages", gated=True),
        ContentSource("input_messages", 161, "agent.messages", gated=True),
        ContentSource("input_messages", 162, "input", gated=True),
        ContentSource("output_messages", 130, "output", gated=True),
        ContentSource("input", 110, "input", gated=True),
        ContentSource("output", 110, "output", gated=True),
        ContentSource("arguments", 100, "input", gated=True),
        ContentSource("result", 110, "output", gated=True),
    ),
    adjust=_adjust,
)
