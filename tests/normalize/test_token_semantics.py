"""Counts are brought to one meaning, and what was not told stays untold."""

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.model.usage import Usage
from quarterdeck.normalize.token_semantics import known_semantics, settle

_COUNTS = st.dictionaries(
    st.sampled_from(
        ["input_tokens", "output_tokens", "total_tokens", "cache_read_tokens",
         "cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens",
         "reasoning_tokens"]
    ),
    st.integers(0, 10_000),
)  # fmt: skip
_COUNTING = st.sampled_from(["inclusive", "exclusive", ""])
_PROVIDERS = st.sampled_from(["", "anthropic", "aws.bedrock", "openai", "gcp.gemini", "x_ai"])


@given(_COUNTS, _PROVIDERS)
def test_where_nobody_knows_the_whole_is_never_less_than_its_parts(
    counts: dict[str, int], provider: str
) -> None:
    usage, _ = settle(counts, cache="", reasoning="", provider=provider)
    if usage.input_tokens is not None:
        assert usage.input_tokens >= (usage.cache_read_tokens or 0) + (
            usage.cache_write_tokens or 0
        )
    if usage.output_tokens is not None:
        assert usage.output_tokens >= (usage.reasoning_tokens or 0)


@given(_COUNTS, _COUNTING, _COUNTING, _PROVIDERS)
def test_what_was_not_told_stays_untold(
    counts: dict[str, int], cache: str, reasoning: str, provider: str
) -> None:
    usage, told = settle(
        counts,
        cache=cache,  # type: ignore[arg-type]
        reasoning=reasoning,  # type: ignore[arg-type]
        provider=provider,
    )
    assert (usage.input_tokens is None) == ("input_tokens" not in counts)
    assert (usage.output_tokens is None) == ("output_tokens" not in counts)
    assert (usage.cache_read_tokens is None) == ("cache_read_tokens" not in counts)
    assert told in ("inclusive", "exclusive", "assumed")


def test_writes_by_lifetime_add_up_where_no_sum_is_told() -> None:
    counts = {
        "input_tokens": 10,
        "cache_write_5m_tokens": 3,
        "cache_write_1h_tokens": 4,
    }
    usage, _ = settle(counts, cache="inclusive", reasoning="", provider="anthropic")
    assert usage == Usage(input_tokens=10, cache_write_tokens=7, cache_write_1h_tokens=4)


def test_the_emitter_decides_before_any_guess() -> None:
    assert known_semantics("openlit.x", "1", "anthropic")[0] == "exclusive"
    assert known_semantics("openlit.x", "1", "openai")[0] == ""
    assert known_semantics("opentelemetry.instrumentation.anthropic", "0.39.1", "anthropic") == (
        "exclusive",
        "",
    )
    assert known_semantics("opentelemetry.instrumentation.anthropic", "0.62.4", "anthropic") == (
        "inclusive",
        "",
    )
    assert known_semantics("airline", "", "") == ("", "")
