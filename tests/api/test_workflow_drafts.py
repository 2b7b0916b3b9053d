"""Drafts over HTTP: files made of sessions of real frameworks, of one project only."""

from pathlib import Path

import httpx
import pytest

from api.conftest import NOW, World, bearer
from api.made import conversation, store
from captures.load import recorded_requests, replay
from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_writes import SpanRow, write_spans
from quarterdeck.workflows.folder import Reading, read
from quarterdeck.workflows.manifest import Folder

DRAFTS = "/api/v1/workflows/drafts"


def reading_of(answer: httpx.Response) -> Reading:
    assert answer.status_code == 200, answer.text
    return read(Folder(files={p: t.encode() for p, t in answer.json()["files"].items()}))


async def test_a_session_becomes_files_that_are_accepted(
    world: World, client: httpx.AsyncClient
) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=NOW)
    store(world.events, "twin", conversation("s-2", trace=2, secret="TWIN"), now_ns=NOW)
    answer = await client.get(DRAFTS, params={"name": "finder"}, headers=bearer(world.key("acme")))
    reading = reading_of(answer)
    assert reading.errors == ()
    manifest = reading.manifest
    assert manifest is not None
    assert manifest.name == "finder"
    assert manifest.agents["planner"].tools == ("bash",)
    assert manifest.models["planner"].targets[0].model == "gpt-4o"
    assert answer.json()["observed"] == {"sessions": 1, "agents": 1, "tools": 1, "models": 1}
    assert "TWIN" not in answer.text


async def test_where_nothing_was_seen_the_draft_has_no_files(
    world: World, client: httpx.AsyncClient
) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=NOW)
    headers = bearer(world.key("acme"))
    for asked in ({"agent": "nobody"}, {"task_type": "none"}, {"since": "1m"}):
        answer = await client.get(DRAFTS, params=asked, headers=headers)
        assert answer.status_code == 200
        assert answer.json() == {
            "files": {},
            "observed": {"sessions": 0, "agents": 0, "tools": 0, "models": 0},
            "notes": [],
        }


@pytest.mark.parametrize(
    ("capture", "agents", "with_schema", "asked_about"),
    [
        ("openai_agents_openinference", {"coder", "critic", "planner", "chat_critic"},
         {"run_tests", "read_file"}, {"run_tests"}),
        ("crewai_traceloop", {"coder", "critic", "planner"}, {"run_tests", "read_file"}, set()),
        ("pydantic_ai_v3", {"coder", "supervisor", "approver", "critic", "planner"},
         {"run_tests", "read_file", "ask_coder", "ask_critic"}, {"read_file"}),
    ],
)  # fmt: skip
async def test_sessions_of_real_frameworks_become_a_workflow(
    world: World,
    client: httpx.AsyncClient,
    shared: Path,
    capture: str,
    agents: set[str],
    with_schema: set[str],
    asked_about: set[str],
) -> None:
    project = ProjectId("acme")
    for one in replay(recorded_requests(shared / "captures" / capture)):
        rows = [SpanRow(project, span, one.raws[span.trace_id, span.span_id], NOW)
                for span in one.spans]  # fmt: skip
        write_spans(world.events, rows, token="")
        write_sessions(world.events, [SessionRow(project, one.session, NOW)])
    answer = await client.get(DRAFTS, params={"limit": 50}, headers=bearer(world.key("acme")))
    reading = reading_of(answer)
    assert reading.errors == ()
    manifest = reading.manifest
    assert manifest is not None
    assert set(manifest.agents) == agents
    assert set(reading.tools) == with_schema
    assert set(reading.prompts) == agents
    asks = {name for name, tool in manifest.tools.items() if tool.permission == "ask"}
    assert asks == asked_about
    assert all(agent.model in manifest.models for agent in manifest.agents.values())
