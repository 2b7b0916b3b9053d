"""
LangGraph: a compiled graph from a workflow version, one node for each agent.

Agents are made with LangChain's `create_agent`.  Control goes from node to node by tools
`transfer_to_NAME`, which give a `Command`: whoever has control goes on until it answers.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
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
    "mcp_servers: pass their tools by hand, they do not pass the version's permissions",
    "fallbacks: pass ModelFallbackMiddleware by hand",
    "context: pass SummarizationMiddleware by hand",
)

_CALL_ID: ContextVar[str] = ContextVar("call_id", default="")
"""The model's, of the tool call that is being made."""


def agent(
    flow: Workflow,
    name: str,
    *,
    tools: Functions = (),
    model: Callable[[ModelChoice], Any] | None = None,
    checkpointer: Any = None,
    store: Any = None,
    **options: Any,
) -> Any:
    """
    The compiled graph; it begins with `name` and has all that can be handed to.

    `tools` are the functions of all agents.  `model` makes a chat model of a choice.  `options` go
    to every `create_agent` (`middleware`, `context_schema`).  Raises `QuarterdeckError`s.
    """
    from langgraph.graph import START, MessagesState, StateGraph

    names = reachable(flow, name)
    if len(names) == 1:
        alone = {"checkpointer": checkpointer, "store": store, **options}
        return _agent(flow, name, tools, model, alone)
    graph: Any = StateGraph(MessagesState)
    for one in names:
        node = _agent(flow, one, tools, model, options)
        graph.add_node(one, node, destinations=flow.agent(one).handoffs)
    graph.add_edge(START, name)
    return graph.compile(checkpointer=checkpointer, store=store, name=flow.name)


def _agent(
    flow: Workflow,
    name: str,
    tools: Functions,
    model: Callable[[ModelChoice], Any] | None,
    options: dict[str, Any],
) -> Any:
    from langchain.agents import create_agent

    config = flow.agent(name)
    choice = model_of(flow, name)
    return create_agent(
        _chat_model(choice) if model is None else model(choice),
        [
            *(_tool(tool) for tool in tools_for(flow, name, tools)),
            *(_transfer(flow.agent(target)) for target in config.handoffs),
        ],
        system_prompt=config.instructions or None,
        name=name,
        **options,
    )


def _chat_model(choice: ModelChoice) -> Any:
    from langchain.chat_models import init_chat_model

    return init_chat_model(
        choice.model,
        model_provider=choice.provider or None,
        timeout=choice.timeout_s,
        max_retries=choice.retries,
        **choice.parameters,
    )


def _tool(tool: OfferedTool) -> Any:
    from langchain_core.tools import StructuredTool

    base: Any = StructuredTool

    class Offered(base):  # type: ignore[misc]  # the framework is not installed where types are checked
        """Remembers the model's id of the call, which LangChain tells no function."""

        def run(self, *positional: Any, tool_call_id: str | None = None, **named: Any) -> Any:
            _CALL_ID.set(tool_call_id or "")
            return super().run(*positional, tool_call_id=tool_call_id, **named)

        async def arun(
            self, *positional: Any, tool_call_id: str | None = None, **named: Any
        ) -> Any:
            _CALL_ID.set(tool_call_id or "")
            return await super().arun(*positional, tool_call_id=tool_call_id, **named)

    def run(**arguments: Any) -> Any:
        return tool.call(arguments, call_id=_CALL_ID.get())

    async def run_async(**arguments: Any) -> Any:
        return await tool.call_async(arguments, call_id=_CALL_ID.get())

    definition = tool.definition
    return Offered(
        name=definition.name,
        description=definition.description,
        args_schema={"title": definition.name, **definition.parameters},
        func=None if tool.is_async else run,
        coroutine=run_async,
    )


def _transfer(target: AgentConfig) -> Any:
    from langchain.tools import ToolRuntime, tool
    from langchain_core.messages import ToolMessage
    from langgraph.types import Command

    name = f"transfer_to_{target.name}"
    description = f"Hand over to {target.name}. {target.description}".strip()

    def transfer(runtime: Any) -> Any:
        told = ToolMessage(
            f"{target.name} has taken over.", name=name, tool_call_id=runtime.tool_call_id
        )
        return Command(
            goto=target.name,
            graph=Command.PARENT,
            update={"messages": [*runtime.state["messages"], told]},
        )

    transfer.__annotations__ = {"runtime": ToolRuntime}
    return tool(name, description=description)(transfer)
