"""
The JSON bodies that model providers take and give, as proxies and loggers hand them on whole.

OpenAI's chat, completions, responses and embeddings, and Anthropic's messages, are told apart by
their members.  Counts come out inclusive (input includes cached tokens, output includes
reasoning), whatever the provider counts.  A body of another shape gives nothing: it is kept
verbatim beside, and shown as it is.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import text, texts

INPUT_MEMBERS = ("messages", "input", "prompt", "contents")
"""Where a request has what the model is to read: chat, responses and embeddings, completions,
Gemini."""


def is_model_request(body: Value) -> bool:
    """Does this ask a model?  It names one and gives it something, or holds a conversation."""
    if not isinstance(body, dict):
        return False
    if isinstance(body.get("messages"), list):
        return True
    return isinstance(body.get("model"), str) and any(name in body for name in INPUT_MEMBERS)


def model_of(body: Value) -> str | None:
    return text(body["model"]) if isinstance(body, dict) and _is_text(body.get("model")) else None


_SHORTEST_ID = 12
"""Providers' ids have 20 characters and more; a log written by hand says "x" for every call."""


def response_id_of(body: Value) -> str | None:
    """The provider's id of its answer; one that can't be unique counts as none."""
    named = body.get("id") if isinstance(body, dict) else None
    return text(named) if isinstance(named, str) and len(named) >= _SHORTEST_ID else None


def previous_response_id_of(body: Value) -> str | None:
    named = body.get("previous_response_id") if isinstance(body, dict) else None
    return text(named) if _is_text(named) else None


def service_tier_of(body: Value) -> str | None:
    tier = body.get("service_tier") if isinstance(body, dict) else None
    return tier.strip().lower() or None if isinstance(tier, str) else None


def finish_reasons_of(body: Value) -> tuple[str, ...] | None:
    if not isinstance(body, dict):
        return None
    reasons = [body.get("stop_reason")]
    reasons += [choice.get("finish_reason") for choice in _objects(body.get("choices"))]
    return texts([reason for reason in reasons if _is_text(reason)])


def input_of(body: Value) -> Value:
    """Messages, or what stands for them; the system prompt first where it stands apart."""
    if not isinstance(body, dict):
        return body if isinstance(body, list) else None
    found = next((body[name] for name in INPUT_MEMBERS if body.get(name)), None)
    system = body.get("system") or body.get("instructions")
    if found is None or not system:
        return found
    first = {"role": "system", "content": system}
    if isinstance(found, list):
        return [first, *found]
    return [first, {"role": "user", "content": found}] if isinstance(found, str) else found


def output_of(body: Value) -> Value:
    """Choices, output items, or the message itself; None where the body holds no answer."""
    if not isinstance(body, dict):
        return None
    for name in ("choices", "output", "candidates"):
        if body.get(name):
            return body[name]
    return body if body.get("role") and body.get("content") else None


_MOST_KEYS = 32
"""The latest tool calls of a conversation: one that goes on repeats those of its last turns."""


def call_keys_of(body: Value) -> tuple[str, ...] | None:
    """
    Join keys of the tool calls that a request's conversation or an answer has.

    A provider's id of a tool call is unique, and the conversation that goes on repeats it: where
    an application names no session, its calls are held together by that.
    """
    said = input_of(body) if is_model_request(body) else output_of(body)
    ids: dict[str, None] = {}
    for message in _objects(said) or _objects([said]):
        message = _object(message.get("message")) or message
        for holder in (message, *_objects(message.get("tool_calls")),
                       *_objects(message.get("content"))):  # fmt: skip
            for name in _CALL_IDS:
                if name != "id" or holder.get("type") in _CALLS:
                    named = holder.get(name)
                    if isinstance(named, str) and len(named) >= _SHORTEST_ID:
                        ids[f"call:{named}"] = None
    return tuple(ids)[-_MOST_KEYS:] or None


_CALL_IDS = ("id", "call_id", "tool_call_id", "tool_use_id")
_CALLS = frozenset({"function", "custom", "tool_use"})


def tools_of(body: Value) -> list[Value] | None:
    if not isinstance(body, dict):
        return None
    tools = body.get("tools") or body.get("functions")
    return tools if isinstance(tools, list) and tools else None


def usage_of(body: Value) -> Mapping[str, Any] | None:
    """Counts by our names, inclusive.  None where the body tells none."""
    usage = body.get("usage") if isinstance(body, dict) else None
    if not isinstance(usage, dict):
        return None
    is_chat = "prompt_tokens" in usage or "completion_tokens" in usage
    spent, made = ("prompt", "completion") if is_chat else ("input", "output")
    inputs = _object(usage.get(f"{spent}_tokens_details"))
    outputs = _object(usage.get(f"{made}_tokens_details"))
    read = _first(inputs, usage, "cached_tokens", "cache_read_input_tokens")
    written = _first(inputs, usage, "cache_write_tokens", "cache_creation_input_tokens")
    found = {
        "input_tokens": usage.get(f"{spent}_tokens"),
        "output_tokens": usage.get(f"{made}_tokens"),
        "total_tokens": usage.get("total_tokens"),
        "cache_read_tokens": read,
        "cache_write_tokens": written,
        "reasoning_tokens": outputs.get("reasoning_tokens"),
        "input_audio_tokens": inputs.get("audio_tokens"),
        "output_audio_tokens": outputs.get("audio_tokens"),
    }
    if not is_chat and "input_tokens_details" not in usage:
        # Anthropic counts cached tokens beside the input.
        beside = [count for count in (read, written) if type(count) is int]
        if beside and type(found["input_tokens"]) is int:
            found["input_tokens"] += sum(beside)
    return {name: count for name, count in found.items() if count is not None} or None


def error_of(body: Value) -> tuple[str, str]:
    """(type, message) of an error body; ("", "") for anything else."""
    if not isinstance(body, dict):
        return "", ""
    error = body.get("error", body if "message" in body and "choices" not in body else None)
    if isinstance(error, str):
        return "", error
    if not isinstance(error, dict):
        return "", ""
    kind = next((error[name] for name in ("type", "code") if _is_text(error.get(name))), "")
    message = error.get("message")
    return str(kind), message if isinstance(message, str) else ""


def _first(inner: Mapping[str, Value], outer: Mapping[str, Value], *names: str) -> Value:
    for holder in (inner, outer):
        for name in names:
            if holder.get(name) is not None:
                return holder[name]
    return None


def _is_text(value: Value) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _object(value: Value) -> dict[str, Value]:
    return value if isinstance(value, dict) else {}


def _objects(value: Value) -> list[dict[str, Value]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
