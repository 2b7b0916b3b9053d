"""Prices: dated tables, overrides first, unknown is not free."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.cost.overrides import PriceOverride
from quarterdeck.cost.price_book import PriceBook
from quarterdeck.model.instants import from_rfc3339
from quarterdeck.model.spans import Span
from quarterdeck.model.usage import Charge, Usage

MARCH_2026 = from_rfc3339("2026-03-01T00:00:00Z")


@pytest.fixture(scope="module")
def book() -> PriceBook:
    return PriceBook.load()


def call(
    model: str, usage: Usage | None, *, provider: str = "", at_ns: int = MARCH_2026, **more: Any
) -> Span:
    return Span(
        trace_id="0" * 32, span_id="1" * 16, kind="model", model_served=model,
        provider=provider, usage=usage, start_ns=at_ns, **more,
    )  # fmt: skip


def test_cached_tokens_are_paid_once_at_their_own_rate(book: PriceBook) -> None:
    usage = Usage(
        input_tokens=1_000_000, output_tokens=100_000, cache_read_tokens=800_000,
        cache_write_tokens=100_000,
    )  # fmt: skip
    charge = book.charge(call("claude-3-5-sonnet-20241022", usage, provider="anthropic"))
    # 100k x $3 + 800k x $0.30 + 100k x $3.75 + 100k x $15, per million.
    assert charge is not None
    assert charge.usd == Decimal("0.3") + Decimal("0.24") + Decimal("0.375") + Decimal("1.5")
    assert charge.source == "genai_prices"


def test_reasoning_tokens_are_inside_the_output_and_paid_once(book: PriceBook) -> None:
    plain = Usage(input_tokens=10, output_tokens=100)
    reasoned = Usage(input_tokens=10, output_tokens=100, reasoning_tokens=90)
    one = book.charge(call("gpt-4o", plain, provider="openai"))
    other = book.charge(call("gpt-4o", reasoned, provider="openai"))
    assert one is not None
    assert other is not None
    assert one.usd == other.usd == Decimal("0.001025")


def test_an_old_call_keeps_the_price_of_its_day(book: PriceBook) -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    before = book.charge(
        call("o3", usage, provider="openai", at_ns=from_rfc3339("2025-06-09T00:00:00Z"))
    )
    after = book.charge(
        call("o3", usage, provider="openai", at_ns=from_rfc3339("2025-06-11T00:00:00Z"))
    )
    assert before is not None
    assert after is not None
    assert (before.usd, after.usd) == (Decimal(10), Decimal(2))


@pytest.mark.parametrize(
    ("model", "provider"),
    [("in-house-7b", "vllm"), ("gpt-4o", "vllm"), ("no-such-model", "openai"), ("", "openai")],
)
def test_an_unknown_price_is_none_and_never_zero(
    book: PriceBook, model: str, provider: str
) -> None:
    charge = book.charge(call(model, Usage(input_tokens=10, output_tokens=10), provider=provider))
    assert charge is not None
    assert charge.usd is None
    assert charge.source == ""


def test_a_call_with_half_its_counts_is_unpriced(book: PriceBook) -> None:
    charge = book.charge(call("gpt-4o", Usage(input_tokens=10), provider="openai"))
    assert charge is not None
    assert charge.usd is None


def test_zero_tokens_cost_nothing_which_is_not_unknown(book: PriceBook) -> None:
    charge = book.charge(call("gpt-4o", Usage(input_tokens=0, output_tokens=0), provider="openai"))
    assert charge is not None
    assert charge.usd == 0


def test_an_embedding_has_no_output_to_wait_for(book: PriceBook) -> None:
    charge = book.charge(
        call(
            "text-embedding-3-small", Usage(input_tokens=1_000_000), provider="openai",
            subkind="embedding",
        )
    )  # fmt: skip
    assert charge is not None
    assert charge.usd == Decimal("0.02")


def test_a_project_override_comes_first_within_its_dates(book: PriceBook) -> None:
    row = PriceOverride(
        model="gpt-4o*", provider="openai", input_usd_per_mtok=Decimal(1),
        output_usd_per_mtok=Decimal(2), discount_percent=Decimal(10),
        valid_from_ns=MARCH_2026, valid_until_ns=MARCH_2026 + 10,
    )  # fmt: skip
    usage = Usage(input_tokens=1_000_000, output_tokens=1_000_000)
    inside = book.charge(call("gpt-4o-mini", usage, provider="openai"), overrides=[row])
    outside = book.charge(
        call("gpt-4o-mini", usage, provider="openai", at_ns=MARCH_2026 + 10), overrides=[row]
    )
    assert inside is not None
    assert outside is not None
    assert (inside.usd, inside.source) == (Decimal("2.7"), "project_override")
    assert outside.source == "genai_prices"


def test_a_reported_cost_is_shown_beside_the_computed_one(book: PriceBook) -> None:
    span = call(
        "gpt-4o", Usage(input_tokens=1_000_000, output_tokens=0), provider="openai",
        charge=Charge(reported_usd=Decimal("2.1")),
    )  # fmt: skip
    charge = book.charge(span)
    assert charge is not None
    assert (charge.usd, charge.computed_usd) == (Decimal("2.1"), Decimal("2.5"))
    assert charge.source == "reported"


def test_a_reported_zero_of_a_model_without_a_price_is_unpriced(book: PriceBook) -> None:
    free = Charge(reported_usd=Decimal(0))
    tokens, none = Usage(input_tokens=10, output_tokens=1), Usage(input_tokens=0, output_tokens=0)
    unknown = book.charge(call("house-7b", tokens, provider="openai", charge=free))
    assert unknown is not None
    assert (unknown.usd, unknown.reported_usd, unknown.source) == (None, Decimal(0), "")
    for known in (
        call("gpt-4o", tokens, provider="openai", charge=free),  # perhaps a credit: it has a price
        call("house-7b", none, provider="openai", charge=free),
        call("house-7b", tokens, provider="ollama", charge=free),
    ):
        charge = book.charge(known)
        assert charge is not None
        assert (charge.usd, charge.source) == (Decimal(0), "reported")


def test_litellm_fills_the_gaps_of_the_dated_table(book: PriceBook) -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    charge = book.charge(call("luminous-base", usage, provider="aleph_alpha"))
    listed = book.charge(call("jamba-1.5-mini", usage, provider="ai21"))
    assert charge is not None
    assert listed is not None
    assert {charge.source, listed.source} & {"litellm"}


def test_a_service_tier_is_priced_by_its_own_list_or_not_at_all(book: PriceBook) -> None:
    usage = Usage(input_tokens=1_000_000, output_tokens=0)
    batch = book.charge(call("gpt-4o", usage, provider="openai", service_tier="batch"))
    odd = book.charge(call("gpt-4o", usage, provider="openai", service_tier="moonlight"))
    assert batch is not None
    assert odd is not None
    assert batch.usd == Decimal("1.25")
    assert odd.usd is None


def test_a_span_that_calls_no_model_has_no_charge(book: PriceBook) -> None:
    span = msgspec.structs.replace(call("gpt-4o", Usage(input_tokens=1)), kind="tool")
    assert book.charge(span) is None


_COUNTS = {
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
    "cache_read_tokens": "cache_read_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "output_reasoning_tokens": "reasoning_tokens",
    "input_audio_tokens": "input_audio_tokens",
    "input_image_tokens": "input_image_tokens",
    "output_image_tokens": "output_image_tokens",
    "input_video_tokens": "input_video_tokens",
    "web_searches": "web_searches",
}

# Each disagreement with the recorded vectors, and why we keep our answer.
_EXPECTED_DIFFERENCES = {
    ("azure", "gpt-4o-2024-08-06", "no counts at all: unknown, where the vector says 0"): 2,
    ("openai", "gpt-4o-2024-08-06", "no counts at all: unknown, where the vector says 0"): 1,
    ("google", "gemini-2.5-flash", "cached counts by modality, which we do not keep"): 1,
    ("google", "claude-sonnet-4-5-20250929", "the table has a long-context tier by now"): 1,
    ("deepseek", "deepseek-r1-distill-llama-70b", "priced by the hour of the day"): 1,
    ("deepseek", "deepseek-reasoner", "priced by the hour of the day"): 1,
}


def test_the_recorded_price_vectors_agree_but_for_the_listed_ones(
    book: PriceBook, shared: Path
) -> None:
    path = shared / "data" / "prices" / "genai-prices-usage-vectors-even.json.gz"
    agreed = 0
    differences: dict[tuple[str, str], int] = {}
    for vector in json.loads(gzip.decompress(path.read_bytes())):
        for found in vector["extracted"]:
            usage = Usage(
                **{_COUNTS[key]: n for key, n in found["usage"].items() if key in _COUNTS}
            )
            for row in found["extractors"]:
                if "input_price" not in row:
                    continue
                expected = Decimal(row["input_price"]) + Decimal(row["output_price"])
                if "total_price" in row:
                    expected = Decimal(row["total_price"])
                model = vector.get("model") or ""
                flavor = row["api_flavor"]
                charge = book.charge(
                    call(
                        model, usage, provider=row["provider_id"],
                        subkind="embedding" if flavor == "embeddings" else "",
                    )
                )  # fmt: skip
                if charge is not None and charge.usd == expected:
                    agreed += 1
                else:
                    key = (row["provider_id"], model)
                    differences[key] = differences.get(key, 0) + 1
    assert differences == {key[:2]: count for key, count in _EXPECTED_DIFFERENCES.items()}
    assert agreed == 1724
