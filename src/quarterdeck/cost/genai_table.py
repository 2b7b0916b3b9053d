"""
genai-prices (Pydantic, MIT): the first table, because it has history.

An old session keeps its old cost: prices are those in force at the call's instant.  The
library takes some 70 us a call; `rates` takes what it knows of a model out once, and
`library_cost` is left for what our token kinds can't say (images, audio, searches).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import Any

import msgspec
from genai_prices import Usage as LibraryUsage
from genai_prices.data_snapshot import DataSnapshot
from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    Provider,
    TieredPrices,
    TimeOfDateConstraint,
)

from quarterdeck.cost.rates import Price, Rates, Tier, Tiered
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.usage import Usage

VERSION = "genai-prices " + version("genai-prices")

_HOSTS: Mapping[str, str] = {
    # OpenTelemetry's provider names whose host bills by its own list.
    "azure.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "aws.bedrock": "aws",
    "gcp.vertex_ai": "google",
    "gcp.gemini": "google",
    "gcp.gen_ai": "google",
    "x_ai": "x-ai",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "together_ai": "together",
    "fireworks_ai": "fireworks",
}
_TIER_CONTEXT: Mapping[str, Mapping[str, str]] = {
    "batch": {"processing": "batch"},
    "flex": {"service_tier": "flex"},
    "priority": {"service_tier": "priority"},
    "fast": {"speed": "fast", "service_tier": "fast"},
}
_OUR_KEYS: Mapping[str, str] = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
}
_OUR_COUNTS: Mapping[str, str] = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "cache_write_1h_tokens": "cache_write_1h_tokens",
    "reasoning_tokens": "output_reasoning_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "output_audio_tokens": "output_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_image_tokens": "output_image_tokens",
    "input_video_tokens": "input_video_tokens",
    "web_searches": "web_searches",
}


class Row:
    """One model at one provider."""

    def __init__(self, provider: Provider, model: ModelInfo) -> None:
        self._model = model
        self.rule = f"{provider.id}:{model.id}"
        self._history: list[ConditionalPrice] = (
            model.prices if isinstance(model.prices, list) else []
        )
        self.changes_within_a_day = any(
            isinstance(price.constraint, TimeOfDateConstraint) for price in self._history
        )

    @property
    def context_tokens(self) -> int | None:
        """How much fits into one call."""
        return self._model.context_window

    @property
    def is_dated(self) -> bool:
        return bool(self._history) or bool(self._model.price_variants)

    def has_tier(self, tier: str, at_ns: int) -> bool:
        context = _TIER_CONTEXT.get(tier)
        if context is None:
            return False
        moment = _moment(at_ns)
        return any(
            (variant.constraint is None or variant.constraint.active(moment))
            and all(context.get(key) == value for key, value in variant.when.items())
            for variant in self._model.price_variants or ()
        )

    def rates(self, at_ns: int, tier: str) -> Rates | None:
        """Our kinds of rate, or None when the row prices more than they can say."""
        price = self._price(at_ns, tier)
        found: dict[str, Price] = {}
        for key, value in price.__dict__.items():
            if value is None:
                continue
            ours = _OUR_KEYS.get(key)
            if ours is None:
                if key.endswith("_kcount") and key != "requests_kcount":
                    continue  # by the piece: priced only for calls that tell a count
                return None
            found[ours] = _price(value)
        return msgspec.structs.replace(Rates(), **found)

    def library_cost(self, usage: Usage, at_ns: int, tier: str) -> Decimal | None:
        counts: dict[str, int] = {}
        for ours, theirs in _OUR_COUNTS.items():
            count = getattr(usage, ours)
            if count is not None:
                counts[theirs] = count
        if not counts:
            return None
        try:
            result = self._price(at_ns, tier).calc_price(LibraryUsage(**counts))
        except (ValueError, TypeError):
            # Counts that contradict each other (parts above the whole) have no price.
            return None
        return Decimal(result["total_price"])

    def _price(self, at_ns: int, tier: str) -> ModelPrice:
        context: Any = dict(_TIER_CONTEXT.get(tier, {})) or None
        return self._model.get_prices(_moment(at_ns), context)


class GenaiTable:
    """Looks up rows by provider and model, and remembers what it did not find."""

    def __init__(self, snapshot: DataSnapshot) -> None:
        self._snapshot = snapshot
        self._rows: dict[tuple[str, str], Row | None] = {}

    @classmethod
    def load(cls) -> "GenaiTable":
        # Loading the data takes half a second: once, at start.
        from genai_prices.data import providers

        return cls(DataSnapshot(providers=providers, from_auto_update=False))

    def row(self, provider: str, model: str) -> Row | None:
        """
        None when the provider is known without the model, or is not known at all.

        A model name alone finds a row only if no provider was told: a `llama-3` on somebody's
        own server must not be billed at a vendor's list price.
        """
        key = (provider, model)
        if key not in self._rows:
            if len(self._rows) > 50_000:
                self._rows.clear()  # model names come from strangers: bounded, cheap to refill
            self._rows[key] = self._find(provider, model)
        return self._rows[key]

    def _find(self, provider: str, model: str) -> Row | None:
        host = _host(provider) if provider else None
        try:
            found = self._snapshot.find_provider_model(model, None, host, None)
        except LookupError:
            return None
        return Row(*found)


def _host(provider: str) -> str:
    return _HOSTS.get(provider, provider)


def _moment(at_ns: int) -> datetime:
    try:
        return datetime.fromtimestamp(at_ns // NS_PER_S, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime(9999, 1, 1, tzinfo=UTC)


def _price(value: Decimal | TieredPrices) -> Price:
    if isinstance(value, TieredPrices):
        return Tiered(
            base=value.base, tiers=tuple(Tier(tier.start, tier.price) for tier in value.tiers)
        )
    return value
