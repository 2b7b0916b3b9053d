"""Laminar: `lmnr.span.type`, inputs and outputs, association properties (server of June 2026)."""

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import money, session_id, texts
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import number_of

_KINDS = {
    "llm": Kind("model"),
    "cached": Kind("step", "cached"),
    "tool": Kind("tool"),
    "executor": Kind("step", "executor"),
    "evaluator": Kind("evaluation"),
    "human_evaluator": Kind("human"),
    "evaluation": Kind("evaluation"),
    "pipeline": Kind("step", "workflow"),
    "default": Kind("step", "", True),
}


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found["kind"] == "human":
        found.setdefault("human", HumanAct(asked="feedback"))
    if "reported_usd" not in found:
        parts = [
            number_of(draft.attributes, key)
            for key in ("gen_ai.usage.input_cost", "gen_ai.usage.output_cost")
        ]
        told = [money(part) for part in parts if part is not None and part >= 0]
        if told:
            found["reported_usd"] = sum(part for part in told if part is not None)


def _path(value: Value) -> str | None:
    """The last name of a path of names."""
    if isinstance(value, list) and value and isinstance(value[-1], str):
        return value[-1]
    return None


DIALECT = Dialect(
    name="laminar",
    recognizes=Recognizes(scopes=("lmnr",), keys=("lmnr.",)),
    kinds=(KindSource(10, "lmnr.span.type", _KINDS),),
    sources=(
        Source("session_key", 80, "lmnr.association.properties.session_id", session_id),
        Source("user", 60, "lmnr.association.properties.user_id"),
        Source("tags", 70, "lmnr.association.properties.tags", texts),
        Source("environment", 60, "lmnr.association.properties.metadata.environment"),
        Source("task_type", 40, "lmnr.association.properties.metadata.task_type"),
        Source("display_name", 70, "lmnr.span.path", _path),
    ),
    contents=(
        ContentSource("input_messages", 150, "lmnr.span.input"),
        ContentSource("output_messages", 115, "lmnr.span.output"),
        ContentSource("input", 80, "lmnr.span.input"),
        ContentSource("output", 80, "lmnr.span.output"),
        ContentSource("arguments", 95, "lmnr.span.input"),
        ContentSource("result", 95, "lmnr.span.output"),
        ContentSource("metadata", 80, "lmnr.trace.metadata"),
        ContentSource("metadata", 81, "lmnr.association.properties.metadata.", group=True),
    ),
    adjust=_adjust,
)
