"""
When a reported cost is no cost: the 0 of a recorder that knew no price.

LiteLLM and recorders built on it write 0 for a model that their table lacks.  Of calls with
tokens, of a model that no table of ours has either, that is an unknown price, which is never 0.
A model that one runs oneself costs nothing a call, and its 0 stays.
"""

from decimal import Decimal

from quarterdeck.model.spans import Span

SELF_HOSTED = frozenset(
    {"ollama", "vllm", "lm_studio", "lmstudio", "llama.cpp", "llama_cpp", "llamacpp", "local"}
)
"""Providers whose calls are bought by nobody."""


def is_unknown_zero(
    span: Span, reported: Decimal | int | None, computed: Decimal | int | None
) -> bool:
    """`reported` and `computed`: the costs of this call, in any one unit; None = not known."""
    if reported is None or reported or computed is not None:
        return False
    usage = span.usage
    has_tokens = usage is not None and bool(usage.input_tokens or usage.output_tokens)
    # Where a metric's points tell the cost, those with the tokens say 0: it is on the others.
    return has_tokens and span.subkind != "metric" and span.provider not in SELF_HOSTED
