"""What the API tells of sessions, and what people can tell it."""

import json
from decimal import Decimal
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from api.conftest import HOUR, World, bearer
from api.made import T0, S, conversation, span_of, store, trace_of
from quarterdeck.api.measures import FIGURES
from quarterdeck.storage.records import audit, deletions, keys, projects


@pytest.fixture
def reader(world: World) -> dict[str, str]:
    return bearer(world.key("acme"))


def fill(world: World, count: int = 5) -> None:
    for number in range(1, count + 1):
        spans = conversation(f"s-{number}", trace=number, start_ns=T0 + number * 60 * S)
        store(world.events, "acme", spans, now_ns=world.clock())


async def get(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], **params: object
) -> dict[str, object]:
    answer = await client.get(f"/api/v1{path}", headers=headers, params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def ids(page: dict[str, object]) -> list[str]:
    return [session["session_id"] for session in page["sessions"]]  # type: ignore[attr-defined]


async def test_the_list_is_newest_first_and_paged_without_gaps(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 7)
    seen: list[str] = []
    cursor = ""
    while True:
        page = await get(client, "/sessions", reader, limit=3, cursor=cursor)
        seen += ids(page)
        cursor = str(page["next_cursor"] or "")
        if not cursor:
            break
    assert seen == [f"s-{number}" for number in range(7, 0, -1)]


async def test_a_cursor_goes_on_in_the_filter_that_it_came_from_and_in_no_other(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 5)
    page = await get(client, "/sessions", reader, limit=2, tool="bash", since="9000d")
    cursor = str(page["next_cursor"])
    rest = await get(client, "/sessions", reader, tool="bash", since="9001d", cursor=cursor)
    assert ids(page) + ids(rest) == [f"s-{number}" for number in range(5, 0, -1)]
    other = {"tool": "grep", "since": "9000d", "cursor": cursor}
    answer = await client.get("/api/v1/sessions", headers=reader, params=other)
    assert answer.status_code == 422
    assert "another list, filter or order" in answer.json()["error"]["message"]


async def test_a_cursor_of_another_order_or_garbage_is_refused(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 3)
    page = await get(client, "/sessions", reader, limit=1)
    for cursor, sort in (
        (page["next_cursor"], "cost"),
        ("garbage", "-started"),
        ("%%%", "-started"),
        ("e30", "-started"),
        ("ü", "-started"),
    ):
        answer = await client.get(
            "/api/v1/sessions", headers=reader, params={"cursor": str(cursor), "sort": sort}
        )
        assert answer.status_code == 422, cursor


async def test_every_filter_of_the_contract_narrows_the_list(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 2)
    other = conversation(
        "other", trace=50, secret="X", start_ns=T0 + 3600 * S,
        quarterdeck__workflow__name="migrator", quarterdeck__workflow__version="14",
        quarterdeck__outcome="success",
    )  # fmt: skip
    store(world.events, "acme", other, now_ns=world.clock())
    for params in (
        {"task_type": "typeX"},
        {"agent": "plannerX"},
        {"model": "gpt-4oX"},
        {"tool": "bashX"},
        {"user": "userX"},
        {"environment": "envX"},
        {"workflow": "migrator"},
        {"version": "14"},
        {"outcome": "success"},
        {"since": _rfc(T0 + 1800 * S)},
        {"session": "other"},
        {"q": "version:14 outcome:success,failure"},
        {"q": "agent:plannerX -tool:bash"},
        {"q": "spans:3 errors:>=1 duration:>5s -task_type:type"},
        {"q": '"X find please"'},
    ):
        page = await get(client, "/sessions", reader, **params)
        assert ids(page) == ["other"], params
    for params in (
        {"until": _rfc(T0 + 1800 * S)},
        {"outcome": "unknown"},
        {"q": "-version:14"},
        {"q": "-user:userX"},
    ):
        assert ids(await get(client, "/sessions", reader, **params)) == ["s-2", "s-1"], params
    for params in (
        {"status": "waiting_for_human"},
        {"has_intervention": "true"},
        {"tag": "none"},
        {"min_cost": "1000"},
        {"q": "human:correction"},
        {"q": "handoffs:>0"},
        {"q": "wordthatisnotthere"},
    ):
        assert ids(await get(client, "/sessions", reader, **params)) == [], params


def _rfc(instant_ns: int) -> str:
    from quarterdeck.model.instants import to_rfc3339

    return to_rfc3339(instant_ns)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"since": "yesterday"}, "invalid"),
        ({"limit": "0"}, "invalid"),
        ({"limit": "201"}, "invalid"),
        ({"sort": "record"}, "invalid"),
        ({"status": "asleep"}, "bad_query"),
        ({"min_cost": "cheap"}, "bad_query"),
        ({"q": "colour:red"}, "bad_query"),
        ({"q": 'task:"open'}, "bad_query"),
        ({"q": "errors:many"}, "bad_query"),
    ],
)
async def test_a_filter_that_can_not_be_read_is_told_not_ignored(
    world: World,
    client: httpx.AsyncClient,
    reader: dict[str, str],
    params: dict[str, str],
    code: str,
) -> None:
    answer = await client.get("/api/v1/sessions", headers=reader, params=params)
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == code
    assert answer.json()["error"]["message"]


async def test_a_record_has_the_contracts_fields(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    record = await get(client, "/sessions/s-1", reader)
    for name in (
        "session_id", "task", "task_type", "started_at", "ended_at", "workflow", "models_used",
        "tool_calls", "human_interventions", "outcome", "cost", "quality", "error_episodes",
        "recovered",
    ):  # fmt: skip
        assert name in record
    assert record["task"] == "task s-1"
    assert record["tool_calls"] == [{"tool": "bash", "calls": 1, "errors": 1, "denied": 0}]


async def test_facets_count_the_values_of_what_is_listed(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 3)
    found = await get(client, "/sessions/facets", reader, session=["s-1", "s-2"])
    assert found["total"] == 2
    nothing_known = {"value": None, "n": 0, "interval": None}
    assert found["facets"]["tool"] == [  # type: ignore[index]
        {"value": "bash", "sessions": 2, "known": 0, "failures": 0, "failure": nothing_known}
    ]


async def test_spans_are_paged_and_payloads_come_only_when_asked_for(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    first = await get(client, "/sessions/s-1/spans", reader, limit=2)
    rest = await get(
        client, "/sessions/s-1/spans", reader, limit=2, cursor=str(first["next_cursor"])
    )
    spans = [*first["spans"], *rest["spans"]]  # type: ignore[misc]
    assert [span["span_id"] for span in spans] == [span_of(n) for n in (1, 2, 3)]
    assert spans[1]["parent_span_id"] == span_of(1)
    assert rest["next_cursor"] is None
    assert "find s-1" not in json.dumps(spans)
    whole = await get(client, f"/spans/{trace_of(1)}/{span_of(2)}", reader)
    assert whole["content"]["input_messages"][0]["parts"][0]["content"] == "please find s-1"  # type: ignore[index]
    assert whole["raw"]["attributes"]["gen_ai.request.model"] == "gpt-4o"  # type: ignore[index]
    assert whole["raw"]["start_ns"] == str(T0 + 61 * S)  # type: ignore[index]
    assert whole["explain"]


async def test_what_does_not_exist_is_not_found(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    for path in (
        "/sessions/none",
        "/sessions/none/spans",
        f"/spans/{trace_of(9)}/{span_of(9)}",
        "/export?session_id=none",
    ):
        answer = await client.get(f"/api/v1{path}", headers=reader)
        assert answer.status_code == 404, path
        assert answer.json()["error"]["code"] == "not_found"


async def test_a_persons_outcome_counts_at_once_and_keeps_its_author(world: World) -> None:
    fill(world, 1)
    world.account("ann@example.org", role="editor")
    client = await world.log_in("ann@example.org")
    answer = await client.post(
        "/api/v1/sessions/s-1/outcome", json={"label": "failure", "reason": "wrong file"}
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["outcome"] == {
        "label": "failure",
        "source": "human",
        "reason": "wrong file",
        "author": "ann@example.org",
    }
    listed = (await client.get("/api/v1/sessions", params={"outcome": "failure"})).json()
    assert ids(listed) == ["s-1"]
    refused = await client.post(
        "/api/v1/sessions/s-1/outcome", json={"label": "success", "by": "bob"}
    )
    assert refused.status_code == 422
    rows = audit.list_audit(world.records, "acme")
    assert (rows[0].action, rows[0].target) == ("session.outcome", "s-1")
    assert rows[0].actor == "account:ann@example.org"
    await client.aclose()


async def test_feedback_of_the_same_author_replaces_and_of_others_stays(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    for by, value in (("ann", 0.1), ("bob", 0.5), ("ann", 0.9)):
        world.clock.forward(S)
        answer = await client.post(
            "/api/v1/sessions/s-1/feedback",
            headers=reader,
            json={"name": "tone", "value": value, "by": by},
        )
        assert answer.status_code == 201, answer.text
    told = {score["author"]: score["value"] for score in answer.json()["scores"]}
    assert told == {"ann": 0.9, "bob": 0.5}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "x"},
        {"name": "outcome", "label": "success"},
        {"value": 1, "colour": "red"},
        {"value": "NaN"},
        {"comment": "a\x00b"},
        {"comment": "x" * 20_001},
        {"name": "", "value": 1},
        {"value": 1, "trace_id": "of another session"},
    ],
    ids=str,
)
async def test_feedback_that_says_nothing_or_nonsense_is_refused(
    world: World, client: httpx.AsyncClient, reader: dict[str, str], body: dict[str, object]
) -> None:
    fill(world, 1)
    answer = await client.post("/api/v1/sessions/s-1/feedback", headers=reader, json=body)
    assert answer.status_code == 422
    assert set(answer.json()["error"]) == {"code", "message", "hint"}


async def test_a_deleted_session_is_gone_from_every_read(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 2)
    answer = await client.delete("/api/v1/sessions/s-1", headers=reader)
    assert answer.status_code == 200
    assert ids(await get(client, "/sessions", reader)) == ["s-2"]
    for path in ("/sessions/s-1", "/sessions/s-1/spans", f"/spans/{trace_of(1)}/{span_of(2)}"):
        assert (await client.get(f"/api/v1{path}", headers=reader)).status_code == 404, path
    export = await client.get("/api/v1/export?what=spans", headers=reader)
    assert "s-1" not in export.text
    assert (await get(client, "/figures", reader))["rows"][0]["sessions"] == 1  # type: ignore[index]
    assert world.forgotten == [("acme", (trace_of(1),))]
    kept = {(row.kind, row.target) for row in deletions.list_deletions(world.records)}
    assert kept == {("trace", trace_of(1))}
    assert audit.list_audit(world.records, "acme")[0].action == "session.delete"


async def test_a_users_data_is_deleted_however_old(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    for number, user in enumerate(("ann", "bob", "ann"), 1):
        spans = conversation(f"s-{number}", trace=number, secret=user)
        store(world.events, "acme", spans, now_ns=world.clock())
        store(world.events, "twin", spans, now_ns=world.clock())
    old = projects.ProjectSettings(retention_days=1)
    projects.change_project(world.records, "acme", settings=old)
    world.clock.forward(48 * HOUR)
    answer = await client.delete("/api/v1/users", headers=reader, params={"user": "userann"})
    assert answer.json()["sessions"] == 2
    projects.change_project(world.records, "acme", settings=projects.ProjectSettings())
    assert ids(await get(client, "/sessions", reader)) == ["s-2"]
    twin = bearer(world.key("twin"))
    assert len(ids(await get(client, "/sessions", twin))) == 3
    assert "ann" not in str(audit.list_audit(world.records, "acme"))
    assert "ann" not in str(deletions.list_deletions(world.records))


async def test_a_deleted_project_takes_everything_with_it(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 2)
    refused = await client.delete("/api/v1/project", headers=reader)
    assert refused.json()["error"]["code"] == "confirmation_needed"
    assert (await client.delete("/api/v1/project?confirm=acme", headers=reader)).status_code == 200
    assert (await client.get("/api/v1/sessions", headers=reader)).status_code == 401
    projects.create_project(world.records, project_id="acme", now_ns=1)
    again = bearer(world.key("acme"))
    assert ids(await get(client, "/sessions", again)) == []
    assert audit.list_audit(world.records, "")[0].action == "project.delete"


async def test_retention_counts_on_every_read_at_once(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 2)
    world.clock.forward(72 * HOUR)
    fresh = conversation("fresh", trace=70, start_ns=world.clock() - 100 * S)
    store(world.events, "acme", fresh, now_ns=world.clock())
    settings = {"retention_days": 2}
    answer = await client.put("/api/v1/project", headers=reader, json=settings)
    assert answer.status_code == 200, answer.text
    assert ids(await get(client, "/sessions", reader)) == ["fresh"]
    for path in ("/sessions/s-1", "/sessions/s-1/spans", f"/spans/{trace_of(1)}/{span_of(2)}"):
        assert (await client.get(f"/api/v1{path}", headers=reader)).status_code == 404, path
    for path in ("/export", "/export?what=spans"):
        text = (await client.get(f"/api/v1{path}", headers=reader)).text
        assert "fresh" in text
        assert "s-1" not in text
    assert (await get(client, "/figures", reader))["rows"][0]["sessions"] == 1  # type: ignore[index]
    assert world.changed == ["acme"]


async def test_an_export_is_complete_in_both_formats(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    import io

    fill(world, 3)
    lines = (await client.get("/api/v1/export", headers=reader)).text.splitlines()
    assert {json.loads(line)["session_id"] for line in lines} == {"s-1", "s-2", "s-3"}
    answer = await client.get("/api/v1/export?what=spans&format=parquet", headers=reader)
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    table = pq.read_table(io.BytesIO(answer.content))
    assert table.num_rows == 9
    assert "please find s-2" in "".join(table.column("content").to_pylist())
    one = (await client.get("/api/v1/export?session_id=s-2", headers=reader)).text.splitlines()
    assert len(one) == 3
    assert all(json.loads(line)["session_id"] == "s-2" for line in one)
    none = await client.get("/api/v1/export?q=agent:nobody&format=parquet", headers=reader)
    assert pq.read_table(io.BytesIO(none.content)).num_rows == 0


async def test_figures_carry_count_interval_and_definition(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    for number, outcome in enumerate(["success", "success", "failure", ""], 1):
        told: dict[str, Any] = {"quarterdeck__outcome": outcome} if outcome else {}
        spans = conversation(f"s-{number}", trace=number, **told)
        store(world.events, "acme", spans, now_ns=world.clock())
    found = await get(client, "/figures", reader)
    row = found["rows"][0]  # type: ignore[index]
    rate = row["figures"]["task_completion_rate"]
    assert row["sessions"] == 4
    assert rate["n"] == 3
    assert rate["value"] == pytest.approx(2 / 3)
    assert rate["interval"]["low"] < 2 / 3 < rate["interval"]["high"]
    assert row["figures"]["unknown_outcome_share"]["value"] == 0.25
    assert row["figures"]["cost_per_task"]["value"] is None  # nothing was priced here
    assert "unknown" in found["definitions"]["task_completion_rate"]["definition"]  # type: ignore[index]
    every = await get(client, "/figures", reader, figure=list(FIGURES))
    measured = every["rows"][0]["figures"]  # type: ignore[index]
    for name, one in FIGURES.items():
        if one.unit not in {"rate", "per session"}:
            continue
        shown = measured[name]
        assert (shown["value"] is None) == (shown["n"] == 0), name
        assert shown["value"] is None or shown["interval"], name
    split = await get(
        client, "/figures", reader, by=["outcome", "tool"], bucket="day", figure="sessions"
    )
    assert {
        (line["by"]["outcome"], line["by"]["tool"], line["figures"]["sessions"]["value"])
        for line in split["rows"]  # type: ignore[attr-defined]
    } == {("success", "bash", 2), ("failure", "bash", 1), ("unknown", "bash", 1)}
    tasks = await get(client, "/tasks", reader)
    assert tasks["tasks"][0]["outcomes"]["success"] == 2  # type: ignore[index]


async def test_unknown_figures_and_dimensions_are_named(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    for params in ({"figure": "happiness"}, {"by": "colour"}, {"by": ["user", "tool", "model"]}):
        answer = await client.get("/api/v1/figures", headers=reader, params=params)
        assert answer.status_code == 422, params


async def test_settings_of_a_project_come_back_and_bad_ones_are_refused(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    settings = {
        "session_key": "{tenant}/{ticket}",
        "retention_days": 30,
        "redaction_patterns": [r"ACME-\d+"],
        "human_tools": ["ask_human"],
        "scripted_humans": True,
        "price_overrides": [{"model": "llama-*", "input_usd_per_mtok": "0.25"}],
    }
    answer = await client.put("/api/v1/project", headers=reader, json=settings)
    assert answer.status_code == 200, answer.text
    shown = (await get(client, "/project", reader))["settings"]
    assert shown["redaction_patterns"] == [r"ACME-\d+"]  # type: ignore[index]
    assert Decimal(shown["price_overrides"][0]["input_usd_per_mtok"]) == Decimal("0.25")  # type: ignore[index]
    for bad in (
        {"retention_days": -1},
        {"redaction_patterns": ["("]},
        {"redaction_patterns": [r"(?=x)"]},
        {"price_overrides": [{"model": "x", "input_usd_per_mtok": "-1"}]},
        {"colour": "red"},
    ):
        refused = await client.put("/api/v1/project", headers=reader, json=bad)
        assert refused.status_code == 422, bad
    assert "ACME" not in str(audit.list_audit(world.records, "acme"))


async def test_every_change_leaves_an_audit_row(world: World) -> None:
    fill(world, 1)
    client = await world.log_in("owner@example.org")
    client.headers["x-quarterdeck-project"] = "acme"
    made = (await client.post("/api/v1/keys", json={"name": "ci", "scopes": ["read"]})).json()
    await client.delete(f"/api/v1/keys/{made['key_id']}")
    account = (
        await client.post(
            "/api/v1/accounts", json={"email": "new@example.org", "password": "x" * 12}
        )
    ).json()
    await client.put("/api/v1/members", json={"email": "new@example.org", "role": "viewer"})
    await client.delete(f"/api/v1/members/{account['account_id']}")
    await client.patch(f"/api/v1/accounts/{account['account_id']}", json={"disabled": True})
    await client.delete(f"/api/v1/accounts/{account['account_id']}")
    await client.post("/api/v1/projects", json={"project_id": "third"})
    await client.put("/api/v1/project", json={})
    await client.post("/api/v1/sessions/s-1/feedback", json={"value": 1})
    await client.post("/api/v1/sessions/s-1/interventions", json={"kind": "approval"})
    await client.delete("/api/v1/sessions/s-1")
    seen = [row["action"] for row in (await client.get("/api/v1/audit")).json()["audit"]]
    assert seen[::-1] == [
        "key.create", "key.revoke", "member.set", "member.remove", "project.settings",
        "session.feedback", "session.intervention", "session.delete",
    ]  # fmt: skip
    server = [row["action"] for row in (await client.get("/api/v1/server/audit")).json()["audit"]]
    assert server[::-1] == [
        "login.start", "account.create", "account.change", "account.delete", "project.create",
    ]  # fmt: skip
    assert made["secret"] not in str(audit.list_audit(world.records, "acme"))
    assert keys.key_hash(made["secret"]) not in str(audit.list_audit(world.records, "acme"))
    await client.aclose()


async def test_steps_are_paged_with_previews_or_whole_content(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    page = await get(client, "/sessions/s-1/steps", reader, limit=2)
    assert page["total"] == 3
    assert page["next_from"] == 3
    frames: list[dict[str, Any]] = page["steps"]  # type: ignore[assignment]
    assert [(frame["number"], frame["kind"]) for frame in frames] == [(1, "agent"), (2, "model")]
    assert frames[1]["preview"] == {"input": "please find s-1", "output": "found s-1"}
    assert "content" not in frames[1]
    last = await get(client, "/sessions/s-1/steps", reader, **{"from": 3, "content": "true"})
    frame = last["steps"][0]  # type: ignore[index]
    assert frame["tool"] == "bash"
    assert frame["status"] == "error"
    assert frame["content"]["output"] == "no s-1 here"
    assert last["next_from"] is None
    past = await get(client, "/sessions/s-1/steps", reader, **{"from": 99})
    assert past["steps"] == []


async def test_the_skeleton_has_columns_and_no_content(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    found = await get(client, "/sessions/s-1/skeleton", reader)
    assert found["total"] == 3
    assert found["parent"] == [-1, 0, 0]
    assert found["step"] == [1, 2, 3]
    assert found["error"] == [0, 0, 1]
    assert "please" not in json.dumps(found)
    page = await get(client, "/sessions/s-1/skeleton", reader, **{"from": 1, "limit": 1})
    assert page["count"] == 1


async def test_the_decision_tree_begins_at_start_and_ends_at_the_outcome(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 1)
    root: dict[str, Any] = (await get(client, "/sessions/s-1/tree", reader))["root"]  # type: ignore[assignment]
    assert root["kind"] == "start"
    assert root["children"][-1]["kind"] == "end"


async def test_a_reported_act_of_a_person_counts_as_an_intervention(
    world: World, client: httpx.AsyncClient, reader: dict[str, str]
) -> None:
    fill(world, 2)
    for _ in range(2):
        answer = await client.post(
            "/api/v1/sessions/s-1/interventions",
            headers=reader,
            json={"kind": "correction", "waited_s": 1.5, "by": "ann", "comment": "fixed the path"},
        )
        assert answer.status_code == 201, answer.text
    people = answer.json()["human_interventions"]
    assert people == {"count": 2, "by_kind": {"correction": 2}, "pending": 0, "waited_s": 3.0}
    assert answer.json()["interventions"][0]["by"] == "ann"
    for params in ({"q": "human:correction"}, {"has_intervention": "true"}):
        assert ids(await get(client, "/sessions", reader, **params)) == ["s-1"]
