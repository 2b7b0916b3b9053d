"""What a workflow version gives an agent, typed: agents, tools, model choices, permits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from quarterdeck.workflows.decide import Decision
from quarterdeck.workflows.manifest import ContextPolicy, Permission
from quarterdeck.workflows.routing import Place

Source = Literal["server", "cache", "folder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """Which version runs, and how that is known."""

    workflow: str
    environment: str
    version: int
    """From 1; 0 for a folder, which nobody numbered."""
    digest: str
    arm: Literal["stable", "candidate"] = "stable"
    release_id: str = ""
    """The canary that chose it, "" without one."""
    source: Source = "server"
    """`cache`: the server did not answer."""
    stale_s: float = 0.0
    """Seconds since the server told what the environment runs; 0 where it just did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """One agent of the version."""

    name: str
    role: str
    description: str
    instructions: str
    """Its system prompt; "" where it has none."""
    model: str
    """A route for `Workflow.model`; "" where it has none."""
    tools: tuple[str, ...]
    """Those that it is offered, in the manifest's order."""
    handoffs: tuple[str, ...]
    memory: tuple[str, ...]
    """Namespaces that it reads."""
    mcp_servers: tuple[str, ...]
    context: ContextPolicy | None
    """What of a conversation is kept; None where the version does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolDefinition:
    """A tool as a model is told of it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    permission: Permission
    """Where no rule holds: what a call comes to is known with its arguments."""
    has_rules: bool
    timeout_s: float | None
    retries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """Where a model call goes."""

    route: str
    model: str
    provider: str
    parameters: dict[str, Any]
    """Sampling, as the provider names it."""
    timeout_s: float
    retries: int
    """More tries here before the next choice, on failures that another try may cure."""
    adapter: str
    """The entry of `learned` that this target serves; "" = none."""
    fallbacks: tuple[ModelChoice, ...] = ()
    """What follows in the route, for these conditions; `Workflow.fallback` says what to take."""
    tries: int = 1
    """The how manieth try of the call this is, from 1."""
    fallback_from: str = ""
    """The model that failed before; "" at the first."""
    request: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What the choice was made for; the next one is made for the same."""
    place: Place = field(default=Place("", 0), repr=False)
    tried: tuple[Place, ...] = field(default=(), repr=False)
    tries_here: int = field(default=1, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """A tool call that may be made."""

    tool: str
    arguments: dict[str, Any]
    """To call with: the person's, where one changed them."""
    call_id: str
    """Joins request, approval and call; the model's own where it gave one."""
    decision: Decision
    is_changed: bool = False
    by: str = ""
    """Who approved; "" where nobody had to."""
