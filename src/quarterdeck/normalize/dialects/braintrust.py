"""
Braintrust: JSON in `braintrust.*` attributes, whole or one member per key.

Scores sit on a span of type `score`, and judge the span above it.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    below,
    member,
    number,
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

_KINDS = {
    "llm": Kind("model"),
    "tool": Kind("tool"),
    "score": Kind("evaluation"),
    "eval": Kind("step", "evaluation", generic=True),
    "task": Kind("step", "", generic=True),
    "function": Kind("step", "", generic=True),
    "automation": Kind("step", "", generic=True),
}


def _kind(spelled: str) -> Kind | None:
    kind = object_of(spelled).get("type")
    return _KINDS.get(kind.strip().lower()) if isinstance(kind, str) else None


def _usage(value: Value) -> Mapping[str, Any] | None:
    metrics = object_of(value)
    found = {
        "input_tokens": metrics.get("prompt_tokens"),
        "output_tokens": metrics.get("completion_tokens"),
        "total_tokens": metrics.get("tokens"),
        "cache_read_tokens": metrics.get("prompt_cached_tokens"),
        "cache_write_tokens": metrics.get("prompt_cache_creation_tokens"),
        "reasoning_tokens": metrics.get("completion_reasoning_tokens"),
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def _adjust(draft: Draft) -> None:
    scores = object_of(draft.attributes.get("braintrust.scores"))
    scores = {**below(draft.attributes, "braintrust.scores."), **scores}
    if not scores:
        return
    # A score span judges its parent; scores on any other span are that span's own.
    target = draft.raw.parent_span_id if draft.found["kind"] == "evaluation" else ""
    made = []
    for name, value in list(scores.items())[:100]:
        try:
            amount = number(value)
        except Unreadable as unreadable:
            draft.problem("braintrust.scores", f"{name}: {unreadable}")
            continue
        if amount is not None:
            made.append(
                Score(
                    name=str(name)[:200],
                    value=amount,
                    target_trace_id=draft.raw.trace_id if target else "",
                    target_span_id=target,
                    at_ns=draft.raw.end_ns or draft.raw.start_ns,
                )
            )
    draft.found["scores"] = (*draft.found.get("scores", ()), *made)
    if "braintrust.expected" in draft.attributes or "braintrust.expected_json" in draft.attributes:
        draft.found["experiment"] = True


_METRICS = "braintrust.metrics."

DIALECT = Dialect(
    name="braintrust",
    recognizes=Recognizes(keys=("braintrust.",)),
    sources=(
        Source("session_key", 62, "braintrust.metadata", member(session_id, "session_id",
               "conversation_id", "thread_id")),
        Source("session_key", 63, "braintrust.metadata.session_id", session_id),
        Source("user", 82, "braintrust.metadata", member(text, "user_id")),
        Source("user", 83, "braintrust.metadata.user_id"),
        Source("model_requested", 105, "braintrust.metadata", member(text, "model")),
        Source("model_requested", 106, "braintrust.metadata.model"),
        Source("provider", 75, "braintrust.metadata", member(text, "provider")),
        Source("display_name", 40, "braintrust.span_attributes", member(text, "name")),
        Source("task_type", 29, "braintrust.metadata", member(text, "task_type")),
        Source("environment", 67, "braintrust.metadata", member(word, "environment")),
        Source("tags", 80, "braintrust.tags", texts),
    ),
    kinds=(
        KindSource(10, "braintrust.span_attributes", {}, _kind),
        KindSource(10, "braintrust.span_attributes.type", _KINDS),
    ),
    usages=(
        UsageFamily(
            name="braintrust.metrics",
            rank=80,
            keys={
                "input_tokens": (_METRICS + "prompt_tokens",),
                "output_tokens": (_METRICS + "completion_tokens",),
                "total_tokens": (_METRICS + "tokens",),
                "cache_read_tokens": (_METRICS + "prompt_cached_tokens",),
                "cache_write_tokens": (_METRICS + "prompt_cache_creation_tokens",),
                "reasoning_tokens": (_METRICS + "completion_reasoning_tokens",),
            },
        ),
        UsageFamily(
            name="braintrust.metrics (JSON)", rank=81, key="braintrust.metrics", read=_usage
        ),
    ),
    contents=(
        ContentSource("input_messages", 140, "braintrust.input_json", loose=True),
        ContentSource("input_messages", 141, "braintrust.input", loose=True),
        ContentSource("output_messages", 140, "braintrust.output_json", loose=True),
        ContentSource("output_messages", 141, "braintrust.output", loose=True),
        ContentSource("arguments", 100, "braintrust.input_json"),
        ContentSource("arguments", 101, "braintrust.input"),
        ContentSource("result", 100, "braintrust.output_json"),
        ContentSource("result", 101, "braintrust.output"),
        ContentSource("metadata", 60, "braintrust.metadata"),
    ),
    adjust=_adjust,
)  # fmt: skip
