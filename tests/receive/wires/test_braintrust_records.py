"""
Braintrust's prompts, datasets and experiments, asked of the real frame as its clients ask.

Real stores; about 8 seconds for all of it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.wires.braintrust.rows import Row, fragment_of, read_row
from quarterdeck.receive.wires.braintrust.trials import compare, trials_of
from quarterdeck.receive.wires.braintrust.wire import WIRE
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.records.datasets import find_dataset, list_cases
from quarterdeck.storage.records.experiments import find_experiment, list_runs
from quarterdeck.storage.records.prompts import PromptContent, commit_prompt, find_prompt
from receive.wires.served import Answer, Served, serve


@pytest.fixture(scope="module")
def events(chdb_engine: ChdbEngine) -> Iterator[EventConnection]:
    """One for all: each test has a project of its own."""
    connection = chdb_engine.connect("braintrust")
    migrate(connection)
    yield connection
    connection.execute("DROP DATABASE braintrust SYNC")
    connection.close()


@pytest.fixture
def served(tmp_path: Path, events: EventConnection) -> Iterator[Served]:
    with serve(WIRE, tmp_path, events) as one:
        yield one


def post(served: Served, path: str, body: Any) -> Any:
    answer = served.ask("POST", path, json.dumps(body).encode())
    assert answer.status == 200, (path, answer)
    return answer.json()


def get(served: Served, path: str) -> Any:
    answer = served.ask("GET", path)
    assert answer.status == 200, (path, answer)
    return answer.json()


def log(served: Served, *rows: dict[str, Any]) -> Answer:
    return served.ask("POST", "/logs3", json.dumps({"rows": rows, "api_version": 2}).encode())


# -- who and where ----------------------------------------------------------------------------


def test_login_leads_all_other_calls_below_the_same_address(served: Served) -> None:
    [told] = post(served, "/api/apikey/login", {})["org_info"]
    assert told["api_url"] == told["proxy_url"] == "http://127.0.0.1:4400/braintrust"
    assert "logs3_payload_max_bytes" not in get(served, "/version")


def test_a_project_is_the_same_by_either_api_and_by_its_id(served: Served) -> None:
    made = post(served, "/v1/project", {"name": "shop", "org_name": "quarterdeck"})
    again = post(served, "/api/project/register", {"project_name": "shop"})["project"]
    assert again["id"] == made["id"]
    assert get(served, f"/v1/project/{made['id']}")["name"] == "shop"
    assert get(served, f"/api/project?id={made['id']}")["name"] == "shop"
    listed = get(served, "/v1/project?project_name=shop")["objects"]
    assert [one["id"] for one in listed] == [made["id"]]
    assert served.ask("GET", "/v1/project/nobody").status == 404


def test_the_addresses_that_a_client_prints_lead_to_our_pages(served: Served) -> None:
    [told] = post(served, "/api/apikey/login", {})["org_info"]
    for printed, page in (
        ("object?object_type=project_logs&id=r1", "sessions"),
        ("p/shop/experiments/base%20line", "sessions?q=tag%3A%22experiment%3Abase%20line%22"),
        ("p/shop", "sessions"),
    ):
        answer = served.ask("GET", f"/app/{told['name']}/{printed}")
        assert answer.status == 302
        assert answer.headers["location"] == f"/p/{served.project_id}/{page}"


# -- rows -------------------------------------------------------------------------------------


def span_row(**told: Any) -> dict[str, Any]:
    return {
        "id": "r1",
        "span_id": "00000000000000a1",
        "root_span_id": "000000000000000000000000000000aa",
        "project_id": "p",
        "log_id": "g",
        "created": "2026-11-23T10:00:00Z",
        "span_attributes": {"name": "root", "type": "task"},
        "metrics": {"start": 1795428000.25, "end": 1795428001.5},
        **told,
    }


def test_feedback_reaches_its_row_before_or_after_and_sending_again_changes_nothing(
    served: Served,
) -> None:
    feedback = {"id": "r1", "_is_merge": True, "scores": {"thumbs": 1}, "_audit_source": "app"}
    for rows in ([feedback], [span_row()], [feedback], [span_row()], [feedback, span_row()]):
        assert log(served, *rows).status == 200
        served.settle()
    assert {span.span_id for span in served.spans} == {"00000000000000a1"}
    scores = [normalize_span(span).scores for span in served.spans]
    assert [(one.name, one.value, one.judge) for one in scores[-1]] == [("thumbs", 1.0, "human")]


def test_rows_and_feedback_by_the_rest_api_are_the_same(served: Served) -> None:
    row = {name: value for name, value in span_row().items() if name not in ("id", "log_id")}
    [row_id] = post(served, "/v1/project_logs/p/insert", {"events": [row]})["row_ids"]
    told = {"id": row_id, "scores": {"thumbs": 0}, "comment": "bad", "metadata": {"user_id": "u"}}
    for _ in range(2):
        post(served, "/v1/project_logs/p/feedback", {"feedback": [told]})
    served.settle()
    scores = [
        (one.name, one.value, one.explanation, one.judge, one.author)
        for one in normalize_span(served.spans[-1]).scores
    ]
    assert scores == [("thumbs", 0.0, "", "human", "u"), ("comment", None, "bad", "human", "u")]
    assert served.spans[-1].attributes["braintrust.project_id"] == "p"
    assert served.ask("POST", "/v1/acl/x/insert", b'{"events": []}').status == 404
    assert served.ask("GET", "/v1/acl").status == 501


def test_spans_by_otlp_know_their_experiment_and_get_feedback_by_their_id(served: Served) -> None:
    span = {
        "traceId": "0" * 30 + "aa",
        "spanId": "00000000000000cc",
        "name": "x",
        "startTimeUnixNano": "1795428000000000000",
        "endTimeUnixNano": "1795428001000000000",
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    headers = {"content-type": "application/json", "x-bt-parent": "experiment_id:e1"}
    sent = served.ask("POST", "/otel/v1/traces", json.dumps(body).encode(), headers)
    assert sent.status == 200
    feedback = {"id": "00000000000000cc", "_is_merge": True, "scores": {"thumbs": 1}}
    assert log(served, {**feedback, "_audit_source": "app"}).status == 200
    served.settle()
    [found] = [normalize_span(one) for one in served.spans]
    assert found.experiment
    asked = "SELECT score FROM scores WHERE project_id = {project:String}"
    [kept] = served.events.rows(asked, {"project": str(served.project_id)})
    assert '"thumbs"' in str(kept)


def test_a_batch_that_can_not_be_read_keeps_nothing(served: Served) -> None:
    assert log(served, span_row(), {"no": "id"}).status == 400
    assert served.ask("POST", "/logs3", b'{"rows": 7}').status == 400
    reference = {"rows": {"type": "logs3_overflow", "key": "k"}}
    assert served.ask("POST", "/logs3", json.dumps(reference).encode()).status == 404
    assert served.ask("POST", "/logs3/overflow", b"{}").status == 501
    served.settle()
    assert served.spans == []


def test_an_attachment_fails_nobody_and_can_not_be_had_back(served: Served) -> None:
    told = post(served, "/attachment", {"key": "k", "filename": "n", "content_type": "text/plain"})
    path = told["signedUrl"].removeprefix("http://127.0.0.1:4400/braintrust")
    served.scopes = set()  # a bucket is asked without a key
    assert served.ask("PUT", path, b"bytes").status == 200
    served.scopes = {"ingest", "read"}
    assert served.ask("GET", "/attachment?key=k").status == 404


# -- prompts ----------------------------------------------------------------------------------

CHAT = {"type": "chat", "messages": [{"role": "system", "content": "You plan for {{brand}}."}]}


def prompt(content: str = "You plan.", **told: Any) -> dict[str, Any]:
    return {
        "name": "Planner",
        "slug": "planner",
        "function_data": {"type": "prompt"},
        "prompt_data": {
            "prompt": {"type": "chat", "messages": [{"role": "system", "content": content}]},
            "options": {"model": "gpt-4o", "params": {"temperature": 0.2}},
        },
        **told,
    }


def publish(served: Served, **told: Any) -> Any:
    [made] = post(served, "/insert-functions", {"functions": [prompt(**told)]})["functions"]
    return made


def load(served: Served, query: str) -> list[Any]:
    found: list[Any] = get(served, f"/v1/prompt?{query}")["objects"]
    return found


def test_a_published_prompt_is_loaded_by_name_version_and_id(served: Served) -> None:
    shop = post(served, "/v1/project", {"name": "shop"})["id"]
    first = publish(served, content="one", project_id=shop)
    second = publish(served, content="two", project_id=shop)
    assert publish(served, content="two", project_id=shop)["_xact_id"] == second["_xact_id"]
    newest, *_ = load(served, "project_name=shop&slug=planner")
    assert newest["prompt_data"] == prompt("two")["prompt_data"]
    assert (newest["id"], newest["_xact_id"]) == (first["id"], second["_xact_id"])
    [old] = load(served, f"project_id={shop}&slug=planner&version={first['_xact_id']}")
    assert old["prompt_data"]["prompt"]["messages"][0]["content"] == "one"
    by_id = get(served, f"/v1/prompt/{first['id']}?version={first['_xact_id']}")
    assert by_id["prompt_data"] == old["prompt_data"]


def test_a_prompt_that_is_missing_is_an_empty_list(served: Served) -> None:
    assert load(served, "project_name=shop&slug=planner") == []
    publish(served, project_id=post(served, "/v1/project", {"name": "shop"})["id"])
    assert load(served, "project_name=shop&slug=planner&version=1000195953") == []
    assert load(served, "project_name=other&slug=planner") == []
    assert load(served, "project_name=shop") == []
    assert served.ask("GET", "/v1/prompt/nothing").status == 404


def test_a_prompt_that_was_brought_over_is_found_by_the_number_that_applications_pinned(
    served: Served,
) -> None:
    for content, number in (("old", "1000195953"), ("new", "1000195999")):
        post(served, "/v1/prompt", prompt(content, project_name="shop", _xact_id=number))
    [pinned] = load(served, "project_name=shop&slug=planner&version=1000195953")
    assert pinned["_xact_id"] == "1000195953"
    assert pinned["prompt_data"]["prompt"]["messages"][0]["content"] == "old"
    [newest] = load(served, "project_name=shop&slug=planner")
    assert newest["_xact_id"] == "1000195999"


def test_two_projects_of_theirs_may_use_one_slug(served: Served) -> None:
    ids = [post(served, "/v1/project", {"name": name})["id"] for name in ("shop", "bank")]
    made = [publish(served, content=one, project_id=one)["id"] for one in ids]
    assert len(set(made)) == 2
    for name, content in zip(("shop", "bank"), ids, strict=True):
        [found] = load(served, f"project_name={name}&slug=planner")
        assert found["prompt_data"]["prompt"]["messages"][0]["content"] == content
        assert found["slug"] == "planner"


def test_a_prompt_from_elsewhere_is_given_in_braintrusts_form_by_its_label(served: Served) -> None:
    for content, labels in (("one", ["production"]), ("two", [])):
        commit_prompt(
            served.records,
            project_id=served.project_id,
            name="planner",
            content=PromptContent(
                kind="chat",
                messages=({"role": "user", "content": content},),
                model="gpt-4o",
                parameters={"top_p": 1},
                tools=({"type": "function"},),
                response_format={"type": "json_object"},
            ),
            labels=labels,
            created_by="someone",
            now_ns=1,
        )
    [found] = load(served, "project_name=shop&slug=planner&environment=production")
    assert found["prompt_data"] == {
        "prompt": {
            "type": "chat",
            "messages": [{"role": "user", "content": "one"}],
            "tools": '[{"type":"function"}]',
        },
        "options": {
            "model": "gpt-4o",
            "params": {"top_p": 1, "response_format": {"type": "json_object"}},
        },
    }


def test_what_exists_is_replaced_left_or_refused_as_asked(served: Served) -> None:
    shop = post(served, "/v1/project", {"name": "shop"})["id"]
    first = publish(served, content="one", project_id=shop)
    left = publish(served, content="two", project_id=shop, if_exists="ignore")
    assert (left["_xact_id"], left["found_existing"]) == (first["_xact_id"], True)
    functions = {"functions": [prompt("two", project_id=shop, if_exists="error")]}
    assert served.ask("POST", "/insert-functions", json.dumps(functions).encode()).status == 409
    code = {"functions": [{"slug": "f", "function_data": {"type": "code"}}]}
    assert served.ask("POST", "/insert-functions", json.dumps(code).encode()).status == 400
    assert find_prompt(served.records, project_id=served.project_id, name="planner").latest == 1


# -- datasets ---------------------------------------------------------------------------------


def test_rows_of_a_dataset_are_its_cases_whatever_comes_first(served: Served) -> None:
    shop = post(served, "/v1/project", {"name": "shop"})["id"]
    made = post(served, "/v1/dataset", {"project_id": shop, "name": "golden"})
    again = post(
        served, "/api/dataset/register", {"project_name": "shop", "dataset_name": "golden"}
    )
    assert again["dataset"]["id"] == made["id"]
    first = {"id": "c1", "dataset_id": made["id"], "input": {"q": 1}, "metadata": {"a": 1}}
    merge = {"id": "c1", "dataset_id": made["id"], "_is_merge": True, "metadata": {"b": 2}}
    other = {"id": "c2", "dataset_id": made["id"], "input": "x", "expected": "y", "tags": ["t"]}
    for row in (merge, first, other, first):
        assert log(served, row).status == 200
    dataset = find_dataset(served.records, project_id=served.project_id, name="golden")
    cases, _ = list_cases(
        served.records, project_id=served.project_id, dataset_id=dataset.dataset_id
    )
    assert [(one.case_id, one.input, one.expected, one.metadata) for one in cases] == [
        ("c1", {"q": 1}, None, {"a": 1, "b": 2}),
        ("c2", "x", "y", None),
    ]
    fetched = post(served, f"/v1/dataset/{made['id']}/fetch", {"limit": 1000})
    assert [(one["id"], one["tags"]) for one in fetched["events"]] == [("c1", None), ("c2", ["t"])]
    query: dict[str, Any] = {
        "select": [{"op": "star"}],
        "from": {
            "op": "function",
            "name": {"op": "ident", "name": ["dataset"]},
            "args": [{"op": "literal", "value": made["id"]}],
        },
        "cursor": None,
        "limit": 1000,
    }
    assert post(served, "/btql", {"query": query})["data"] == fetched["events"]
    summary = get(served, f"/v1/dataset/{made['id']}/summarize?summarize_data=true")
    assert (summary["project_name"], summary["dataset_name"]) == ("shop", "golden")
    assert summary["data_summary"] == {"total_records": 2}
    assert get(served, f"/dataset-summary?dataset_id={made['id']}") == {"total_records": 2}


def test_a_deleted_row_is_in_the_version_before(served: Served) -> None:
    made = post(served, "/v1/dataset", {"project_name": "shop", "name": "golden"})
    rows = [{"id": f"c{n}", "dataset_id": made["id"], "input": n} for n in range(3)]
    log(served, *rows)
    before = post(served, f"/v1/dataset/{made['id']}/fetch", {})["events"]
    version = max(one["_xact_id"] for one in before)
    log(served, {"id": "c1", "dataset_id": made["id"], "_object_delete": True})
    pages: list[str] = []
    cursor = None
    for _ in range(3):
        page = post(served, f"/v1/dataset/{made['id']}/fetch", {"limit": 1, "cursor": cursor})
        pages += [one["id"] for one in page["events"]]
        cursor = page["cursor"]
    assert pages == ["c0", "c2"]
    then = post(served, f"/v1/dataset/{made['id']}/fetch", {"version": version})["events"]
    assert [one["id"] for one in then] == ["c0", "c1", "c2"]


def test_a_query_that_is_no_whole_dataset_is_told_to_be_unsupported(served: Served) -> None:
    queries: tuple[Any, ...] = (
        "select: * | from: logs",
        {"from": {"op": "function"}},
        {"filter": {}},
    )
    for query in queries:
        answer = served.ask("POST", "/btql", json.dumps({"query": query}).encode())
        assert answer.status == 404
        assert answer.json()["code"] == "unsupported"


# -- experiments ------------------------------------------------------------------------------


def trial(experiment: str, case: int, score: float, *, began: float = 1795428000.0) -> list[Any]:
    """Rows as `Eval` logs them: the trial, its model call and its scorer."""
    root = f"{experiment}-{case}"
    common = {"experiment_id": experiment, "root_span_id": root, "created": "2026-11-23T10:00:00Z"}
    return [
        {
            **common,
            "id": f"{root}-eval",
            "span_id": f"{root}-eval",
            "span_parents": None,
            "input": {"q": case},
            "expected": "y",
            "output": "x",
            "span_attributes": {"name": "eval", "type": "eval"},
            "metrics": {"start": began, "end": began + 2},
            "origin": {"object_type": "dataset", "object_id": "d", "id": f"c{case}"},
        },
        {
            **common,
            "id": f"{root}-llm",
            "span_id": f"{root}-llm",
            "span_parents": [f"{root}-eval"],
            "output": "x",
            "span_attributes": {"name": "Chat Completion", "type": "llm"},
            "metadata": {"model": "gpt-4o"},
            "metrics": {"start": began, "end": began + 1, "prompt_tokens": 10 * case, "tokens": 30},
        },
        {
            **common,
            "id": f"{root}-score",
            "span_id": f"{root}-score",
            "span_parents": [f"{root}-eval"],
            "scores": {"exact": score},
            "span_attributes": {"name": "exact", "type": "score", "purpose": "scorer"},
            "metrics": {"start": began, "end": began + 1, "prompt_tokens": 999},
        },
    ]


def test_an_evaluation_ends_with_the_figures_of_its_rows_and_against_the_one_before(
    served: Served,
) -> None:
    shop = post(served, "/v1/project", {"name": "shop"})["id"]
    named = {"project_id": shop, "ensure_new": True, "name": "base"}
    first = post(served, "/v1/experiment", named)
    second = post(served, "/v1/experiment", named)
    assert (first["name"], second["name"]) == ("base", "base-2")
    # In pieces and backwards: figures don't depend on when what came.
    for score, case in ((0.5, 1), (1.0, 2), (0.0, 3)):
        log(served, *reversed(trial(first["id"], case, score)))
    for score, case in ((1.0, 1), (0.5, 2), (0.0, 3), (1.0, 4)):
        log(served, *trial(second["id"], case, score))
    summary = get(served, f"/v1/experiment/{second['id']}/summarize?summarize_scores=true")
    assert summary["comparison_experiment_name"] == "base"
    assert summary["scores"]["exact"] == {
        "name": "exact",
        "score": 0.625,
        "diff": 0.125,
        "improvements": 1,
        "regressions": 1,
    }
    metrics = {name: one["metric"] for name, one in summary["metrics"].items()}
    assert metrics["prompt_tokens"] == 25
    assert metrics["total_tokens"] == 30
    assert (metrics["duration"], metrics["llm_duration"], metrics["llm_calls"]) == (2, 1, 1)
    alone = get(served, f"/experiment-comparison2?experiment_id={second['id']}")
    assert alone["scores"]["exact"]["score"] == 0.625
    assert alone["scores"]["exact"]["diff"] is None
    base = post(served, "/api/base_experiment/get_id", {"id": second["id"]})
    assert base == {"base_exp_id": first["id"], "base_exp_name": "base"}
    body = json.dumps({"id": first["id"]}).encode()
    assert served.ask("POST", "/api/base_experiment/get_id", body).status == 400


def test_trials_are_written_down_as_runs_and_their_sessions_carry_case_and_score(
    served: Served,
) -> None:
    made = post(
        served,
        "/api/experiment/register",
        {"project_name": "shop", "experiment_name": "base", "metadata": {"v": 1}},
    )["experiment"]
    log(served, *trial(made["id"], 1, 0.25))
    get(served, f"/experiment-comparison2?experiment_id={made['id']}")
    found = find_experiment(served.records, project_id=served.project_id, name="base")
    assert found.metadata["v"] == 1
    [run] = list_runs(
        served.records, project_id=served.project_id, experiment_id=found.experiment_id
    )
    assert (run.case_id, run.output, run.scores) == ("c1", "x", {"exact": 0.25})
    spans = {span.span_name: span for span in map(normalize_span, served.spans)}
    assert run.trace_id == spans["eval"].trace_id
    assert (spans["eval"].case, spans["eval"].tags) == ("c1", ("experiment:base",))
    assert all(span.experiment for span in spans.values())
    [score] = spans["exact"].scores
    assert (score.scope, score.value) == ("session", 0.25)
    rows = post(served, f"/v1/experiment/{made['id']}/fetch", {})["events"]
    assert {one["id"] for one in rows} == {f"{made['id']}-1-{x}" for x in ("eval", "llm", "score")}


def test_an_experiment_is_continued_and_compared_by_name_as_the_older_api_asks(
    served: Served,
) -> None:
    def register(**told: Any) -> Answer:
        body = {"project_name": "shop", "experiment_name": "base", **told}
        return served.ask("POST", "/api/experiment/register", json.dumps(body).encode())

    first = register().json()["experiment"]
    assert register(update=True).json()["experiment"]["id"] == first["id"]
    assert register().json()["experiment"]["name"] == "base-2"
    missing = register(base_experiment="nobody")
    assert missing.status == 400
    assert "base experiment" in missing.body.decode()
    stated = register(base_experiment="base").json()["experiment"]
    assert stated["base_exp_id"] == first["id"]
    body = {"project_name": "shop", "experiment_name": "base"}
    assert [one["id"] for one in post(served, "/api/experiment/get", body)] == [first["id"]]
    assert post(served, "/api/experiment/get", {**body, "experiment_name": "no"}) == []


def rows_of(experiment: str, *trials: list[Any]) -> list[Row]:
    return [
        read_row(f"braintrust:row:{row['id']}", [fragment_of(row)]) for one in trials for row in one
    ]


def test_a_score_that_several_rows_of_a_trial_give_counts_once() -> None:
    rows = trial("e", 1, 1.0)
    rows[0]["scores"] = {"exact": 0.0, "other": None}
    [found] = trials_of(rows_of("e", rows))
    assert found.scores == {"exact": 0.5}


def test_trials_without_a_root_or_an_end_are_no_mistake() -> None:
    [whole, *_], broken = trial("e", 1, 1.0), trial("e", 2, 1.0)
    whole["metrics"] = {"start": 1795428000.0}
    [found] = trials_of(rows_of("e", [whole], broken[1:]))
    assert (found.case, found.ended_ns, found.metrics.get("duration")) == ("c1", 0, None)
    assert compare([], None).scores == {}


def test_of_tokens_and_time_less_is_better_and_of_scores_more() -> None:
    now = trials_of(rows_of("e", trial("e", 1, 1.0), trial("e", 2, 0.0)))
    then = trials_of(rows_of("f", trial("f", 1, 0.0), trial("f", 2, 0.5)))
    alone = trials_of(rows_of("g", trial("g", 1, 1.0)))
    figures = compare(now, then)
    assert figures.scores["exact"]["improvements"] == 1
    assert figures.scores["exact"]["regressions"] == 1
    tokens = compare(now, alone).metrics["prompt_tokens"]
    assert (tokens["metric"], tokens["diff"], tokens["regressions"]) == (15, 0.5, 0)
    assert compare(now, then).metrics["errors"]["diff"] is None
