"""
`Workflow`: one version of a workflow, as an agent uses it.

What it says (`agent`, `instructions`, `tools`) never changes: a version is immutable, and a session
keeps the one that it began with.  What it decides (`check`, `authorize`, `guard`, `model`) is
decided by the version of the session around the call, where that session has loaded this workflow,
so that a function that is guarded once, at import, follows the releases.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, overload

from quarterdeck.sdk.verbs.memory import Embed, Memory
from quarterdeck.sdk.workflow.budgets import Budgets
from quarterdeck.sdk.workflow.failures import failure_of
from quarterdeck.sdk.workflow.guarding import Refused, guarded
from quarterdeck.sdk.workflow.parts import (
    AgentConfig,
    ModelChoice,
    Permit,
    Resolved,
    Source,
    ToolDefinition,
)
from quarterdeck.sdk.workflow.permitting import (
    Steps,
    escalate_steps,
    finish,
    finish_async,
    permit_steps,
)
from quarterdeck.sdk.workflow.remembering import memory_of
from quarterdeck.sdk.workflow.rules import Rules, current_session, missing
from quarterdeck.sdk.workflow.running import Classify, first_steps, run, run_async
from quarterdeck.workflows.decide import Decision, offered_to
from quarterdeck.workflows.manifest import FailureKind, Manifest, Version

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.fetching import Server

P = ParamSpec("P")
R = TypeVar("R")

NO_PARAMETERS: dict[str, Any] = {"type": "object", "properties": {}}


class Workflow:
    """Made by `qd.load_workflow`."""

    def __init__(self, *, release: Resolved, content: Version, server: Server) -> None:
        self.release = release
        """Which version this is, and how that is known."""
        self._content = content
        self.own_rules = Rules(release=release, content=content, server=server)

    # -- which one -----------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self.release.workflow

    @property
    def version(self) -> int:
        """From 1; 0 for a folder."""
        return self.release.version

    @property
    def digest(self) -> str:
        return self.release.digest

    @property
    def environment(self) -> str:
        return self.release.environment

    @property
    def arm(self) -> str:
        """`stable` or `candidate`."""
        return self.release.arm

    @property
    def source(self) -> Source:
        """`server`, `cache` (the server did not answer) or `folder`."""
        return self.release.source

    @property
    def manifest(self) -> Manifest:
        """Everything that the version says."""
        return self._content.manifest

    def __repr__(self) -> str:
        return f"Workflow({self.name!r}, version={self.version}, environment={self.environment!r})"

    # -- what it says --------------------------------------------------------------------------

    @property
    def agents(self) -> tuple[str, ...]:
        """Names, in the manifest's order."""
        return tuple(self.manifest.agents)

    def agent(self, name: str) -> AgentConfig:
        """One agent.  Raises `NotFound`."""
        found = self.manifest.agents.get(name)
        if found is None:
            raise missing("agent", name, self.manifest.agents)
        context = found.context
        return AgentConfig(
            name=name,
            role=found.role,
            description=found.description,
            instructions=self._content.prompts.get(name, ""),
            model=found.model if isinstance(found.model, str) else "",
            tools=found.tools,
            handoffs=found.handoffs,
            memory=found.memory,
            mcp_servers=found.mcp_servers,
            context=self.manifest.context.get(context) if isinstance(context, str) else None,
        )

    def instructions(self, agent: str) -> str:
        """The agent's system prompt; "" where it has none.  Raises `NotFound`."""
        return self.agent(agent).instructions

    def tools(self, agent: str | None = None) -> list[ToolDefinition]:
        """
        What an agent is offered, in its order; without a name what any agent is.

        Tools that are denied whatever their arguments are left out: a model needs no tool that it
        can't call.  Raises `NotFound`.
        """
        if agent is not None:
            self.agent(agent)
        names = offered_to(self.manifest, agent or "")
        found = [self.tool_definition(name) for name in names]
        return [tool for tool in found if tool.has_rules or tool.permission != "deny"]

    def tool_definition(self, name: str) -> ToolDefinition:
        """One tool.  Raises `NotFound`."""
        found = self.manifest.tools.get(name)
        if found is None:
            raise missing("tool", name, self.manifest.tools)
        told = self._content.tools.get(name, {})
        return ToolDefinition(
            name=name,
            description=str(told.get("description", "")),
            parameters=dict(told.get("parameters") or NO_PARAMETERS),
            permission=found.permission,
            has_rules=bool(found.rules),
            timeout_s=found.timeout_s if isinstance(found.timeout_s, int | float) else None,
            retries=found.retries,
        )

    def summary_prompt(self, context: str) -> str:
        """What a context policy's summarizer is told; "" where it has none."""
        return self._content.prompts.get(f"context:{context}", "")

    def memory(self, name: str, *, agent: str = "", embed: Embed | None = None) -> Memory:
        """
        A namespace of the version's memory, with its scope and lifetime; read-only for an `agent`
        that may not write it.

        Raises `NotFound`, `Forbidden` for an agent that is not given it, `Invalid` where it is a
        user's (or a session's, a task's) and the session around names none.
        """
        return memory_of(
            self.rules.content.manifest,
            name,
            agent=agent,
            environment=self.environment,
            session=current_session(),
            embed=embed,
        )

    @property
    def budgets(self) -> Budgets:
        """What this session may spend, has spent and has left."""
        rules = self.rules
        counter = rules.counter()
        return Budgets(
            ceilings=rules.ceilings(), spent=None if counter is None else counter.spent()
        )

    # -- tools ---------------------------------------------------------------------------------

    def check(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        agent: str = "",
        server: str = "",
    ) -> Decision:
        """
        What the version says of a call: `.permission` is allow, ask or deny, `.why` a sentence.

        Nobody is asked and nothing is recorded.
        """
        return self.rules.decide(tool, arguments or {}, agent=agent, server=server)

    def authorize(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        agent: str = "",
        server: str = "",
        call_id: str = "",
    ) -> Permit:
        """
        A permit to make a call, for code that runs and records the tool itself; waits for a person
        where one has to be asked.  Call with the permit's arguments.

        `server` is the MCP server that has the tool, `call_id` the model's id of the call.  Raises
        `ToolDenied`, `BudgetExceeded`, and `Invalid` where the arguments do not fit the schema.
        """
        return finish(self._permit(tool, arguments, agent, server, call_id))

    async def authorize_async(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None = None,
        *,
        agent: str = "",
        server: str = "",
        call_id: str = "",
    ) -> Permit:
        """`authorize`, without holding the event loop."""
        return await finish_async(self._permit(tool, arguments, agent, server, call_id))

    def guard(
        self,
        function: Callable[P, R],
        *,
        name: str = "",
        agent: str = "",
        server: str = "",
        refused: Refused = "raise",
    ) -> Callable[P, R]:
        """
        The function, called only as the version allows, and recorded as `qd.tool` does.

        `name` is the tool's, where it is not the function's.  A denied call raises `ToolDenied`;
        `refused="text"` returns its message instead, for the model to read.  Arguments that do not
        fit the schema always return a text.
        """
        return guarded(self, function, name=name, agent=agent, server=server, refused=refused)

    @overload
    def tool(self, function: Callable[P, R], /) -> Callable[P, R]: ...
    @overload
    def tool(
        self,
        name: str = "",
        /,
        *,
        agent: str = "",
        server: str = "",
        refused: Refused = "raise",
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...
    def tool(
        self,
        function: Any = "",
        /,
        *,
        agent: str = "",
        server: str = "",
        refused: Refused = "raise",
    ) -> Any:
        """`guard` as a decorator: `@flow.tool`, or `@flow.tool("refund", agent="clerk")`."""
        if callable(function) or isinstance(function, staticmethod | classmethod):
            return self.guard(function, agent=agent, server=server, refused=refused)

        def decorate(inner: Callable[P, R]) -> Callable[P, R]:
            return self.guard(
                inner, name=str(function), agent=agent, server=server, refused=refused
            )

        return decorate

    def escalate(self, *, agent: str = "") -> bool:
        """
        Ask a person where the version's escalation rules hold now; whether one had to be asked.

        Guarded tools do it before each call.  Each rule is asked once in a session.  Raises
        `ToolDenied` where the session is not to go on.
        """
        return finish(escalate_steps(self.rules, agent=agent))

    async def escalate_async(self, *, agent: str = "") -> bool:
        """`escalate`, without holding the event loop."""
        return await finish_async(escalate_steps(self.rules, agent=agent))

    # -- models --------------------------------------------------------------------------------

    def model(
        self,
        route: str,
        *,
        agent: str = "",
        task_type: str | None = None,
        complexity: float | None = None,
        input_tokens: int | None = None,
        size: str | None = None,
    ) -> ModelChoice:
        """
        Where the next call of a route goes, with what follows if it fails.

        `complexity` is 0 to 1, `size` small, medium or large: what the version's conditions see.
        Raises `NotFound`, `TryAgain` where no target's condition holds, and `BudgetExceeded`; a
        person who has to be asked about a budget is waited for.
        """
        request = _request(agent, task_type, complexity, input_tokens, size)
        return finish(first_steps(self.rules, route, request))

    def run(
        self,
        route: str,
        call: Callable[[ModelChoice], R],
        *,
        agent: str = "",
        task_type: str | None = None,
        complexity: float | None = None,
        input_tokens: int | None = None,
        size: str | None = None,
        classify: Classify = failure_of,
    ) -> R:
        """
        Call a model along a route: `flow.run("fast", lambda choice: client.create(choice.model))`.

        Failures are tried again and go to the next target as the version says; `classify` says
        which failure an error is, None for one that is to be raised.  Raises the last error.
        """
        request = _request(agent, task_type, complexity, input_tokens, size)
        return run(self.rules, route, call, request=request, classify=classify)

    async def run_async(
        self,
        route: str,
        call: Callable[[ModelChoice], Awaitable[R]],
        *,
        agent: str = "",
        task_type: str | None = None,
        complexity: float | None = None,
        input_tokens: int | None = None,
        size: str | None = None,
        classify: Classify = failure_of,
    ) -> R:
        """`run` for coroutines; each try is ended after the choice's `timeout_s`."""
        request = _request(agent, task_type, complexity, input_tokens, size)
        return await run_async(self.rules, route, call, request=request, classify=classify)

    def fallback(self, choice: ModelChoice, failure: FailureKind) -> ModelChoice | None:
        """
        What to try after `choice` failed: the same target again, or another; None = give up.

        A fallback that says `ask` gives None too: `run` asks.
        """
        rules = self.rules
        step = rules.after(choice, failure)
        if step.place is None or step.action not in ("retry", "next"):
            return None
        return rules.chosen(step.place, choice, is_retry=step.action == "retry")

    # -- for the files beside this one ---------------------------------------------------------

    @property
    def rules(self) -> Rules:
        """Of the session around, where that has loaded this workflow; else of this version."""
        current = current_session()
        found = None if current is None else current.workflows.get(self.name)
        return found.own_rules if isinstance(found, Workflow) else self.own_rules

    def _permit(
        self,
        tool: str,
        arguments: Mapping[str, Any] | None,
        agent: str,
        server: str,
        call_id: str,
    ) -> Steps[Permit]:
        return permit_steps(
            self.rules, tool, arguments or {}, agent=agent, server=server, call_id=call_id
        )


def _request(
    agent: str,
    task_type: str | None,
    complexity: float | None,
    input_tokens: int | None,
    size: str | None,
) -> dict[str, Any]:
    """What conditions of a route see of this call."""
    request = {"complexity": complexity, "input_tokens": input_tokens, "size": size}
    told: dict[str, Any] = {"request": request, "agent": agent}
    if task_type is not None:
        told["task"] = {"type": task_type}
    return told
