"""Prompts, datasets and experiments as people read them, and the labels that they move."""

from typing import Any

from api.conftest import NOW, World, bearer
from api.made import conversation, store, trace_of
from quarterdeck.storage.records import datasets, experiments, prompts
from quarterdeck.storage.records.datasets import Case
from quarterdeck.storage.records.experiments import ExperimentRun
from quarterdeck.storage.records.prompts import PromptContent

CRITIC = "/api/v1/prompts/team~1critic~0v2"


def commit(world: World, text: str, *, name: str = "team/critic~v2", **other: Any) -> None:
    options: dict[str, Any] = {
        "project_id": "acme",
        "content": PromptContent(kind="text", text=text, source={"langsmith": {"lc": 1}}),
        "created_by": "key:1",
        "now_ns": NOW,
        **other,
    }
    prompts.commit_prompt(world.records, name=name, **options)


async def test_a_prompt_is_read_by_its_name_slashes_included(world: World) -> None:
    commit(world, "one", labels=("production",), tags=("quality",), message="first")
    commit(world, "two")
    commit(world, "planner", name="planner")
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        listed = (await client.get("/api/v1/prompts", params={"containing": "CRIT"})).json()
        assert [row["name"] for row in listed["prompts"]] == ["team/critic~v2"]
        assert listed["prompts"][0]["labels"] == {"production": 1}
        assert listed["total"] == 1
        shown = (await client.get(CRITIC)).json()
        assert (shown["latest"], shown["tags"]) == (2, ["quality"])
        assert shown == listed["prompts"][0]
        versions = (await client.get(f"{CRITIC}/versions")).json()["versions"]
        assert [(row["version"], row["labels"]) for row in versions] == [
            (2, []),
            (1, ["production"]),
        ]
        digest = versions[1]["digest"]
        for which in ("1", "production", digest, digest[:15]):
            one = (await client.get(f"{CRITIC}/versions/{which}")).json()
            assert one["content"]["text"] == "one", which
            assert one["content"]["source"] == {"langsmith": {"lc": 1}}
        latest = (await client.get(f"{CRITIC}/versions/latest")).json()
        assert latest["content"]["text"] == "two"
        for missing in (f"{CRITIC}/versions/9", f"{CRITIC}/versions/staging", "/api/v1/prompts/x"):
            assert (await client.get(missing)).status_code == 404


async def test_pages_of_the_registry_go_on_where_they_ended(world: World) -> None:
    for number in range(5):
        commit(world, str(number), name=f"p-{number}")
        commit(world, str(number), name="versions")
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        for path, field, names in (
            ("/api/v1/prompts", "prompts", ["p-0", "p-1", "p-2", "p-3", "p-4", "versions"]),
            ("/api/v1/prompts/versions/versions", "versions", [5, 4, 3, 2, 1]),
        ):
            seen: list[Any] = []
            cursor: str | None = ""
            while cursor is not None:
                answer = await client.get(path, params={"limit": 2, "cursor": cursor})
                page = answer.json()
                key = "name" if field == "prompts" else "version"
                seen += [row[key] for row in page[field]]
                cursor = page["next_cursor"]
            assert seen == names
        foreign = (await client.get("/api/v1/prompts?limit=2")).json()["next_cursor"]
        answer = await client.get("/api/v1/datasets", params={"cursor": foreign})
        assert answer.status_code == 422


async def test_moving_a_label_is_told_with_who_and_audited(world: World) -> None:
    commit(world, "one", labels=("production",))
    commit(world, "two")
    async with world.client(headers=bearer(world.key("acme"))) as client:
        moved = await client.post(f"{CRITIC}/labels", json={"label": "production", "version": 2})
        assert moved.status_code == 200
        [label] = moved.json()["labels"]
        assert (label["label"], label["version"]) == ("production", 2)
        assert label["moved_by"].startswith("key:")
        read = (await client.get(f"{CRITIC}/labels")).json()
        assert read == moved.json()
        assert [(move["from_version"], move["to_version"]) for move in read["moves"]] == [
            (1, 2),
            (None, 1),
        ]
        gone = (await client.delete(f"{CRITIC}/labels/production")).json()
        assert gone["labels"] == []
        assert gone["moves"][0]["to_version"] is None
        assert (await client.delete(f"{CRITIC}/labels/production")).status_code == 404
        rows = (await client.get("/api/v1/audit")).json()["audit"]
        assert [(row["action"], row["target"], row["details"]) for row in rows[:2]] == [
            ("prompt.unlabel", "team/critic~v2", {"label": "production"}),
            ("prompt.label", "team/critic~v2", {"label": "production", "version": 2}),
        ]


async def test_a_label_is_moved_only_by_who_may_write_and_only_to_what_is_there(
    world: World,
) -> None:
    commit(world, "one")
    form = {"label": "production", "version": 1}
    async with (
        world.client(headers=bearer(world.key("acme", "read"))) as reader,
        world.client(headers=bearer(world.key("twin"))) as twin,
        world.client(headers=bearer(world.key("acme"))) as writer,
    ):
        assert (await reader.post(f"{CRITIC}/labels", json=form)).status_code == 403
        assert (await twin.post(f"{CRITIC}/labels", json=form)).status_code == 404
        for wrong, status in (
            ({"label": "production", "version": 2}, 404),
            ({"label": "production", "version": 0}, 422),
            ({"label": "", "version": 1}, 422),
            ({"label": "a\x00", "version": 1}, 422),
            ({"label": "a", "version": 10**30}, 404),
        ):
            answer = await writer.post(f"{CRITIC}/labels", json=wrong)
            assert answer.status_code == status, wrong
        assert (await writer.get(f"{CRITIC}/labels")).json()["labels"] == []


async def test_a_dataset_s_cases_are_read_as_they_are_and_as_they_were(world: World) -> None:
    made = datasets.create_dataset(
        world.records, project_id="acme", name="golden", dataset_id="d/1", source="opik",
        created_by="key:1", now_ns=NOW,
    )  # fmt: skip
    for answer in (4, 5):
        datasets.put_cases(
            world.records, project_id="acme", dataset_id=made.dataset_id, now_ns=NOW,
            cases=[
                Case(case_id="a", input={"sum": [2, 2]}, expected=answer),
                Case(case_id="b", archived=True),
            ],
        )  # fmt: skip
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        [row] = (await client.get("/api/v1/datasets")).json()["datasets"]
        assert (row["dataset_id"], row["version"], row["cases"]) == ("d/1", 2, 1)
        path = "/api/v1/datasets/d~11/cases"
        now = (await client.get(path)).json()
        assert [case["expected"] for case in now["cases"]] == [5]
        then = (await client.get(path, params={"version": 1, "archived": True})).json()
        assert [case["expected"] for case in then["cases"]] == [4, None]
        assert (then["version"], then["total"], then["next_cursor"]) == (1, 2, None)
        assert (await client.get("/api/v1/datasets/none/cases")).status_code == 404


async def test_a_run_of_an_experiment_names_its_session(world: World) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    made = experiments.create_experiment(
        world.records, project_id="acme", name="baseline", dataset_id="d-1", source="langfuse",
        created_by="key:1", now_ns=NOW,
    )  # fmt: skip
    experiments.put_runs(
        world.records, project_id="acme", experiment_id=made.experiment_id,
        runs=[
            ExperimentRun(
                run_id="r-1", case_id="a", trace_id=trace_of(1), started_ns=NOW,
                output="4", scores={"correct": 1.0},
            ),
            ExperimentRun(run_id="r-2", case_id="b", trace_id="no\x00 trace", started_ns=NOW + 1),
        ],
    )  # fmt: skip
    async with world.client(headers=bearer(world.key("acme", "read"))) as client:
        [row] = (await client.get("/api/v1/experiments?dataset=d-1")).json()["experiments"]
        shown = (await client.get(f"/api/v1/experiments/{row['experiment_id']}")).json()
        assert [(run["run_id"], run["session_id"]) for run in shown["runs"]] == [
            ("r-1", "s-1"),
            ("r-2", None),
        ]
        assert shown["runs"][0]["scores"] == {"correct": 1.0}
        first = await client.get(f"/api/v1/experiments/{made.experiment_id}?limit=1")
        assert first.json()["next_cursor"] is not None
        assert (await client.get("/api/v1/experiments/none")).status_code == 404
        assert (await client.get("/api/v1/experiments?dataset=d-2")).json()["total"] == 0
