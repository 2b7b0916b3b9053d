"""
Which model a call goes to, and where it goes after a failure.

A target whose condition fails is not taken.  Failures that another try may cure are tried again at
the same target as often as it says; then, and after the kinds that a fallback names, the next
target is taken whose condition holds.  No target is gone to twice, so a call always ends.

Not here: making the call, and waiting between tries.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from quarterdeck.workflows.conditions import Failed, holds
from quarterdeck.workflows.manifest import FailureKind, Fallback, Manifest, Target

CURABLE: frozenset[FailureKind] = frozenset(
    {"rate_limited", "overloaded", "timeout", "server_error", "connection"}
)
"""Another try at the same target may succeed."""

Action = Literal["retry", "next", "fail", "ask"]


class Place(NamedTuple):
    """A target of the manifest."""

    route: str
    target: int
    """In the route's order, from 0."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What to do after a failure."""

    action: Action
    """`ask`: a person says whether it goes on, at `place`."""
    place: Place | None = None
    """Where the call goes; None with `fail`, and with `ask` where nothing is left to try."""
    why: str = ""


def target_at(manifest: Manifest, place: Place) -> Target:
    return manifest.models[place.route].targets[place.target]


def places_of(manifest: Manifest, route: str, *, variables: Mapping[str, Any]) -> tuple[Place, ...]:
    """The targets of a route that may be taken, in order; () also for an unknown route."""
    known = manifest.models.get(route)
    if known is None:
        return ()
    return tuple(
        Place(route, index)
        for index, target in enumerate(known.targets)
        if _is_taken(target, variables)
    )


def next_after(
    manifest: Manifest,
    place: Place,
    failure: FailureKind,
    *,
    tries: int,
    tried: Collection[Place],
    variables: Mapping[str, Any],
) -> Step:
    """
    What follows when the call at `place` failed for the `tries`th time, from 1.

    `tried` are the targets that were gone to, `place` among them.
    """
    fallback = _fallback_for(manifest, place.route, failure)
    action: Action = "next" if fallback is None else fallback.action
    if fallback is None and failure not in CURABLE:
        return Step(action="fail", why=f"no fallback of {place.route!r} names {failure}")
    if action == "fail":
        return Step(action="fail", why=f"{place.route!r} fails on {failure}")
    may_retry = action == "retry" or failure in CURABLE
    if may_retry and action != "ask" and tries <= target_at(manifest, place).retries:
        return Step(action="retry", place=place, why=f"{failure}, try {tries + 1}")
    if action == "retry":
        return Step(action="fail", why=f"{failure} after {tries} tries")
    found = _next_place(manifest, place, fallback, tried=tried, variables=variables)
    if action == "ask":
        return Step(action="ask", place=found, why=f"{place.route!r} asks a person on {failure}")
    if found is None:
        return Step(action="fail", why=f"{failure}, and no target is left")
    return Step(action="next", place=found, why=failure)


def _next_place(
    manifest: Manifest,
    place: Place,
    fallback: Fallback | None,
    *,
    tried: Collection[Place],
    variables: Mapping[str, Any],
) -> Place | None:
    elsewhere = None if fallback is None else fallback.route
    if isinstance(elsewhere, str):
        candidates = places_of(manifest, elsewhere, variables=variables)
    else:
        candidates = tuple(
            one
            for one in places_of(manifest, place.route, variables=variables)
            if one.target > place.target
        )
    return next((one for one in candidates if one not in tried and one != place), None)


def _fallback_for(manifest: Manifest, route: str, failure: FailureKind) -> Fallback | None:
    known = manifest.models.get(route)
    fallbacks = () if known is None else known.fallbacks
    return next((one for one in fallbacks if failure in one.on), None)


def _is_taken(target: Target, variables: Mapping[str, Any]) -> bool:
    if isinstance(target.when, msgspec.UnsetType):
        return True
    result = holds(target.when, "route", variables)
    return False if isinstance(result, Failed) else result
