"""A canary's rule: what decides, what waits, and what it says of it."""

import random
from decimal import Decimal
from typing import Any

import pytest

from quarterdeck.errors import Invalid
from quarterdeck.workflows.canary import Guard, Metric, Rule, announced, rule_of, rule_text
from quarterdeck.workflows.canary_decision import Canary, Watch, watch, watch_json
from quarterdeck.workflows.canary_metrics import CanarySession, Compared
from quarterdeck.workflows.manifest import StickyBy

HOUR = 3_600_000_000_000
T0 = 1_790_000_000_000_000_000
MINUTE = HOUR // 60


def canary(*, sticky_by: StickyBy = "session", auto: bool = True) -> Canary:
    return Canary(stable=13, candidate=14, sticky_by=sticky_by, auto=auto, since_ns=T0)


def sessions(
    count: int, *, stable: float = 0.85, candidate: float = 0.85, share: float = 0.5, seed: int = 1,
    unknown: tuple[float, float] = (0.0, 0.0), helped: tuple[float, float] = (0.2, 0.2),
    cost: tuple[str, str] = ("1.00", "1.00"), users: int = 0,
) -> list[CanarySession]:  # fmt: skip
    """One a minute; pairs are of the stable version and the candidate."""
    chance = random.Random(seed)
    found = []
    for number in range(count):
        side = chance.random() < share
        won = chance.random() < (candidate if side else stable)
        known = chance.random() >= unknown[side]
        spent = Decimal(cost[side]) * Decimal(str(round(chance.lognormvariate(0, 0.4), 6)))
        found.append(
            CanarySession(
                session_id=f"s-{number}",
                candidate=side,
                ended_ns=T0 + number * MINUTE,
                user=f"u-{number % users}" if users else "",
                task="refund",
                outcome=("success" if won else "failure") if known else "unknown",
                interventions=int(chance.random() < helped[side]),
                cost_usd=spent.quantize(Decimal("1e-9")),
                episodes=2 * int(chance.random() < 0.5),
                recovered=0,
                quality=None,
            )
        )
    return found


def seen(some: list[CanarySession], *, rule: Rule = Rule(), **other: Any) -> Watch:  # noqa: B008 - frozen
    return watch(rule, canary(**other), some, now_ns=T0 + len(some) * MINUTE)


def metric(found: Watch, name: Metric) -> Compared:
    return next(one for one in found.metrics if one.metric == name)


# -------------------------------------------------------------------------------- verdicts


def test_nothing_is_decided_before_the_minimum() -> None:
    found = seen(sessions(30, candidate=0.0))
    assert (found.verdict, found.action) == ("not_enough_data", "none")
    assert "nothing is decided before 20 of each version" in found.why
    nothing = seen([])
    assert (nothing.verdict, nothing.action, nothing.needs) == ("not_enough_data", "none", None)
    assert nothing.why.startswith("0 known outcomes of v")


def test_a_version_that_is_worse_is_rolled_back_and_why_has_the_figures() -> None:
    found = seen(sessions(400, candidate=0.55))
    assert (found.verdict, found.action, found.needs) == ("worse", "rollback", None)
    main = found.metrics[0]
    assert main.high is not None
    assert main.high < 0
    assert main.difference is not None
    for part in (f"of {main.candidate.n}", f"of {main.stable.n}", "at 97.5 %", "5 pts", "v14"):
        assert part in found.why


def test_a_fall_that_is_put_up_with_is_no_rollback_though_it_is_certain() -> None:
    """Worse for certain and by three points, where the rule says eight: shown, and promoted."""
    found = seen(sessions(6_000, stable=0.97, candidate=0.94), rule=Rule(limit=-0.08))
    assert (found.verdict, found.action) == ("worse", "promote")
    strict = seen(sessions(6_000, stable=0.97, candidate=0.94), rule=Rule(limit=-0.02))
    assert strict.action == "rollback"


def test_a_version_that_is_as_good_is_promoted_when_a_fall_is_out_of_the_question() -> None:
    found = seen(sessions(8_000))
    assert (found.verdict, found.action) == ("no_difference_found", "promote")
    assert "out of the question" in found.why
    better = seen(sessions(1_500, stable=0.7, candidate=0.9))
    assert (better.verdict, better.action) == ("better", "promote")


def test_what_is_undecided_says_about_how_much_is_missing() -> None:
    some = sessions(1_600, candidate=0.75, seed=3)
    early = seen(some[:150])
    assert early.action == "none"
    assert early.needs is not None
    assert early.needs.more_sessions is not None
    at = next(n for n in range(200, 1_601, 200) if seen(some[:n]).action == "rollback")
    assert at / 4 < 150 + early.needs.more_sessions < at * 4
    assert early.needs.about_s == pytest.approx(60 * early.needs.more_sessions, rel=0.05)
    assert early.needs.more_sessions % 10 == 0
    assert f" About {early.needs.more_sessions:,} more sessions (≈ " in early.why
    hopeless = seen(sessions(200), rule=Rule(limit=0.0))
    assert hopeless.needs is None or hopeless.action == "none"


def test_a_version_that_turns_bad_is_rolled_back_and_one_that_turned_good_is_not_promoted() -> None:
    bad = sessions(600, stable=0.3, candidate=0.8) + sessions(2_400, stable=0.8, candidate=0.3)
    found = seen(bad)
    assert found.metrics[0].changed
    assert (found.verdict, found.action) == ("worse", "rollback")
    told = watch_json(Rule(), canary(), found)
    assert any("changed while the canary ran" in note for note in told["notes"])
    # Of one that turned good nobody knows what it will do next.
    good = sessions(600, stable=0.8, candidate=0.3) + sessions(2_400, stable=0.3, candidate=0.8)
    other = seen([one._replace(episodes=0) for one in good])
    assert other.metrics[0].changed
    assert (other.verdict, other.action) == ("better", "none")
    assert "a person has to look" in other.why


# ---------------------------------------------------------------------------------- guards


def test_a_guard_rolls_back_what_completion_would_not() -> None:
    found = seen(sessions(600, helped=(0.2, 0.6)))
    assert (found.verdict, found.action) == ("worse", "rollback")
    assert "sessions with an intervention" in found.why
    assert "the guard's limit is 10 pts" in found.why
    dear = seen(sessions(600, cost=("1.00", "2.00")))
    assert (dear.verdict, dear.action) == ("worse", "rollback")
    assert "cost per success" in dear.why
    assert "USD" in dear.why
    assert "25 %" in dear.why


def test_a_version_of_which_less_is_known_is_rolled_back() -> None:
    """It may look as good as the other only because its failures say nothing."""
    found = seen(sessions(600, unknown=(0.05, 0.45)))
    assert found.action == "rollback"
    assert "unknown outcomes" in found.why
    assert metric(found, "completion").broken is False


def test_a_guard_that_stands_beyond_its_limit_holds_a_promotion_up() -> None:
    rule = Rule(guards=(Guard(metric="recovery", limit=0.05, direction="down"),))
    some = [one._replace(episodes=0) for one in sessions(1_500, stable=0.7, candidate=0.9)]
    few = some[:-24] + [
        one._replace(episodes=1, recovered=int(not one.candidate)) for one in some[-24:]
    ]
    held = seen(few, rule=rule)
    assert metric(held, "recovery").beyond
    assert held.action == "none"
    assert "would do; but recovery from errors" in held.why


def test_the_level_is_shared_by_all_that_decides() -> None:
    found = seen(sessions(100))
    levels: dict[str, float] = {one.metric: one.level for one in found.metrics}
    assert levels["completion"] == 0.025
    assert levels["intervention"] == pytest.approx(0.025 / 3)
    deciding = ("completion", "intervention", "cost_per_success", "unknown")
    assert sum(levels[name] for name in deciding) == pytest.approx(0.05)
    alone = seen(sessions(100), rule=Rule(guards=()))
    assert metric(alone, "completion").level == 0.05


def test_a_cost_that_is_not_known_is_not_counted() -> None:
    some = sessions(300)
    free = [one._replace(cost_usd=None) if one.candidate else one for one in some]
    found = metric(seen(free), "cost_per_success")
    assert (found.candidate.value, found.candidate.n, found.difference) == (None, 0, None)
    assert found.verdict == "not_enough_data"


def test_a_quality_of_another_scale_is_not_compared() -> None:
    some = [one._replace(quality=4.0) for one in sessions(60)]
    assert metric(seen(some), "quality").stable.n == 0


# ------------------------------------------------------------------- assignment and maxima


def test_where_it_is_sticky_by_user_a_user_counts_once() -> None:
    some = sessions(500, users=40)
    by_user = seen(some, sticky_by="user")
    main = metric(by_user, "completion")
    assert main.stable.n + main.candidate.n == 40
    assert sum(by_user.sessions) == 500
    told = watch_json(Rule(), canary(sticky_by="user"), by_user)
    assert told["notes"] == ["Sticky by user: the first session of each user counts, 40 of 500."]
    # Whose user is not known is assigned by session.
    nobody = seen(sessions(500), sticky_by="user")
    assert metric(nobody, "unknown").stable.n + metric(nobody, "unknown").candidate.n == 500


@pytest.mark.parametrize(
    ("at_maximum", "action"), [("none", "none"), ("promote", "promote"), ("rollback", "rollback")]
)
def test_a_maximum_does_what_the_rule_says_and_nothing_where_it_says_nothing(
    at_maximum: Any, action: str
) -> None:
    some = sessions(200, seed=2)
    rule = Rule(maximum=80, at_maximum=at_maximum)
    found = seen(some, rule=rule)
    assert found.action == action
    assert "After" in found.why
    hours = seen(some, rule=Rule(maximum_hours=3, at_maximum=at_maximum))
    assert hours.action == action
    assert "3.3 hours" in hours.why
    assert seen(some, rule=Rule(maximum=10_000, at_maximum=at_maximum)).action == "none"


def test_a_maximum_promotes_nothing_that_stands_beyond_a_limit() -> None:
    some = sessions(120, stable=0.9, candidate=0.75, seed=5)
    rule = Rule(maximum=40, at_maximum="promote")
    found = seen(some, rule=rule)
    assert metric(found, "completion").beyond
    assert (found.action, found.verdict) == ("none", "not_enough_data")


# ------------------------------------------------------------------------- words and JSON


def test_a_rule_is_read_from_json_and_what_could_never_decide_is_refused() -> None:
    assert rule_of({}) == Rule()
    assert rule_of({"limit": -0.1, "guards": []}) == Rule(limit=-0.1, guards=())
    for wrong in (
        {"limit": 0.1}, {"level": 0}, {"level": 0.9}, {"minimum": 0}, {"metric": "quality"},
        {"limt": -0.1}, {"guards": [{"metric": "speed", "limit": 1, "direction": "up"}]},
        {"guards": [{"metric": "unknown", "limit": 0, "direction": "up"}]},
    ):  # fmt: skip
        with pytest.raises(Invalid, match="not a rule of a canary"):
            rule_of(wrong)


def test_the_rule_is_told_in_words_before_it_acts() -> None:
    text = rule_text(Rule(maximum=500, at_maximum="promote"), candidate="v14")
    for part in (
        "Roll back v14 if completion is worse for certain and 5 pts lower or more",
        "cost per success 25 % higher or more", "Promote it if", "before 20 observations",
        "After 500 known outcomes", "at most 5 % of all canaries",
    ):  # fmt: skip
        assert part in text
    assert "Nothing happens by itself" in announced(Rule(), auto=False)
    assert "Will roll back by itself" in announced(Rule(), auto=True)


def test_the_curve_is_short_and_ends_where_the_figures_do() -> None:
    found = seen(sessions(4_000))
    told = watch_json(Rule(), canary(), found)
    assert 50 < len(told["curve"]) <= 200
    assert [point["n_stable"] for point in told["curve"]] == sorted(
        point["n_stable"] for point in told["curve"]
    )
    last, difference = told["curve"][-1], told["metrics"][0]["difference"]
    assert (last["low"], last["high"]) == (difference["low"], difference["high"])
    assert told["metrics"][0]["metric"] == "completion"
    assert all(point["at"].endswith("Z") for point in told["curve"])
    money = told["metrics"][2]
    assert money["metric"] == "cost_per_success"
    assert isinstance(money["stable"]["value"], str)
    assert isinstance(money["difference"]["value"], str)


def test_a_corrected_outcome_counts_as_if_it_had_always_been_so() -> None:
    some = sessions(300, candidate=0.5)
    assert seen(some).action == "rollback"
    corrected = [one._replace(outcome="success") if one.candidate else one for one in some]
    assert seen(corrected).action != "rollback"
    assert seen(some) == seen(list(some))
