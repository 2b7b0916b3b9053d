"""
When a canary is decided: the rule that is stated when it starts.

The words are of the release page and of the move's `rule`; what is compared and how sure that is
comes from `statistics.sequential`.  Refused: unknown fields, and limits that could never decide.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

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
    """What decides a canary.  `msgspec.convert(json, Rule)` reads one; {} is the usual."""

    metric: Literal["completion"] = "completion"
    limit: Annotated[float, Meta(ge=-1, le=0)] = -0.05
    """The largest fall that is put up with, in points of 1."""
    level: Annotated[float, Meta(gt=0, le=0.5)] = 0.05
    """How often a version that is no worse may be rolled back, guards and all looks together."""
    minimum: Annotated[int, Meta(ge=1, le=1_000_000)] = 20
    """Known outcomes of each version before anything is decided."""
    maximum: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    """Known outcomes of the candidate after which `at_maximum` is done; None: no such number."""
    maximum_hours: Annotated[float, Meta(gt=0, le=24 * 365)] | None = None
    """The same for the time since the canary began."""
    at_maximum: Literal["none", "promote", "rollback"] = "none"
    guards: tuple[Guard, ...] = DEFAULT_GUARDS
