"""
Bringing token counts to one meaning: input includes cached, output includes reasoning.

Anthropic and Bedrock count cached tokens beside the input, Gemini and xAI count reasoning
beside the output, and instrumentations either pass that on or add it up.  An error here moves
an agent's cost by two to ten times, because cache reads are most of an agent's input.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from quarterdeck.model.usage import Usage
from quarterdeck.normalize.dialect import Counting


class _Known(NamedTuple):
    scope: str
    """Prefix of the scope's name."""
    provider: str
    """"" = any."""
    cache: Counting
    reasoning: Counting = ""
    before: tuple[int, ...] = ()
    """Only versions below this one; () = any."""


_TABLE = (
    _Known("opentelemetry.instrumentation.anthropic", "anthropic", "exclusive", before=(0, 40)),
    _Known("openlit", "anthropic", "exclusive"),
    _Known("openlit", "aws.bedrock", "exclusive"),
    _Known("agentops", "anthropic", "exclusive"),
    _Known("com.anthropic.claude_code", "", "exclusive"),
    _Known("gemini-cli", "", "inclusive", "exclusive"),
    _Known("gemini_cli", "", "inclusive", "exclusive"),
    _Known("com.anthropic.sdk", "", "inclusive"),
    _Known("opentelemetry.instrumentation", "", "inclusive"),
    _Known("opentelemetry.util.genai", "", "inclusive"),
    _Known("openinference.", "", "inclusive"),
    _Known("@arizeai/openinference", "", "inclusive"),
    _Known("pydantic-ai", "", "inclusive"),
    _Known("gcp.vertex.agent", "", "inclusive"),
    _Known("strands", "", "inclusive"),
    _Known("agent_framework", "", "inclusive"),
    _Known("ai", "", "inclusive"),
    _Known("gen_ai", "", "inclusive"),
    _Known("mlflow", "", "inclusive"),
    _Known("codex", "", "inclusive"),
    _Known("quarterdeck", "", "inclusive"),
)
"""First match wins.  `ai` and `gen_ai` (Vercel) must match whole: see `_matches`."""


def _version(spelled: str) -> tuple[int, ...]:
    parts = []
    for part in spelled.split("."):
        digits = ""
        for char in part:
            if not (char.isascii() and char.isdigit()):
                break
            digits += char
        if not digits or len(digits) > 9:
            break
        parts.append(int(digits))
    return tuple(parts)


def _matches(known: _Known, scope: str, version: str, provider: str) -> bool:
    whole = known.scope in ("ai", "gen_ai")
    if not (scope == known.scope if whole else scope.startswith(known.scope)):
        return False
    if known.provider and known.provider != provider:
        return False
    return not known.before or (bool(_version(version)) and _version(version) < known.before)


@lru_cache(maxsize=1024)
def known_semantics(scope: str, version: str, provider: str) -> tuple[Counting, Counting]:
    """(cache, reasoning) as the emitter is known to count, or "" where it is not known."""
    for known in _TABLE:
        if _matches(known, scope, version, provider):
            return known.cache, known.reasoning
    return "", ""


_PLAIN = frozenset({"input_tokens", "output_tokens", "total_tokens"})
_CACHE_BESIDE = ("anthropic", "aws.bedrock")


def _cache_counting(
    counts: Mapping[str, int], known: Counting, provider: str
) -> tuple[Counting, str]:
    """How the cache was counted, and the `token_semantics` to tell."""
    read = counts.get("cache_read_tokens", 0)
    write = counts.get("cache_write_tokens", 0)
    given = counts.get("input_tokens")
    if known:
        # A known emitter can't include more than it counted, except that providers who include
        # the cache in their own counts (OpenAI's API and its copies) may be wrong by themselves.
        if known == "inclusive" and given is not None and read + write > given:
            counted: Counting = "exclusive" if provider in ("", *_CACHE_BESIDE) else "inclusive"
            return counted, counted
        return known, known
    if given is None or not read + write:
        return "inclusive", "assumed"
    if read + write > given:
        return "exclusive", "exclusive"
    total = counts.get("total_tokens")
    output = counts.get("output_tokens")
    if provider in _CACHE_BESIDE and total is not None and output is not None:
        if total == given + output + read + write:
            return "exclusive", "exclusive"
        if total == given + output:
            return "inclusive", "inclusive"
    return "inclusive", "assumed"


def _reasoning_counting(counts: Mapping[str, int], known: Counting) -> Counting:
    reasoning = counts.get("reasoning_tokens", 0)
    output = counts.get("output_tokens")
    if not reasoning or output is None:
        return "inclusive"
    if known:
        return known
    if reasoning > output:
        return "exclusive"
    total = counts.get("total_tokens")
    given = counts.get("input_tokens")
    if total is not None and given is not None:
        return "exclusive" if total == given + output + reasoning else "inclusive"
    return "inclusive"


def settle(
    counts: Mapping[str, int],
    *,
    cache: Counting,
    reasoning: Counting,
    provider: str,
) -> tuple[Usage, str]:
    """
    The usage in our meaning, and how sure that is (`inclusive`, `exclusive`, `assumed`).

    `counts` has the names of `Usage` plus `total_tokens` and `cache_write_5m_tokens`.
    Missing counts stay missing: zero is a count, absent is unknown.
    """
    if _PLAIN.issuperset(counts):  # nothing cached, no reasoning: nothing to settle
        return (
            Usage(
                input_tokens=counts.get("input_tokens"), output_tokens=counts.get("output_tokens")
            ),
            cache or "assumed",
        )
    counts = dict(counts)
    short, long = counts.get("cache_write_5m_tokens"), counts.get("cache_write_1h_tokens")
    if "cache_write_tokens" not in counts and (short is not None or long is not None):
        counts["cache_write_tokens"] = (short or 0) + (long or 0)
    cache_counting, told = _cache_counting(counts, cache, provider)
    given = counts.get("input_tokens")
    if cache_counting == "exclusive" and given is not None:
        given += counts.get("cache_read_tokens", 0) + counts.get("cache_write_tokens", 0)
    output = counts.get("output_tokens")
    if output is not None and _reasoning_counting(counts, reasoning) == "exclusive":
        output += counts.get("reasoning_tokens", 0)
    usage = Usage(
        input_tokens=given,
        output_tokens=output,
        cache_read_tokens=counts.get("cache_read_tokens"),
        cache_write_tokens=counts.get("cache_write_tokens"),
        cache_write_1h_tokens=counts.get("cache_write_1h_tokens"),
        reasoning_tokens=counts.get("reasoning_tokens"),
        input_audio_tokens=counts.get("input_audio_tokens"),
        output_audio_tokens=counts.get("output_audio_tokens"),
        web_searches=counts.get("web_searches"),
    )
    return usage, told
