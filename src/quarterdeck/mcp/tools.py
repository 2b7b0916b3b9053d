"""
The tools that an MCP client is offered, each a call of our own API.

A tool decides nothing: who may do it, what is checked and what is kept is the API's, so that the
two can't differ.  Left out on purpose: reverts and releases.  An agent that reads a hostile page
must not be talked into them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    method: str
    path: str
    """Below `/api/v1`."""
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class McpTool:
    name: str
    description: str
    """Read by a model: when to use it, and what comes back."""
    properties: dict[str, Any]
    required: tuple[str, ...]
    reads_only: bool
    call: Callable[[Arguments, dict[str, Any]], ApiCall]
    """Of the arguments, and of who does it (session, span, user)."""

    def input_schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": self.properties,
            "required": list(self.required),
            "additionalProperties": False,
        }


_ADDRESS = {
    "namespace": {"type": "string", "description": "What the entries are about, e.g. notes."},
    "scope": {
        "type": "string",
        "description": "Whose they are, e.g. user:u-7; left out: everybody's.",
    },
    "environment": {"type": "string", "description": "Left out unless you were told one."},
}
_KEY = {"key": {"type": "string", "description": "Under which the entry is kept."}}


def _address(arguments: Arguments) -> dict[str, Any]:
    return {
        "environment": arguments.get("environment", ""),
        "namespace": arguments["namespace"],
        "scope": arguments.get("scope", ""),
    }


def _one(arguments: Arguments) -> dict[str, Any]:
    return {**_address(arguments), "key": arguments["key"]}


def _get(arguments: Arguments, who: dict[str, Any]) -> ApiCall:
    reader = {key: value for key, value in who.items() if key != "user"}
    return ApiCall(method="GET", path="/memory/entry", query={**_one(arguments), **reader})


def _put(arguments: Arguments, who: dict[str, Any]) -> ApiCall:
    entry = {**_one(arguments), "value": arguments["value"]}
    if arguments.get("ttl_s") is not None:
        entry["ttl_s"] = arguments["ttl_s"]
    return ApiCall(
        method="PUT", path="/memory/entries", body={"entries": [entry], "provenance": who}
    )


def _search(arguments: Arguments, who: dict[str, Any]) -> ApiCall:
    body = {
        **_address(arguments),
        "query": arguments["query"],
        "limit": arguments.get("limit", 10),
        "provenance": who,
    }
    return ApiCall(method="POST", path="/memory/search", body=body)


def _list(arguments: Arguments, _who: dict[str, Any]) -> ApiCall:
    query = {
        **_address(arguments),
        "prefix": arguments.get("prefix", ""),
        "limit": arguments.get("limit", 50),
    }
    return ApiCall(method="GET", path="/memory/entries", query=query)


def _delete(arguments: Arguments, who: dict[str, Any]) -> ApiCall:
    body = {"addresses": [_one(arguments)], "provenance": who}
    return ApiCall(method="POST", path="/memory/delete", body=body)


def _history(arguments: Arguments, _who: dict[str, Any]) -> ApiCall:
    return ApiCall(method="GET", path="/memory/history", query=_one(arguments))


_LIMIT = {"limit": {"type": "integer", "minimum": 1, "maximum": 50}}

TOOLS: tuple[McpTool, ...] = (
    McpTool(
        name="memory_get",
        description="Reads one entry of the memory that is kept across sessions.",
        properties={**_ADDRESS, **_KEY},
        required=("namespace", "key"),
        reads_only=True,
        call=_get,
    ),
    McpTool(
        name="memory_put",
        description=(
            "Keeps a value for later sessions, in place of what the key held. Write facts that "
            "will still be true then; never passwords or keys."
        ),
        properties={
            **_ADDRESS,
            **_KEY,
            "value": {"description": "Any JSON value."},
            "ttl_s": {
                "type": "number",
                "exclusiveMinimum": 0,
                "description": "Seconds until it is forgotten; left out: it stays.",
            },
        },
        required=("namespace", "key", "value"),
        reads_only=False,
        call=_put,
    ),
    McpTool(
        name="memory_search",
        description="Finds entries by the words in them, best first.",
        properties={**_ADDRESS, "query": {"type": "string"}, **_LIMIT},
        required=("namespace", "query"),
        reads_only=True,
        call=_search,
    ),
    McpTool(
        name="memory_list",
        description="Lists entries, newest first.",
        properties={
            **_ADDRESS,
            "prefix": {"type": "string", "description": "What their keys begin with."},
            **_LIMIT,
        },
        required=("namespace",),
        reads_only=True,
        call=_list,
    ),
    McpTool(
        name="memory_delete",
        description="Forgets one entry. A person can bring it back.",
        properties={**_ADDRESS, **_KEY},
        required=("namespace", "key"),
        reads_only=False,
        call=_delete,
    ),
    McpTool(
        name="memory_history",
        description="Tells who wrote an entry, when, what it was before, and who read it.",
        properties={**_ADDRESS, **_KEY},
        required=("namespace", "key"),
        reads_only=True,
        call=_history,
    ),
)

BY_NAME: Mapping[str, McpTool] = {tool.name: tool for tool in TOOLS}
