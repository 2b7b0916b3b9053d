"""
Rewards of benchmarks as outcomes: 1 is a success, 0 a failure, what lies between is partial.
"""

from collections.abc import Iterator, Mapping

from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome, OutcomeLabel

REWARD_MISSING = Finding(
    code="reward_missing", message="no reward is recorded: the outcome is unknown"
)


def outcome_of(reward: float | None, *, author: str, reason: str = "") -> Outcome | None:
    """The evaluator's word, with the reward as its evidence; None where there is no reward."""
    if reward is None:
        return None
    label: OutcomeLabel = "failure"
    if reward > 0:
        label = "success" if reward >= 1 else "success_partial"
    evidence = f"reward {reward:g}" + (f": {reason}" if reason else "")
    return Outcome(label=label, source="evaluator", author=author, reason=evidence)


def product_finding(reward: float, parts: Mapping[str, float]) -> Iterator[Finding]:
    """Where a reward that is the product of its parts is not."""
    product = 1.0
    for value in parts.values():
        product *= value
    if parts and abs(product - reward) > 1e-6:
        shown = ", ".join(f"{key} {value:g}" for key, value in parts.items())
        yield Finding(
            code="reward_disagrees",
            message=f"reward {reward:g}, but its parts ({shown}) multiply to {product:g}: "
            "the reward is taken",
        )
