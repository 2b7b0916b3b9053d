"""
LiteLLM's price table as data (MIT, (c) BerriAI): for models that genai-prices lacks.

It has no dates: one list, that of `VERSION`.  `litellm_prices.json.gz` beside this file is the
published table reduced by `distill` to what is billed by the token; it is refreshed with
`python -m quarterdeck.cost.litellm_table TABLE.json`, never at run time.
"""

import gzip
import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.cost.rates import MILLION, Price, Rates, Tier, Tiered

VERSION = "litellm 1.109.1"

_KINDS: Mapping[str, str] = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
}
_SERVICE_TIERS: Mapping[str, str] = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
_CONTEXT = re.compile(r"_above_(\d+)k_tokens")

_HOSTS: Mapping[str, tuple[str, ...]] = {
    # Our provider name -> how LiteLLM's ids begin and which `litellm_provider`s it covers.
    "aws.bedrock": ("bedrock", "bedrock_converse"),
    "gcp.vertex_ai": ("vertex_ai",),
    "gcp.gemini": ("gemini",),
    "gcp.gen_ai": ("gemini", "vertex_ai"),
    "azure.ai.openai": ("azure",),
    "azure.ai.inference": ("azure_ai",),
    "x_ai": ("xai",),
    "mistral_ai": ("mistral",),
    "moonshot_ai": ("moonshot",),
    "ibm.watsonx.ai": ("watsonx",),
}


class LitellmTable:
    def __init__(self, models: Mapping[str, Mapping[str, Any]]) -> None:
        self._models = models
        self._found: dict[tuple[str, str, str], tuple[str, Rates] | None] = {}

    @classmethod
    def load(cls) -> "LitellmTable":
        packed = files("quarterdeck.cost").joinpath("litellm_prices.json.gz").read_bytes()
        return cls(json.loads(gzip.decompress(packed)))

    def rates(self, provider: str, model: str, service_tier: str) -> tuple[str, Rates] | None:
        """(the row's id, its rates), or None.  A tier without its own list has no price."""
        key = (provider, model, service_tier)
        if key not in self._found:
            if len(self._found) > 50_000:
                self._found.clear()  # names come from strangers: bounded, cheap to refill
            self._found[key] = self._find(provider, model, service_tier)
        return self._found[key]

    def _find(self, provider: str, model: str, service_tier: str) -> tuple[str, Rates] | None:
        suffix = _SERVICE_TIERS.get(service_tier) if service_tier else ""
        if suffix is None:
            return None
        for name in self._names(provider, model):
            rates = _rates(self._models[name]["p"], suffix)
            if rates is not None:
                return name, rates
        return None

    def _names(self, provider: str, model: str) -> Iterator[str]:
        model = model.lower()
        hosts = _HOSTS.get(provider, (provider,)) if provider else ()
        for host in hosts:
            if f"{host}/{model}" in self._models:
                yield f"{host}/{model}"
        row = self._models.get(model)
        if row is not None and (not hosts or any(row["h"].startswith(host) for host in hosts)):
            yield model


def _rates(prices: Mapping[str, float], suffix: str) -> Rates | None:
    found: dict[str, Price] = {}
    for key, kind in _KINDS.items():
        base = prices.get(key + suffix)
        if base is None:
            continue
        tiers = sorted(
            Tier(int(match[1]) * 1000, _usd_per_mtok(value))
            for name, value in prices.items()
            if (match := _CONTEXT.search(name)) and name == f"{key}{match[0]}{suffix}"
        )
        flat = _usd_per_mtok(base)
        found[kind] = Tiered(base=flat, tiers=tuple(tiers)) if tiers else flat
    return msgspec.structs.replace(Rates(), **found) if "input" in found else None


def _usd_per_mtok(usd_per_token: float) -> Decimal:
    return Decimal(repr(usd_per_token)) * MILLION


def distill(table: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Ids in lower case -> {"h": host, "p": prices by the token}; the rest is left out."""
    models: dict[str, dict[str, Any]] = {}
    for name, row in table.items():
        prices = {
            key: value
            for key, value in row.items()
            if isinstance(value, int | float) and key.startswith(tuple(_KINDS))
        }
        if name != "sample_spec" and "input_cost_per_token" in prices:
            models[name.lower()] = {"h": str(row.get("litellm_provider", "")), "p": prices}
    return models


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    target = Path(__file__).with_name("litellm_prices.json.gz")
    text = json.dumps(distill(source), sort_keys=True, separators=(",", ":"))
    # mtime 0: the same table gives the same bytes.
    target.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
