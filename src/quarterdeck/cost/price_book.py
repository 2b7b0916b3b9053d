"""
What a call costs: project override, genai-prices at the call's instant, LiteLLM, or nothing.

Nothing means None.  An unknown price is never 0, and a model on an unknown host is never
priced by its name.  What the sender reports is kept beside what we compute, and wins for
display: it may know of a discount.  Its 0 for a model without a price is nothing it knows.
"""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import structs

from quarterdeck.cost import genai_table, litellm_table
from quarterdeck.cost.genai_table import GenaiTable, Row
from quarterdeck.cost.litellm_table import LitellmTable
from quarterdeck.cost.overrides import PriceOverride, find_override, rates_of
from quarterdeck.cost.rates import Rates, cost_of
from quarterdeck.cost.reported import is_unknown_zero
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.spans import Span
from quarterdeck.model.usage import Charge, Usage

_STANDARD_TIERS = frozenset({"", "default", "standard", "auto", "on_demand", "standard_only"})
_TIER_NAMES = {"batches": "batch", "provisioned": "provisioned"}
_WITHOUT_OUTPUT = frozenset({"embedding", "rerank"})
_NS_PER_DAY = 86_400 * NS_PER_S


class PriceBook:
    """Pure after loading: the same span and overrides give the same charge."""

    def __init__(self, genai: GenaiTable, litellm: LitellmTable) -> None:
        self._genai = genai
        self._litellm = litellm
        self._rates: dict[tuple[str, str, int, str], Rates | None] = {}

    @classmethod
    def load(cls) -> "PriceBook":
        return cls(GenaiTable.load(), LitellmTable.load())

    def charge(self, span: Span, *, overrides: Sequence[PriceOverride] = ()) -> Charge | None:
        """
        The charge of one model span; None for spans that are not priced at all.

        A span has a charge if it is a model call or reports a cost; `usd` inside is None when
        nobody knows the price.
        """
        reported = span.charge.reported_usd if span.charge is not None else None
        if span.kind != "model" and reported is None:
            return None
        computed, source, version, rule = self._compute(span, overrides)
        if reported is not None:
            is_unknown = is_unknown_zero(span, reported, computed)
            return Charge(
                usd=None if is_unknown else reported,
                reported_usd=reported,
                computed_usd=computed,
                source="" if is_unknown else "reported",
                price_version=version,
                price_rule=rule,
            )
        return Charge(
            usd=computed, computed_usd=computed, source=source, price_version=version,
            price_rule=rule,
        )  # fmt: skip

    def context_tokens(self, span: Span) -> int | None:
        """How many tokens fit into the window of this call's model; None = no table says."""
        for model in dict.fromkeys((span.model_served, span.model_requested)):
            row = self._genai.row(span.provider, model) if model else None
            if row is not None and row.context_tokens:
                return row.context_tokens
        return None

    def cache_saved(self, span: Span) -> Decimal | None:
        """
        USD that the provider's cache saved on this call: what its input would have cost at the
        full rate, less what it cost.  Negative where the cache was written and little was read.

        None where the call was not priced by a table, or the table has changed since.
        """
        usage, charge = span.usage, span.charge
        if usage is None or charge is None or charge.computed_usd is None:
            return None
        if charge.source == "project_override":
            return None
        now, _, _, rule = self._compute(span, ())
        if rule != charge.price_rule or now != charge.computed_usd:
            return None
        uncached = structs.replace(
            usage, cache_read_tokens=None, cache_write_tokens=None, cache_write_1h_tokens=None
        )
        full, _, _, _ = self._compute(structs.replace(span, usage=uncached), ())
        return None if full is None else full - charge.computed_usd

    def _compute(
        self, span: Span, overrides: Sequence[PriceOverride]
    ) -> tuple[Decimal | None, str, str, str]:
        usage = span.usage
        has_output = span.subkind not in _WITHOUT_OUTPUT
        models = [name for name in (span.model_served, span.model_requested) if name]
        if usage is None or not models:
            return None, "", "", ""
        if overrides:
            row = find_override(
                overrides, provider=span.provider, models=models, at_ns=span.start_ns
            )
            if row is not None:
                cost = cost_of(usage, rates_of(row), has_output=has_output)
                return cost, "project_override" if cost is not None else "", "", row.model
        tier = _tier(span.service_tier)
        for model in dict.fromkeys(models):
            cost, rule = self._from_genai(span, model, usage, tier)
            if rule:
                found = cost is not None
                return cost, "genai_prices" if found else "", genai_table.VERSION, rule
        for model in dict.fromkeys(models):
            listed = self._litellm.rates(span.provider, model, tier)
            if listed is not None:
                cost = cost_of(usage, listed[1], has_output=has_output)
                found = cost is not None
                return cost, "litellm" if found else "", litellm_table.VERSION, listed[0]
        return None, "", "", ""

    def _from_genai(
        self, span: Span, model: str, usage: Usage, tier: str
    ) -> tuple[Decimal | None, str]:
        """(USD, rule); rule "" = no row here, look further."""
        provider, at_ns = span.provider, span.start_ns
        row = self._genai.row(provider, model)
        if row is None or (tier and not row.has_tier(tier, at_ns)):
            return None, ""
        if _needs_library(usage):
            return row.library_cost(usage, at_ns, tier), row.rule
        rates = self._rates_of(row, provider, model, at_ns, tier)
        if rates is None:
            return row.library_cost(usage, at_ns, tier), row.rule
        return cost_of(usage, rates, has_output=span.subkind not in _WITHOUT_OUTPUT), row.rule

    def _rates_of(self, row: Row, provider: str, model: str, at_ns: int, tier: str) -> Rates | None:
        if row.changes_within_a_day:
            return row.rates(at_ns, tier)
        key = (provider, model, at_ns // _NS_PER_DAY if row.is_dated else 0, tier)
        if key not in self._rates:
            if len(self._rates) > 20_000:
                self._rates.clear()  # one entry a model and day: bounded, cheap to refill
            self._rates[key] = row.rates(at_ns, tier)
        return self._rates[key]


def _tier(service_tier: str) -> str:
    """ "" for the standard list; else the tier's own name, which needs its own list."""
    name = service_tier.strip().lower()
    return "" if name in _STANDARD_TIERS else _TIER_NAMES.get(name, name)


def _needs_library(usage: Usage) -> bool:
    return bool(
        usage.input_audio_tokens
        or usage.output_audio_tokens
        or usage.input_image_tokens
        or usage.output_image_tokens
        or usage.input_video_tokens
        or usage.web_searches
    )
