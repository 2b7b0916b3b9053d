"""
What each figure is: its definition, what is divided by what, and how sure that is.

A figure without data is None, never 0.  An interval comes from what is independent: sessions,
or, where sessions are trials, their cases.  Calls of one session are not independent either, so
figures of calls have the interval of their sessions.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_count_interval,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.compare import (
    AMOUNT_MARGIN,
    RATE_MARGIN,
    Side,
    Verdict,
    compare,
)
from quarterdeck.statistics.intervals import Interval, wilson_interval
from quarterdeck.statistics.trials import CaseTrials, pass_at_k, pass_hat_k
from quarterdeck.storage.events.figures_reads import FiguresRow, Spread, has_clusters

CONFIDENCE = 0.95

Method = Literal["wilson", "t", "delta", "sessions resampled", "cases resampled"]
Kind = Literal["rate", "mean", "ratio", "sum"]
"""Sums have no interval; the others have one wherever there is enough data for it."""
Bucket = Literal["hour", "day", "week"]
"""Spans of time that figures are told by."""


class Measured(NamedTuple):
    value: float | int | Decimal | None
    n: int | None
    """Of how many; None for plain sums."""
    interval: Interval | None = None
    method: Method | None = None
    """How the interval was made; None without one."""
    left_out: int | None = None
    """Of pass^k and pass@k: cases with fewer than k trials."""
    observations: int = 0
    """Independent ones behind the interval: sessions, or cases of trials; 0 without one."""


Better = Literal["higher", "lower"]
"""Which way a figure is good."""


def shown(measured: Measured) -> dict[str, Any]:
    """The `Estimate` of an answer.  Money is text, its interval an estimate and so a number."""
    value = measured.value
    told: dict[str, Any] = {
        "value": f"{value:f}" if isinstance(value, Decimal) else value,
        "n": measured.n,
        "interval": _interval(measured),
    }
    if measured.left_out is not None:
        told["left_out"] = measured.left_out
    return told


def _interval(measured: Measured) -> dict[str, Any] | None:
    if measured.interval is None:
        return None
    low, high = measured.interval
    return {"low": low, "high": high, "confidence": CONFIDENCE, "method": measured.method}


class Figure(NamedTuple):
    title: str
    definition: str
    unit: str
    kind: Kind
    measure: Callable[[FiguresRow], Measured]
    better: Better | None = None
    """None where more is neither good nor bad by itself."""


def difference(figure: Figure, now: Measured, before: Measured) -> dict[str, Any] | None:
    """
    The `Difference` of an answer: now minus before, and what that means for this figure.

    None for sums, which have no interval, and where more is neither better nor worse.
    """
    if figure.kind == "sum" or figure.better is None:
        return None
    is_rate = figure.kind == "rate" or figure.unit == "0 to 1"
    margin = RATE_MARGIN if is_rate else AMOUNT_MARGIN * abs(float(before.value or 0))
    found = compare(_side(before), _side(now), margin=margin)
    low, high = found.interval if found.interval is not None else (None, None)
    if is_rate and low is not None and high is not None:
        low, high = max(-1.0, low), min(1.0, high)
    return {
        "value": _minus(now.value, before.value),
        "low": low,
        "high": high,
        "verdict": _judged(found.verdict, figure.better),
    }


def _side(measured: Measured) -> Side:
    value = None if measured.value is None else float(measured.value)
    return Side(value, measured.interval, measured.observations)


def _minus(now: float | Decimal | None, before: float | Decimal | None) -> float | str | None:
    if now is None or before is None:
        return None
    if isinstance(now, Decimal) and isinstance(before, Decimal):
        return f"{now - before:f}"
    return float(now) - float(before)


def _judged(verdict: Verdict, better: Better) -> str:
    if verdict in {"higher", "lower"}:
        return "better" if verdict == better else "worse"
    return verdict


def _measured(
    value: float | Decimal | None, n: int, of: Interval | None, by: Method, observations: float = 0
) -> Measured:
    method = by if of is not None else None
    return Measured(value, n, of, method, observations=round(observations))


def _sums(spread: Spread, x: float, y: float) -> ClusterSums:
    clusters, xx, yy, xy = spread
    return ClusterSums(round(clusters), x, y, xx, yy, xy)


def _session_rate(
    row: FiguresRow, part: int, whole: int, spread: Spread, *, confidence: float = CONFIDENCE
) -> Measured:
    """Of sessions, each of which is one observation unless it is a trial."""
    value = part / whole if whole else None
    if not has_clusters(row):
        interval = wilson_interval(part, whole, confidence=confidence)
        return _measured(value, whole, interval, "wilson", whole)
    interval = clustered_rate_interval(_sums(spread, part, whole), confidence=confidence)
    return _measured(value, whole, interval, "cases resampled", spread[0])


def completion(row: FiguresRow, *, confidence: float = CONFIDENCE) -> Measured:
    """The task completion rate; another confidence is for who looks at many of them at once."""
    return _session_rate(
        row, row.successes, row.known_outcomes, row.completion_spread, confidence=confidence
    )


def _call_rate(row: FiguresRow, part: int, whole: int, spread: Spread) -> Measured:
    """Of calls or episodes, many in one session."""
    interval = clustered_rate_interval(_sums(spread, part, whole))
    method: Method = "cases resampled" if has_clusters(row) else "sessions resampled"
    return _measured(part / whole if whole else None, whole, interval, method, spread[0])


def _mean(row: FiguresRow, n: int, total: float, spread: Spread) -> Measured:
    interval = clustered_positive_interval(_sums(spread, total, n))
    method: Method = "cases resampled" if has_clusters(row) else "t"
    return _measured(total / n if n else None, n, interval, method, spread[0])


def _interventions(row: FiguresRow) -> Measured:
    sums = _sums(row.acts_spread, row.interventions, row.sessions)
    value = row.interventions / row.sessions if row.sessions else None
    method: Method = "cases resampled" if has_clusters(row) else "t"
    return _measured(value, row.sessions, clustered_count_interval(sums), method, sums.clusters)


def _cost_per_task(row: FiguresRow) -> Measured:
    if row.cost_usd is None or not row.costed:
        return Measured(None, row.costed)
    told = _mean(row, row.costed, float(row.cost_usd), row.cost_spread)
    return told._replace(value=_money(row.cost_usd / row.costed))


def _cost_per_success(row: FiguresRow) -> Measured:
    """Over the sessions of known cost alone: successes of unknown cost would make it cheaper."""
    successes = row.costed_successes
    if row.cost_usd is None or not successes:
        return Measured(None, successes)
    sums = _sums(row.success_cost_spread, float(row.cost_usd), successes)
    method: Method = "cases resampled" if has_clusters(row) else "delta"
    value = _money(row.cost_usd / successes)
    interval = clustered_positive_interval(sums)
    # Failures are observations of what a success costs; but of few successes nothing is known.
    return _measured(value, successes, interval, method, min(sums.clusters, successes))


def _tool_accuracy(row: FiguresRow) -> Measured:
    if row.tool_calls is None or row.tool_errors is None:
        return Measured(None, None)
    ran = max(0, row.tool_calls - (row.tool_denied or 0))
    return _call_rate(row, max(0, ran - row.tool_errors), ran, row.tool_spread)


def _unpriced_share(row: FiguresRow) -> Measured:
    if row.model_calls is None or row.unpriced_calls is None:
        return Measured(None, None)
    return _call_rate(row, row.unpriced_calls, row.model_calls, row.unpriced_spread)


def _quality(row: FiguresRow) -> Measured:
    interval = clustered_rate_interval(_sums(row.quality_spread, row.quality, row.judged))
    value = row.quality / row.judged if row.judged else None
    method: Method = "cases resampled" if has_clusters(row) else "sessions resampled"
    return _measured(value, row.judged, interval, method, row.quality_spread[0])


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.000000001"))


FIGURES: Mapping[str, Figure] = {
    "sessions": Figure(
        "Sessions", "Sessions that began in the time.", "sessions", "sum",
        lambda row: Measured(row.sessions, None),
    ),
    "task_completion_rate": Figure(
        "Task completion rate",
        "Successes / sessions with a known outcome. The unknown share stands beside it.",
        "rate", "rate",
        completion, better="higher",
    ),
    "unknown_outcome_share": Figure(
        "Unknown outcomes", "Sessions whose outcome nobody has told / all sessions.",
        "rate", "rate",
        lambda row: _session_rate(
            row, row.sessions - row.known_outcomes, row.sessions, row.unknown_spread
        ),
        better="lower",
    ),
    "human_intervention_rate": Figure(
        "Human intervention rate",
        "Sessions with at least one intervention / all sessions.",
        "rate", "rate",
        lambda row: _session_rate(row, row.intervened, row.sessions, row.intervened_spread),
        better="lower",
    ),
    "interventions_per_session": Figure(
        "Interventions per session", "Interventions / sessions.", "per session", "mean",
        _interventions,
        better="lower",
    ),
    "cost_usd": Figure(
        "Cost", "Sum of the known costs; unpriced calls are in none of it.", "USD", "sum",
        lambda row: Measured(row.cost_usd, row.costed),
    ),
    "cost_per_task": Figure(
        "Cost per task", "Cost / sessions whose cost is known.", "USD", "mean", _cost_per_task,
        better="lower",
    ),
    "cost_per_success": Figure(
        "Cost per success",
        "Known costs, failures included / successes whose cost is known.",
        "USD", "ratio", _cost_per_success,
        better="lower",
    ),
    "wasted_usd": Figure(
        "Wasted cost",
        "Cost of calls whose result was thrown away: failed attempts, retries, failed sessions.",
        "USD", "sum", lambda row: Measured(row.wasted_usd, row.costed),
        better="lower",
    ),
    "unpriced_share": Figure(
        "Unpriced calls", "Model calls without a known price / all.", "rate", "rate",
        _unpriced_share,
        better="lower",
    ),
    "error_recovery_rate": Figure(
        "Error recovery rate", "Recovered error episodes / all.", "rate", "rate",
        lambda row: _call_rate(row, row.recovered, row.episodes, row.recovery_spread),
        better="higher",
    ),
    "tool_call_accuracy": Figure(
        "Tool call accuracy",
        "Tool calls that did not err, bad arguments included / tool calls that ran. Refused ones"
        " never ran.",
        "rate", "rate", _tool_accuracy,
        better="higher",
    ),
    "expected_calls_matched": Figure(
        "Expected tool calls made (tests)",
        "Of the tool calls that tests expected, those that were made. Not comparable with the tool"
        " call accuracy of real work.",
        "rate", "rate",
        lambda row: _call_rate(row, row.matched_calls, row.expected_calls, row.expected_spread),
        better="higher",
    ),
    "duration_s": Figure(
        "Duration", "From the first to the last span, mean of the sessions.", "s", "mean",
        lambda row: _mean(row, row.sessions, row.duration_s, row.duration_spread),
        better="lower",
    ),
    "waited_s": Figure(
        "Waiting for people", "Sum of the known waits.", "s", "sum",
        lambda row: Measured(row.waited_s, row.sessions),
        better="lower",
    ),
    "quality": Figure(
        "Quality", "Mean quality score of the judged sessions.", "0 to 1", "mean", _quality,
        better="higher",
    ),
    "model_calls": Figure(
        "Model calls", "Billed calls of models.", "calls", "sum",
        lambda row: Measured(row.model_calls, None),
    ),
    "tool_calls": Figure(
        "Tool calls", "Calls of tools.", "calls", "sum", lambda row: Measured(row.tool_calls, None)
    ),
    "tool_errors": Figure(
        "Tool errors", "Calls of tools that failed.", "calls", "sum",
        lambda row: Measured(row.tool_errors, None),
    ),
    "tool_denied": Figure(
        "Denied tool calls", "Refused by a person or a policy before they ran.", "calls", "sum",
        lambda row: Measured(row.tool_denied, None),
    ),
    "input_tokens": Figure(
        "Input tokens", "Cached ones included.", "tokens", "sum",
        lambda row: Measured(row.input_tokens, None),
    ),
    "output_tokens": Figure(
        "Output tokens", "Reasoning included.", "tokens", "sum",
        lambda row: Measured(row.output_tokens, None),
    ),
    "retries": Figure(
        "Retries", "Retries and fallbacks.", "retries", "sum",
        lambda row: Measured(row.retries, None),
    ),
    "handoffs": Figure(
        "Handoffs", "Control passing between agents.", "handoffs", "sum",
        lambda row: Measured(row.handoffs, None),
    ),
    "spans": Figure(
        "Spans", "Spans of the sessions.", "spans", "sum", lambda row: Measured(row.spans, None)
    ),
}  # fmt: skip

USUAL = (
    "sessions", "task_completion_rate", "unknown_outcome_share", "human_intervention_rate",
    "interventions_per_session", "cost_usd", "cost_per_task", "cost_per_success",
    "error_recovery_rate", "tool_call_accuracy", "expected_calls_matched",
)  # fmt: skip

MAX_K = 1_000
_PASS = re.compile(r"pass_(hat|at)_([1-9][0-9]{0,3})")


class PassFigure(NamedTuple):
    """pass^k or pass@k of one k, named `pass_hat_4` or `pass_at_4`."""

    name: str
    title: str
    definition: str
    k: int
    is_all: bool
    """pass^k: all of k; else pass@k: any of k."""

    def measure(self, cases: Sequence[CaseTrials]) -> Measured:
        rate = (pass_hat_k if self.is_all else pass_at_k)(cases, self.k, confidence=CONFIDENCE)
        method: Method = "wilson" if rate.cases == 1 else "cases resampled"
        told = _measured(rate.value, rate.cases, rate.interval, method)
        return told._replace(left_out=rate.left_out)


def pass_figure(name: str) -> PassFigure | None:
    """None if it is no such name."""
    match = _PASS.fullmatch(name)
    if match is None or int(match.group(2)) > MAX_K:
        return None
    k = int(match.group(2))
    if match.group(1) == "hat":
        meant = f"How likely {k} trials of a case all succeed, mean of the cases."
        return PassFigure(name, f"pass^{k}, all of {k}", meant, k, is_all=True)
    meant = f"How likely at least one of {k} trials of a case succeeds, mean of the cases."
    return PassFigure(name, f"pass@{k}, any of {k}", meant, k, is_all=False)


def usual_ks(cases: Sequence[CaseTrials]) -> list[int]:
    """1, 2, 4, … as far as half of the cases have so many trials."""
    total = sum(case.cases for case in cases)
    found = []
    k = 1
    while k <= MAX_K and 2 * sum(case.cases for case in cases if case.trials >= k) >= total > 0:
        found.append(k)
        k *= 2
    return found
