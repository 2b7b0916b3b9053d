"""
CrewAI: an `Agent` from a workflow version; others are delegated to.

An agent of `handoffs` is delegated to with CrewAI's own tools, which are offered for exactly those
agents.  An agent's role is its name in the manifest, since CrewAI finds coworkers by it; its goal
is the description and its backstory the instructions.
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
    from quarterdeck.sdk.workflow.parts import ModelChoice
    from quarterdeck.sdk.workflow.workflow import Workflow

CANNOT = (
    "handoffs: control comes back to the agent that delegated",
    "instructions word for word: CrewAI puts role, goal and backstory into a prompt of its own",
    "all of a schema: what CrewAI makes no Pydantic model of is checked, and not shown to models",
    "fallbacks: an LLM has one model",
    "mcp_servers: give `mcps` by hand, their tools do not pass the version's permissions",
    "context: CrewAI summarizes by itself",
)


def agent(
    flow: Workflow,
    name: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
    **options: Any,
) -> Any:
    """
    The `crewai.Agent`; those that it may delegate to are behind its tools.

    `tools` are the functions of all of them.  `model` makes an `LLM` of a choice.  `options` go to
    every agent (`max_iter`, `verbose`).  Raises `QuarterdeckError`s.
    """
    from crewai import Agent
    from crewai.tools.agent_tools.agent_tools import AgentTools

    built: dict[str, Any] = {}
    for one in reachable(flow, name):
        config = flow.agent(one)
        choice = model_of(flow, one)
        built[one] = Agent(
            role=one,
            goal=config.description or config.role or one,
            backstory=config.instructions or config.role or one,
            llm=_llm(choice) if model is None else model(choice),
            tools=[_tool(tool) for tool in tools_for(flow, one, tools)],
            allow_delegation=False,
            **options,
        )
    for one, made in built.items():
        coworkers = [built[target] for target in flow.agent(one).handoffs]
        if coworkers:
            made.tools = [*made.tools, *AgentTools(agents=coworkers).tools()]
    return built[name]


def _llm(choice: ModelChoice) -> Any:
    from crewai import LLM

    return LLM(
        model=f"{choice.provider or 'openai'}/{choice.model}",
        timeout=choice.timeout_s,
        max_retries=choice.retries,
        **choice.parameters,
    )


def _tool(tool: OfferedTool) -> Any:
    from crewai.tools import BaseTool
    from crewai.utilities.pydantic_schema_utils import create_model_from_schema

    definition = tool.definition
    base: Any = BaseTool

    class Offered(base):  # type: ignore[misc]  # the framework is not installed where types are checked
        def _validate_kwargs(self, kwargs: dict[str, Any]) -> dict[str, Any]:
            # CrewAI would put null where nothing was told; the guard checks the real schema.
            return kwargs

        def _run(self, **arguments: Any) -> Any:
            return tool.call(arguments)

        async def _arun(self, **arguments: Any) -> Any:
            return await tool.call_async(arguments)

    return Offered(
        name=definition.name,
        description=definition.description,
        args_schema=create_model_from_schema(
            definition.parameters, model_name=f"{definition.name}_arguments"
        ),
        # A call that is allowed once may be denied the next time.
        cache_function=lambda *_: False,
    )
