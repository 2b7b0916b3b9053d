"""
What adapters take from a version: its tools joined with functions, its agents in order, its MCP
servers.  From a folder, without a server.
"""

import asyncio
import functools
import threading
from pathlib import Path
from typing import Any

import pytest

import quarterdeck as qd
from quarterdeck.errors import Invalid, Misconfigured, NotFound
from quarterdeck.sdk.workflow import offering

WORKFLOW = """
name: desk
agents:
  triage:
    model: chat
    tools: [lookup, block, burn]
    handoffs: [blocker]
    mcp_servers: [cards]
  blocker: {tools: [block], handoffs: [triage, clerk]}
  clerk: {model: chat}
tools:
  lookup: {schema: lookup.json}
  block: {}
  burn: {permission: deny}
models:
  chat: {targets: [{model: gpt-4o-mini}]}
mcp_servers:
  cards:
    url: https://cards.example.org/mcp
    headers: {authorization: "Bearer ${env:CARDS_TOKEN}"}
"""
LOOKUP = """{"name": "lookup", "description": "As the version says.", "parameters":
  {"type": "object", "properties": {"card": {"type": "string"}}, "required": ["card"]}}"""


@pytest.fixture
def flow(tmp_path: Path) -> Any:
    (tmp_path / "workflow.yaml").write_text(WORKFLOW)
    (tmp_path / "lookup.json").write_text(LOOKUP)
    return qd.load_workflow(path=tmp_path)


def lookup(card: str) -> str:
    """As the function says."""
    return f"looked {card} up in {threading.current_thread().name}"


async def block() -> str:
    return "blocked"


def burn() -> str:
    raise AssertionError("nobody may")


def test_an_agent_is_offered_its_tools_as_the_version_describes_them_and_no_others(
    flow: Any,
) -> None:
    found = offering.tools_for(flow, "triage", [burn, block, lookup, print])
    assert [tool.name for tool in found] == ["lookup", "block"]
    assert found[0].definition.description == "As the version says."
    assert [tool.name for tool in offering.tools_for(flow, "clerk", [lookup])] == []


def test_a_tool_that_no_function_does_is_told_when_the_agent_is_built(flow: Any) -> None:
    with pytest.raises(Misconfigured, match="'block', and no function does it"):
        offering.tools_for(flow, "triage", [lookup])
    named: dict[str, Any] = {"lookup": functools.partial(lookup), "block": block}
    assert len(offering.tools_for(flow, "triage", named)) == 2
    with pytest.raises(Invalid, match="no function with a name"):
        offering.tools_for(flow, "triage", [functools.partial(lookup)])


async def test_a_plain_function_of_an_asynchronous_agent_does_not_hold_the_loop(flow: Any) -> None:
    tool, other = offering.tools_for(flow, "triage", [lookup, block])
    said = await asyncio.wait_for(tool.call_async({"card": "c-17"}, call_id="call_1"), 10)
    assert said.startswith("looked c-17 up in ")
    assert threading.current_thread().name not in said
    assert await other.call_async({}) == "blocked"
    assert "looked c-17 up" in tool.call({"card": "c-17"})


async def test_what_is_refused_is_a_text_for_the_model(flow: Any) -> None:
    tool, _ = offering.tools_for(flow, "triage", [lookup, block])
    for said in (tool.call({"card": 17}), await tool.call_async({"card": 17})):
        assert "lookup was not called" in said
        assert "card" in said


def test_agents_that_hand_to_each_other_are_found_once_nearest_first(flow: Any) -> None:
    assert offering.reachable(flow, "triage") == ("triage", "blocker", "clerk")
    assert offering.reachable(flow, "clerk") == ("clerk",)
    with pytest.raises(NotFound):
        offering.reachable(flow, "nobody")


def test_an_agent_without_a_model_is_told(flow: Any) -> None:
    assert offering.model_of(flow, "triage").model == "gpt-4o-mini"
    with pytest.raises(NotFound, match="no model for 'blocker'"):
        offering.model_of(flow, "blocker")


def test_secrets_of_mcp_servers_come_from_the_environment_and_a_missing_one_is_named(
    flow: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CARDS_TOKEN", raising=False)
    with pytest.raises(Misconfigured, match="CARDS_TOKEN"):
        offering.mcp_of(flow, "triage")
    monkeypatch.setenv("CARDS_TOKEN", "opensesame")
    [server] = offering.mcp_of(flow, "triage")
    assert server.headers == {"authorization": "Bearer opensesame"}
    assert (server.url, server.tools) == ("https://cards.example.org/mcp", None)
    assert offering.mcp_of(flow, "clerk") == ()
