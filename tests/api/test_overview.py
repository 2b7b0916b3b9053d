"""
The overview: what it says is what plain Python makes of the sessions, and every number's filter
shows exactly the sessions that it is of.
"""

import random
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from api.conftest import HOUR, NOW, World, bearer
from quarterdeck.model.findings import Finding
from quarterdeck.model.ids import ProjectId, SessionId
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.sessions import (
    ErrorEpisode,
    ModelUse,
    Session,
    SessionCost,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions

DAY = 24 * HOUR
S = 1_000_000_000
ODD = 'say "hi", then: 100 % — 迁移'
"""A name with everything in it that the filter language gives a meaning."""


def session(
    number: int,
    *,
    ago_ns: int,
    outcome: str = "unknown",
    cost: str | None = "0.10",
    task_type: str = "refund",
    workflow: WorkflowRef = WorkflowRef(name="desk", version="1"),  # noqa: B008 - frozen
    status: str = "closed",
    took_s: int = 60,
    models: tuple[str, ...] = ("gpt-4o",),
    failed_tool: str = "",
    people: int = 0,
    **more: Any,
) -> Session:
    """Began `ago_ns` before now; its cost is that of its first model."""
    began = NOW - ago_ns
    usd = None if cost is None else Decimal(cost)
    return Session(
        session_id=SessionId(f"s-{number}"),
        started_ns=began,
        last_seen_ns=began + took_s * S,
        ended_ns=began + took_s * S if status == "closed" else None,
        status=status,  # type: ignore[arg-type]  # one of them
        outcome=Outcome(label=outcome, source="human"),  # type: ignore[arg-type]
        task_type=task_type,
        workflow=workflow,
        cost=SessionCost(total_usd=usd, priced_calls=int(bool(usd)), unpriced_calls=int(not usd)),
        models=tuple(
            ModelUse(
                model=model, provider="openai", role="", calls=1, errors=0, input_tokens=10,
                output_tokens=5, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
                calls_without_usage=0, cost_usd=usd if at == 0 else None,
                unpriced_calls=0 if usd is not None or at else 1,
            )
            for at, model in enumerate(models)
        ),
        tools=(ToolUse(tool=failed_tool, calls=2, errors=1, denied=0),) if failed_tool else (),
        episodes=tuple(
            ErrorEpisode(
                operation="tool", target=failed_tool, opened_ns=began, trace_id="1", span_id="1",
                errors=1, recovered_ns=began + S if number % 2 else None,
            )
            for _ in range(1 if failed_tool else 0)
        ),
        episode_count=1 if failed_tool else 0,
        recovered_count=number % 2 if failed_tool else 0,
        interventions=tuple(
            Intervention(kind="approval", at_ns=began, trace_id="1", span_id="1")
            for _ in range(people)
        ),
        intervention_kinds={"approval": people} if people else {},
        waited_ns=people * 30 * S,
        span_count=3,
        **more,
    )  # fmt: skip


def write(world: World, sessions: list[Session], project: str = "acme") -> None:
    write_sessions(world.events, [SessionRow(ProjectId(project), one, 1) for one in sessions])


def mixed(chance: random.Random) -> Iterator[Session]:
    """Two weeks of everything, odd names and missing values too."""
    for number in range(160):
        yield session(
            number,
            ago_ns=chance.randrange(1, 14 * DAY),
            outcome=chance.choice(["success", "success", "failure", "abandoned", "unknown"]),
            cost=chance.choice(["0.10", "0.25", "1.50", None]),
            task_type=chance.choice(["refund", ODD, ""]),
            workflow=chance.choice(
                [
                    WorkflowRef(name="desk", version="1"),
                    WorkflowRef(name="desk", version="2"),
                    WorkflowRef(name=ODD),
                    WorkflowRef(),
                ]
            ),
            models=chance.choice([("gpt-4o",), ("gpt-4o", "haiku"), (), ("",)]),
            status=chance.choice(["closed"] * 8 + ["open", "waiting_for_human"]),
            took_s=chance.randrange(1, 600),
            failed_tool=chance.choice(["", "", "bash", ODD]),
            people=chance.choice([0, 0, 1]),
            experiment=chance.random() < 0.2,
            findings=(Finding(code="times_unknown", message="no times"),)
            if number % 7 == 0
            else (),
            tags=("nightly",) if number % 3 == 0 else (),
        )


async def overview(client: httpx.AsyncClient, **params: str) -> dict[str, Any]:
    answer = await client.get("/api/v1/overview", params=params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def behinds(told: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every filter in the answer, with the place where it stands."""
    if isinstance(told, dict):
        if told.keys() == {"q", "since", "until", "sessions"}:
            yield where, told
        for key, inner in told.items():
            yield from behinds(inner, f"{where}.{key}")
    elif isinstance(told, list):
        for number, inner in enumerate(told):
            yield from behinds(inner, f"{where}[{number}]")


async def count_of(client: httpx.AsyncClient, behind: dict[str, Any]) -> int:
    params = {key: behind[key] for key in ("q", "since", "until") if behind[key]}
    answer = await client.get("/api/v1/sessions/facets", params=params)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["total"])


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"since": "36h"},
        {"q": "-model:haiku", "has_intervention": "false", "has_errors": "true"},
        {"experiment": "true", "tag": "nightly", "compare": "version:1"},
        {"q": 'version:2 "workflow"'},
    ],
)
async def test_every_numbers_filter_shows_exactly_the_sessions_that_it_is_of(
    world: World, params: dict[str, str]
) -> None:
    write(world, list(mixed(random.Random(4))))
    write(world, list(mixed(random.Random(5))), project="twin")
    seen: dict[tuple[str, str, str], int] = {}
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client, **params)
        found = list(behinds(told))
        assert len(found) > 20
        for where, behind in found:
            key = (behind["q"], behind["since"], behind["until"])
            if key not in seen:
                seen[key] = await count_of(client, behind)
            assert behind["sessions"] == seen[key], (where, behind)


async def test_a_list_of_sessions_behind_a_number_has_so_many(world: World) -> None:
    write(world, list(mixed(random.Random(6))))
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        [figure] = [
            one for one in (await overview(client))["figures"]
            if one["name"] == "task_completion_rate"
        ]  # fmt: skip
        params = {key: figure["counted"][key] for key in ("q", "since", "until")}
        listed = await client.get("/api/v1/sessions", params={**params, "limit": "200"})
    shown = listed.json()["sessions"]
    assert len(shown) == figure["counted"]["sessions"]
    assert {one["outcome"]["label"] for one in shown} == {"success"}
    assert figure["now"]["value"] == pytest.approx(len(shown) / figure["now"]["n"])


async def test_now_and_before_are_equally_long_and_share_no_session(world: World) -> None:
    edge = 7 * DAY
    write(
        world,
        [
            session(1, ago_ns=edge - S, outcome="success"),
            session(2, ago_ns=edge + S, outcome="failure"),
            session(3, ago_ns=2 * edge - S, outcome="failure"),
            session(4, ago_ns=2 * edge + S, outcome="success"),
            session(5, ago_ns=0, outcome="success"),
        ],
    )
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client)
    assert told["now"]["behind"]["sessions"] == 2
    assert told["before"]["behind"]["sessions"] == 2
    assert told["now"]["since"] == told["before"]["until"]
    assert told["outcome_known"] == {"sessions": 2, "known": 2}


def trend(now: tuple[int, int], before: tuple[int, int]) -> list[Session]:
    """Successes and sessions of now and of before."""
    sides = [("success" if n < now[0] else "failure", DAY) for n in range(now[1])]
    sides += [("success" if n < before[0] else "failure", 8 * DAY) for n in range(before[1])]
    return [
        session(number, ago_ns=ago, outcome=outcome, cost=f"0.{10 + number % 7}")
        for number, (outcome, ago) in enumerate(sides)
    ]


@pytest.mark.parametrize(
    ("now", "before", "verdict"),
    [
        ((90, 100), (60, 100), "better"),
        ((60, 100), (90, 100), "worse"),
        ((450, 500), (450, 500), "no_difference_found"),
        ((8, 10), (9, 10), "not_enough_data"),
        ((5, 5), (0, 5), "not_enough_data"),
        ((3, 4), (0, 0), "not_enough_data"),
    ],
)
async def test_a_rate_is_judged_against_the_period_before(
    world: World, now: tuple[int, int], before: tuple[int, int], verdict: str
) -> None:
    write(world, trend(now, before))
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client)
    by_name = {one["name"]: one for one in told["figures"]}
    completion = by_name["task_completion_rate"]["difference"]
    assert completion["verdict"] == verdict
    assert by_name["sessions"]["difference"] is None
    # The same change is read the other way round where less is better.
    unknown = by_name["unknown_outcome_share"]
    assert (unknown["better"], by_name["task_completion_rate"]["better"]) == ("lower", "higher")
    kinds = [one["kind"] for one in told["attention"]]
    assert ("task_type_worse" in kinds) == (verdict == "worse")


async def test_dearer_is_worse_and_says_by_how_much(world: World) -> None:
    sessions = [
        session(n, ago_ns=DAY if n < 60 else 8 * DAY, outcome="success",
                cost=f"{3 if n < 60 else 1}.{10 + n % 9}")
        for n in range(120)
    ]  # fmt: skip
    write(world, sessions)
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client)
    cost = next(one for one in told["figures"] if one["name"] == "cost_per_success")
    difference = cost["difference"]
    assert difference["verdict"] == "worse"
    assert Decimal(difference["value"]) == Decimal(cost["now"]["value"]) - Decimal(
        cost["before"]["value"]
    )
    assert 1.9 < difference["low"] < 2.0 < difference["high"] < 2.1


async def test_a_version_is_compared_with_another_over_the_same_time(world: World) -> None:
    write(
        world,
        [
            session(
                n, ago_ns=DAY, outcome="success" if n % 4 or n < 40 else "failure",
                workflow=WorkflowRef(name="desk", version="2" if n < 40 else "1"),
            )
            for n in range(80)
        ],
    )  # fmt: skip
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client, version="2", compare="version:1")
        rest = await overview(client, compare="version:1")
        wrong = await client.get("/api/v1/overview", params={"compare": "monday"})
    for one in (told, rest):
        assert (one["compare"], one["before"]["version"]) == ("version", "1")
        assert one["now"]["behind"]["sessions"] == one["before"]["behind"]["sessions"] == 40
        assert one["now"]["since"] == one["before"]["since"]
        completion = next(f for f in one["figures"] if f["name"] == "task_completion_rate")
        assert completion["difference"]["value"] == pytest.approx(0.25)
        assert completion["difference"]["verdict"] == "better"
    assert wrong.status_code == 422


async def test_a_time_without_sessions_is_a_gap_and_no_point_is_missing(world: World) -> None:
    write(world, [session(1, ago_ns=50 * HOUR, outcome="success"), session(2, ago_ns=HOUR)])
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        for since, bucket, count in (("48h", "hour", 49), ("7d", "day", 8), ("400d", "week", 58)):
            series = (await overview(client, since=since))["series"]
            points = series["points"]
            assert (series["bucket"], len(points)) == (bucket, count)
            ends = [point["until"] for point in points[:-1]]
            assert ends == [point["since"] for point in points[1:]]
            empty = next(point for point in points if not point["sessions"])
            assert empty["completion"] == {"value": None, "n": 0, "interval": None}
            assert empty["cost"]["value"] is None
        far = await overview(client, since="1970-01-01")
    assert len(far["series"]["points"]) == 300


async def test_what_needs_somebody_is_told_with_its_sessions(world: World) -> None:
    sessions = [session(n, ago_ns=8 * DAY, outcome="success", took_s=60) for n in range(30)]
    sessions += [
        session(40 + n, ago_ns=DAY, failed_tool="cargo\n\x1b[31m", cost=None, models=("mystery",))
        for n in range(4)
    ]
    sessions += [
        session(50, ago_ns=3 * HOUR, status="open", took_s=7200),
        session(51, ago_ns=3 * HOUR, status="open", took_s=5),
        session(52, ago_ns=20 * DAY, status="waiting_for_human", took_s=5),
    ]
    sessions[30] = msgspec.structs.replace(
        sessions[30], findings=(Finding(code="times_unknown", message="no times"),)
    )
    write(world, sessions)
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client)
    items = {one["kind"]: one for one in told["attention"]}
    counts = {kind: one["count"] for kind, one in items.items()}
    assert counts == {
        "waiting": 1, "long_running": 1, "new_errors": 4, "unpriced_model": 4,
        "data_finding": 1, "unknown_outcomes": 6,
    }  # fmt: skip
    assert next(iter(items)) == "waiting"
    assert items["waiting"]["session_id"] == "s-52"
    assert items["unpriced_model"]["subject"] == "mystery"
    assert items["new_errors"]["sentence"].isprintable()
    assert told["running"]["open"]["sessions"] == 2
    assert told["running"]["waiting"]["sessions"] == 1
    assert told["running"]["longest_session_id"] == "s-52"
    assert told["running"]["usual_s"] == 60


async def test_many_task_types_give_no_false_alarm_by_their_number(world: World) -> None:
    """One of 30 falls by what would be a difference if it were looked at alone."""
    sessions: list[Session] = []
    for kind in range(30):
        for n in range(40):
            for side, good in ((DAY, 27 if kind == 0 else 35), (8 * DAY, 35)):
                sessions.append(
                    session(
                        len(sessions), ago_ns=side, task_type=f"type-{kind}",
                        outcome="success" if n < good else "failure",
                    )
                )  # fmt: skip
    write(world, sessions)
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        told = await overview(client)
    [row] = [one for one in told["task_types"] if one["task_type"] == "type-0"]
    assert row["completion_difference"]["verdict"] == "worse"
    assert "task_type_worse" not in [one["kind"] for one in told["attention"]]


async def test_retention_that_took_a_part_of_before_is_told(world: World) -> None:
    write(world, [session(1, ago_ns=DAY), session(2, ago_ns=9 * DAY)])
    key = bearer(world.key("acme", "read", "admin"))
    async with world.client(headers=key) as client:
        assert (await overview(client))["before"]["complete"]
        await client.put("/api/v1/project", json={"retention_days": 8})
        told = await overview(client)
    assert (told["now"]["complete"], told["before"]["complete"]) == (True, False)
    assert told["before"]["behind"]["sessions"] == 0
