"""
How often the watch of a canary is wrong, and how soon it is right: by simulation.

    python bench/canary.py [--runs 2000] [--only null,truth] [--out FILE]

Beside what people do without it: a z-test of two rates that is looked at once, at the number of
sessions that was planned for 80 % power, and the same test looked at after every session.

The runs of `null`, `truth`, `late` and `users` are made by numpy (`tests/workflows/canaries.py`),
which the tests hold to the product's function; the others call the product itself.
"""

import argparse
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests"))

from rows import Report, table  # noqa: E402 - from this folder

from quarterdeck.statistics.sequential import Observed, sequential_difference  # noqa: E402
from quarterdeck.statistics.sequential_ratio import ratio_difference, ratio_of  # noqa: E402
from quarterdeck.workflows.canary import Rule  # noqa: E402
from quarterdeck.workflows.canary_decision import Canary, watch  # noqa: E402
from quarterdeck.workflows.canary_metrics import CanarySession  # noqa: E402
from workflows.canaries import Against, Many, found_at, many, peeked_at  # noqa: E402

LEVEL = 0.05
Z = statistics.NormalDist().inv_cdf(1 - LEVEL / 2)
SHARES = (0.5, 0.1)


def null(report: Report, runs: int) -> None:
    """No difference: how often one is found all the same, with a look after every session."""
    for share in SHARES:
        sessions = 2_000 if share == 0.5 else 5_000
        for rate in (0.05, 0.2, 0.5, 0.7, 0.85, 0.95, 0.98):
            some = _many(runs, sessions, rate, rate, share)
            report.add(
                {
                    "what": "no difference",
                    "rate": rate,
                    "share": share,
                    "sessions": sessions,
                    "looks": sessions,
                    "runs": runs,
                    "ours_wrong": _part(found_at(some, level=LEVEL)),
                    "peeking_wrong": _part(peeked_at(some, quantile=Z)),
                    "one_look_wrong": _once(some, sessions),
                }
            )


def truth(report: Report, runs: int) -> None:
    """A true difference: how soon it is certain."""
    for first, second in ((0.85, 0.75), (0.95, 0.85), (0.6, 0.5), (0.85, 0.65), (0.85, 0.80)):
        for share in (0.5, 0.2, 0.1):
            planned = planned_sessions(first, second, share)
            sessions = min(16_000, round(planned * 6))
            some = _many(runs, sessions, first, second, share)
            at = found_at(some, level=LEVEL)
            half = found_at(some, level=LEVEL / 2)
            report.add(
                {
                    "what": "true difference",
                    "from": first,
                    "to": second,
                    "share": share,
                    "runs": runs,
                    "planned": planned,
                    "one_look_found": _once(some, planned),
                    "ours_at_planned": float((at <= planned).mean()),
                    "ours_found": _part(at),
                    "median": float(np.median(at)),
                    "p90": float(np.quantile(at, 0.9, method="higher")),
                    "median_with_guards": float(np.median(half)),
                    "p90_with_guards": float(np.quantile(half, 0.9, method="higher")),
                }
            )


def cover(report: Report, runs: int) -> None:
    """The product's own interval: how often it ever leaves out the true difference."""
    for first, second, share, sessions in (
        (0.85, 0.85, 0.5, 500), (0.85, 0.75, 0.2, 500), (0.5, 0.7, 0.5, 500),
        (0.98, 0.95, 0.1, 800), (0.05, 0.1, 0.5, 500),
    ):  # fmt: skip
        chance = random.Random(17)
        missed, widths = 0, []
        for _ in range(runs):
            seen = sequential_difference(
                [_observed(chance, first, second, share) for _ in range(sessions)], level=LEVEL
            )
            inside = seen.low is not None and seen.high is not None
            missed += seen.changed or not (
                inside and (seen.low or 0) <= second - first <= (seen.high or 0)
            )
            if inside:
                widths.append((seen.high or 0) - (seen.low or 0))
        report.add(
            {
                "what": "interval",
                "from": first,
                "to": second,
                "share": share,
                "sessions": sessions,
                "runs": runs,
                "missed": missed / runs,
                "width": statistics.median(widths),
            }
        )


def cost(report: Report, runs: int) -> None:
    """Cost per success, equal: how often it is ever told to be higher or lower."""
    for sigma in (0.4, 1.0, 1.5):
        for share in SHARES:
            chance = np.random.default_rng(23)
            higher = lower = 0
            for _ in range(runs):
                side = chance.random(1_500) < share
                spent = np.exp(sigma * chance.standard_normal(1_500))
                won = (chance.random(1_500) < 0.85).astype(float)
                told = [
                    ratio_difference(
                        *(
                            ratio_of(zip(spent[:n][arm], won[:n][arm], strict=True))
                            for arm in (~side[:n], side[:n])
                        ),
                        level=LEVEL,
                    )
                    for n in range(100, 1_501, 100)
                ]
                higher += any(one.low is not None and one.low > 0 for one in told)
                lower += any(one.high is not None and one.high < 0 for one in told)
            report.add(
                {
                    "what": "equal cost per success",
                    "sigma": sigma,
                    "share": share,
                    "looks": 15,
                    "runs": runs,
                    "higher_wrong": higher / runs,
                    "lower_wrong": lower / runs,
                }
            )


def rule(report: Report, runs: int) -> None:
    """The whole rule with its guards, by the product: a version that is the same, and a worse."""
    canary = Canary(stable=1, candidate=2, sticky_by="session", auto=True, since_ns=0)
    for name, rate in (("the same", 0.85), ("10 points worse", 0.75), ("20 points worse", 0.65)):
        chance = random.Random(29)
        done: dict[str, list[int]] = {"rollback": [], "promote": [], "none": []}
        some = runs if rate == 0.85 else max(50, runs // 10)
        for _ in range(some):
            sessions = [_session(chance, number, rate) for number in range(1_000)]
            at, action = _decided(canary, sessions)
            done[action].append(at)
        report.add(
            {
                "what": "the usual rule",
                "candidate": name,
                "share": 0.5,
                "runs": some,
                "looks": 5,
                **{action: len(at) / some for action, at in done.items()},
                "rollback_median": statistics.median(done["rollback"] or [0]),
                "promote_median": statistics.median(done["promote"] or [0]),
            }
        )


def _decided(canary: Canary, sessions: list[CanarySession]) -> tuple[int, str]:
    """After how many sessions what was done, with a look after every two hundred."""
    for count in range(200, len(sessions) + 1, 200):
        found = watch(Rule(), canary, sessions[:count], now_ns=count)
        if found.action != "none":
            return count, found.action
    return len(sessions), "none"


def _session(chance: random.Random, number: int, rate: float) -> CanarySession:
    second = chance.random() < 0.5
    known = chance.random() < 0.9
    won = chance.random() < (rate if second else 0.85)
    episodes = int(chance.random() < 0.4)
    return CanarySession(
        session_id=str(number),
        candidate=second,
        ended_ns=number,
        user="",
        task="",
        outcome=("success" if won else "failure") if known else "unknown",
        interventions=int(chance.random() < 0.25),
        cost_usd=Decimal(str(round(chance.lognormvariate(0, 0.8), 6))),
        episodes=episodes,
        recovered=episodes * int(chance.random() < 0.7),
        quality=None,
    )


def late(report: Report, runs: int) -> None:
    """Outcomes that come late change the order: each look takes all that is known then anew."""
    for share, delayed in ((0.5, 0.3), (0.1, 0.3), (0.5, 0.8)):
        sessions, wrong = 600, np.zeros(runs, bool)
        some = _many(runs, sessions, 0.85, 0.85, share)
        chance = np.random.default_rng(31)
        waits = np.where(
            chance.random((runs, sessions)) < delayed,
            chance.exponential(150, (runs, sessions)) * np.where(some.success, 2, 1),
            0,
        )
        known_at = np.arange(sessions) + waits
        for look in range(20, sessions + 1, 20):
            against = Against(runs)
            for place in range(look):
                known = known_at[:, place] <= look
                against.see(some.second[:, place], some.success[:, place], known)
                # Which looks of this round are taken for certain is what a watch would act on.
                wrong |= against.evidence >= -math.log(LEVEL)
        report.add(
            {
                "what": "late outcomes",
                "share": share,
                "delayed": delayed,
                "looks": sessions // 20,
                "runs": runs,
                "wrong": float(wrong.mean()),
            }
        )


def users(report: Report, runs: int) -> None:
    """Sticky by user, users who differ: all of their sessions, or the first of each."""
    for spread in (2.0, 6.0):
        people, each = 200, 10
        chance = np.random.default_rng(37)
        rates = chance.beta(0.85 * spread, 0.15 * spread, (runs, people))
        side = chance.random((runs, people)) < 0.5
        order = np.argsort(chance.random((runs, people * each)), axis=1) % people
        rows = np.arange(runs)[:, None]
        some = Many(side[rows, order], chance.random(order.shape) < rates[rows, order])
        first = np.zeros(order.shape, bool)
        seen = np.zeros((runs, people), bool)
        for place in range(order.shape[1]):
            who = order[:, place]
            first[:, place] = ~seen[np.arange(runs), who]
            seen[np.arange(runs), who] = True
        against, wrong = Against(runs), np.zeros(runs, bool)
        for place in range(order.shape[1]):
            against.see(some.second[:, place], some.success[:, place], first[:, place])
            wrong |= against.evidence >= -math.log(LEVEL)
        report.add(
            {
                "what": "sticky by user",
                "users": people,
                "sessions_each": each,
                "spread": spread,
                "runs": runs,
                "all_wrong": _part(found_at(some, level=LEVEL)),
                "first_wrong": float(wrong.mean()),
            }
        )


def times(report: Report, _runs: int) -> None:
    """What a look costs."""
    canary = Canary(stable=1, candidate=2, sticky_by="session", auto=True, since_ns=0)
    for count in (500, 5_000, 50_000):
        chance = random.Random(41)
        sessions = [_session(chance, number, 0.84) for number in range(count)]
        observed = [Observed(one.candidate, float(one.outcome == "success")) for one in sessions]
        report.add(
            {
                "what": "time",
                "sessions": count,
                "completion_s": _fastest(partial(sequential_difference, observed, level=LEVEL)),
                "look_s": _fastest(partial(watch, Rule(), canary, sessions, now_ns=1)),
            }
        )


def _fastest(run: Callable[[], object]) -> float:
    took = []
    for _ in range(3):
        began = time.perf_counter()
        run()
        took.append(time.perf_counter() - began)
    return min(took)


def planned_sessions(first: float, second: float, share: float, power: float = 0.8) -> int:
    """Of both versions, for a z-test that is looked at once."""
    z = Z + statistics.NormalDist().inv_cdf(power)
    spread = first * (1 - first) / (1 - share) + second * (1 - second) / share
    return math.ceil(z * z * spread / (first - second) ** 2)


def _once(some: Many, sessions: int) -> float:
    cut = Many(some.second[:, :sessions], some.success[:, :sessions])
    m = cut.second.sum(axis=1)
    n = cut.second.shape[1] - m
    second = (cut.second & cut.success).sum(axis=1) / np.maximum(m, 1)
    first = (~cut.second & cut.success).sum(axis=1) / np.maximum(n, 1)
    pooled = cut.success.mean(axis=1)
    error = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(n, 1) + 1 / np.maximum(m, 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float((np.abs(np.nan_to_num((second - first) / error)) >= Z).mean())


def _many(runs: int, sessions: int, first: float, second: float, share: float) -> Many:
    seed = round(1_000 * first) * 1_000 + round(1_000 * second) + round(100 * share)
    return many(
        np.random.default_rng(seed), runs, sessions, first=first, second=second, share=share
    )


def _observed(chance: random.Random, first: float, second: float, share: float) -> Observed:
    side = chance.random() < share
    return Observed(side, float(chance.random() < (second if side else first)))


def _part(at: "np.ndarray[Any, Any]") -> float:
    return float(np.isfinite(at).mean())


PARTS: dict[str, Callable[[Report, int], None]] = {
    "null": null, "truth": truth, "cover": cover, "cost": cost, "rule": rule, "late": late,
    "users": users, "time": times,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--out", type=Path)
    told = parser.parse_args()
    report = Report("canary", told.out)
    for name in told.only.split(","):
        PARTS[name](report, told.runs)
    for kind in dict.fromkeys(row["what"] for row in report.rows):
        rows = [row for row in report.rows if row["what"] == kind]
        heads = [name for name in rows[0] if name not in ("bench", "at", "what")]
        table(kind, heads, [[_short(row[head]) for head in heads] for row in rows])


def _short(value: object) -> object:
    return f"{value:.4g}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
