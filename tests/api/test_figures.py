"""Figures are what plain Python makes of the same sessions, trials of cases among them."""

import random
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import httpx
import pytest
from rich.console import Console

from api.conftest import World, bearer
from api.figures_in_python import (
    DAY,
    Sessions,
    expected_figures,
    expected_passes,
    grouped,
    made,
)
from api.made import conversation
from quarterdeck.api.measures import FIGURES, pass_figure, usual_ks
from quarterdeck.assembly.assemble import assemble
from quarterdeck.cli.figures import print_figures
from quarterdeck.model.ids import ProjectId
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.statistics.trials import CaseTrials
from quarterdeck.storage.events import figures_reads
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.figures_reads import Dimension
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions

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
        assert [(one["value"], one["sessions"]) for one in facets["finding"]] == [
            ("times_unknown", 22)
        ]
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
