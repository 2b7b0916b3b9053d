"""Figures are what plain Python makes of the same sessions, trials of cases among them."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from itertools import combinations, product
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec import structs
from rich.console import Console

from api.conftest import World, bearer
from api.made import conversation
from quarterdeck.api.measures import FIGURES, pass_figure, usual_ks
from quarterdeck.assembly.assemble import assemble
from quarterdeck.cli.figures import print_figures
from quarterdeck.model.findings import Finding
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome
from quarterdeck.model.sessions import AgentUse, ModelUse, Session, SessionCost, ToolUse
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_count_interval,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.intervals import wilson_interval
from quarterdeck.statistics.trials import CaseTrials
from quarterdeck.storage.events import figures_reads
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.figures_reads import Dimension
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions

S = 1_000_000_000
DAY = 86_400 * S
T0 = 20_000 * DAY

Sessions = list[Session]


def made(number: int, chance: random.Random, *, cases: int) -> Session:
    """A session with a little of everything; a trial of one of `cases` more often than not."""
    some = chance.choice
    is_trial = cases > 0 and chance.random() < 0.7
    expected = chance.randint(0, 4) if is_trial and chance.random() < 0.8 else None
    names = chance.sample(["gpt-4o", "claude-4", "tiny"], chance.randint(0, 2))
    tools = chance.sample(["bash", "read"], chance.randint(0, 2))
    started = T0 + chance.randint(0, 2 * DAY)
    cost = some([None, Decimal("0.25"), Decimal(3), Decimal("0.000000001")])
    kinds = {"approval": chance.randint(1, 3)} if chance.random() < 0.3 else {}
    episodes = chance.randint(0, 3)
    return Session(
        session_id=f"s{number}",
        trace_ids=(f"{number:032x}",),
        task_type=some(["refund", "research", ""]),
        tags=tuple(sorted(chance.sample(["vip", "night"], chance.randint(0, 2)))),
        started_ns=started,
        last_seen_ns=started + chance.randint(0, 50) * S,
        outcome=Outcome(label=some([*OUTCOME_LABELS, "success", "success", "failure"])),
        models=tuple(model_use(name, chance) for name in names),
        tools=tuple(
            ToolUse(tool=tool, calls=(calls := chance.randint(1, 9)), errors=chance.randint(0, 1),
                    denied=chance.randint(0, calls - 1) if calls > 1 else 0)
            for tool in tools
        ),
        agents=tuple(
            AgentUse(agent=name, role="", invocations=1, model_calls=chance.randint(0, 3),
                     tool_calls=chance.randint(0, 3), errors=0, cost_usd=some([None, Decimal(1)]))
            for name in chance.sample(["lead", "coder"], chance.randint(0, 2))
        ),
        intervention_kinds=kinds,
        episode_count=episodes,
        recovered_count=chance.randint(0, episodes),
        cost=SessionCost(total_usd=cost, wasted_usd=cost),
        case=f"case/{chance.randrange(cases)}" if is_trial else "",
        trial=chance.randint(0, 3) if is_trial else None,
        expected_calls=expected,
        matched_calls=None if expected is None else chance.randint(0, expected),
        findings=(Finding(code="nested_run", message="m"),) if chance.random() < 0.2 else (),
    )  # fmt: skip


def model_use(name: str, chance: random.Random) -> ModelUse:
    calls = chance.randint(1, 5)
    return ModelUse(
        model=name, provider="", role="", calls=calls, errors=0, input_tokens=calls * 10,
        output_tokens=calls, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
        calls_without_usage=0, cost_usd=chance.choice([None, Decimal("0.5")]),
        unpriced_calls=chance.randint(0, calls),
    )  # fmt: skip


# -- the same in plain Python --------------------------------------------------------------------

VALUES: dict[str, Callable[[Session], list[str]]] = {
    "task_type": lambda s: [s.task_type],
    "outcome": lambda s: [s.outcome.label],
    "case": lambda s: [s.case],
    "tag": lambda s: sorted(set(s.tags)) or [""],
    "finding": lambda s: sorted({f.code for f in s.findings}) or [""],
    "model": lambda s: [use.model for use in s.models] or [""],
    "tool": lambda s: [use.tool for use in s.tools] or [""],
    "agent": lambda s: [use.agent for use in s.agents] or [""],
}

Counted = tuple[float, float] | None
"""What one session adds to x and y; None = it says nothing."""


class Told(NamedTuple):
    value: float | None
    interval: Any


def grouped(
    sessions: Sessions, by: tuple[str, ...], bucket_ns: int
) -> dict[tuple[Any, ...], Sessions]:
    groups: dict[tuple[Any, ...], Sessions] = defaultdict(list)
    for session in sessions:
        bucket = session.started_ns // bucket_ns * bucket_ns if bucket_ns else 0
        for values in product(*(VALUES[name](session) for name in by)):
            groups[(bucket, *values, *[""] * (2 - len(by)))].append(session)
    return groups


def clusters(sessions: Sessions, count: Callable[[Session], Counted]) -> ClusterSums:
    """Sums over cases and over sessions that are no trials."""
    lines: dict[str, list[float]] = {}
    for session in sessions:
        counted = count(session)
        if counted is not None:
            line = lines.setdefault(session.case or f"alone {session.session_id}", [0.0, 0.0])
            line[0] += counted[0]
            line[1] += counted[1]
    pairs = list(lines.values())
    return ClusterSums(
        len(pairs), sum(x for x, _ in pairs), sum(y for _, y in pairs),
        sum(x * x for x, _ in pairs), sum(y * y for _, y in pairs), sum(x * y for x, y in pairs),
    )  # fmt: skip


def known_cost(session: Session) -> float | None:
    return None if session.cost.total_usd is None else float(session.cost.total_usd)


def of_completion(session: Session) -> Counted:
    label = session.outcome.label
    return None if label == "unknown" else (float(label == "success"), 1)


def of_cost(session: Session) -> Counted:
    cost = known_cost(session)
    return None if cost is None else (cost, 1)


def of_success_cost(session: Session) -> Counted:
    cost = known_cost(session)
    return None if cost is None else (cost, float(session.outcome.label == "success"))


def of_tools(session: Session) -> Counted:
    ran = sum(use.calls - use.denied for use in session.tools)
    return (max(0, ran - sum(use.errors for use in session.tools)), ran) if ran else None


def of_expected(session: Session) -> Counted:
    count, matched = session.expected_calls, session.matched_calls
    return (matched or 0, count) if count else None


RATES: dict[str, Callable[[Session], Counted]] = {
    "task_completion_rate": of_completion,
    "unknown_outcome_share": lambda s: (float(s.outcome.label == "unknown"), 1),
    "human_intervention_rate": lambda s: (float(bool(s.intervention_kinds)), 1),
}
CALL_RATES: dict[str, Callable[[Session], Counted]] = {
    "error_recovery_rate": lambda s: (
        (s.recovered_count, s.episode_count) if s.episode_count else None
    ),
    "expected_calls_matched": of_expected,
    "tool_call_accuracy": of_tools,
    "unpriced_share": lambda s: (
        (sum(u.unpriced_calls for u in s.models), calls)
        if (calls := sum(u.calls for u in s.models))
        else None
    ),
}
MEANS: dict[str, Callable[[Session], Counted]] = {
    "cost_per_task": of_cost,
    "cost_per_success": of_success_cost,
    "duration_s": lambda s: ((s.last_seen_ns - s.started_ns) / S, 1),
}


def expected_figures(sessions: Sessions) -> dict[str, Told]:
    """Sessions are independent where no two are of one case, or all are of one."""
    keys = [session.case or session.session_id for session in sessions]
    if len(set(keys)) == 1:
        sessions = [structs.replace(session, case="") for session in sessions]
    has_cases = 1 < len(set(keys)) < len(keys)
    told = {}
    for name, count in (RATES | CALL_RATES | MEANS).items():
        sums = clusters(sessions, count)
        value = sums.x / sums.y if sums.y else None
        if name in MEANS:
            interval = clustered_positive_interval(sums) if sums.y else None
        elif name in RATES and not has_cases:
            interval = wilson_interval(int(sums.x), int(sums.y))
        else:
            interval = clustered_rate_interval(sums)
        told[name] = Told(value, interval)
    acts = clusters(sessions, lambda s: (sum(s.intervention_kinds.values()), 1))
    told["interventions_per_session"] = Told(acts.x / acts.y, clustered_count_interval(acts))
    return told


def expected_passes(sessions: Sessions, k: int) -> tuple[list[float], list[float], int]:
    """Of each case with enough trials the shares of draws; and how many cases have too few."""
    cases: dict[str, list[bool]] = defaultdict(list)
    for session in sessions:
        if session.case:
            trials = cases[session.case]
            if session.outcome.label != "unknown":
                trials.append(session.outcome.label == "success")
    draws = [list(combinations(one, k)) for one in cases.values() if len(one) >= k]
    every = [sum(map(all, some)) / len(some) for some in draws]
    any_of = [sum(map(any, some)) / len(some) for some in draws]
    return every, any_of, len(cases) - len(draws)


SPLITS: list[tuple[tuple[Dimension, ...], int]] = [
    ((), 0), ((), DAY), (("task_type",), 0), (("case",), 0), (("tag", "outcome"), 0),
    (("finding",), DAY), (("outcome", "case"), 0),
]  # fmt: skip


def same(found: float | Decimal | None, expected: float | None) -> bool:
    if found is None or expected is None:
        return found is expected
    return float(found) == pytest.approx(expected, rel=1e-6, abs=2e-9)


@pytest.mark.parametrize(("seed", "cases"), [(1, 0), (2, 3), (3, 12), (4, 40)])
def test_figures_are_what_plain_python_makes_of_them(
    chdb_database: EventConnection, seed: int, cases: int
) -> None:
    chance = random.Random(seed)
    sessions = [made(number, chance, cases=cases) for number in range(90)]
    project = ProjectId("p")
    write_sessions(chdb_database, [SessionRow(project, one, 1) for one in sessions])
    scope = ProjectScope(project_id=project)
    for by, bucket_ns in SPLITS:
        expected = grouped(sessions, by, bucket_ns)
        rows = figures_reads.figures(chdb_database, scope, by=by, bucket_ns=bucket_ns)
        assert {tuple(row[:3]) for row in rows} == set(expected)
        told = figures_reads.case_trials(chdb_database, scope, by=by, bucket_ns=bucket_ns)
        for row in rows:
            mine = expected[tuple(row[:3])]
            assert row.sessions == len(mine)
            assert row.cases == len({one.case for one in mine if one.case})
            for name, (value, interval) in expected_figures(mine).items():
                measured = FIGURES[name].measure(row)
                assert same(measured.value, value), (by, row[:3], name)
                assert (measured.interval is None) == (interval is None), (by, name)
                if interval is not None:
                    assert measured.interval == pytest.approx(interval, rel=1e-5, abs=1e-8), name
            trials = [CaseTrials(*one[3:]) for one in told if one[:3] == row[:3]]
            check_passes(mine, trials)


def check_passes(sessions: Sessions, trials: list[CaseTrials]) -> None:
    for k in (1, 2, 3):
        every, any_of, left_out = expected_passes(sessions, k)
        for name, values in ((f"pass_hat_{k}", every), (f"pass_at_{k}", any_of)):
            figure = pass_figure(name)
            assert figure is not None
            measured = figure.measure(trials)
            assert (measured.n, measured.left_out) == (len(values), left_out)
            assert same(measured.value, sum(values) / len(values) if values else None)


@pytest.mark.parametrize("dimension", ["model", "tool", "agent"])
def test_a_models_tools_or_agents_own_figures_are_what_plain_python_makes_of_them(
    chdb_database: EventConnection, dimension: Dimension
) -> None:
    chance = random.Random(8)
    sessions = [made(number, chance, cases=10) for number in range(80)]
    write_sessions(chdb_database, [SessionRow(ProjectId("p"), one, 1) for one in sessions])
    scope = ProjectScope(project_id=ProjectId("p"))
    for row in figures_reads.figures(chdb_database, scope, by=(dimension,)):
        accuracy, unpriced, cost = (
            FIGURES[name].measure(row)
            for name in ("tool_call_accuracy", "unpriced_share", "cost_usd")
        )
        if dimension == "model":
            uses = [u for one in sessions for u in one.models if u.model == row.value_1]
            assert unpriced.n == sum(use.calls for use in uses)
            assert cost.value == total(use.cost_usd for use in uses)
            assert accuracy.value is None
        elif dimension == "tool":
            tools = [u for one in sessions for u in one.tools if u.tool == row.value_1]
            assert accuracy.n == sum(use.calls - use.denied for use in tools)
            assert (unpriced.value, cost.value) == (None, None)
        else:
            agents = [u for one in sessions for u in one.agents if u.agent == row.value_1]
            assert cost.value == total(use.cost_usd for use in agents)
            assert accuracy.value is None
        if accuracy.value is not None:
            assert accuracy.interval is not None


def total(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def test_the_usual_k_go_as_far_as_half_of_the_cases_do() -> None:
    assert usual_ks([]) == []
    assert usual_ks([CaseTrials(5, 1, 6), CaseTrials(2, 1, 4)]) == [1, 2, 4]
    assert usual_ks([CaseTrials(5, 1, 4), CaseTrials(2, 1, 6)]) == [1, 2]
    assert usual_ks([CaseTrials(0, 0, 3)]) == []


# -- through the API, and on a terminal ------------------------------------------------------------


def store_trials(world: World) -> None:
    """
    Six cases of four trials, of which as many succeed as the case's number (the last case has
    two trials only), and five sessions of real work.
    """
    told = [
        conversation(
            f"t-{case}-{trial}", trace=10 * case + trial, quarterdeck__case=f"refund/{case}",
            quarterdeck__trial=trial, quarterdeck__outcome__source="evaluator",
            quarterdeck__outcome="success" if trial < case else "failure",
            quarterdeck__expected_calls__count=5, quarterdeck__expected_calls__matched=case,
            quarterdeck__finding__times_unknown="no times",
        )
        for case in range(6)
        for trial in range(2 if case == 5 else 4)
    ]  # fmt: skip
    told += [
        conversation(f"p-{number}", trace=100 + number, quarterdeck__outcome="success")
        for number in range(5)
    ]
    sessions = [assemble(map(normalize_span, raws), now_ns=world.clock()) for raws in told]
    write_sessions(world.events, [SessionRow(ProjectId("acme"), one, 1) for one in sessions])


async def ask(world: World, **params: Any) -> Any:
    async with world.client(headers=bearer(world.key("acme"))) as client:
        answer = await client.get("/api/v1/figures", params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def test_trials_have_pass_rates_apart_and_intervals_that_resample_cases(
    world: World,
) -> None:
    store_trials(world)
    answer = await ask(world, experiment=True)
    [row] = answer["rows"]
    assert (row["sessions"], row["cases"]) == (22, 6)
    named = [name for name in answer["definitions"] if name.startswith("pass_")]
    assert named == ["pass_hat_1", "pass_hat_2", "pass_hat_4", "pass_at_1", "pass_at_2",
                     "pass_at_4"]  # fmt: skip
    figures = row["figures"]
    assert figures["pass_hat_4"]["value"] == pytest.approx(1 / 5)
    assert (figures["pass_hat_4"]["n"], figures["pass_hat_4"]["left_out"]) == (5, 1)
    assert figures["pass_at_4"]["value"] == pytest.approx(4 / 5)
    # The sixth case has two trials, both of which succeed.
    assert figures["pass_hat_1"]["value"] == pytest.approx((0 + 1 / 4 + 2 / 4 + 3 / 4 + 1 + 1) / 6)
    assert figures["pass_hat_1"] == figures["pass_at_1"]
    estimates = [name for name, one in answer["definitions"].items() if one["kind"] != "sum"]
    methods = {f["interval"]["method"] for n in estimates if (f := figures[n])["interval"]}
    assert methods == {"cases resampled"}
    matched = figures["expected_calls_matched"]
    assert (matched["n"], matched["value"]) == (110, pytest.approx(50 / 110))


async def test_real_work_has_no_pass_rates_and_the_plain_intervals(world: World) -> None:
    store_trials(world)
    answer = await ask(world, experiment=False, figure=list(FIGURES))
    [row] = answer["rows"]
    assert (row["sessions"], row["cases"]) == (5, 0)
    methods = {
        name: figure["interval"]["method"]
        for name, figure in row["figures"].items()
        if figure["interval"]
    }
    assert methods["task_completion_rate"] == "wilson"
    assert methods["tool_call_accuracy"] == "sessions resampled"
    assert row["figures"]["expected_calls_matched"]["value"] is None
    asked = await ask(world, experiment=False, k=[1, 2])
    assert asked["rows"][0]["figures"]["pass_hat_2"] == {
        "value": None, "n": 0, "interval": None, "left_out": 0,
    }  # fmt: skip
    usual = await ask(world, experiment=False)
    assert not [name for name in usual["definitions"] if name.startswith("pass_")]


async def test_pass_rates_come_by_name_by_k_and_by_dimension(world: World) -> None:
    store_trials(world)
    named = await ask(world, figure=["pass_at_3", "sessions"])
    assert list(named["rows"][0]["figures"]) == ["sessions", "pass_at_3"]
    split = await ask(world, k=2, by="case", q="case:refund/2,refund/3")
    assert {row["by"]["case"]: row["figures"]["pass_hat_2"]["value"] for row in split["rows"]} == {
        "refund/2": pytest.approx(1 / 6), "refund/3": pytest.approx(3 / 6),
    }  # fmt: skip
    alone = split["rows"][0]["figures"]
    assert alone["pass_hat_2"]["interval"]["method"] == "wilson"
    assert alone["task_completion_rate"]["interval"]["method"] == "wilson"
    found = await ask(world, by="finding", figure="sessions")
    assert {row["by"]["finding"]: row["sessions"] for row in found["rows"]} == {
        "times_unknown": 22, None: 5,
    }  # fmt: skip
    async with world.client(headers=bearer(world.key("acme"))) as client:
        for wrong in ({"k": 0}, {"k": 5000}, {"k": "many"}, {"figure": "pass_hat_0"},
                      {"figure": "pass_hat_99999"}, {"by": "trial"}):  # fmt: skip
            answer = await client.get("/api/v1/figures", params=wrong)
            assert answer.status_code == 422, wrong


async def test_trials_are_found_by_the_apis_filters_and_facets(world: World) -> None:
    store_trials(world)
    async with world.client(headers=bearer(world.key("acme"))) as client:
        found = await listed(client, case="refund/1", trial=["0", "1"])
        assert {(one["case"], one["trial"]) for one in found} == {("refund/1", 0), ("refund/1", 1)}
        assert len(await listed(client, finding="times_unknown", limit="200")) == 22
        assert found[0]["expected_calls"] == {"count": 5, "matched": 1}
        assert found[0]["experiment"]
        facets = (await client.get("/api/v1/sessions/facets")).json()["facets"]
        assert {one["value"] for one in facets["case"]} == {f"refund/{n}" for n in range(6)}
        assert facets["finding"] == [{"value": "times_unknown", "sessions": 22}]
        assert (await client.get("/api/v1/sessions?trial=first")).status_code == 422


async def listed(client: httpx.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get("/api/v1/sessions", params=params)).json()[
        "sessions"
    ]
    return rows


def printed(answer: Any, *, width: int = 80) -> str:
    console = Console(width=width, markup=False, emoji=False, highlight=False)
    with console.capture() as captured:
        print_figures(console, answer)
    return captured.get()


async def test_on_eighty_columns_every_line_fits_and_pass_rates_stand_apart(world: World) -> None:
    store_trials(world)
    shown = printed(await ask(world, experiment=True))
    assert max(map(len, shown.splitlines())) <= 80
    all_of, any_of = shown.index("pass^k: all of k"), shown.index("pass@k: at least one of k")
    assert all_of < shown.index("pass^4") < any_of < shown.index("pass@4")
    for said in ("Trials of 6 cases", "5, 1 left out", "Expected tool calls made (tests)"):
        assert said in shown
    split = printed(await ask(world, by="task_type"))
    assert max(map(len, split.splitlines())) <= 80
    assert "27 sessions, 6 cases" in split
    real = printed(await ask(world, experiment=False))
    assert "Expected tool calls" not in real
    assert "pass" not in real
    assert "not enough data" in real  # no call was priced, and no error was to be recovered from
    both = printed(await ask(world, by="environment", experiment=False))
    assert "not enough data" in both
