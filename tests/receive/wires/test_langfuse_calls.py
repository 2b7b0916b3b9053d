"""
Langfuse's addresses behind the real frame: scores before and after their trace, prompts, datasets,
runs, media, and what is read back, in the shapes that the SDKs parse.

One server part in this process (spool, pipeline, embedded stores): about five seconds.
"""

import base64
import json
import random
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clients.traffic import recorded_in
from quarterdeck.assembly.assemble import assemble
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.receive.wire import Fragment
from quarterdeck.receive.wire_desk import ServerDesk
from quarterdeck.receive.wires.langfuse.spans import root_span_id
from quarterdeck.receive.wires.langfuse.wire import WIRE
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.migrate import migrate
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.scores import session_scores
from quarterdeck.storage.events.span_reads import session_spans
from receive.wires.served import Answer, Served, serve

BEGAN, ENDED = "2026-11-23T10:00:01Z", "2026-11-23T10:00:04Z"
OTLP_TRACE, OTLP_SPAN = "a" * 32, "b" * 16


@pytest.fixture(scope="module")
def served(chdb_engine: ChdbEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One project for all: names and ids are each test's own."""
    connection = chdb_engine.connect("langfuse_calls")
    migrate(connection)
    folder: Path = tmp_path_factory.mktemp("langfuse")
    with serve(WIRE, folder, connection) as one:
        yield one
    connection.execute("DROP DATABASE langfuse_calls SYNC")
    connection.close()


def ask(served: Served, method: str, path: str, body: Any = None) -> Answer:
    sent = b"" if body is None else json.dumps(body).encode()
    return served.ask(method, f"/api/public/{path}", sent)


def told(served: Served, method: str, path: str, body: Any = None, status: int = 200) -> Any:
    answer = ask(served, method, path, body)
    assert answer.status == status, (path, answer)
    return answer.json()


def ingest(served: Served, *events: tuple[str, dict[str, Any]]) -> Any:
    batch = [
        {"id": str(uuid.uuid4()), "type": kind, "timestamp": BEGAN, "body": body}
        for kind, body in events
    ]
    return told(served, "POST", "ingestion", {"batch": batch, "metadata": {}}, 207)


def otlp(served: Served, trace_id: str, span_id: str, **attributes: str) -> None:
    """What the newer SDKs send, as JSON."""
    span = {
        "traceId": trace_id,
        "spanId": span_id,
        "name": "task",
        "startTimeUnixNano": "1795428001000000000",
        "endTimeUnixNano": "1795428004000000000",
        "attributes": [
            {"key": f"langfuse.{key.replace('__', '.')}", "value": {"stringValue": value}}
            for key, value in attributes.items()
        ],
    }
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    answer = served.ask(
        "POST",
        "/api/public/otel/v1/traces",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    assert answer.status == 200, answer


def scores_given(served: Served, trace_id: str) -> dict[str, tuple[Any, str, str]]:
    served.settle()
    name = f"trace:{trace_id}"
    scope = ProjectScope(project_id=served.project_id)
    given = session_scores(served.events, scope, [name])
    return {s.name: (s.value, s.label, s.target_span_id) for s in given.get(name, ())}


def trace_of(served: Served, trace_id: str) -> Any:
    """The session that the last version of each stored span makes."""
    served.settle()
    last = {(r.trace_id, r.span_id): r for r in served.spans if r.trace_id == trace_id}
    return assemble([normalize_span(raw) for raw in last.values()], now_ns=2 * 10**18)


# -- scores ---------------------------------------------------------------------------------------


def test_a_list_of_scores_is_accepted_in_the_newest_sdks_words(served: Served) -> None:
    """Anything else than 202 with this body is logged as an error by SDK 5."""
    score = {"id": "l-1", "traceId": OTLP_TRACE, "name": "listed", "value": 1.0,
             "dataType": "BOOLEAN"}  # fmt: skip
    answer = ask(served, "POST", "scores", [score])
    assert (answer.status, answer.json()) == (202, {"message": "Accepted"})
    mixed = told(served, "POST", "scores", [score, {"id": "l-2", "name": "no target"}], 207)
    assert (mixed["accepted"], mixed["rejected"]) == (1, 1)
    assert mixed["errors"][0]["id"] == "l-2"


def test_scores_find_their_target_however_it_was_sent_and_whenever(served: Served) -> None:
    own = uuid.uuid4()
    observation = str(uuid.uuid4())
    batch = ingest(
        served,
        ("score-create", {"id": "1", "traceId": str(own), "name": "early", "value": 0.5}),
        ("score-create", {"id": "2", "traceId": str(own), "observationId": observation,
                          "name": "inner", "value": "good", "dataType": "CATEGORICAL"}),
        ("trace-create", {"id": str(own), "name": "t"}),
        ("span-create", {"id": observation, "traceId": str(own), "startTime": BEGAN,
                         "endTime": ENDED, "name": "o"}),
    )  # fmt: skip
    assert (len(batch["successes"]), batch["errors"]) == (4, [])
    served.settle()
    (inner,) = (raw.span_id for raw in served.spans
                if raw.trace_id == own.hex and raw.name == "o")  # fmt: skip
    assert scores_given(served, own.hex) == {"early": (0.5, "", ""), "inner": (None, "good", inner)}
    told(served, "POST", "scores", [{"traceId": "c" * 32, "observationId": OTLP_SPAN,
                                     "name": "before", "value": 1}], 202)  # fmt: skip
    otlp(served, "c" * 32, OTLP_SPAN)
    assert scores_given(served, "c" * 32) == {"before": (1.0, "", OTLP_SPAN)}


def test_a_score_is_changed_by_its_id_and_taken_back(served: Served) -> None:
    target = {"id": "one", "traceId": "d" * 32, "name": "thumbs"}
    for value in (0, 1):
        assert told(served, "POST", "scores", {**target, "value": value}) == {"id": "one"}
    assert scores_given(served, "d" * 32) == {"thumbs": (1.0, "", "")}
    read = told(served, "GET", "v2/scores/one")
    assert (read["value"], read["traceId"], read["source"]) == (1.0, "d" * 32, "API")
    told(served, "DELETE", "scores/one", status=202)
    assert scores_given(served, "d" * 32) == {}
    gone = told(served, "GET", "scores/one", status=404)
    assert set(gone) == {"message", "error"}


def test_scores_are_listed_by_target_in_both_shapes(served: Served) -> None:
    told(served, "POST", "scores", [
        {"id": "r", "datasetRunId": "run-9", "name": "mean", "value": 0.5, "dataType": "NUMERIC"},
        {"id": "w", "sessionId": "s-9", "name": "mood", "value": "fine", "dataType": "CATEGORICAL"},
    ], 202)  # fmt: skip
    (run,) = told(served, "GET", "v3/scores?experimentId=run-9")["data"]
    assert (run["value"], run["subject"]) == (0.5, {"kind": "experiment", "id": "run-9"})
    (word,) = told(served, "GET", "v3/scores?sessionId=s-9")["data"]
    assert (word["value"], word["subject"]["kind"]) == ("fine", "session")
    (older,) = told(served, "GET", "v2/scores?sessionId=s-9&limit=1&page=1")["data"]
    assert (older["value"], older["stringValue"]) == (0, "fine")
    assert told(served, "GET", "scores?operator=%3E&value=0.5", status=400)["error"]


def test_scores_of_a_trace_or_with_an_id_are_found_among_any_number(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list of all of a project's scores is cut off, and takes seconds to read."""

    async def too_many(_desk: ServerDesk, name: str, *, most: int = 0) -> dict[str, list[Fragment]]:
        raise AssertionError(f"asked for all of {name}")

    trace, long_id = uuid.uuid4(), "x" * 199
    ingest(served, ("trace-create", {"id": str(trace), "name": "found", "timestamp": BEGAN}))
    target = {"traceId": str(trace), "name": "thumbs", "dataType": "NUMERIC"}
    told(served, "POST", "scores", [
        {**target, "id": "of-1", "value": 1}, {**target, "id": long_id, "value": 2},
        {**target, "id": "of-2", "observationId": "inner", "value": 3},
        {**target, "id": "gone", "value": 4},
        {**target, "id": "other", "traceId": "f" * 32, "value": 5},
    ], 202)  # fmt: skip
    served.settle()
    told(served, "DELETE", "scores/gone", status=202)
    monkeypatch.setattr(ServerDesk, "collection", too_many)
    mine = ["of-1", "of-2", long_id]
    assert sorted(one["id"] for one in told(served, "GET", f"traces/{trace}")["scores"]) == mine
    for which in (f"traceId={trace}", f"id=of-1,of-2&id={long_id},gone"):
        listed = told(served, "GET", f"v2/scores?name=thumbs&{which}")["data"]
        assert sorted(one["id"] for one in listed) == mine
    assert told(served, "GET", "v3/scores?id=gone")["data"] == []


@pytest.mark.parametrize("capture", ["langfuse2", "langfuse3"])
def test_recorded_requests_in_any_order_any_number_of_times_are_the_same_sessions(
    capture: str, served: Served, tmp_path: Path, shared: Path
) -> None:
    """What SDKs send again after a fault, and what overtakes it, does not show."""
    requests = [
        one
        for one in recorded_in(shared / "captures" / capture)
        if one.method == "POST" and one.target.endswith(("/traces", "/scores", "/ingestion"))
    ]
    assert requests
    shuffled = [*requests, *requests]
    random.Random(5).shuffle(shuffled)
    told_once = []
    for number, some in enumerate((requests, shuffled)):
        folder = tmp_path / str(number)
        folder.mkdir()
        with serve(WIRE, folder, served.events) as twin:
            for one in some:
                path = one.target.removeprefix(WIRE.prefixes[0])
                headers = [pair for pair in one.headers if pair[0].lower() != "authorization"]
                assert twin.ask("POST", path, one.body, headers).status < 300
            told_once.append(_stored(twin))
    assert told_once[0] == told_once[1]


def _stored(served: Served) -> list[Any]:
    """Each trace's session and scores, as the stores give them."""
    served.settle()
    scope = ProjectScope(project_id=served.project_id)
    traces = sorted({raw.trace_id for raw in served.spans})
    given = session_scores(served.events, scope, [f"trace:{one}" for one in traces])
    return [
        (assemble(session_spans(served.events, scope, [one]), now_ns=2 * 10**18),
         sorted(given.get(f"trace:{one}", ()), key=repr))
        for one in traces
    ]  # fmt: skip


# -- prompts --------------------------------------------------------------------------------------

CHAT = [{"role": "system", "content": "You are {{x}}"}, {"type": "placeholder", "name": "past"}]


def test_a_prompt_comes_back_by_name_version_and_label(served: Served) -> None:
    first = told(served, "POST", "v2/prompts", {
        "name": "team/planner", "type": "chat", "prompt": CHAT, "labels": ["production"],
        "tags": ["support"], "config": {"model": "gpt-4o", "n": 1}, "commitMessage": "v1",
    }, 201)  # fmt: skip
    assert (first["version"], first["labels"]) == (1, ["production", "latest"])
    told(served, "POST", "v2/prompts", {"name": "team/planner", "type": "chat", "prompt": CHAT[:1]},
         201)  # fmt: skip
    named = "v2/prompts/team%2Fplanner"
    for path, version in (
        (named, 1),
        (f"{named}?version=2", 2),
        (f"{named}?label=latest", 2),
        (f"{named}?label=production", 1),
        ("v2/prompts/team/planner", 1),
    ):
        assert told(served, "GET", path)["version"] == version, path
    again = told(served, "GET", named)
    assert (again["prompt"], again["type"]) == (CHAT, "chat")
    assert again["config"] == {"model": "gpt-4o", "n": 1}
    assert (again["tags"], again["commitMessage"]) == (["support"], "v1")


def test_labels_move_and_the_others_stay(served: Served) -> None:
    for words in ("one", "two"):
        told(served, "POST", "v2/prompts", {"name": "moved", "prompt": words,
                                            "labels": ["production"]}, 201)  # fmt: skip
    path = "v2/prompts/moved/versions/1"
    moved = told(served, "PATCH", path, {"newLabels": ["production", "latest", "old"]})
    assert sorted(moved["labels"]) == ["old", "production"]
    assert told(served, "GET", "v2/prompts/moved")["prompt"] == "one"
    (listed,) = told(served, "GET", "v2/prompts?name=moved")["data"]
    assert (listed["versions"], listed["labels"]) == ([1, 2], ["old", "production", "latest"])


def test_a_missing_prompt_is_a_404_that_fallbacks_understand(served: Served) -> None:
    missing = told(served, "GET", "v2/prompts/nowhere", status=404)
    assert missing["error"] == "LangfuseNotFoundError"
    told(served, "POST", "v2/prompts", {"name": "unlabeled", "prompt": "hi"}, 201)
    assert told(served, "GET", "v2/prompts/unlabeled")["version"] == 1
    assert told(served, "GET", "v2/prompts/unlabeled?label=staging", status=404)
    assert told(served, "GET", "v2/prompts/unlabeled?version=7", status=404)
    assert ask(served, "DELETE", "v2/prompts/unlabeled").status == 204
    assert told(served, "GET", "v2/prompts/unlabeled", status=404)


def test_prompts_that_stand_in_others_are_filled_in_and_a_circle_is_an_error(
    served: Served,
) -> None:
    part = "@@@langfusePrompt:name={}|label=production@@@"
    for name, words in (
        ("tone", "Be brief."),
        ("rules", f"Rules: {part.format('tone')}"),
        ("loop", part.format("loop")),
        ("broken", "@@@langfusePrompt:name=absent|version=3@@@"),
    ):
        told(served, "POST", "v2/prompts", {"name": name, "prompt": words,
                                            "labels": ["production"]}, 201)  # fmt: skip
    chat = [{"role": "system", "content": f"{part.format('rules')} Go."}]
    told(served, "POST", "v2/prompts", {"name": "outer", "type": "chat", "prompt": chat}, 201)
    filled = told(served, "GET", "v2/prompts/outer")["prompt"]
    assert filled == [{"role": "system", "content": "Rules: Be brief. Go."}]
    assert told(served, "GET", "v2/prompts/outer?resolve=false")["prompt"] == chat
    assert told(served, "GET", "v2/prompts/loop", status=400)["error"]
    assert told(served, "GET", "v2/prompts/broken", status=404)["error"]


def test_a_config_that_is_no_object_comes_back_as_it_was(served: Served) -> None:
    told(served, "POST", "v2/prompts", {"name": "odd", "prompt": "x", "config": [1, "a"]}, 201)
    assert told(served, "GET", "v2/prompts/odd")["config"] == [1, "a"]


# -- datasets and runs ----------------------------------------------------------------------------


def make_item(served: Served, dataset: str, **item: Any) -> Any:
    told(served, "POST", "v2/datasets", {"name": dataset})
    return told(served, "POST", "dataset-items", {"datasetName": dataset, **item})


def test_a_dataset_keeps_what_it_was_told_until_told_otherwise(served: Served) -> None:
    schema = {"type": "object"}
    given = {"name": "a/b", "description": "d", "metadata": {"a": 1}, "inputSchema": schema}
    made = told(served, "POST", "v2/datasets", given)
    again = told(served, "POST", "v2/datasets", {"name": "a/b", "description": "e"})
    assert (again["id"], again["description"]) == (made["id"], "e")
    read = told(served, "GET", "v2/datasets/a%2Fb")
    assert (read["metadata"], read["inputSchema"]) == ({"a": 1}, schema)
    assert told(served, "GET", "v2/datasets/none", status=404)["error"] == "LangfuseNotFoundError"


def test_an_item_is_changed_by_its_id_and_what_is_null_stays(served: Served) -> None:
    item = make_item(served, "kept", id="it", input={"q": 1}, expectedOutput=2, metadata={"m": 1})
    assert (item["status"], item["mediaReferences"]) == ("ACTIVE", [])
    make_item(served, "kept", id="other", input="x")
    told(served, "POST", "dataset-items",
         {"datasetName": "kept", "id": "it", "input": None, "expectedOutput": 3})  # fmt: skip
    read = told(served, "GET", "dataset-items/it")
    assert (read["input"], read["expectedOutput"], read["metadata"]) == ({"q": 1}, 3, {"m": 1})
    told(served, "POST", "dataset-items",
         {"datasetName": "kept", "id": "other", "status": "ARCHIVED"})  # fmt: skip
    page = told(served, "GET", "dataset-items?datasetName=kept&page=1&limit=50")
    assert [one["id"] for one in page["data"]] == ["it"]
    assert page["meta"]["totalPages"] == 1
    refused = told(served, "GET", f"dataset-items?datasetName=kept&version={BEGAN}", status=501)
    assert set(refused) == {"message", "error"}


@pytest.mark.parametrize("link_first", [True, False])
def test_a_trace_that_is_linked_to_an_item_is_a_trial_of_it(
    served: Served, link_first: bool
) -> None:
    name, own = f"linked {link_first}", str(uuid.uuid4())
    item = make_item(served, name, input=1)
    link = {"runName": "run/1", "datasetItemId": item["id"], "traceId": own, "metadata": {"v": 1}}
    trace = ("trace-create", {"id": own, "name": "x", "timestamp": BEGAN})
    if not link_first:
        ingest(served, trace)
    made = told(served, "POST", "dataset-run-items", link)
    assert told(served, "POST", "dataset-run-items", link)["id"] == made["id"]
    if link_first:
        ingest(served, trace)
    session = trace_of(served, uuid.UUID(own).hex)
    assert (session.experiment, session.case) == (True, item["id"])
    assert (session.tags, session.workflow.name) == (("experiment:run/1",), "x")
    run = told(served, "GET", f"datasets/{name.replace(' ', '%20')}/runs/run%2F1")
    assert (run["id"], run["metadata"]) == (made["datasetRunId"], {"v": 1})
    assert [one["traceId"] for one in run["datasetRunItems"]] == [own]


def test_a_trace_that_came_by_otlp_can_be_linked_too(served: Served) -> None:
    item = make_item(served, "otlp", input=1)
    trace_id, span_id = "e" * 32, "1" * 16
    told(served, "POST", "dataset-run-items", {
        "runName": "js", "datasetItemId": item["id"], "traceId": trace_id, "observationId": span_id,
    })  # fmt: skip
    otlp(served, trace_id, span_id, observation__type="agent")
    session = trace_of(served, trace_id)
    assert (session.experiment, session.case, session.tags) == (
        True, item["id"], ("experiment:js",),
    )  # fmt: skip
    (link,) = (raw for raw in served.spans if raw.span_id == root_span_id(trace_id))
    assert link.parent_span_id == span_id


def test_the_newest_sdk_says_in_its_spans_that_they_are_an_experiment(served: Served) -> None:
    otlp(served, "f" * 32, "2" * 16, experiment__name="exp-1", experiment__item__id="item-1")
    session = trace_of(served, "f" * 32)
    assert (session.experiment, session.case, session.tags) == (
        True, "item-1", ("experiment:exp-1",),
    )  # fmt: skip


def test_a_link_to_an_item_that_is_not_there_is_refused(served: Served) -> None:
    link = {"runName": "r", "datasetItemId": "nobody", "traceId": OTLP_TRACE}
    assert told(served, "POST", "dataset-run-items", link, 404)["error"] == "LangfuseNotFoundError"


# -- the rest -------------------------------------------------------------------------------------


def test_media_is_not_stored_and_the_client_uploads_nothing(served: Served) -> None:
    digest = base64.b64encode(bytes(range(224, 256))).decode()
    asked = {"sha256Hash": digest, "contentType": "image/png", "contentLength": 9, "field": "input"}
    reply = told(served, "POST", "media", asked, 201)
    expected = base64.urlsafe_b64encode(bytes(range(224, 256))).decode()[:22]
    assert reply == {"mediaId": expected, "uploadUrl": None}
    assert ask(served, "PATCH", f"media/{expected}", {"uploadHttpStatus": 200}).status == 204
    assert told(served, "GET", f"media/{expected}", status=404)["error"] == "LangfuseNotFoundError"


def test_a_trace_is_read_back_with_the_ids_that_its_client_made(served: Served) -> None:
    own, outer, inner = (str(uuid.uuid4()) for _ in range(3))
    ingest(
        served,
        ("trace-create", {"id": own, "name": "t", "input": {"q": 1}, "tags": ["a"],
                          "userId": "u", "sessionId": "read-back", "metadata": {"n": 3}}),
        ("span-create", {"id": outer, "traceId": own, "startTime": BEGAN, "endTime": ENDED,
                         "name": "outer"}),
        ("generation-create", {"id": inner, "traceId": own, "parentObservationId": outer,
                               "startTime": BEGAN, "endTime": ENDED, "name": "g", "model": "m",
                               "usage": {"input": 1, "output": 2}, "costDetails": {"total": 0.5}}),
        ("score-create", {"id": "rb", "traceId": own, "name": "n", "value": 1}),
    )  # fmt: skip
    trace = told(served, "GET", f"traces/{own}")
    assert (trace["name"], trace["input"], trace["userId"]) == ("t", {"q": 1}, "u")
    assert (trace["sessionId"], trace["tags"], trace["metadata"]) == ("read-back", ["a"], {"n": 3})
    assert (trace["latency"], trace["totalCost"]) == (3.0, 0.5)
    parents = {one["id"]: one["parentObservationId"] for one in trace["observations"]}
    assert parents == {outer: None, inner: outer}
    assert [score["id"] for score in trace["scores"]] == ["rb"]
    one = told(served, "GET", f"observations/{inner}")
    assert (one["type"], one["usageDetails"]) == ("GENERATION", {"input": 1, "output": 2})
    listed = told(served, "GET", f"v2/observations?traceId={own}&limit=1")
    assert (len(listed["data"]), listed["meta"]["cursor"]) == (1, "2")
    assert told(served, "GET", f"traces/{uuid.uuid4()}", status=404)["error"]


def test_lists_show_the_newest_first_and_refuse_filters_that_they_do_not_know(
    served: Served,
) -> None:
    ids = [str(uuid.uuid4()) for _ in range(2)]
    for own, second in zip(ids, ("01", "02"), strict=True):
        at = f"2026-11-23T10:00:{second}Z"
        ingest(
            served,
            ("trace-create", {"id": own, "name": "listed", "userId": "lister", "timestamp": at}),
            ("span-create", {"id": own, "traceId": own, "startTime": at, "endTime": at,
                             "name": "listed step"}),
        )  # fmt: skip
    until = "toTimestamp=2026-11-23T11:00:00Z"
    traces = told(served, "GET", f"traces?userId=lister&limit=1&{until}")
    assert [(one["id"], one["observations"]) for one in traces["data"]] == [(ids[1], [ids[1]])]
    assert traces["meta"]["totalItems"] == 2
    until = "toStartTime=2026-11-23T11:00:00Z"
    found = told(served, "GET", f"v2/observations?name=listed%20step&{until}")["data"]
    assert [(one["id"], one["traceId"]) for one in found] == [(ids[1],) * 2, (ids[0],) * 2]
    assert told(served, "GET", "traces?filter=%5B%5D", status=400)["error"]


def test_an_address_that_an_sdk_prints_opens_our_page_and_no_other_server(served: Served) -> None:
    own = uuid.uuid4()
    for path, page in (
        (f"/project/p/traces/{own}", f"/p/p/sessions/trace:{own.hex}"),
        ("/project/%2F%2Fevil.example/traces/x/..", "/p/%2F%2Fevil.example/overview"),
        ("/project/p/datasets/1/runs/2", "/p/p/overview"),
    ):
        answer = served.ask("GET", path)
        assert (answer.status, answer.headers["location"]) == (302, page)


def test_the_project_of_the_key_is_the_only_one(served: Served) -> None:
    (project,) = told(served, "GET", "projects")["data"]
    assert project["id"] == served.project_id
