"""
AutoGen: an `AssistantAgent`, or a `Swarm` of all that it hands to, from a workflow version.

Handoffs are the framework's own: `agent` names the targets, and `team` has them in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from quarterdeck.errors import Invalid
from quarterdeck.sdk.workflow.offering import (
    Functions,
    OfferedTool,
    model_of,
    reachable,
    tools_for,
)

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.parts import ModelChoice
    from quarterdeck.sdk.workflow.workflow import Workflow

CANNOT = (
    "agent names that are no Python identifiers: AutoGen refuses them",
    "fallbacks: a model client has one model",
    "mcp_servers: add an McpWorkbench by hand, its tools do not pass the version's permissions",
    "context: pass a model_context of AutoGen's by hand",
    "providers other than OpenAI, Anthropic and Ollama: pass `model`",
)

_MAX_TOOL_ITERATIONS = 10
"""Of one turn.  AutoGen's own is 1: a tool's result would end the turn."""


def agent(
    flow: Workflow,
    name: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
    **options: Any,
) -> Any:
    """
    The `AssistantAgent`; what it hands to is only named, `team` has it too.

    `model` makes a model client of a choice.  `options` go to the agent (`reflect_on_tool_use`,
    `model_context`).  Raises `QuarterdeckError`s.
    """
    from autogen_agentchat.agents import AssistantAgent
    from autogen_agentchat.base import Handoff

    if not name.isidentifier():
        raise Invalid(
            f"AutoGen takes no agent called {name!r}",
            hint="Name it with letters, digits and _ in the manifest.",
        )
    config = flow.agent(name)
    choice = model_of(flow, name)
    return AssistantAgent(
        name,
        _client(choice) if model is None else model(choice),
        tools=[_tool(tool) for tool in tools_for(flow, name, tools)],
        handoffs=[
            Handoff(target=target, description=_when(flow, target)) for target in config.handoffs
        ],
        description=config.description or config.role or name,
        system_message=config.instructions or None,
        **{"max_tool_iterations": _MAX_TOOL_ITERATIONS, **options},
    )


def team(
    flow: Workflow,
    first: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
    termination: Any = None,
    max_turns: int | None = None,
    **options: Any,
) -> Any:
    """
    A `Swarm` that begins with `first` and has all that can be handed to.

    `tools` are the functions of all agents, `options` go to each.  Without a `termination`
    condition or `max_turns` a swarm goes on for ever.
    """
    from autogen_agentchat.teams import Swarm

    members = [
        agent(flow, one, tools=tools, model=model, **options) for one in reachable(flow, first)
    ]
    return Swarm(members, termination_condition=termination, max_turns=max_turns)


def _when(flow: Workflow, target: str) -> str:
    described = flow.agent(target).description
    return f"Hand over to {target}. {described}".strip()


def _client(choice: ModelChoice) -> Any:
    given: dict[str, Any] = {
        **choice.parameters,
        "model": choice.model,
        "timeout": choice.timeout_s,
        "max_retries": choice.retries,
    }
    match choice.provider:
        case "" | "openai":
            from autogen_ext.models.openai import OpenAIChatCompletionClient

            return OpenAIChatCompletionClient(**given)
        case "anthropic":
            from autogen_ext.models.anthropic import AnthropicChatCompletionClient

            return AnthropicChatCompletionClient(**given)
        case "ollama":
            from autogen_ext.models.ollama import OllamaChatCompletionClient

            return OllamaChatCompletionClient(model=choice.model, options=choice.parameters)
        case other:
            raise Invalid(
                f"no client of AutoGen's is known for the provider {other!r}",
                hint="Pass `model`: a function that makes a ChatCompletionClient of a choice.",
            )


def _tool(tool: OfferedTool) -> Any:
    from autogen_core import trace_tool_span
    from autogen_core.tools import BaseTool
    from pydantic import BaseModel

    definition = tool.definition
    base: Any = BaseTool

    class Offered(base):  # type: ignore[misc]  # the framework is not installed where types are checked
        """Its schema is the version's, and not made of a model."""

        @property
        def schema(self) -> dict[str, Any]:
            parameters = {"properties": {}, "required": [], **definition.parameters}
            return {
                "name": definition.name,
                "description": definition.description,
                "parameters": {**parameters, "type": "object"},
                "strict": False,
            }

        async def run(self, args: Any, cancellation_token: Any) -> Any:
            return await self.run_json(args.model_dump(), cancellation_token)

        async def run_json(
            self,
            args: Mapping[str, Any],
            cancellation_token: Any,  # noqa: ARG002 - as the framework has it
            call_id: str | None = None,
        ) -> Any:
            with trace_tool_span(
                tool_name=definition.name,
                tool_description=definition.description,
                tool_call_id=call_id,
            ):
                return await tool.call_async(dict(args), call_id=call_id or "")

    return Offered(BaseModel, str, definition.name, definition.description)
