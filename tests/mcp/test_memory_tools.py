"""Memory as tools, by the protocol's own client against a real server."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client

from cli.real_server import serving
from mcp import Client

pytestmark = pytest.mark.real_server

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("mcp") / "data") as address:
        yield address


@asynccontextmanager
async def client_of(server: str, headers: dict[str, str] | None = None) -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=20) as http_client,
        Client(streamable_http_client(f"{server}/mcp", http_client=http_client)) as client,
    ):
        yield client


async def told(client: Client, name: str, **arguments: Any) -> Any:
    answer = await client.call_tool(name, arguments)
    assert not answer.is_error, answer.content
    text = getattr(answer.content[0], "text", "")
    assert answer.structured_content == json.loads(text)
    return answer.structured_content


async def test_an_agent_keeps_finds_and_forgets_by_tools(server: str) -> None:
    async with client_of(server) as client:
        offered = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert offered.keys() >= {"memory_get", "memory_put", "memory_search", "memory_delete"}
        assert not any("revert" in name or "release" in name for name in offered)
        where = {"namespace": "notes", "scope": "user:u-7"}
        await told(client, "memory_put", **where, key="plan", value={"likes": "refunds"})
        found = await told(client, "memory_get", **where, key="plan")
        assert found["value"] == {"likes": "refunds"}
        sought = await told(client, "memory_search", **where, query="refunds")
        assert [entry["key"] for entry in sought["entries"]] == ["plan"]
        await told(client, "memory_delete", **where, key="plan")
        assert (await told(client, "memory_list", **where))["entries"] == []
        history = await told(client, "memory_history", **where, key="plan")
        assert [write["deleted"] for write in history["writes"]] == [True, False]


async def test_the_carrier_in_the_headers_is_the_provenance(server: str) -> None:
    headers = {
        "quarterdeck-session": "sess-42",
        "quarterdeck-user": "u-7",
        "traceparent": f"00-{TRACE}-{SPAN}-01",
    }
    async with client_of(server, headers) as client:
        await told(client, "memory_put", namespace="carried", key="k", value=1)
        await told(client, "memory_get", namespace="carried", key="k")
    history = f"{server}/api/v1/memory/history?namespace=carried&key=k"
    answer = await asyncio.to_thread(httpx.get, history, trust_env=False)
    [write] = answer.json()["writes"]
    assert write["provenance"]["session_id"] == "sess-42"
    assert write["provenance"]["user"] == "u-7"
    assert (write["provenance"]["trace_id"], write["provenance"]["span_id"]) == (TRACE, SPAN)
    assert [reading["session_id"] for reading in write["read_by"]] == ["sess-42"]


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("memory_get", {"namespace": "notes", "key": "never written"}, "never written"),
        ("memory_get", {"namespace": "notes"}, "'key' is a required property"),
        ("memory_put", {"namespace": "n", "key": "k", "value": 1, "by": "me"}, "'by'"),
        ("memory_put", {"namespace": "n", "key": "k", "value": "x" * 300_000}, "262144"),
        ("memory_revert", {}, "there is no tool"),
    ],
)
async def test_what_the_api_refuses_is_the_tools_error_in_words(
    server: str, name: str, arguments: dict[str, Any], says: str
) -> None:
    async with client_of(server) as client:
        answer = await client.call_tool(name, arguments)
    assert answer.is_error
    assert says in getattr(answer.content[0], "text", "")


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"authorization": "Bearer qd_" + "a" * 51}, 401),
        ("POST", {"origin": "https://elsewhere.example"}, 403),
        ("GET", {}, 405),
    ],
)
def test_who_may_not_gets_no_further_than_the_door(
    server: str, method: str, headers: dict[str, str], status: int
) -> None:
    answer = httpx.request(method, f"{server}/mcp", headers=headers, content=b"", trust_env=False)
    assert answer.status_code == status, answer.text
