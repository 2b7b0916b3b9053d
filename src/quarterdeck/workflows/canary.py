"""
When a canary is decided: the rule that is stated when it starts, and what it says in words.

Two things are asked of the main figure, completion.  *Roll back* as soon as the candidate is worse
for certain and its fall, as far as one knows it, is one that the rule does not put up with.
*Promote* as soon as such a fall is out of the question, and no guard stands beyond its limit.  To
be certain that a fall of ten points is more than five takes four times the sessions that it takes
to be certain that there is one, and meanwhile people get the worse version.

The level is for all of it together: half of it is the main figure's, the guards share the other
half.  What is compared and how is in `canary_metrics`, the decision in `canary_decision`.

Refused: unknown fields, and limits that could never decide.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from quarterdeck.errors import Invalid

MINUS = "\N{MINUS SIGN}"
"""As on screens: the hyphen is shorter than the plus."""

Metric = Literal[
    "completion", "intervention", "cost_per_success", "recovery", "quality", "unknown"
]  # fmt: skip
"""`unknown` is the share of sessions of which nobody said how they ended."""


class Guard(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may not get worse meanwhile."""

    metric: Metric
    limit: Annotated[float, Meta(gt=0, le=10)]
    """How far it may go the wrong way: of rates and quality in points of 1, of `cost_per_success`
    as a share of the stable version's."""
    direction: Literal["up", "down"]
    """The wrong way."""


DEFAULT_GUARDS = (
    Guard(metric="intervention", limit=0.10, direction="up"),
    Guard(metric="cost_per_success", limit=0.25, direction="up"),
    Guard(metric="unknown", limit=0.10, direction="up"),
)


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What decides a canary; `rule_of` reads one."""

    metric: Literal["completion"] = "completion"
    limit: Annotated[float, Meta(ge=-1, le=0)] = -0.05
    """The fall that is not put up with any more, in points of 1."""
    level: Annotated[float, Meta(gt=0, le=0.5)] = 0.05
    """How often a version that is no worse may be rolled back, guards and all looks together."""
    minimum: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """Observations of each version before a figure decides anything: known outcomes, of the main
    one."""
    maximum: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    """Known outcomes of the candidate after which `at_maximum` is done; None: no such number."""
    maximum_hours: Annotated[float, Meta(gt=0, le=24 * 365)] | None = None
    """The same for the time since the canary began."""
    at_maximum: Literal["none", "promote", "rollback"] = "none"
    guards: tuple[Guard, ...] = DEFAULT_GUARDS

    def guard_of(self, metric: Metric) -> Guard | None:
        return next((guard for guard in self.guards if guard.metric == metric), None)

    def level_of(self, metric: Metric) -> float:
        """That metric's part of the level; those that decide nothing are told at a guard's."""
        if not self.guards:
            return self.level
        return self.level / 2 if metric == self.metric else self.level / 2 / len(self.guards)


NAMES: dict[Metric, str] = {
    "completion": "completion",
    "intervention": "sessions with an intervention",
    "cost_per_success": "cost per success",
    "recovery": "recovery from errors",
    "quality": "quality",
    "unknown": "unknown outcomes",
}


def rule_text(rule: Rule, *, candidate: str) -> str:
    """The rule, for who reads it before it acts.  `candidate` is the version's name, as `v14`."""
    fall = points(-rule.limit)
    rollback = f"Roll back {candidate} if completion is worse for certain and {fall} lower or more"
    promote = f"Promote it if a completion {fall} lower is out of the question"
    if rule.guards:
        broken = "; ".join(_guard_text(guard) for guard in rule.guards)
        rollback += f"; or if a guard is broken, worse for certain and {broken}"
        promote += " and no guard stands beyond its limit"
    sentences = [
        f"{rollback}.",
        f"{promote}.",
        f"No figure decides before {rule.minimum} observations of each version.",
    ]
    if rule.maximum or rule.maximum_hours:
        sentences.append(_maximum_text(rule))
    sentences.append(
        f"However often one looks, a version that is no worse is rolled back in at most "
        f"{share(rule.level)} of all canaries."
    )
    return " ".join(sentences)


def announced(rule: Rule, *, auto: bool) -> str:
    """What will happen by itself, told before it does."""
    fall = points(rule.limit, signed=True)
    if not auto:
        return "Nothing happens by itself: what the rule says is shown, and a person acts."
    return (
        f"Will roll back by itself when the band lies below 0 and the difference is {fall} or "
        f"lower, or when a guard is broken. Will promote by itself when the band lies above {fall}."
    )


def _guard_text(guard: Guard) -> str:
    how = "higher" if guard.direction == "up" else "lower"
    limit = share(guard.limit) if guard.metric == "cost_per_success" else points(guard.limit)
    return f"{NAMES[guard.metric]} {limit} {how} or more"


def _maximum_text(rule: Rule) -> str:
    when = []
    if rule.maximum:
        when.append(f"{rule.maximum} known outcomes of the candidate")
    if rule.maximum_hours:
        when.append(f"{rule.maximum_hours:g} hours")
    done = {
        "none": "it is told that nothing was decided",
        "promote": "it is promoted if no figure stands beyond its limit",
        "rollback": "it is rolled back",
    }[rule.at_maximum]
    return f"After {' or '.join(when)} without a decision {done}."


def points(value: float, *, signed: bool = False) -> str:
    """`5 pts`, `7.5 pts`: hundredths, with a digit more where one is needed."""
    return f"{number(100 * value, signed=signed)} pts"


def share(value: float) -> str:
    return f"{number(100 * value)} %"


def number(value: float, *, signed: bool = False) -> str:
    rounded = round(value, 1)
    text = f"{abs(rounded):.1f}".removesuffix(".0")
    if rounded < 0:
        return f"{MINUS}{text}"
    return f"+{text}" if signed and rounded > 0 else text


def rule_of(told: dict[str, Any]) -> Rule:
    """A rule as a move's body or its row has it; {} is the usual one.  Raises `Invalid`."""
    try:
        return msgspec.convert(told, Rule)
    except msgspec.ValidationError as error:
        raise Invalid(
            f"not a rule of a canary: {error}",
            hint=f"A rule may say: {', '.join(Rule.__struct_fields__)}.",
        ) from error
