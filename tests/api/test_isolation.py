"""
Twin projects with equal trace, span and session ids: nothing of the one is ever seen by the
other, in any answer.

Both projects hold the same conversations under the same ids; every text, name and value of a
project carries its mark.  Random operations are made in both, and every byte of every answer is
searched for the other's mark.
"""

import io
import random
import re
from collections.abc import Callable
from typing import Any

import httpx
import pyarrow.parquet as pq
from fastapi import FastAPI

from api.conftest import World, bearer
from api.made import T0, S, conversation, span_of, store, trace_of
from quarterdeck.api.access import GuardedRoute
from quarterdeck.memories.addresses import Address
from quarterdeck.memories.selection import Selection
from quarterdeck.storage.records import (
    approvals,
    datasets,
    environments,
    experiments,
    memory_checkpoints,
    memory_reads,
    memory_reverts,
    memory_writes,
    prompts,
    release_checks,
    workflows,
)
from quarterdeck.storage.records.approvals import Question
from quarterdeck.storage.records.datasets import Case
from quarterdeck.storage.records.experiments import ExperimentRun
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.storage.records.memory_writes import NewEntry
from quarterdeck.storage.records.prompts import PromptContent
from quarterdeck.workflows.canary import Rule
from quarterdeck.workflows.canary_decision import Canary, watch, watch_json
from quarterdeck.workflows.environment import Asked
from quarterdeck.workflows.manifest import Folder

MARKS = {"acme": "amberfish", "twin": "velvetowl"}
SHARED_ENTRY = Address(namespace="shared", key="shared")
SESSIONS = 6
OPERATIONS = 10_000

Call = tuple[str, str, dict[str, Any]]


def fill(world: World) -> None:
    for project, mark in MARKS.items():
        for number in range(1, SESSIONS + 1):
            spans = conversation(
                f"shared-{number}", trace=number, secret=mark, start_ns=T0 + number * S,
                quarterdeck__outcome=random.Random(number).choice(["success", "failure"]),
                quarterdeck__workflow__name="shared", quarterdeck__workflow__version=mark,
            )  # fmt: skip
            store(world.events, project, spans, now_ns=world.clock())
        fill_registry(world, project, mark)
        fill_releases(world, project, mark)
        fill_memory(world, project, mark)


def fill_registry(world: World, project: str, mark: str) -> None:
    """A prompt, a dataset and an experiment: equal names and ids, other content."""
    whose: dict[str, Any] = {"project_id": project, "now_ns": world.clock(), "created_by": mark}
    for text in (f"be {mark}", f"be more {mark}"):
        prompts.commit_prompt(
            world.records, name="shared", content=PromptContent(kind="text", text=text),
            labels=("production",), tags=(mark,), description=mark, **whose,
        )  # fmt: skip
    for text in (f"be {mark}", f"be more {mark}"):
        workflows.push_version(
            world.records, project_id=project, name="shared", by=mark, now_ns=world.clock(),
            message=mark, tags=(mark,), folder=Folder(files={
                "workflow.yaml": f"name: shared\ndescription: {mark}\n"
                "agents: {a: {instructions: prompts/a.md}}\n".encode(),
                "prompts/a.md": text.encode(),
            }),
        )  # fmt: skip
    approvals.ask(
        world.records, project_id=project, approval_id="shared", now_ns=world.clock(),
        question=Question(session_id="shared-1", tool=f"bash{mark}", arguments={"of": mark}),
        timeout_s=900.0,
    )  # fmt: skip
    datasets.create_dataset(
        world.records, name="shared", dataset_id="shared", description=mark, source="opik", **whose
    )
    datasets.put_cases(
        world.records, project_id=project, dataset_id="shared", now_ns=world.clock(),
        cases=[Case(case_id="shared", input=mark, source={"opik": mark})],
    )  # fmt: skip
    experiments.create_experiment(
        world.records, name="shared", experiment_id="shared", dataset_id="shared",
        metadata={"of": mark}, source="opik", **whose,
    )  # fmt: skip
    experiments.put_runs(
        world.records, project_id=project, experiment_id="shared",
        runs=[ExperimentRun(run_id="shared", trace_id=trace_of(1), output=mark)],
    )  # fmt: skip


def fill_memory(world: World, project: str, mark: str) -> None:
    """Equal addresses, sessions and names of checkpoints; other values."""
    provenance = Provenance(session_id="shared-1", agent=mark, user=mark)
    memory_writes.put_entries(
        world.records, project_id=project, provenance=provenance, by=mark, now_ns=world.clock(),
        entries=[
            NewEntry(address=SHARED_ENTRY, value={"of": mark}),
            NewEntry(address=Address(namespace=mark, key=mark), value=mark),
        ],
    )  # fmt: skip
    memory_checkpoints.make_checkpoint(
        world.records, project_id=project, name="shared", description=mark, by=mark,
        now_ns=world.clock(),
    )  # fmt: skip
    memory_reads.get_entry(
        world.records, project_id=project, address=SHARED_ENTRY,
        reader=Provenance(session_id="shared-2", agent=mark), now_ns=world.clock(),
    )  # fmt: skip
    memory_reverts.revert_memory(
        world.records, project_id=project, selection=Selection(user=mark, namespace=mark),
        reason=mark, by=mark, now_ns=world.clock(),
    )  # fmt: skip


def fill_releases(world: World, project: str, mark: str) -> None:
    """A release of one name, by and for other reasons, and what the watch told of it."""
    for asked in (
        Asked(kind="release", version=1),
        Asked(kind="canary", version=2, share_bp=500, release_id="rel_shared"),
    ):
        made = environments.move(
            world.records, project_id=project, name="shared", environment="shared", asked=asked,
            reason=f"why {mark}", by=mark, now_ns=world.clock(),
        ).move  # fmt: skip
    rule, canary = Rule(), Canary(stable=1, candidate=2, sticky_by="user", auto=True, since_ns=1)
    shown = watch_json(rule, canary, watch(rule, canary, [], now_ns=world.clock()))
    release_checks.add_check(
        world.records, project_id=project, workflow_id=made.workflow_id, release_id="rel_shared",
        verdict="not_enough_data", evidence={**shown, "notes": [mark]}, at_ns=world.clock(),
    )  # fmt: skip


def reads(chance: random.Random) -> list[Callable[[], Call]]:
    session: Callable[[], str] = lambda: f"shared-{chance.randint(1, SESSIONS)}"  # noqa: E731  # one word here
    mark: Callable[[], str] = lambda: chance.choice(list(MARKS.values()))  # noqa: E731  # one word here
    filters: list[Callable[[], dict[str, Any]]] = [
        dict,
        lambda: {"q": mark()},
        lambda: {"q": f"-tool:bash{mark()}"},
        lambda: {"agent": f"planner{mark()}"},
        lambda: {"user": f"user{mark()}"},
        lambda: {"session": session()},
        lambda: {"sort": chance.choice(["cost", "-duration", "spans", "-tokens"]), "limit": 2},
    ]
    some: Callable[[], dict[str, Any]] = lambda: chance.choice(filters)()  # noqa: E731  # one word here
    return [
        lambda: ("GET", "/sessions", some()),
        lambda: ("GET", "/sessions/facets", without_sort(some())),
        lambda: ("GET", f"/sessions/{session()}", {}),
        lambda: ("GET", f"/sessions/trace:{trace_of(1)}", {}),
        lambda: ("GET", f"/sessions/{session()}/spans", {"limit": 2}),
        lambda: ("GET", f"/sessions/{session()}/steps", {"content": chance.choice([0, 1])}),
        lambda: ("GET", f"/sessions/{session()}/skeleton", {}),
        lambda: ("GET", f"/sessions/{session()}/tree", {}),
        lambda: (
            "GET",
            f"/spans/{trace_of(chance.randint(1, SESSIONS))}/{span_of(chance.randint(1, 3))}",
            {},
        ),
        lambda: (
            "GET", "/figures",
            {"by": chance.choice(["agent", "tool", "user", "task_type"]), **without_sort(some())},
        ),
        lambda: ("GET", "/tasks", without_sort(some())),
        lambda: (
            "GET", "/export",
            {"what": chance.choice(["sessions", "spans"]), "session": session()},
        ),
        lambda: ("GET", "/export", {"session_id": session()}),
        lambda: ("GET", "/received", {"since": "2w"}),
        lambda: ("GET", "/project", {}),
        lambda: ("GET", "/projects", {}),
        lambda: ("GET", "/keys", {}),
        lambda: ("GET", "/members", {}),
        lambda: ("GET", "/audit", {}),
        lambda: ("GET", "/me", {}),
        # What screens are made of: heavier each, so all together are one of the choices.
        lambda: chance.choice(views(chance))(),
        *[lambda: chance.choice(kept(chance))() for _ in range(10)],
    ]  # fmt: skip


def views(chance: random.Random) -> list[Callable[[], Call]]:
    session: Callable[[], str] = lambda: f"shared-{chance.randint(1, SESSIONS)}"  # noqa: E731  # one word here
    step: Callable[[], int] = lambda: chance.randint(1, 4)  # noqa: E731  # one word here
    mark: Callable[[], str] = lambda: chance.choice(list(MARKS.values()))  # noqa: E731  # one word here
    nothing: Callable[[], str] = lambda: f"{mark()} nothing"  # noqa: E731  # one word here
    task: Callable[[], str] = lambda: f"type{mark()}"  # noqa: E731  # one word here
    return [
        lambda: ("GET", "/overview", {"since": "5200w", "q": chance.choice(["", nothing()])}),
        lambda: ("GET", "/intake", {}),
        lambda: ("GET", "/demo", {}),
        lambda: ("GET", "/project/unpriced", {}),
        lambda: ("GET", "/project/retention", {"days": 1}),
        lambda: ("GET", "/sessions/differs", {"q": f"session:{session()}"}),
        lambda: ("GET", "/sessions/starts", {}),
        lambda: ("GET", "/workflows/drafts", {"name": "x", "task_type": task(), "limit": 2}),
        lambda: ("GET", f"/sessions/{session()}/compare/{session()}", {}),
        lambda: ("GET", f"/sessions/{session()}/cost", {}),
        lambda: (
            "GET",
            f"/sessions/{session()}/find",
            {"text": chance.choice(["bash", nothing()])},
        ),
        lambda: ("GET", f"/sessions/{session()}/outline", {}),
        lambda: ("GET", f"/sessions/{session()}/people", {}),
        lambda: ("GET", f"/sessions/{session()}/transcript", {}),
        lambda: ("GET", f"/sessions/{session()}/steps/{step()}", {}),
        lambda: ("GET", f"/sessions/{session()}/steps/{step()}/others", {}),
        lambda: ("GET", f"/sessions/{session()}/live", {}),
        lambda: ("GET", "/live", {}),
        lambda: ("GET", f"/tasks/{task()}/tree", {}),
        lambda: ("GET", f"/tasks/{task()}/tree/sessions", {"node": "start"}),
        lambda: ("GET", "/workflows/shared/outcomes", chance.choice([{}, {"environment": mark()}])),
        lambda: ("GET", f"/sessions/{session()}/memory", {}),
        lambda: ("POST", "/memory/search", {"query": mark()}),
        lambda: ("POST", "/memory/reverts/plan", {"selection": {"session_id": session()}}),
    ]


def kept(chance: random.Random) -> list[Callable[[], Call]]:
    """What records hold: light, so they are a third of the choices."""
    session: Callable[[], str] = lambda: f"shared-{chance.randint(1, SESSIONS)}"  # noqa: E731  # one word here
    mark: Callable[[], str] = lambda: chance.choice(list(MARKS.values()))  # noqa: E731  # one word here
    return [
        lambda: ("GET", "/prompts", {"tag": chance.choice(["", mark()])}),
        lambda: ("GET", "/prompts/shared", {}),
        lambda: ("GET", "/prompts/shared/versions", {"limit": 1}),
        lambda: ("GET", f"/prompts/shared/versions/{chance.choice(['1', 'production'])}", {}),
        lambda: ("GET", "/prompts/shared/labels", {}),
        lambda: ("GET", "/workflows", {"containing": chance.choice(["", mark()])}),
        lambda: ("GET", "/workflows/shared", {}),
        lambda: ("GET", "/releases", {"workflow": chance.choice(["", "shared"])}),
        lambda: ("GET", "/releases/rel_shared", {}),
        lambda: ("GET", "/workflows/shared/versions", {"limit": 1}),
        lambda: ("GET", "/workflows/shared/environments", {}),
        lambda: ("GET", "/workflows/shared/environments/shared", {"limit": 1}),
        lambda: ("GET", f"/workflows/shared/versions/{chance.choice(['1', 'latest', mark()])}", {}),
        lambda: ("GET", "/workflows/shared/versions/2/files", {}),
        lambda: ("GET", "/workflows/shared/compare", {"from": "1", "to": "2"}),
        lambda: ("GET", "/datasets", {"containing": chance.choice(["", mark()])}),
        lambda: ("GET", "/datasets/shared/cases", {}),
        lambda: ("GET", "/experiments", {"dataset": "shared"}),
        lambda: ("GET", "/experiments/shared", {}),
        lambda: ("GET", "/memory/entries", chance.choice([{}, {"q": mark()}, {"at": "shared"}])),
        lambda: ("GET", "/memory/entry", {"namespace": "shared", "key": "shared"}),
        lambda: ("GET", "/memory/history", {"namespace": "shared", "key": "shared"}),
        lambda: ("GET", "/memory/namespaces", {}),
        lambda: ("GET", "/memory/checkpoints", {}),
        lambda: ("GET", "/memory/reverts", {}),
        lambda: ("GET", "/approvals", {"session_id": chance.choice(["", session()])}),
        lambda: ("GET", "/approvals/shared", {}),
    ]


def without_sort(params: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in params.items() if key not in {"sort", "limit"}}


def judgement(chance: random.Random, mark: str) -> Call:
    session = f"shared-{chance.randint(1, SESSIONS)}"
    return chance.choice(
        [
            ("POST", f"/sessions/{session}/outcome", {"label": "success", "reason": mark}),
            ("POST", f"/sessions/{session}/feedback", {"name": f"f{mark}", "comment": mark}),
            ("POST", f"/sessions/{session}/interventions", {"kind": "approval", "comment": mark}),
        ]
    )


async def make(client: httpx.AsyncClient, call: Call) -> httpx.Response:
    method, path, values = call
    if method == "GET":
        return await client.get(f"/api/v1{path}", params=values)
    return await client.request(method, f"/api/v1{path}", json=values)


def read_routes(app: FastAPI) -> set[str]:
    return {
        route.path.removeprefix("/api/v1")
        for route in app.routes
        if isinstance(route, GuardedRoute)
        and "GET" in (route.methods or ())
        and route.policy.needs_project
    }


async def test_10_000_random_operations_show_no_byte_of_the_twin(world: World) -> None:
    fill(world)
    chance = random.Random(4)
    choices = reads(chance)
    asked: set[str] = set()
    answered = 0
    clients = {project: world.client(headers=bearer(world.key(project))) for project in MARKS}
    for _ in range(OPERATIONS):
        project = chance.choice(list(MARKS))
        foreign = next(mark for name, mark in MARKS.items() if name != project)
        call = (
            judgement(chance, MARKS[project])
            if chance.random() < 0.02
            else chance.choice(choices)()
        )
        answer = await make(clients[project], call)
        assert answer.status_code < 500, (call, answer.text)
        # What was asked for is repeated by no answer either, except by an error, and by those
        # that name their filter: exactly the words of the question, which no span has.
        if answer.status_code < 300:
            told = answer.text
            for asked_for in (f"{foreign} nothing", f"type{foreign}"):
                if asked_for in str(call):
                    told = told.replace(asked_for, "")
            assert foreign not in told, (project, call)
            answered += MARKS[project] in answer.text
        asked.add(call[1].split("?")[0])
    assert answered > OPERATIONS / 3
    for client in clients.values():
        await client.aclose()


async def test_every_read_of_a_project_is_among_the_operations(world: World) -> None:
    chance = random.Random(1)
    paths = {
        read()[1] for read in (*reads(chance), *views(chance), *kept(chance)) for _ in range(5)
    }
    for route in read_routes(world.app):
        pattern = re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(route)))
        assert any(pattern.fullmatch(path) for path in paths), route


async def test_a_parquet_export_holds_one_project_only(world: World) -> None:
    fill(world)
    for project, mark in MARKS.items():
        foreign = next(other for name, other in MARKS.items() if name != project)
        async with world.client(headers=bearer(world.key(project))) as client:
            for what in ("sessions", "spans"):
                answer = await client.get(f"/api/v1/export?what={what}&format=parquet")
                text = str(pq.read_table(io.BytesIO(answer.content)).to_pylist())
                assert mark in text
                assert foreign not in text


async def test_deleting_in_one_project_leaves_the_twin_whole(world: World) -> None:
    fill(world)
    twin_user = {"user": f"user{MARKS['twin']}"}
    async with (
        world.client(headers=bearer(world.key("acme"))) as acme,
        world.client(headers=bearer(world.key("twin"))) as twin,
    ):
        before = (await twin.get("/api/v1/export?what=spans")).content
        assert (await acme.delete("/api/v1/sessions/shared-1")).status_code == 200
        # The twin's user does not exist here, whoever asks.
        assert (await acme.delete("/api/v1/users", params=twin_user)).json()["sessions"] == 0
        outcome = {"label": "failure"}
        assert (
            await acme.post("/api/v1/sessions/shared-2/outcome", json=outcome)
        ).status_code == 200
        assert (await acme.delete("/api/v1/project?confirm=acme")).status_code == 200
        after = (await twin.get("/api/v1/export?what=spans")).content
        assert sorted(after.splitlines()) == sorted(before.splitlines())
        assert len((await twin.get("/api/v1/sessions")).json()["sessions"]) == SESSIONS


async def test_a_cursor_of_one_project_shows_nothing_of_it_to_the_other(world: World) -> None:
    fill(world)
    async with (
        world.client(headers=bearer(world.key("acme"))) as acme,
        world.client(headers=bearer(world.key("twin"))) as twin,
    ):
        page = (await acme.get("/api/v1/sessions?limit=2")).json()
        answer = await twin.get(
            "/api/v1/sessions", params={"limit": 2, "cursor": page["next_cursor"]}
        )
        assert MARKS["acme"] not in answer.text
        spans = (await acme.get("/api/v1/sessions/shared-1/spans?limit=1")).json()
        answer = await twin.get(
            "/api/v1/sessions/shared-1/spans", params={"cursor": spans["next_cursor"]}
        )
        assert answer.status_code == 422
