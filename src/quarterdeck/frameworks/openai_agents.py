"""
OpenAI Agents: an `Agent` with its handoffs and MCP servers, from a workflow version.

Handoffs are the framework's own.  Tools of MCP servers pass the version's permissions too; connect
the servers before the run, with `MCPServerManager(agent.mcp_servers)`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from quarterdeck.errors import Forbidden, Invalid
from quarterdeck.sdk.workflow.offering import (
    Functions,
    McpConnection,
    OfferedTool,
    mcp_of,
    model_of,
    reachable,
    tools_for,
)

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.parts import ModelChoice
    from quarterdeck.sdk.workflow.workflow import Workflow

CANNOT = (
    "fallbacks: a run keeps the route's first target that holds; another one takes a new agent",
    "context: what is kept of a conversation is decided by the run's session and input filters",
)

_SETTINGS = frozenset(
    {
        "temperature", "top_p", "frequency_penalty", "presence_penalty", "tool_choice", "verbosity",
        "parallel_tool_calls", "truncation", "max_tokens", "metadata", "store", "top_logprobs",
    }
)  # fmt: skip
"""Parameters that the framework has a name for; others go to the provider as they are."""


def agent(
    flow: Workflow,
    name: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
) -> Any:
    """
    The `agents.Agent`; those that it hands to are in its `handoffs`.

    `tools` are the functions of all of them.  `model` makes the framework's model of a choice,
    where its name is not enough.  Raises `QuarterdeckError`s.
    """
    from agents import Agent

    built: dict[str, Any] = {}
    for one in reachable(flow, name):
        config = flow.agent(one)
        choice = model_of(flow, one)
        built[one] = Agent(
            name=one,
            handoff_description=config.description or None,
            instructions=config.instructions or None,
            model=_model_name(choice) if model is None else model(choice),
            model_settings=_settings(choice),
            tools=[_tool(tool) for tool in tools_for(flow, one, tools)],
            mcp_servers=[_mcp(flow, one, server) for server in mcp_of(flow, one)],
        )
    for one, made in built.items():
        made.handoffs = [built[target] for target in flow.agent(one).handoffs]
    return built[name]


def _model_name(choice: ModelChoice) -> str:
    if choice.provider in ("", "openai"):
        return choice.model
    return f"litellm/{choice.provider}/{choice.model}"


def _settings(choice: ModelChoice) -> Any:
    from agents import ModelSettings
    from openai.types.shared import Reasoning

    told = dict(choice.parameters)
    known = {name: told.pop(name) for name in _SETTINGS & told.keys()}
    if effort := told.pop("reasoning_effort", None):
        known["reasoning"] = Reasoning(effort=effort)
    return ModelSettings(
        **known,
        timeout=choice.timeout_s,
        retry={"max_retries": choice.retries},
        extra_args=told or None,
    )


def _tool(tool: OfferedTool) -> Any:
    from agents import FunctionTool
    from agents.tool import default_tool_error_function

    async def run(context: Any, text: str) -> Any:
        try:
            arguments = json.loads(text or "{}")
        except ValueError as error:
            return f"{tool.name} was not called: its arguments are not JSON ({error})."
        if not isinstance(arguments, dict):
            return f"{tool.name} was not called: its arguments are not a JSON object."
        try:
            return await tool.call_async(arguments, call_id=context.tool_call_id)
        except Exception as error:  # noqa: BLE001 - as the framework's own tools: the model is told
            return default_tool_error_function(context, error)

    definition = tool.definition
    return FunctionTool(
        name=definition.name,
        description=definition.description,
        params_json_schema=definition.parameters,
        on_invoke_tool=run,
        # Strict schemas make every argument required, which the version may not mean.
        strict_json_schema=False,
    )


def _mcp(flow: Workflow, agent: str, server: McpConnection) -> Any:
    from agents.mcp import MCPServerStdio, MCPServerStreamableHttp, create_static_tool_filter
    from mcp.types import CallToolResult

    base: Any = MCPServerStreamableHttp if server.url else MCPServerStdio

    class Guarded(base):  # type: ignore[misc]  # the framework is not installed where types are checked
        async def call_tool(
            self, tool_name: str, arguments: dict[str, Any] | None, meta: Any = None
        ) -> Any:
            try:
                permit = await flow.authorize_async(
                    tool_name, arguments or {}, agent=agent, server=server.name
                )
            except (Forbidden, Invalid) as refused:
                text = {"type": "text", "text": str(refused)}
                return CallToolResult.model_validate({"content": [text], "isError": True})
            return await super().call_tool(tool_name, permit.arguments, meta)

    params: dict[str, Any] = (
        {"url": server.url, "headers": server.headers}
        if server.url
        else {
            "command": server.command[0],
            "args": list(server.command[1:]),
            "env": server.environment,
        }
    )
    shown = None if server.tools is None else create_static_tool_filter(list(server.tools))
    return Guarded(params=params, name=server.name, tool_filter=shown)
