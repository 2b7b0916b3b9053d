"""
What a canary's figures come to: its verdict, what the rule says, why, and how much is missing.

Every look is worked out from all sessions anew.  Nothing is remembered from the last one, so an
outcome that a person corrects later counts everywhere as if it had always been so.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any, Literal

import msgspec

from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.statistics.intervals import Interval
from quarterdeck.statistics.sequential_ratio import observations_needed
from quarterdeck.workflows.canary import (
    MINUS,
    NAMES,
    Metric,
    Rule,
    announced,
    number,
    points,
    rule_text,
    share,
)
from quarterdeck.workflows.canary_metrics import (
    CONFIDENCE,
    CanarySession,
    Compared,
    Estimate,
    Verdict,
    assigned,
    compare,
)
from quarterdeck.workflows.manifest import StickyBy

Action = Literal["none", "promote", "rollback"]

MAX_POINTS = 200
"""Of the curve: as many as a chart has columns for."""
_TOO_MANY = 1e6
"""Sessions; who needs more needs another canary."""


class Canary(msgspec.Struct, frozen=True, kw_only=True):
    """What is watched."""

    stable: int
    """A version's number."""
    candidate: int
    sticky_by: StickyBy
    auto: bool
    since_ns: int


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What is missing until something is decided, if things go on as they do; about."""

    more_sessions: int | None
    """Of both versions, up to two digits: it is a guess.  None: more than a million."""
    about_s: float | None
    """For so many, at the speed at which sessions came so far."""


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found."""

    verdict: Verdict
    action: Action
    """What the rule says, whether or not anything happens by itself."""
    why: str
    checked_ns: int
    sessions: tuple[int, int]
    """Of stable and candidate, those that are over or whose outcome is known."""
    metrics: list[Compared]
    needs: Needs | None
    ended_ns: list[int]
    """When the known outcomes came, for the curve."""


def watch(rule: Rule, canary: Canary, sessions: Sequence[CanarySession], *, now_ns: int) -> Watch:
    """`sessions` of both versions in the order in which they ended."""
    counted = list(assigned(sessions, sticky_by=canary.sticky_by))
    metrics = compare(rule, counted)
    candidates = sum(session.candidate for session in sessions)
    action, why = decide(rule, canary, metrics, now_ns=now_ns)
    needs = None
    if action == "none":
        needs = _needs(rule, metrics[0], len(sessions), elapsed_ns=now_ns - canary.since_ns)
        why = f"{why}{_needs_text(needs)}"
    return Watch(
        verdict="worse" if any(one.broken for one in metrics) else metrics[0].verdict,
        action=action,
        why=why,
        checked_ns=now_ns,
        sessions=(len(sessions) - candidates, candidates),
        metrics=metrics,
        needs=needs,
        ended_ns=[one.ended_ns for one in counted if one.outcome != "unknown"],
    )


def decide(
    rule: Rule, canary: Canary, metrics: Sequence[Compared], *, now_ns: int
) -> tuple[Action, str]:
    """What the rule says, and why: a sentence with the figures.  `metrics[0]` is the main one."""
    main = metrics[0]
    broken = [f"{_told(one, canary)}; {_limit_text(rule, one)}." for one in metrics if one.broken]
    if broken:
        return "rollback", " Also ".join(broken)
    few = min(main.stable.n, main.candidate.n)
    if few < rule.minimum:
        which = canary.stable if main.stable.n < main.candidate.n else canary.candidate
        return "none", (
            f"{few} known outcomes of v{which} so far; nothing is decided before {rule.minimum} of "
            f"each version."
        )
    beyond = [one for one in metrics[1:] if one.beyond]
    holds = main.low is not None and main.low > rule.limit and not main.changed
    if holds and not beyond:
        return "promote", (
            f"{_told(main, canary)}: a fall of {points(-rule.limit)} is out of the question, and "
            f"no guard stands beyond its limit."
        )
    if (reached := _maximum(rule, canary, main, now_ns=now_ns)) is not None:
        return _at_maximum(rule, canary, main, beyond, reached)
    if main.changed:
        return "none", (
            f"{_told(main, canary)}: the difference changed while the canary ran, so no one "
            f"difference fits all of it; a person has to look."
        )
    if holds:
        return "none", (
            f"{_told(main, canary)}, which would do; but {_told(beyond[0], canary)} is beyond its "
            f"limit, though not for certain."
        )
    return "none", f"{_told(main, canary)}: not decided yet."


def _maximum(rule: Rule, canary: Canary, main: Compared, *, now_ns: int) -> str | None:
    """Which maximum is reached, in words."""
    if rule.maximum is not None and main.candidate.n >= rule.maximum:
        return f"{main.candidate.n} known outcomes of v{canary.candidate}"
    hours = (now_ns - canary.since_ns) / NS_PER_S / 3600
    if rule.maximum_hours is not None and hours >= rule.maximum_hours:
        return f"{number(hours)} hours"
    return None


def _at_maximum(
    rule: Rule, canary: Canary, main: Compared, beyond: Sequence[Compared], reached: str
) -> tuple[Action, str]:
    told = f"After {reached} nothing is decided, {_told(main, canary)}"
    if rule.at_maximum == "rollback":
        return "rollback", f"{told}; the rule then rolls back."
    if rule.at_maximum == "promote" and not main.beyond and not beyond:
        return "promote", f"{told}; no figure stands beyond its limit, and the rule then promotes."
    return "none", f"{told}; a person has to decide."


def _told(one: Compared, canary: Canary) -> str:
    """As `completion: v14 90 % of 212, v13 85 % of 230, +5 pts [+1, +9] at 97.5 %`."""
    new, old = _value(one.metric, one.candidate), _value(one.metric, one.stable)
    sides = (
        f"{NAMES[one.metric]}: v{canary.candidate} {new} of {one.candidate.n}, "
        f"v{canary.stable} {old} of {one.stable.n}"
    )
    if one.difference is None:
        return sides
    if one.metric == "cost_per_success":
        difference = f"{one.difference:+.4f} USD".replace("-", MINUS)
        interval = "" if one.low is None else f" [{one.low:+.4f}, {one.high:+.4f}]"
        interval = interval.replace("-", MINUS)
    else:
        difference = points(one.difference, signed=True)
        interval = ""
        if one.low is not None and one.high is not None:
            low, high = number(100 * one.low, signed=True), number(100 * one.high, signed=True)
            interval = f" [{low}, {high}]"
    return f"{sides}, {difference}{interval} at {number(100 * (1 - one.level))} %"


def _value(metric: Metric, estimate: Estimate) -> str:
    if estimate.value is None:
        return "none"
    if metric == "cost_per_success":
        return f"{estimate.value:.4f} USD"
    return share(float(estimate.value))


def _limit_text(rule: Rule, one: Compared) -> str:
    if one.metric == rule.metric:
        return f"worse for certain, and the rule puts up with less than {points(-rule.limit)}"
    guard = rule.guard_of(one.metric)
    limit = guard.limit if guard else 0.0
    told = share(limit) if one.metric == "cost_per_success" else points(limit)
    return f"worse for certain, and the guard's limit is {told}"


def _needs(rule: Rule, main: Compared, sessions: int, *, elapsed_ns: int) -> Needs | None:
    n, m = main.stable.n, main.candidate.n
    if not n or not m or main.difference is None:
        return None
    known = n + m
    missing = max(0.0, rule.minimum / n - 1, rule.minimum / m - 1) * known
    # Which way it looks to go: to be certain that it is worse, or that it has not fallen too far.
    worse = main.difference <= rule.limit
    distance = -main.difference if worse else main.difference - rule.limit
    mean = (n * float(main.stable.value or 0) + m * float(main.candidate.value or 0)) / known
    # Where all succeeded so far, one that fails is to be expected among the next.
    mean = min(1 - 1 / (known + 2), max(1 / (known + 2), mean))
    both = n * m / known
    needed = observations_needed(
        deviation=sqrt(mean * (1 - mean)), distance=distance, level=main.level, most=_TOO_MANY
    )
    more = max(missing, (needed / both - 1) * known) * sessions / known
    if needed >= _TOO_MANY or more > _TOO_MANY:
        return Needs(more_sessions=None, about_s=None)
    told = _rounded_up(max(1, round(more)))
    about_s = told * elapsed_ns / NS_PER_S / sessions if elapsed_ns > 0 else None
    return Needs(more_sessions=told, about_s=about_s)


def _needs_text(needs: Needs | None) -> str:
    if needs is None:
        return ""
    if needs.more_sessions is None:
        return " More than a million sessions would be needed."
    noun = "session" if needs.more_sessions == 1 else "sessions"
    text = f" About {needs.more_sessions:,} more {noun}"
    if needs.about_s is None or needs.about_s < 60:
        return f"{text}."
    return f"{text} (≈ {_duration(needs.about_s)})."


def _duration(seconds: float) -> str:
    """In two units, as the web app writes it: `5 d 19 h`, `2 h 5 min`, `12 min`."""
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(seconds / 3600)
    return f"{hours // 24} d {hours % 24} h"


def _rounded_up(count: int) -> int:
    """To two digits."""
    scale: int = 10 ** max(0, len(str(count)) - 2)
    return -(-count // scale) * scale


# ------------------------------------------------------------------------------- as JSON


def watch_json(rule: Rule, canary: Canary, seen: Watch) -> dict[str, Any]:
    """The `Watch` of the API, which is also kept as the evidence of a move."""
    main = seen.metrics[0]
    stable, candidate = seen.sessions
    return {
        "verdict": seen.verdict,
        "action": seen.action,
        "why": seen.why,
        "checked_at": to_rfc3339(seen.checked_ns),
        "sessions": {"stable": stable, "candidate": candidate},
        "rule": rule_text(rule, candidate=f"v{canary.candidate}"),
        "announced": announced(rule, auto=canary.auto),
        "limit": rule.limit,
        "minimum": rule.minimum,
        "metrics": [
            _metric_json(rule, one, seen.needs if one is main else None) for one in seen.metrics
        ],
        "curve": _curve_json(main, seen.ended_ns),
        "notes": _notes(canary, seen),
    }


def _metric_json(rule: Rule, one: Compared, needs: Needs | None) -> dict[str, Any]:
    guard = rule.guard_of(one.metric)
    is_money = one.metric == "cost_per_success"
    return {
        "metric": one.metric,
        "stable": _estimate_json(one.stable),
        "candidate": _estimate_json(one.candidate),
        "difference": {
            "value": f"{one.difference:.9f}"
            if is_money and one.difference is not None
            else one.difference,
            "low": one.low,
            "high": one.high,
            "level": one.level,
            "method": "exact" if one.exact else "approximate",
            "verdict": one.verdict,
        },
        "limit": -rule.limit if one.metric == rule.metric else guard.limit if guard else None,
        "broken": one.broken,
        "beyond": one.beyond,
        "needs": None if needs is None else msgspec.to_builtins(needs),
    }


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    value, interval = estimate.value, estimate.interval
    return {
        "value": value if value is None or isinstance(value, float) else f"{value:f}",
        "n": estimate.n,
        "interval": None if interval is None else _interval_json(interval, estimate.method),
    }


def _interval_json(interval: Interval, method: str) -> dict[str, Any]:
    return {
        "low": interval.low,
        "high": interval.high,
        "confidence": CONFIDENCE,
        "method": method,
    }


def _curve_json(main: Compared, ended_ns: Sequence[int]) -> list[dict[str, Any]]:
    """By time; of more than fit the last, and others evenly between."""
    looks = main.looks
    if len(looks) > MAX_POINTS:
        step = len(looks) / MAX_POINTS
        looks = [looks[round((point + 1) * step) - 1] for point in range(MAX_POINTS)]
    return [
        {
            "at": to_rfc3339(ended_ns[look.place - 1]),
            "n_stable": look.first_n,
            "n_candidate": look.second_n,
            "difference": look.difference,
            "low": look.low,
            "high": look.high,
        }
        for look in looks
    ]


def _notes(canary: Canary, seen: Watch) -> list[str]:
    """What a reader has to know of how it was counted."""
    notes = []
    if canary.sticky_by != "session":
        counted = seen.metrics[-1].stable.n + seen.metrics[-1].candidate.n
        notes.append(
            f"Sticky by {canary.sticky_by}: the first session of each {canary.sticky_by} counts, "
            f"{counted} of {sum(seen.sessions)}."
        )
    if seen.metrics[0].changed:
        notes.append(
            "The difference in completion changed while the canary ran: the interval is that of "
            "its end."
        )
    return notes
