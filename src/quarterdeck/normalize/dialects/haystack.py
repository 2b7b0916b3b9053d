"""Haystack (3.4): pipelines, components, agents and tools under `haystack.*`."""

from quarterdeck.model.spans import Value
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
    "haystack.pipeline.run": Kind("step", "workflow"),
    "haystack.async_pipeline.run": Kind("step", "workflow"),
    "haystack.agent.run": Kind("agent"),
    "haystack.agent.step": Kind("step", "turn"),
    "haystack.agent.step.llm": Kind("step", "call"),
    "haystack.agent.step.tool": Kind("tool"),
    "haystack.tool.run": Kind("tool"),
}

_COMPONENTS: tuple[tuple[str, Kind], ...] = (
    ("ToolInvoker", Kind("step", "tools")),
    ("Agent", Kind("agent")),
    ("Retriever", Kind("retrieval")),
    ("Ranker", Kind("retrieval", "rerank")),
    ("Embedder", Kind("model", "embedding")),
    ("Evaluator", Kind("evaluation")),
    ("Generator", Kind("model")),
)
"""A component's kind is the end of its class name."""


def _component(value: str) -> Kind | None:
    for ending, kind in _COMPONENTS:
        if value.endswith(ending.lower()):
            return kind
    return Kind("step", "component", True)


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found["kind"] == "tool" and word_of(draft.attributes, "haystack.tool.error"):
        found["success"] = False


def _usable(value: Value) -> str | None:
    return value if isinstance(value, str) and value else None


DIALECT = Dialect(
    name="haystack",
    framework="haystack",
    recognizes=Recognizes(scopes=("haystack",), names=("haystack.",), keys=("haystack.",)),
    kinds=(
        KindSource(10, "haystack.component.type", read=_component),
        KindSource(10, "", _KINDS, gated=True),
    ),
    sources=(
        Source("entity_name", 70, "haystack.component.name", gated=True),
        Source("workflow", 100, "haystack.pipeline.name"),
        Source("display_name", 80, "haystack.component.name"),
        Source("tool", 90, "haystack.tool.name"),
        Source("model_requested", 150, "haystack.model", _usable),
        Source("error_message", 90, "haystack.tool.error"),
    ),
    contents=(
        ContentSource("input", 90, "haystack.component.input"),
        ContentSource("output", 90, "haystack.component.output"),
        ContentSource("input", 91, "haystack.agent.input"),
        ContentSource("output", 91, "haystack.agent.output"),
        ContentSource("arguments", 98, "haystack.tool.input"),
        ContentSource("result", 98, "haystack.tool.output"),
    ),
    adjust=_adjust,
)
