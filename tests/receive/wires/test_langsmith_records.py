"""
Prompts, datasets and experiments as LangSmith's client makes and reads them, through the real
frame.  Some 8 s.
"""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.wires.langsmith.instants import spell
from quarterdeck.receive.wires.langsmith.wire import WIRE
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.records.experiments import list_experiments, list_runs
from quarterdeck.storage.records.prompts import PromptContent, commit_prompt, find_version
from receive.wires.served import Answer, Served, serve

Object = dict[str, Any]

START, END = "2026-11-23T02:50:24.026773+00:00", "2026-11-23T02:50:25.026773+00:00"


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    """One for all: what a test stores is in a project of its own."""
    connection = chdb_engine.connect("langsmith_records")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE langsmith_records SYNC")
    connection.close()


@pytest.fixture
def served(tmp_path: Path, events: EventConnection) -> Iterator[Served]:
    with serve(WIRE, tmp_path, events) as one:
        yield one


def ask(served: Served, method: str, path: str, body: Any = None) -> Answer:
    """Some of the client's calls come with `/api/v1`, some without."""
    sent = b"" if body is None else json.dumps(body).encode()
    return served.ask(method, path, sent, {"content-type": "application/json"})


def told(served: Served, method: str, path: str, body: Any = None) -> Any:
    answer = ask(served, method, path, body)
    assert 200 <= answer.status < 300, (path, answer)
    return answer.json()


def form(parts: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    lines = []
    for name, value in parts.items():
        lines.append(f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n')
        lines.append(f"Content-Type: application/json\r\n\r\n{json.dumps(value)}\r\n")
    return "".join([*lines, "--b--\r\n"]).encode(), {
        "content-type": "multipart/form-data; boundary=b"
    }


# -------------------------------------------------------------------------------- prompts


def constructor(*path: str, **kwargs: Any) -> Object:
    return {"lc": 1, "type": "constructor", "id": list(path), "kwargs": kwargs}


def template(text: str) -> Object:
    return constructor(
        "langchain", "prompts", "prompt", "PromptTemplate",
        template=text, input_variables=[], template_format="mustache",
    )  # fmt: skip


def chat(system: str) -> Object:
    return constructor(
        "langchain", "prompts", "chat", "ChatPromptTemplate",
        messages=[
            constructor("langchain", "SystemMessagePromptTemplate", prompt=template(system)),
            constructor("langchain", "HumanMessagePromptTemplate", prompt=template("{{q}}")),
            constructor("langchain", "chat", "MessagesPlaceholder", variable_name="history"),
        ],
    )  # fmt: skip


def with_model(prompt: Object) -> Object:
    model = constructor(
        "langchain", "chat_models", "openai", "ChatOpenAI", model_name="gpt-4o", temperature=0.2
    )
    bound = constructor("langchain", "runnables", "RunnableBinding", bound=model,
                        kwargs={"tools": [{"type": "function"}]})  # fmt: skip
    return constructor("langchain", "runnable", "RunnableSequence", first=prompt, last=bound)


def push(served: Served, manifest: Object, name: str = "planner") -> Object:
    commit: Object = told(
        served, "POST", f"/commits/-/{name}", {"manifest": manifest, "parent_commit": None}
    )["commit"]
    return commit


def test_a_prompt_is_pulled_by_its_newest_a_tag_or_the_beginning_of_a_hash(served: Served) -> None:
    assert ask(served, "GET", "/repos/-/planner").status == 404
    made = {"repo_handle": "planner", "description": "d", "readme": "# r", "tags": ["t"]}
    told(served, "POST", "/repos/", made)
    assert ask(served, "POST", "/api/v1/repos", made).status == 409
    first, second = push(served, chat("one")), push(served, chat("two"))
    tag = {"tag_name": "production", "commit_id": first["id"]}
    told(served, "POST", "/api/v1/repos/-/planner/tags", tag)
    for named, want in (
        ("latest", second), ("production", first), (first["commit_hash"][:8], first),
        (second["commit_hash"], second),
    ):  # fmt: skip
        found = told(served, "GET", f"/commits/-/planner/{named}")
        assert (found["commit_hash"], found["manifest"]) == (want["commit_hash"], want["manifest"])
        assert found["examples"] == []
    missing = ask(served, "GET", "/commits/-/planner/staging")
    assert (missing.status, set(missing.json())) == (404, {"detail", "code"})
    shown = told(served, "GET", "/repos/-/planner")["repo"]
    assert (shown["num_commits"], shown["last_commit_hash"]) == (2, second["commit_hash"])
    assert (shown["description"], shown["readme"], shown["tags"]) == ("d", "# r", ["t"])
    listed = told(served, "GET", "/commits/-/planner/?limit=1&offset=1")
    assert ([one["id"] for one in listed["commits"]], listed["total"]) == ([first["id"]], 2)


def test_pushing_the_newest_again_makes_no_version_and_going_back_makes_one(served: Served) -> None:
    told(served, "POST", "/repos", {"repo_handle": "planner"})
    first = push(served, chat("one"))
    assert push(served, chat("one")) == first
    second = push(served, chat("two"))
    third = push(served, chat("one"))
    hashes = {one["commit_hash"] for one in (first, second, third)}
    assert len(hashes) == 3


def test_what_a_manifest_says_is_read_and_the_model_given_only_if_asked_for(served: Served) -> None:
    told(served, "POST", "/repos", {"repo_handle": "planner"})
    manifest = with_model(chat("Be brief."))
    push(served, manifest)
    content = find_version(served.records, project_id=served.project_id, name="planner").content
    assert content.kind == "chat"
    assert content.messages == (
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "{{q}}"},
        {"role": "placeholder", "name": "history"},
    )
    assert (content.templating, content.provider, content.model) == ("mustache", "openai", "gpt-4o")
    assert content.parameters == {"temperature": 0.2}
    assert content.tools == ({"type": "function"},)
    bare = told(served, "GET", "/commits/-/planner/latest")["manifest"]
    whole = told(served, "GET", "/commits/-/planner/latest?include_model=true")["manifest"]
    assert (bare, whole) == (chat("Be brief."), manifest)


def test_a_prompt_of_another_client_is_a_manifest_that_says_the_same(served: Served) -> None:
    for content in (
        PromptContent(
            kind="chat",
            templating="mustache",
            messages=(
                {"role": "system", "content": "Be {{how}}."},
                {"role": "user", "content": "?"},
            ),
        ),
        PromptContent(kind="text", templating="f-string", text="Be {how}."),
    ):
        commit_prompt(
            served.records, project_id=served.project_id, name="theirs", content=content,
            created_by="x", now_ns=1,
        )  # fmt: skip
        manifest = told(served, "GET", "/commits/-/theirs/latest")["manifest"]
        push(served, manifest, "theirs")
        again = find_version(served.records, project_id=served.project_id, name="theirs").content
        assert (again.kind, again.text, again.messages, again.templating) == (
            content.kind, content.text, content.messages, content.templating,
        )  # fmt: skip


def test_prompts_of_others_are_not_here(served: Served) -> None:
    answer = ask(served, "GET", "/commits/rlm/rag-prompt/latest")
    assert answer.status == 404
    assert "public hub" in answer.json()["detail"]


# ------------------------------------------------------------------ datasets, experiments


def dataset(served: Served) -> str:
    made = told(served, "POST", "/datasets", {"name": "golden", "extra": {"metadata": {"m": 1}}})
    assert (made["metadata"], made["example_count"]) == ({"m": 1}, 0)
    return str(made["id"])


def examples(served: Served, dataset_id: str, count: int) -> list[str]:
    ids = [str(uuid.UUID(int=number + 1)) for number in range(count)]
    parts: Object = {}
    for number, example_id in enumerate(ids):
        parts[example_id] = {
            "metadata": {"n": number},
            "split": ["odd", "x"] if number % 2 else "even",
        }
        parts[f"{example_id}.inputs"] = {"q": number}
        parts[f"{example_id}.outputs"] = {"a": number * 2}
    body, headers = form(parts)
    path = f"/v1/platform/datasets/{dataset_id}/examples"
    for _ in range(2):  # sent again, it changes nothing
        answer = served.ask("POST", path, body, headers)
        assert (answer.status, answer.json()["example_ids"]) == (200, ids)
    return ids


def test_examples_are_cases_and_come_back_as_they_were_sent(served: Served) -> None:
    dataset_id = dataset(served)
    assert ask(served, "POST", "/datasets", {"name": "golden"}).status == 409
    ids = examples(served, dataset_id, 4)
    path = f"/examples?dataset={dataset_id}"
    found = told(served, "GET", path)
    assert [one["id"] for one in found] == ids
    assert (found[1]["inputs"], found[1]["outputs"]) == ({"q": 1}, {"a": 2})
    assert found[1]["metadata"] == {"n": 1, "dataset_split": ["odd", "x"]}
    assert [one["id"] for one in told(served, "GET", path + "&limit=2&offset=3")] == ids[3:]
    assert [one["id"] for one in told(served, "GET", path + "&splits=odd")] == [ids[1], ids[3]]
    assert [one["id"] for one in told(served, "GET", path + '&metadata={"n":2}')] == [ids[2]]
    assert told(served, "GET", f"/datasets/{dataset_id}/splits") == ["even", "odd", "x"]
    told(served, "PATCH", f"/examples/{ids[1]}", {"metadata": found[1]["metadata"]})
    assert told(served, "GET", f"/examples/{ids[1]}")["metadata"] == found[1]["metadata"]
    told(served, "PATCH", f"/examples/{ids[0]}", {"outputs": {"a": 99}})
    changed = told(served, "GET", f"/examples/{ids[0]}")
    assert (changed["inputs"], changed["outputs"]) == ({"q": 0}, {"a": 99})
    before = told(served, "GET", f"/datasets/{dataset_id}/version?tag=latest")["as_of"]
    bulk = [{"dataset_id": dataset_id, "inputs": {"q": 9}, "outputs": None}]
    told(served, "POST", "/examples/bulk", bulk)
    assert len(told(served, "GET", path)) == 5
    assert len(told(served, "GET", f"{path}&as_of={before.replace('+', '%2B')}")) == 4
    told(served, "DELETE", f"/examples?example_ids={ids[0]}&example_ids={ids[1]}")
    assert len(told(served, "GET", path)) == 3


def test_an_example_with_a_file_is_refused_and_not_taken_in_part(served: Served) -> None:
    dataset_id, example_id = dataset(served), str(uuid.uuid4())
    body, headers = form({example_id: {}, f"{example_id}.attachment.note": "x"})
    path = f"/platform/datasets/{dataset_id}/examples"
    assert served.ask("POST", path, body, headers).status == 501
    assert told(served, "GET", f"/examples?dataset={dataset_id}") == []


def experiment(dataset_id: str) -> Object:
    return {
        "id": str(uuid.UUID(int=77)), "name": "exp-1", "reference_dataset_id": dataset_id,
        "extra": {"metadata": {"prompt_version": "v12"}}, "num_examples": 2,
    }  # fmt: skip


def results(ids: list[str], session_id: str) -> Object:
    """A form as the client sends it: runs of two examples, and what an evaluator said."""
    parts: Object = {}
    for number, example_id in enumerate(ids):
        run_id, feedback_id = str(uuid.UUID(int=100 + number)), str(uuid.UUID(int=200 + number))
        parts[f"post.{run_id}"] = {
            "id": run_id, "trace_id": run_id, "name": "Target", "run_type": "chain",
            "start_time": START, "end_time": END, "session_name": "exp-1",
            "reference_example_id": example_id,
        }  # fmt: skip
        parts[f"post.{run_id}.outputs"] = {"a": number}
        parts[f"feedback.{feedback_id}"] = {
            "id": feedback_id, "run_id": run_id, "key": "exact", "score": number,
            "session_id": session_id, "created_at": END,
            "feedback_source": {"type": "model", "metadata": {"__run": {"run_id": run_id}}},
        }  # fmt: skip
    return parts


def kept(served: Served) -> list[tuple[str, Any, Any]]:
    (one,), _ = list_experiments(served.records, project_id=served.project_id)
    runs = list_runs(served.records, project_id=served.project_id, experiment_id=one.experiment_id)
    return sorted((run.case_id, run.output["a"], run.scores["exact"]) for run in runs)


@pytest.mark.parametrize("first", ["experiment", "results"])
def test_an_experiments_results_are_its_runs_whatever_came_first(
    served: Served, first: str
) -> None:
    ids = examples(served, dataset_id := dataset(served), 2)
    session = experiment(dataset_id)
    body, headers = form(results(ids, session["id"]))

    def send_results() -> None:
        assert served.ask("POST", "/runs/multipart", body, headers).status == 202
        served.settle()

    if first == "results":
        send_results()
    made = told(served, "POST", "/sessions", session)
    assert (made["name"], made["extra"]) == ("exp-1", {"metadata": {"prompt_version": "v12"}})
    send_results()
    assert kept(served) == [(ids[0], 0, 0), (ids[1], 1, 1)]
    # Sent again after a lost answer it is the same; another of the name is told to be taken.
    assert told(served, "POST", "/sessions", session)["id"] == session["id"]
    other = {**session, "id": str(uuid.uuid4())}
    assert ask(served, "POST", "/sessions", other).status == 409
    for score in (0.5, None):
        told(served, "PATCH", f"/feedback/{uuid.UUID(int=200)}", {"score": 0.5, "value": score})
    assert kept(served)[0] == (ids[0], 0, 0.5)


def test_an_experiments_numbers_are_read_back(served: Served) -> None:
    ids = examples(served, dataset_id := dataset(served), 2)
    session = experiment(dataset_id)
    told(served, "POST", "/sessions", session)
    body, headers = form(results(ids, session["id"]))
    served.ask("POST", "/runs/multipart", body, headers)
    summary = {"id": str(uuid.uuid4()), "key": "pass_rate", "score": 0.5,
               "session_id": session["id"]}  # fmt: skip
    told(served, "POST", "/feedback", summary)
    served.settle()
    found = told(served, "GET", "/sessions?name=exp-1&include_stats=true&limit=1")[0]
    assert (found["run_count"], found["error_rate"]) == (2, 0)
    assert found["feedback_stats"]["exact"] | {"comments": []} == {
        "n": 2, "avg": 0.5, "values": {}, "comments": [],
    }  # fmt: skip
    assert found["session_feedback_stats"]["pass_rate"]["avg"] == 0.5
    asked = {"session": [session["id"]], "is_root": True, "limit": 1}
    page = told(served, "POST", "/runs/query", asked)
    rest = told(served, "POST", "/runs/query", {**asked, "cursor": page["cursors"]["next"]})
    runs = [*page["runs"], *rest["runs"]]
    assert rest["cursors"]["next"] is None
    assert sorted(run["reference_example_id"] for run in runs) == ids
    assert {run["status"] for run in runs} == {"success"}
    by_example = told(
        served, "POST", f"/datasets/{dataset_id}/runs", {"session_ids": [session["id"]]}
    )
    assert [[run["outputs"] for run in one["runs"]] for one in by_example] == [
        [{"a": 0}], [{"a": 1}],
    ]  # fmt: skip
    spans = [span for span in served.spans if span.name == "Target"]
    assert {span.attributes["quarterdeck.case"] for span in spans} == set(ids)


def test_a_projects_runs_are_read_newest_first_by_pages(served: Served) -> None:
    (project,) = told(served, "GET", "/sessions?name=mine")
    now_ns = served.app._back.now_ns()
    ids = [str(uuid.UUID(int=300 + number)) for number in range(4)]
    for number, run_id in enumerate(ids):
        start = spell(now_ns - (10 - number) * NS_PER_S)
        run = {"id": run_id, "trace_id": ids[0] if number == 3 else run_id, "name": f"r{number}",
               "run_type": "chain", "start_time": start, "end_time": start, "session_name": "mine",
               "parent_run_id": ids[0] if number == 3 else None}  # fmt: skip
        assert ask(served, "POST", "/runs", run).status == 202
    served.settle()
    asked: Object = {"session": [project["id"]], "is_root": True, "limit": 2, "select": ["outputs"]}
    first = told(served, "POST", "/runs/query", asked)
    rest = told(served, "POST", "/runs/query", {**asked, "cursor": first["cursors"]["next"]})
    names = [run["name"] for run in (*first["runs"], *rest["runs"])]
    assert (names, rest["cursors"]["next"]) == (["r2", "r1", "r0"], None)
    assert "inputs" not in first["runs"][0]
    every = told(served, "POST", "/runs/query", {"session": [project["id"]]})["runs"]
    assert {run["name"]: run["session_id"] for run in every} == {
        f"r{number}": project["id"] for number in range(4)
    }
    whole = told(served, "POST", "/runs/query", {"trace": ids[0]})["runs"]
    assert [run["name"] for run in whole] == ["r3", "r0"]
    assert told(served, "GET", f"/runs/{ids[3]}")["parent_run_id"] == ids[0]


def test_a_project_is_there_as_soon_as_it_is_named(served: Served) -> None:
    (found,) = told(served, "GET", "/sessions?limit=1&name=mine")
    served.settle()
    assert told(served, "GET", "/sessions?name=mine") == [found]
    assert told(served, "GET", f"/sessions/{found['id']}")["name"] == "mine"
    made = told(served, "POST", "/sessions", {"name": "other", "id": str(uuid.uuid4())})
    assert told(served, "GET", "/sessions?name=other")[0]["id"] == made["id"]
    names = {one["name"] for one in told(served, "GET", "/sessions")}
    assert names == {"default", "mine", "other"}


def test_a_feedback_is_read_by_its_id_its_run_and_its_key(served: Served) -> None:
    run_id, feedback_id = str(uuid.uuid4()), str(uuid.uuid4())
    given = {"id": feedback_id, "run_id": run_id, "key": "thumbs", "score": 1}
    told(served, "POST", "/feedback", given)
    served.settle()
    assert told(served, "GET", f"/feedback/{feedback_id}")["score"] == 1
    (found,) = told(served, "GET", f"/feedback?run={run_id}&key=thumbs")
    assert found["id"] == feedback_id
    assert told(served, "GET", f"/feedback?run={run_id}&key=other") == []
    told(served, "DELETE", f"/feedback/{feedback_id}")
    served.settle()
    assert ask(served, "GET", f"/feedback/{feedback_id}").status == 404


def test_a_token_gives_one_feedback_and_a_queue_tags_its_runs(served: Served) -> None:
    run_id = str(uuid.uuid4())
    run = {"id": run_id, "trace_id": run_id, "name": "a", "run_type": "chain", "start_time": START}
    assert ask(served, "POST", "/runs", run).status == 202
    token = told(served, "POST", "/feedback/tokens", {"run_id": run_id, "feedback_key": "thumbs"})
    served.settle()
    path = token["url"].partition("/langsmith")[2]
    told(served, "POST", path, {"score": 1, "comment": "good"})
    queue = told(served, "POST", "/annotation-queues", {"name": "review"})
    served.settle()
    told(served, "POST", f"/annotation-queues/{queue['id']}/runs", [run_id])
    served.settle()
    span = served.spans[-1]
    assert span.attributes["quarterdeck.tags"] == ["annotation-queue:review"]
    (score,) = [event for event in span.events if event.name == "quarterdeck.score"]
    assert (score.attributes["name"], score.attributes["value"]) == ("thumbs", 1)


def test_the_filter_language_is_refused_by_its_name(served: Served) -> None:
    answer = ask(served, "POST", "/runs/query", {"session": [], "filter": 'eq(name, "x")'})
    assert answer.status == 501
    assert "filter" in answer.json()["detail"]


def test_the_clients_transport_is_chosen_with_every_key_it_needs(served: Served) -> None:
    found = told(served, "GET", "/api/v1/info")
    assert found["instance_flags"]["zstd_compression_enabled"] is True
    assert set(found["batch_ingest_config"]) == {
        "use_multipart_endpoint", "size_limit", "size_limit_bytes", "scale_up_qsize_trigger",
        "scale_up_nthreads_limit", "scale_down_nempty_trigger",
    }  # fmt: skip
    assert served.asked == [None]
