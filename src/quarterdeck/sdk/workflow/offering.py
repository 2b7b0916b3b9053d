"""
What a framework needs of a version to build an agent: its tools joined with the functions that do
them, each call guarded, and its agents in the order in which they are handed to.

The definition (name, description, parameters) is the version's, whatever the function's own is.  A
refused call gives a text for the model.  Functions that the version does not offer are left out, so
a program may pass all it has; a tool that no function does is an error, since the agent's
instructions may count on it.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quarterdeck.errors import Invalid, Misconfigured, NotFound
from quarterdeck.sdk.workflow.guarding import guarded
from quarterdeck.sdk.workflow.parts import ModelChoice, ToolDefinition

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.workflow import Workflow

Functions = Collection[Callable[..., Any]] | Mapping[str, Callable[..., Any]]
"""By their own names, or by the tool's."""

_SECRET = re.compile(r"\$\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


class OfferedTool:
    """A tool of an agent, with the function that does it."""

    def __init__(
        self,
        flow: Workflow,
        definition: ToolDefinition,
        function: Callable[..., Any],
        *,
        agent: str,
    ) -> None:
        self.definition = definition
        self.is_async = inspect.iscoroutinefunction(function)
        self._flow = flow
        self._function = function
        self._agent = agent

    @property
    def name(self) -> str:
        return self.definition.name

    def call(self, arguments: Mapping[str, Any], *, call_id: str = "") -> Any:
        """What the function gives, or the text of a refusal; a coroutine of an async function."""
        return self._guarded(self._function, call_id)(**arguments)

    async def call_async(self, arguments: Mapping[str, Any], *, call_id: str = "") -> Any:
        """The same without holding the event loop: a plain function runs in a thread."""
        function = self._function if self.is_async else _in_thread(self._function)
        return await self._guarded(function, call_id)(**arguments)

    def _guarded(self, function: Callable[..., Any], call_id: str) -> Callable[..., Any]:
        return guarded(
            self._flow,
            function,
            name=self.name,
            agent=self._agent,
            refused="text",
            call_id=call_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class McpConnection:
    """How an MCP server of the version is reached, secrets filled in from the environment."""

    name: str
    url: str
    """"" for a local one."""
    command: tuple[str, ...]
    headers: dict[str, str]
    environment: dict[str, str]
    tools: tuple[str, ...] | None
    """Those that may be seen; None = all."""


def tools_for(flow: Workflow, agent: str, functions: Functions) -> tuple[OfferedTool, ...]:
    """In the manifest's order.  Raises `Misconfigured` for a tool that no function does."""
    known = _by_name(functions)
    found = []
    for definition in flow.tools(agent):
        function = known.get(definition.name)
        if function is None:
            raise Misconfigured(
                f"version {flow.version} of {flow.name!r} offers {agent!r} the tool"
                f" {definition.name!r}, and no function does it",
                hint="Pass it in `tools`, or release a version whose tools this program has.",
            )
        found.append(OfferedTool(flow, definition, function, agent=agent))
    return tuple(found)


def reachable(flow: Workflow, agent: str) -> tuple[str, ...]:
    """The agent and all that it, or they, may hand to; nearest first.  Raises `NotFound`."""
    found = {agent: None}
    todo = [agent]
    while todo:
        for target in flow.agent(todo.pop(0)).handoffs:
            if target not in found:
                found[target] = None
                todo.append(target)
    return tuple(found)


def model_of(flow: Workflow, agent: str) -> ModelChoice:
    """Where the agent's calls go.  Raises `NotFound` where the version does not say."""
    route = flow.agent(agent).model
    if not route:
        raise NotFound(
            f"version {flow.version} of {flow.name!r} says no model for {agent!r}",
            hint="Give the agent a `model` in the manifest, or pass `model` to the adapter.",
        )
    return flow.model(route, agent=agent)


def mcp_of(flow: Workflow, agent: str) -> tuple[McpConnection, ...]:
    """The agent's MCP servers.  Raises `Misconfigured` for a variable that is not set."""
    found = []
    for name in flow.agent(agent).mcp_servers:
        server = flow.manifest.mcp_servers[name]
        found.append(
            McpConnection(
                name=name,
                url=_filled(server.url, name) if isinstance(server.url, str) else "",
                command=tuple(_filled(part, name) for part in server.command)
                if isinstance(server.command, tuple)
                else (),
                headers={key: _filled(text, name) for key, text in server.headers.items()},
                environment={key: _filled(text, name) for key, text in server.environment.items()},
                tools=server.tools if isinstance(server.tools, tuple) else None,
            )
        )
    return tuple(found)


def _filled(text: str, server: str) -> str:
    def value(found: re.Match[str]) -> str:
        told = os.environ.get(found[1])
        if told is None:
            raise Misconfigured(f"the MCP server {server!r} needs the variable {found[1]}")
        return told

    return _SECRET.sub(value, text)


def _by_name(functions: Functions) -> dict[str, Callable[..., Any]]:
    if isinstance(functions, Mapping):
        return dict(functions)
    found: dict[str, Callable[..., Any]] = {}
    for function in functions:
        name = getattr(function, "__name__", "")
        if not callable(function) or not name:
            raise Invalid(
                f"{function!r:.80} is no function with a name",
                hint="Pass plain functions, or a mapping of tool names to functions.",
            )
        found[name] = function
    return found


def _in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    async def run(*positional: Any, **named: Any) -> Any:
        return await asyncio.to_thread(function, *positional, **named)

    return run
