"""MLflow: every `mlflow.*` value is dumped to JSON, strings included: decode once more."""

from typing import Any

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json, decoded, member, money, object_of, text
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
    "chat_model": Kind("model"),
    "embedding": Kind("model", "embedding"),
    "retriever": Kind("retrieval"),
    "reranker": Kind("retrieval", "rerank"),
    "memory": Kind("memory"),
    "evaluator": Kind("evaluation"),
    "agent": Kind("agent"),
    "tool": Kind("tool"),
    "guardrail": Kind("guardrail"),
    "chain": Kind("step", "chain", generic=True),
    "parser": Kind("step", "", generic=True),
    "task": Kind("step", "", generic=True),
    "workflow": Kind("step", "workflow", generic=True),
    "unknown": Kind("step", "", generic=True),
}


def _kind(spelled: str) -> Kind | None:
    found = decode_json(spelled)
    return _KINDS.get(found.strip().lower()) if isinstance(found, str) else None


def _usage(value: Value) -> dict[str, Any] | None:
    usage = object_of(decode_json(value))
    found = {
        "input_tokens": usage.get("input_tokens"),
        "output_tokens": usage.get("output_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cache_read_tokens": usage.get("cache_read_input_tokens"),
        "cache_write_tokens": usage.get("cache_creation_input_tokens"),
        "cache_write_1h_tokens": usage.get("cache_creation_input_tokens_above_1hr"),
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def _tags(flat: dict[str, Value]) -> tuple[str, ...] | None:
    found = []
    for name, value in list(flat.items())[:100]:
        plain = decode_json(value)
        if not isinstance(plain, dict | list) and name:
            found.append(f"{name}:{plain}"[:200])
    return tuple(found) or None


def _adjust(draft: Draft) -> None:
    if "mlflow.trace.sourceScorer" in draft.attributes:
        draft.found["experiment"] = True  # a judge's own trace


DIALECT = Dialect(
    name="mlflow",
    recognizes=Recognizes(keys=("mlflow.",)),
    sources=(
        Source("model_requested", 70, "mlflow.llm.model", decoded(text)),
        # A call that failed has no model but the one that it asked for.
        Source("model_requested", 120, "mlflow.spanInputs", decoded(member(text, "model"))),
        Source("provider", 70, "mlflow.llm.provider", decoded(text)),
        Source("reported_usd", 50, "mlflow.llm.cost", decoded(member(money, "total_cost"))),
        Source("session_key", 67, "mlflow.trace.session", decoded(text)),
        Source("user", 86, "mlflow.trace.user", decoded(text)),
        Source("tags", 70, "mlflow.traceTag.", _tags, group=True),
    ),
    kinds=(KindSource(4, "mlflow.spanType", {}, _kind),),
    usages=(
        UsageFamily(
            name="mlflow.chat.tokenUsage",
            rank=50,
            key="mlflow.chat.tokenUsage",
            read=_usage,
            cache="inclusive",
            reasoning="inclusive",
        ),
    ),
    contents=(
        ContentSource("input_messages", 100, "mlflow.spanInputs", decode_json, loose=True),
        ContentSource("output_messages", 90, "mlflow.spanOutputs", decode_json, loose=True),
        ContentSource("arguments", 80, "mlflow.spanInputs", decode_json),
        ContentSource("result", 90, "mlflow.spanOutputs", decode_json),
        ContentSource("tool_definitions", 30, "mlflow.chat.tools", decode_json),
    ),
    adjust=_adjust,
)
