"""
What Langfuse counted for an observation: tokens by kind, and what they cost.

Langfuse keeps the kinds that it was sent.  Its own SDKs count cached and reasoning tokens beside
input and output (`input_cache_read`, `output_reasoning`), OpenTelemetry's senders inside
(`prompt_details.cache_read`).  Where a total stands beside them, the total decides.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count, money
from quarterdeck.receive.transcripts.members import mapping, told

_CACHE_READ = ("input_cache_read", "input_cached_tokens", "cache_read_input_tokens",
               "prompt_details.cache_read")  # fmt: skip
_CACHE_WRITE = ("input_cache_creation", "cache_creation_input_tokens")
_REASONING = ("output_reasoning", "output_reasoning_tokens", "completion_details.reasoning",
              "thoughts_token_count")  # fmt: skip
_AUDIO_IN = ("input_audio", "prompt_details.audio")
_AUDIO_OUT = ("output_audio", "completion_details.audio")


class Counts(NamedTuple):
    usage: Usage | None
    total: int | None
    """As told beside the parts."""
    cost_usd: Decimal | None
    cost_was_sent: bool
    """The sender told the cost; else Langfuse computed it."""


def counts_of(observation: Mapping[str, Any]) -> Counts:
    """Of one observation.  What is no count is as if it were not told."""
    details = mapping(observation.get("usageDetails")) or mapping(observation.get("usage"))
    sent = mapping(observation.get("providedCostDetails"))
    costs = mapping(observation.get("costDetails"))
    cost = told(money, costs.get("total")) if costs else None
    total = told(count, details.get("total"))
    return Counts(_usage(details, total), total, cost, bool(sent))


def _usage(details: dict[str, Any], total: int | None) -> Usage | None:
    input_, output = told(count, details.get("input")), told(count, details.get("output"))
    if input_ is None and output is None:
        return None
    read, written = _first(details, _CACHE_READ), _first(details, _CACHE_WRITE)
    reasoning = _first(details, _REASONING)
    beside_input = sum(_beside(details, "input_"))
    beside_output = sum(_beside(details, "output_"))
    parts = (input_ or 0) + (output or 0)
    if total is None or total == parts + beside_input + beside_output:
        input_ = None if input_ is None else input_ + beside_input
        output = None if output is None else output + beside_output
    return Usage(
        input_tokens=input_,
        output_tokens=output,
        cache_read_tokens=read,
        cache_write_tokens=written,
        reasoning_tokens=reasoning,
        input_audio_tokens=_first(details, _AUDIO_IN),
        output_audio_tokens=_first(details, _AUDIO_OUT),
    )


def _first(details: Mapping[str, Any], keys: tuple[str, ...]) -> int | None:
    for key in keys:
        found = told(count, details.get(key))
        if found is not None:
            return found
    return None


def _beside(details: Mapping[str, Any], prefix: str) -> list[int]:
    return [
        found
        for key, value in details.items()
        if key.startswith(prefix) and (found := told(count, value)) is not None
    ]
