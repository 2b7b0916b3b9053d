"""What datasets, their cases and experiments promise, on SQLite and on PostgreSQL."""

import threading
from typing import Any

import msgspec
import pytest

from quarterdeck.errors import Conflict, Invalid, NotFound
from quarterdeck.storage.records import datasets, experiments, projects
from quarterdeck.storage.records.connection import Records, open_records
from quarterdeck.storage.records.datasets import Case, Dataset
from quarterdeck.storage.records.experiments import Experiment, ExperimentRun

NOW = 1_790_000_000_000_000_000


@pytest.fixture(autouse=True)
def two_projects(records: Records) -> None:
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)


def make_dataset(records: Records, name: str = "golden", **other: Any) -> Dataset:
    options: dict[str, Any] = {
        "project_id": "acme", "source": "opik", "created_by": "local", "now_ns": NOW, **other,
    }  # fmt: skip
    return datasets.create_dataset(records, name=name, **options)


def make_experiment(records: Records, name: str = "baseline", **other: Any) -> Experiment:
    options: dict[str, Any] = {
        "project_id": "acme", "source": "opik", "created_by": "local", "now_ns": NOW, **other,
    }  # fmt: skip
    return experiments.create_experiment(records, name=name, **options)


def put(records: Records, dataset: Dataset, *cases: Case, at: int = 0) -> list[Case]:
    return datasets.put_cases(
        records, project_id="acme", dataset_id=dataset.dataset_id, cases=cases, now_ns=NOW + at
    )


def ids(records: Records, dataset: Dataset, **by: Any) -> list[str]:
    found = datasets.list_cases(records, project_id="acme", dataset_id=dataset.dataset_id, **by)
    return [case.case_id for case in found.items]


def version_of(records: Records, dataset: Dataset) -> int:
    found = datasets.find_dataset(records, project_id="acme", dataset_id=dataset.dataset_id)
    return found.version


def test_a_dataset_is_found_by_name_and_id_in_its_project_only(records: Records) -> None:
    made = make_dataset(records, description="d", metadata={"a": [1, None]}, dataset_id="0196")
    assert (made.dataset_id, made.version, made.items, made.source) == ("0196", 0, 0, "opik")
    for by in ({"name": "golden"}, {"dataset_id": "0196"}):
        assert datasets.find_dataset(records, project_id="acme", **by) == made
        with pytest.raises(NotFound):
            datasets.find_dataset(records, project_id="twin", **by)
    for by in ({}, {"name": "\x00"}, {"dataset_id": "\udcff"}, {"name": "none"}):
        with pytest.raises(NotFound):
            datasets.find_dataset(records, project_id="acme", **by)
    assert make_dataset(records, project_id="twin", dataset_id="0196").dataset_id == "0196"


def test_a_dataset_that_is_there_is_the_answer_unless_that_is_an_error(records: Records) -> None:
    made = make_dataset(records, dataset_id="one")
    assert make_dataset(records, dataset_id="two", description="other") == made
    assert make_dataset(records, "renamed", dataset_id="one") == made
    with pytest.raises(Conflict):
        make_dataset(records, exists_ok=False)
    with pytest.raises(NotFound):
        make_dataset(records, project_id="none")
    with pytest.raises(Invalid):
        make_dataset(records, "a\x00b")


def test_datasets_are_listed_newest_first_and_by_part_of_the_name(records: Records) -> None:
    for number, name in enumerate(("golden", "Gold%", "other")):
        make_dataset(records, name, now_ns=NOW + number)

    def names(**by: Any) -> list[str]:
        return [found.name for found in datasets.list_datasets(records, project_id="acme", **by)[0]]

    assert names() == ["other", "Gold%", "golden"]
    assert names(containing="gOLD") == ["Gold%", "golden"]
    assert names(containing="%") == ["Gold%"]
    assert names(limit=1, offset=1) == ["Gold%"]
    assert datasets.list_datasets(records, project_id="acme", limit=1).total == 3
    assert datasets.list_datasets(records, project_id="twin") == ([], 0)


def test_a_dataset_is_changed_and_deleted_with_its_cases(records: Records) -> None:
    made = make_dataset(records)
    make_dataset(records, "taken")
    put(records, made, Case(case_id="a"))
    changed = datasets.update_dataset(
        records, project_id="acme", dataset_id=made.dataset_id, name="silver",
        metadata={"x": 1}, now_ns=NOW + 9,
    )  # fmt: skip
    assert (changed.name, changed.metadata, changed.updated_ns) == ("silver", {"x": 1}, NOW + 9)
    with pytest.raises(Conflict):
        datasets.update_dataset(
            records, project_id="acme", dataset_id=made.dataset_id, name="taken", now_ns=NOW
        )
    with pytest.raises(NotFound):
        datasets.delete_dataset(records, project_id="twin", dataset_id=made.dataset_id)
    datasets.delete_dataset(records, project_id="acme", dataset_id=made.dataset_id)
    with pytest.raises(NotFound):
        datasets.find_case(records, project_id="acme", case_id="a")


def test_a_case_comes_back_as_it_was_given(records: Records) -> None:
    dataset = make_dataset(records)
    given = Case(
        case_id="c-1",
        input={"question": "\x00 \ud83d é", "score": 0.1},
        expected=None,
        metadata=["any", {"thing": 1}],
        split="test",
        source_trace_id="0" * 31 + "1",
        source_span_id="0" * 15 + "1",
        source={"opik": {"unknown": True}},
    )
    [kept] = put(records, dataset, given)
    assert kept == msgspec.structs.replace(
        given, dataset_id=dataset.dataset_id, created_ns=NOW, updated_ns=NOW, version=1
    )
    assert datasets.find_case(records, project_id="acme", case_id="c-1") == kept
    with pytest.raises(NotFound):
        datasets.find_case(records, project_id="twin", case_id="c-1")


def test_numbers_that_json_has_no_word_for_are_kept_as_text(records: Records) -> None:
    strange = [float("nan"), float("inf"), {"x": -float("inf")}]
    [kept] = put(records, make_dataset(records), Case(case_id="a", input=strange))
    assert kept.input == ["NaN", "Infinity", {"x": "-Infinity"}]


def test_sending_the_same_cases_again_changes_nothing(records: Records) -> None:
    dataset = make_dataset(records)
    cases = [Case(case_id=f"c-{number}", input={"b": 1, "a": number}) for number in range(1200)]
    first = put(records, dataset, *cases)
    again = put(records, dataset, *cases, at=5)
    assert again == first
    assert ids(records, dataset, limit=5000) == [case.case_id for case in cases]
    found = datasets.find_dataset(records, project_id="acme", name="golden")
    assert (found.version, found.items, found.updated_ns) == (1, 1200, NOW)


def test_a_changed_case_keeps_its_place_and_its_birth(records: Records) -> None:
    dataset = make_dataset(records)
    put(records, dataset, Case(case_id="a"), Case(case_id="b"), Case(case_id="a", input=1))
    [changed] = put(records, dataset, Case(case_id="a", input=2), at=5)
    assert (changed.created_ns, changed.updated_ns, changed.version) == (NOW, NOW + 5, 2)
    put(records, dataset, Case(case_id="c"), at=6)
    assert ids(records, dataset) == ["a", "b", "c"]


def test_cases_are_listed_by_id_behind_another_and_without_the_archived(records: Records) -> None:
    dataset = make_dataset(records)
    put(records, dataset, *(Case(case_id=letter) for letter in "dcba"))
    put(records, dataset, Case(case_id="c", archived=True))
    assert ids(records, dataset) == ["d", "b", "a"]
    assert ids(records, dataset, archived=True) == ["d", "c", "b", "a"]
    assert ids(records, dataset, case_ids=["a", "d", "\x00"]) == ["d", "a"]
    assert ids(records, dataset, case_ids=[]) == []
    assert ids(records, dataset, after_case_id="c") == ["b", "a"]
    assert ids(records, dataset, after_case_id="d", limit=1) == ["b"]
    assert ids(records, dataset, offset=1, limit=1) == ["b"]
    with pytest.raises(NotFound):
        ids(records, dataset, after_case_id="none")
    with pytest.raises(NotFound):
        datasets.list_cases(records, project_id="twin", dataset_id=dataset.dataset_id)
    items = datasets.find_dataset(records, project_id="acme", name="golden").items
    assert items == 3


def test_a_dataset_can_be_read_as_it_was_at_each_version(records: Records) -> None:
    dataset = make_dataset(records)

    def delete(*case_ids: str) -> int:
        return datasets.delete_cases(
            records, project_id="acme", dataset_id=dataset.dataset_id, case_ids=case_ids
        )

    put(records, dataset, Case(case_id="a", input=1), Case(case_id="b"))
    put(records, dataset, Case(case_id="a", input=2))
    assert delete("a", "none") == 1
    assert delete("a") == 0
    put(records, dataset, Case(case_id="a", input=3))

    def seen(version: int | None) -> list[tuple[str, Any]]:
        found = datasets.list_cases(
            records, project_id="acme", dataset_id=dataset.dataset_id, as_of_version=version
        )
        return [(case.case_id, case.input) for case in found.items]

    assert seen(0) == []
    assert seen(1) == [("a", 1), ("b", None)]
    assert seen(2) == [("a", 2), ("b", None)]
    assert seen(3) == [("b", None)]
    assert seen(4) == seen(None) == seen(99) == [("b", None), ("a", 3)]
    assert version_of(records, dataset) == 4


def test_replicas_that_add_cases_together_lose_none(records: Records, records_url: str) -> None:
    dataset = make_dataset(records)
    failures: list[BaseException] = []
    start = threading.Barrier(4)

    def replica(number: int) -> None:
        own = open_records(records_url)
        try:
            start.wait()
            for step in range(4):
                put(own, dataset, Case(case_id=f"{number}.{step}"), Case(case_id="shared"))
        except BaseException as error:  # noqa: BLE001  # the thread's failure is the test's
            failures.append(error)
        finally:
            own.close()

    threads = [threading.Thread(target=replica, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(ids(records, dataset)) == 17
    assert version_of(records, dataset) == 16


def test_what_a_taken_name_of_an_experiment_means_is_the_client_s_custom(
    records: Records,
) -> None:
    first = make_experiment(records, metadata={"model": "x"})
    assert make_experiment(records) == first
    with pytest.raises(Conflict):
        make_experiment(records, exists="conflict")
    assert make_experiment(records, exists="rename").name == "baseline-2"
    third = make_experiment(records, exists="rename", experiment_id="0196")
    assert third.name == "baseline-3"
    assert make_experiment(records, exists="rename", experiment_id="0196") == third
    # In another product, or on another dataset, the name is another one's.
    for elsewhere in ({"source": "langfuse"}, {"dataset_id": "d-1"}, {"project_id": "twin"}):
        other = make_experiment(records, **elsewhere)
        assert other.name == "baseline"
        assert other.experiment_id != first.experiment_id


def test_an_experiment_is_found_listed_changed_and_deleted(records: Records) -> None:
    first = make_experiment(records, dataset_id="d-1", now_ns=NOW)
    second = make_experiment(records, "Other", now_ns=NOW + 1)

    def found(**by: Any) -> Experiment:
        return experiments.find_experiment(records, project_id="acme", **by)

    assert found(name="baseline") == found(experiment_id=first.experiment_id) == first
    assert found(name="baseline", dataset_id="d-1", source="opik") == first
    for by in ({}, {"name": "none"}, {"name": "\x00"}, {"name": "baseline", "source": "mlflow"}):
        with pytest.raises(NotFound):
            found(**by)
    with pytest.raises(NotFound):
        experiments.find_experiment(records, project_id="twin", experiment_id=first.experiment_id)
    assert experiments.list_experiments(records, project_id="acme") == ([second, first], 2)
    narrowed: tuple[dict[str, Any], ...] = ({"containing": "BASE"}, {"dataset_id": "d-1"})
    for narrow in narrowed:
        assert experiments.list_experiments(records, project_id="acme", **narrow) == ([first], 1)
    ended = experiments.update_experiment(
        records, project_id="acme", experiment_id=first.experiment_id, ended_ns=NOW + 9
    )
    assert ended == msgspec.structs.replace(first, ended_ns=NOW + 9)
    experiments.delete_experiment(records, project_id="acme", experiment_id=first.experiment_id)
    with pytest.raises(NotFound):
        found(experiment_id=first.experiment_id)


def test_what_is_told_of_a_run_in_any_order_adds_up(records: Records) -> None:
    parts = (
        ExperimentRun(run_id="r-1", case_id="c-1", trace_id="t-1", started_ns=NOW),
        ExperimentRun(run_id="r-1", scores={"correct": 1}, output={"answer": 4}),
        ExperimentRun(run_id="r-1", scores={"brief": {"value": 0.5, "reason": "\x00"}}),
    )
    expected = ExperimentRun(
        run_id="r-1",
        case_id="c-1",
        trace_id="t-1",
        started_ns=NOW,
        output={"answer": 4},
        scores={"correct": 1, "brief": {"value": 0.5, "reason": "\x00"}},
    )
    for name, order in (("one", parts), ("two", parts[::-1]), ("three", parts + parts)):
        made = make_experiment(records, name)
        for part in order:
            experiments.put_runs(
                records, project_id="acme", experiment_id=made.experiment_id, runs=[part]
            )
        whole = experiments.put_runs(
            records, project_id="acme", experiment_id=made.experiment_id, runs=order
        )
        listed = experiments.list_runs(records, project_id="acme", experiment_id=made.experiment_id)
        assert listed == [msgspec.structs.replace(expected, experiment_id=made.experiment_id)]
        assert set(map(repr, whole)) == {repr(listed[0])}


def test_runs_come_in_the_order_of_their_start(records: Records) -> None:
    made = make_experiment(records)
    runs = [ExperimentRun(run_id=f"r-{number}", started_ns=NOW - number) for number in range(600)]
    experiments.put_runs(records, project_id="acme", experiment_id=made.experiment_id, runs=runs)
    listed = experiments.list_runs(
        records, project_id="acme", experiment_id=made.experiment_id, limit=2, offset=1
    )
    assert [run.run_id for run in listed] == ["r-598", "r-597"]
    for project_id, experiment_id in (("twin", made.experiment_id), ("acme", "none")):
        with pytest.raises(NotFound):
            experiments.list_runs(records, project_id=project_id, experiment_id=experiment_id)
        with pytest.raises(NotFound):
            experiments.put_runs(
                records, project_id=project_id, experiment_id=experiment_id, runs=runs[:1]
            )


def test_deleting_a_project_takes_its_datasets_and_experiments_with_it(records: Records) -> None:
    put(records, make_dataset(records), Case(case_id="a"))
    made = make_experiment(records)
    experiments.put_runs(
        records, project_id="acme", experiment_id=made.experiment_id,
        runs=[ExperimentRun(run_id="r")],
    )  # fmt: skip
    kept = make_dataset(records, project_id="twin")
    projects.delete_project(records, "acme")
    projects.create_project(records, project_id="acme", now_ns=NOW)
    assert datasets.list_datasets(records, project_id="acme").total == 0
    assert experiments.list_experiments(records, project_id="acme").total == 0
    assert make_dataset(records).items == 0
    assert datasets.find_dataset(records, project_id="twin", name="golden") == kept
