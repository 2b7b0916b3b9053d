"""
Langfuse: SDKs from version 3 on send OpenTelemetry spans with `langfuse.*` attributes.

Values are JSON strings.  `usage_details` are disjoint buckets: all that begins with `input` is
input.  Scores come over REST only; so do whole traces of older SDKs, whose wire writes the same
attributes.

Metadata: Python's SDK writes every value as JSON from version 5 on, text too (`"\\"planner\\""`);
Python 3 and JavaScript write text as it is and all else as JSON.  Text that stands in quotes is
JSON in both readings, so one reader serves them all.
"""

from decimal import Decimal
from typing import Any

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    count,
    decode_json,
    decoded,
    instant,
    money,
    object_of,
    session_id,
    text,
    texts,
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
    UsageFamily,
)

_KINDS = {
    "generation": Kind("model"),
    "embedding": Kind("model", "embedding"),
    "agent": Kind("agent"),
    "tool": Kind("tool"),
    "retriever": Kind("retrieval"),
    "evaluator": Kind("evaluation"),
    "guardrail": Kind("guardrail"),
    "span": Kind("step", "", generic=True),
    "chain": Kind("step", "chain", generic=True),
    "event": Kind("step", "event", generic=True),
}


def _sum(counts: dict[str, int], *prefixes: str) -> int | None:
    chosen = [value for name, value in counts.items() if name.startswith(prefixes)]
    return sum(chosen) if chosen else None


def _first(counts: dict[str, int], *names: str) -> int | None:
    return next((counts[name] for name in names if name in counts), None)


def _usage(value: Value) -> dict[str, Any] | None:
    details = object_of(value)
    if not details:
        raise Unreadable("expected an object of token counts")
    counts: dict[str, int] = {}
    for name, amount in details.items():
        try:
            if not isinstance(amount, dict) and (read := count(amount)) is not None:
                counts[name] = read
        except Unreadable:
            continue  # one odd bucket leaves the others readable
    if "prompt_tokens" in counts:  # OpenAI's own object, passed on as it is
        return _openai(counts, details)
    total = counts.get("total", counts.get("total_tokens"))
    given, output = _sum(counts, "input"), _sum(counts, "output")
    beside = _sum(counts, "cache_") or 0
    if given is not None and beside and total != given + (output or 0):
        given += beside  # a bucket of its own, unless the total shows that it is inside
    found = {
        "input_tokens": given,
        "output_tokens": output,
        "total_tokens": total,
        "cache_read_tokens": _first(
            counts, "input_cached_tokens", "input_cache_read", "cache_read_input_tokens",
            "input_cache_read_tokens",
        ),
        "cache_write_tokens": _first(
            counts, "input_cache_creation", "cache_creation_input_tokens",
            "input_cache_creation_tokens", "input_cache_write",
        ),
        "reasoning_tokens": _first(
            counts, "output_reasoning_tokens", "output_reasoning", "reasoning_tokens"
        ),
        "input_audio_tokens": _first(counts, "input_audio_tokens", "input_audio"),
        "output_audio_tokens": _first(counts, "output_audio_tokens", "output_audio"),
    }  # fmt: skip
    return {name: amount for name, amount in found.items() if amount is not None}


def _openai(counts: dict[str, int], details: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "input_tokens": counts["prompt_tokens"],
        "output_tokens": counts.get("completion_tokens"),
        "total_tokens": counts.get("total_tokens"),
    }
    inner = details.get("prompt_tokens_details")
    if isinstance(inner, dict):
        found["cache_read_tokens"] = inner.get("cached_tokens")
    outer = details.get("completion_tokens_details")
    if isinstance(outer, dict):
        found["reasoning_tokens"] = outer.get("reasoning_tokens")
    return {name: amount for name, amount in found.items() if amount is not None}


def _cost(value: Value) -> Decimal | None:
    details = object_of(value)
    if "total" in details:
        return money(details["total"])
    amounts = [money(amount) for amount in details.values()]
    return sum((a for a in amounts if a is not None), Decimal(0)) if amounts else None


def _metadata(below: dict[str, Any]) -> dict[str, Any]:
    return {key: _unquoted(value) for key, value in below.items()}


def _unquoted(value: Value) -> Value:
    """Text as it was before it became JSON; a number that was written as text stays text."""
    if isinstance(value, str) and value.startswith(('"', "{", "[")):
        return decode_json(value)
    return value


def _experiment_tag(value: Value) -> tuple[str, ...] | None:
    name = text(value)
    return (f"experiment:{name}",) if name else None


def _trial_of(draft: Draft) -> None:
    """A dataset run: kept out of production's figures, its item is the case."""
    found, attributes = draft.found, draft.attributes
    in_run = any(key.startswith("langfuse.experiment.") for key in attributes)
    if in_run or found.get("environment") == "sdk-experiment":
        found["experiment"] = True


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    if found["kind"] == "step" and (
        "langfuse.observation.model.name" in attributes
        or "langfuse.observation.usage_details" in attributes
    ):
        # SDKs up to 3.3.0 send type `span` for generations.
        found["kind"] = "model"
        found.pop("subkind", None)
    if attributes.get("langfuse.observation.level") == "ERROR":
        found.setdefault("success", False)
        message = attributes.get("langfuse.observation.status_message")
        if isinstance(message, str) and message:
            found.setdefault("error_message", message)
    _trial_of(draft)


DIALECT = Dialect(
    name="langfuse",
    recognizes=Recognizes(keys=("langfuse.",), scopes=("langfuse-sdk",)),
    sources=(
        Source("session_key", 10, "langfuse.session.id", session_id),
        Source("user", 10, "langfuse.user.id"),
        Source("agent_role", 60, "langfuse.observation.metadata.agent_role", decoded(text)),
        Source("model_requested", 60, "langfuse.observation.model.name"),
        Source("reported_usd", 10, "langfuse.observation.cost_details", _cost),
        Source("first_token_at_ns", 20, "langfuse.observation.completion_start_time", instant),
        Source("tool_call_id", 70, "langfuse.observation.metadata.tool_call_id", decoded(text)),
        Source("finish_reasons", 60, "langfuse.observation.metadata.finish_reason", decoded(texts)),
        Source("workflow", 40, "langfuse.trace.name", workflow_name),
        Source("workflow_version", 10, "langfuse.version"),
        Source("workflow_version", 20, "langfuse.release"),
        Source("task_type", 25, "langfuse.trace.metadata.task_type", decoded(text)),
        Source("environment", 10, "langfuse.environment", word),
        Source("tags", 10, "langfuse.trace.tags", texts),
        Source("tags", 11, "langfuse.tags", texts),
        Source("tags", 12, "langfuse.experiment.name", _experiment_tag),
        Source("case", 10, "langfuse.experiment.item.id"),
    ),
    resource_sources=(
        Source("environment", 10, "langfuse.environment", word),
        Source("workflow_version", 20, "langfuse.release"),
    ),
    kinds=(KindSource(2, "langfuse.observation.type", _KINDS),),
    usages=(
        UsageFamily(
            name="langfuse.observation.usage_details",
            rank=5,
            key="langfuse.observation.usage_details",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 10, "langfuse.observation.input", loose=True),
        ContentSource("output_messages", 10, "langfuse.observation.output", loose=True),
        ContentSource("arguments", 65, "langfuse.observation.input"),
        ContentSource("result", 75, "langfuse.observation.output"),
        ContentSource("input", 80, "langfuse.observation.input"),
        ContentSource("output", 80, "langfuse.observation.output"),
        ContentSource("input", 90, "langfuse.trace.input"),
        ContentSource("output", 90, "langfuse.trace.output"),
        ContentSource("metadata", 10, "langfuse.trace.metadata.", _metadata, group=True),
        ContentSource("metadata", 11, "langfuse.observation.metadata.", _metadata, group=True),
    ),
    adjust=_adjust,
)
