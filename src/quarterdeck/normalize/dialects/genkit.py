"""
Genkit: `genkit:*` keys, with everything about a call inside its input and output JSON.

The name of a model action has the plugin in front (`googleai/gemini-2.5-flash`).  Gemini's
thoughts are counted beside the output, as its API does.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import flag, object_of, session_id, text
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

_SUBTYPES = {
    "model": Kind("model"),
    "background-model": Kind("model"),
    "embedder": Kind("model", "embedding"),
    "tool": Kind("tool"),
    "tool.v2": Kind("tool"),
    "retriever": Kind("retrieval"),
    "reranker": Kind("retrieval", "rerank"),
    "indexer": Kind("step", "indexing"),
    "evaluator": Kind("evaluation"),
    "prompt": Kind("step", "prompt"),
    "executable-prompt": Kind("agent"),
    "flow": Kind("step", "workflow"),
    "util": Kind("step", "chain"),
}
_TYPES = {
    "flow": Kind("step", "workflow"),
    "flowstep": Kind("step", "chain", True),
    "util": Kind("step", "chain", True),
    "action": Kind("step", "", True),
    "prompttemplate": Kind("step", "prompt"),
}


def _adjust(draft: Draft) -> None:
    found = draft.found
    name = word_of(draft.attributes, "genkit:name") or draft.raw.name
    short = name.rsplit("/", 1)[-1]
    if found["kind"] == "model":
        found.setdefault("model_requested", short)
        if name.startswith(("googleai/", "vertexai/")):
            found.setdefault("provider", "gcp.gemini" if name[0] == "g" else "gcp.vertex_ai")
    elif found["kind"] == "tool":
        found["tool"] = word_of(draft.attributes, "gen_ai.tool.name") or short
    elif found["kind"] == "agent":
        found["agent"] = word_of(draft.attributes, "gen_ai.agent.name") or short
    elif found.get("subkind") == "workflow":
        found.setdefault("workflow", short)
    if word_of(draft.attributes, "genkit:state") == "error":
        found["success"] = False


_COUNTS = {
    "input_tokens": "inputTokens",
    "output_tokens": "outputTokens",
    "total_tokens": "totalTokens",
    "cache_read_tokens": "cachedContentTokens",
    "reasoning_tokens": "thoughtsTokens",
}


def _usage(value: Value) -> Mapping[str, Any] | None:
    # Outputs are long; decode only those that have counts.
    if not isinstance(value, str) or '"usage"' not in value:
        return None
    usage = object_of(value).get("usage")
    if not isinstance(usage, dict):
        return None
    return {name: usage[key] for name, key in _COUNTS.items() if usage.get(key) is not None}


DIALECT = Dialect(
    name="genkit",
    framework="genkit",
    recognizes=Recognizes(scopes=("genkit",), keys=("genkit:",)),
    kinds=(
        KindSource(10, "genkit:metadata:subtype", _SUBTYPES),
        KindSource(10, "genkit:type", _TYPES),
    ),
    sources=(
        Source("session_key", 123, "genkit:sessionId", session_id),
        Source("session_key", 124, "genkit:metadata:sessionId", session_id),
        Source("success", 80, "genkit:isFailureSource", lambda v: False if flag(v) else None),
        Source("display_name", 90, "genkit:name", text),
    ),
    usages=(
        UsageFamily(
            name="genkit",
            rank=120,
            key="genkit:output",
            read=_usage,
            cache="inclusive",
            reasoning="exclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 180, "genkit:input"),
        ContentSource("output_messages", 150, "genkit:output"),
        ContentSource("input", 120, "genkit:input"),
        ContentSource("output", 120, "genkit:output"),
        ContentSource("arguments", 120, "genkit:input"),
        ContentSource("result", 120, "genkit:output"),
    ),
    adjust=_adjust,
)
