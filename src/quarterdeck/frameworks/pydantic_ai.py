"""
Pydantic AI: an `Agent` from a workflow version; others are asked through a tool.

The framework has no handoff that keeps control away: an agent of `handoffs` is offered as a tool
`ask_NAME`, which runs it and gives back what it says, with the caller's usage and dependencies.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from quarterdeck.sdk.workflow.offering import (
    Functions,
    OfferedTool,
    model_of,
    reachable,
    tools_for,
)

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.parts import AgentConfig, ModelChoice
    from quarterdeck.sdk.workflow.workflow import Workflow

CANNOT = (
    "handoffs: control comes back to the agent that asked",
    "fallbacks: a run keeps the route's first target that holds",
    "mcp_servers: add an MCPToolset by hand, its tools do not pass the version's permissions",
    "context: add a history processor by hand",
)

_SETTINGS = frozenset(
    {
        "temperature", "top_p", "top_k", "max_tokens", "seed", "presence_penalty", "logit_bias",
        "frequency_penalty", "parallel_tool_calls", "stop_sequences", "thinking", "service_tier",
    }
)  # fmt: skip
"""Parameters that the framework has a name for; others go into the request's body."""

_NAMED = {"stop": "stop_sequences", "reasoning_effort": "thinking"}

_ERRAND = {
    "type": "object",
    "properties": {"errand": {"type": "string", "description": "What to do, in whole sentences."}},
    "required": ["errand"],
    "additionalProperties": False,
}


def agent(
    flow: Workflow,
    name: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
    **options: Any,
) -> Any:
    """
    The `pydantic_ai.Agent`; those that it may ask are behind its tools.

    `tools` are the functions of all of them.  `model` makes the framework's model of a choice,
    where provider and name are not enough.  `options` go to every `Agent` (`deps_type`, `retries`).
    Raises `QuarterdeckError`s.
    """
    from pydantic_ai import Agent

    built: dict[str, Any] = {}
    for one in reachable(flow, name):
        config = flow.agent(one)
        choice = model_of(flow, one)
        built[one] = Agent(
            _model_name(choice) if model is None else model(choice),
            name=one,
            description=config.description or None,
            instructions=config.instructions or None,
            model_settings=_settings(choice),
            tools=[
                *(_tool(tool) for tool in tools_for(flow, one, tools)),
                *(_ask(flow.agent(target), built) for target in config.handoffs),
            ],
            **options,
        )
    return built[name]


def _model_name(choice: ModelChoice) -> str:
    return f"{choice.provider or 'openai'}:{choice.model}"


def _settings(choice: ModelChoice) -> dict[str, Any]:
    known: dict[str, Any] = {"timeout": choice.timeout_s, "max_retries": choice.retries}
    others: dict[str, Any] = {}
    for told, value in choice.parameters.items():
        name = _NAMED.get(told, told)
        (known if name in _SETTINGS else others)[name] = value
    if others:
        known["extra_body"] = others
    return known


def _tool(tool: OfferedTool) -> Any:
    from pydantic_ai import Tool

    async def run(context: Any, **arguments: Any) -> Any:
        return await tool.call_async(arguments, call_id=context.tool_call_id or "")

    definition = tool.definition
    return Tool.from_schema(
        run, definition.name, definition.description, definition.parameters, takes_ctx=True
    )


def _ask(target: AgentConfig, built: dict[str, Any]) -> Any:
    """Looks the agent up when it is asked: two agents may ask each other."""
    from pydantic_ai import Tool

    async def run(context: Any, errand: str) -> str:
        asked = await built[target.name].run(errand, usage=context.usage, deps=context.deps)
        return str(asked.output)

    description = f"Have {target.name} do something. {target.description}".strip()
    return Tool.from_schema(run, f"ask_{target.name}", description, _ERRAND, takes_ctx=True)
