"""
Inspect's model events as model calls: times, tokens and messages of every version.

Since 2025 an event's time is its start and `completed` or the output's `time` tells its end;
before that (no `working_start`, no `completed`) it was written when the call was over.
"""

from typing import Any, NamedTuple

from quarterdeck.model.messages import Message
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count, money, number
from quarterdeck.receive.transcripts.dialogue import message_of
from quarterdeck.receive.transcripts.instants import after, instant_ns
from quarterdeck.receive.transcripts.members import mapping, records, rest, text, told
from quarterdeck.receive.transcripts.token_counts import Where, usage_of
from quarterdeck.receive.transcripts.transcript import ModelCall


class Times(NamedTuple):
    start_ns: int | None
    end_ns: int | None


def times_of(event: dict[str, Any], *, took_s: float | None = None) -> Times:
    at_ns = instant_ns(event.get("timestamp"))
    completed_ns = instant_ns(event.get("completed"))
    if completed_ns is not None:
        return Times(at_ns, completed_ns)
    if "working_start" in event:
        return Times(at_ns, after(at_ns, took_s) or at_ns)
    if at_ns is None or took_s is None or not 0 <= took_s < 10**6:
        return Times(at_ns, at_ns)
    return Times(at_ns - round(took_s * 10**9), at_ns)


_CACHED = ("read", "write")


def usage_in(counted: Any) -> Usage | None:
    """Providers count cached tokens beside the input or inside: the total tells which."""
    counts = mapping(counted)
    input_, output = (
        told(count, counts.get("input_tokens")),
        told(count, counts.get("output_tokens")),
    )
    cached = (told(count, counts.get("input_tokens_cache_read")) or 0) + (
        told(count, counts.get("input_tokens_cache_write")) or 0
    )
    total = told(count, counts.get("total_tokens"))
    where: Where = (
        "beside" if cached and total == (input_ or 0) + (output or 0) + cached else "inside"
    )
    return usage_of(
        input_tokens=input_,
        output_tokens=output,
        cache_read=counts.get("input_tokens_cache_read"),
        cache_write=counts.get("input_tokens_cache_write"),
        reasoning=counts.get("reasoning_tokens"),
        cached=where,
    )


def provider_and_model(spelled: str) -> tuple[str, str]:
    """`openai/gpt-4o` is a provider and its model; a model's own name may hold more slashes."""
    provider, slash, model = spelled.partition("/")
    return (provider, model) if slash else ("", spelled)


def messages_of(values: Any) -> tuple[Message, ...]:
    if isinstance(values, str):
        return (message_of({"role": "user", "content": values}),) if values else ()
    return tuple(m for value in records(values) if (m := message_of(value)).parts)


def answers_in(output: dict[str, Any]) -> tuple[Message, ...]:
    """What the model said, one message for each choice."""
    return tuple(
        message_of(mapping(choice.get("message")), "assistant")
        for choice in records(output.get("choices"))
        if isinstance(choice.get("message"), dict)
    )


def model_call(event: dict[str, Any], *, entry_id: str, parent: str, role: str = "") -> ModelCall:
    """Of an event whose attachments are put in."""
    output = mapping(event.get("output"))
    times = times_of(event, took_s=told(number, output.get("time")))
    provider, asked = provider_and_model(text(event.get("model")))
    usage = mapping(output.get("usage"))
    error = text(event.get("error")) or text(output.get("error"))
    first = next(iter(records(output.get("choices"))), {})
    from_cache = event.get("cache") == "read"
    return ModelCall(
        id=entry_id,
        parent=parent,
        start_ns=times.start_ns,
        end_ns=times.end_ns,
        status="error" if error else "ok" if output.get("choices") else "unset",
        error=error,
        model=_served(text(output.get("model"))) or asked,
        provider=provider,
        role=text(event.get("role")) or role,
        input=messages_of(event.get("input")),
        # Each event holds the whole request.
        continues=False,
        output=answers_in(output),
        # An answer from Inspect's own cache was not asked for again: nothing was spent.
        usage=None if from_cache else usage_in(usage),
        recorded_cost_usd=None if from_cache else told(money, usage.get("total_cost")),
        finish_reason=text(first.get("stop_reason")),
        metadata=rest(mapping(event.get("config")))
        | rest(
            event, "event", "timestamp", "completed", "working_start", "working_time", "span_id",
            "uuid", "id", "model", "input", "tools", "tool_choice", "config", "output", "call",
            "error", "traceback", "traceback_ansi", "role", "pending",
        ),
    )  # fmt: skip


def _served(spelled: str) -> str:
    """Some providers give the name back as it was asked for, with themselves in front."""
    provider, model = provider_and_model(spelled)
    return model if provider and "/" not in model else spelled
