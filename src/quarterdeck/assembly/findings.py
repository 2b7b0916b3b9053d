"""
What a session's own sums say about its data: recorded costs that can't be right.

A finding is a contradiction between two things that were told.  What was merely not told (calls
without tokens, models without a price) is none: it has its own counts on the session, and a
warning on every second session is read by nobody.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from quarterdeck.assembly import calls as billing
from quarterdeck.assembly.sums import PICO
from quarterdeck.cost.reported import SELF_HOSTED
from quarterdeck.model.findings import Finding

MAX_FINDINGS = 100

RECORDED_COST_ZERO = "recorded_cost_zero"
COST_DISAGREES = "cost_disagrees"

_TOLERANCE = 100
"""Recorded and computed cost disagree if they differ by more than 1/100 of the greater ..."""
_ROUNDING_PICO = PICO // 1_000_000
"""... and by more than this for each call: many senders round to a millionth of a dollar ..."""
_DUST_PICO = PICO // 10_000
"""... and by more than this in all.  A library whose table has another price for cached tokens
differs by 8 % on every call; under a hundredth of a cent a session nobody wants to know."""


def session_findings(
    models: Mapping[tuple[str, str, str], Sequence[int]],
    total: Sequence[int],
    recorded: int | None,
    told: list[Finding],
) -> list[Finding]:
    """
    Those of the sums, then those that spans told.

    `models` and `total` are sums of `calls.py`, `recorded` the session's recorded cost in
    pico-dollars.  What a span has told already is not found a second time.
    """
    codes = {finding.code for finding in told}
    cached = sum(sums[billing.CACHE_READ] for sums in models.values())
    found = [*_zeros(models, recorded), *_disagreement(total, recorded, cached)]
    return [finding for finding in found if finding.code not in codes] + told


def _zeros(
    models: Mapping[tuple[str, str, str], Sequence[int]], recorded: int | None
) -> list[Finding]:
    """A cost of 0 for a model that nobody knows the price of: not free, unpriced."""
    by_model: dict[str, int] = {}
    for (model, provider, _), sums in models.items():
        zeros = sums[billing.ZEROS]
        if recorded == 0 and not sums[billing.COMPUTED_N] and provider not in SELF_HOSTED:
            zeros = max(zeros, sums[billing.CALLS] - sums[billing.REPORTED_N])
        if zeros:
            by_model[model] = by_model.get(model, 0) + zeros
    return [
        Finding(
            code=RECORDED_COST_ZERO,
            message=f"a cost of 0 was recorded for {_calls(count)} of {model or 'a model'!r},"
            " whose price is unknown",
        )
        for model, count in sorted(by_model.items())
    ]


def _disagreement(total: Sequence[int], recorded: int | None, cached: int) -> list[Finding]:
    """Like with like: of the calls that have both costs, or of a session all of whose calls do."""
    if recorded is None:
        count = total[billing.BOTH_N]
        said, computed = total[billing.BOTH_REPORTED], total[billing.BOTH_COMPUTED]
    else:
        count = total[billing.COMPUTED_N]
        if count < total[billing.PRICED] + total[billing.UNPRICED]:
            return []
        said, computed = recorded, total[billing.COMPUTED]
    difference = abs(said - computed)
    if difference * _TOLERANCE <= max(said, computed):
        return []
    if difference <= max(_DUST_PICO, count * _ROUNDING_PICO):
        return []
    # A session's recorded total may cover calls of which the file tells nothing else.
    message = (
        f"the recorded cost is {_shown(said)} USD, the price table says {_shown(computed)} USD"
        f" for the {_calls(count)} that tell it"
        if recorded is None
        else f"the session's recorded cost is {_shown(said)} USD, the price table says"
        f" {_shown(computed)} USD for its {_calls(count)}"
    )
    if 0 < said < computed and not cached:
        message += "; cached tokens, of which no call tells, would be cheaper"
    return [Finding(code=COST_DISAGREES, message=message)]


def _calls(count: int) -> str:
    return f"{count} call" if count == 1 else f"{count} calls"


def _shown(pico: int) -> str:
    """To a millionth, plainly; less than that as it is."""
    usd = Decimal(pico).scaleb(-12)
    short = usd.quantize(Decimal("0.000001"))
    return f"{(short or usd).normalize():f}"
