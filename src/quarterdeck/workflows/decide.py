"""
May this agent make this tool call?  What the manifest says, and nothing else.

Default deny: a tool that the manifest does not name, or that the agent is not offered, is refused.
Of a tool's rules the first whose condition holds decides.  A condition that fails (`conditions.py`)
can only make the answer stricter: as strict as its own rule, as the tool's permission, and as what
the rules after it say, whichever is strictest.  So no arguments that a model makes up can open
what a rule closes.

Not here: asking the person, and what happens without an answer.
"""

from collections.abc import Container, Mapping
from typing import Any

import msgspec

from quarterdeck.workflows.conditions import Failed, holds
from quarterdeck.workflows.manifest import (
    Ask,
    Escalation,
    Manifest,
    McpServer,
    Permission,
    Tool,
)

_STRICTNESS: dict[Permission, int] = {"allow": 0, "ask": 1, "deny": 2}

ESCALATION = "escalation"
"""How the rule of an escalation is called: `escalation 1: …`, from 1 in the manifest's order."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What holds for one call."""

    permission: Permission
    why: str
    """A sentence for the model and for people, without a period."""
    rule: str = ""
    """What decided, as the manifest writes it: `rule 2: args.amount > 100`; "" = no rule did."""
    ask: Ask | None = None
    """How the person is asked; None unless `permission` is `ask`."""
    escalations: tuple[int, ...] = ()
    """Those that hold, from 0: an answer to this question answers them too."""
    failed: tuple[str, ...] = ()
    """Conditions that gave no answer, each with the reason."""


class _Ruling(msgspec.Struct, kw_only=True):
    permission: Permission
    why: str
    rule: str = ""
    failed: list[str] = []


def permission_of(
    manifest: Manifest,
    tool: str,
    *,
    agent: str = "",
    server: str = "",
    variables: Mapping[str, Any],
    answered: Container[int] = (),
) -> Decision:
    """
    What the manifest says of a call of `tool` by `agent`.

    `agent` "" is one that nobody named: then some agent has to be offered the tool.  `server` is
    the MCP server that has the tool.  `variables` are those of conditions: `args`, `session`,
    `task`, `user`, `environment`; tool and agent are added.  `answered` are escalations (from 0)
    that a person has let pass in this session.
    """
    refused = _not_offered(manifest, tool, agent=agent, server=server)
    if refused:
        return Decision(permission="deny", why=refused)
    known = {**variables, "tool": tool, "agent": agent}
    said = manifest.tools.get(tool)
    ask = Ask() if said is None else said.ask
    if said is None:
        ruling = _of_server(server, manifest.mcp_servers[server], tool)
    else:
        ruling = _of_tool(tool, said, known)
    if ruling.permission == "deny":
        return _decision(ruling, None)
    raised = raised_by(manifest, variables=known, answered=answered)
    ruling.failed += raised.failed
    if not raised.indexes:
        return _decision(ruling, ask if ruling.permission == "ask" else None)
    if ruling.permission == "ask":
        # One question for both, and the more careful of both answers where nobody answers.
        both = msgspec.structs.replace(
            ask, default="deny" if "deny" in (ask.default, raised.ask.default) else "allow"
        )
        return _decision(ruling, both, raised.indexes)
    ruling.permission, ruling.why, ruling.rule = "ask", raised.why, raised.rule
    return _decision(ruling, raised.ask, raised.indexes)


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """Escalations that hold."""

    indexes: tuple[int, ...] = ()
    """From 0, in the manifest's order; () = nobody has to be asked."""
    ask: Ask = Ask()
    """The first one's, with the stricter default of all."""
    why: str = ""
    rule: str = ""
    failed: tuple[str, ...] = ()


def raised_by(
    manifest: Manifest, *, variables: Mapping[str, Any], answered: Container[int] = ()
) -> Raised:
    """Which escalations hold now.  One whose condition fails counts as holding."""
    found: list[tuple[int, Escalation]] = []
    failed: list[str] = []
    for index, escalation in enumerate(manifest.escalation):
        if index in answered:
            continue
        result = holds(escalation.when, "escalation", variables)
        if isinstance(result, Failed):
            failed.append(f"{ESCALATION} {index + 1}: {escalation.when}: {result.reason}")
        if isinstance(result, Failed) or result:
            found.append((index, escalation))
    if not found:
        return Raised(failed=tuple(failed))
    index, first = found[0]
    stops = any(escalation.default == "stop" for _, escalation in found)
    return Raised(
        indexes=tuple(index for index, _ in found),
        ask=Ask(
            question=first.question,
            timeout_s=first.timeout_s,
            default="deny" if stops else "allow",
        ),
        why=f"a person is asked where {first.when}",
        rule=f"{ESCALATION} {index + 1}: {first.when}",
        failed=tuple(failed),
    )


def offered_to(manifest: Manifest, agent: str) -> tuple[str, ...]:
    """The tools of `tools` that an agent is offered, in its order; of "" those of any agent."""
    if agent:
        known = manifest.agents.get(agent)
        return () if known is None else tuple(t for t in known.tools if t in manifest.tools)
    offered = {tool for one in manifest.agents.values() for tool in one.tools}
    return tuple(tool for tool in manifest.tools if tool in offered)


def conditions_in(manifest: Manifest) -> tuple[str, ...]:
    """Every condition of the manifest: () = it can be followed without a library for CEL."""
    rules = [rule.when for tool in manifest.tools.values() for rule in tool.rules]
    targets = [
        target.when
        for route in manifest.models.values()
        for target in route.targets
        if isinstance(target.when, str)
    ]
    return (*rules, *targets, *(escalation.when for escalation in manifest.escalation))


def stricter(one: Permission, other: Permission) -> Permission:
    return one if _STRICTNESS[one] >= _STRICTNESS[other] else other


def _not_offered(manifest: Manifest, tool: str, *, agent: str, server: str) -> str:
    """Why the agent may not see the tool at all; "" = it may."""
    if agent and agent not in manifest.agents:
        return f"the workflow has no agent {agent!r}"
    if server:
        known = manifest.mcp_servers.get(server)
        if known is None:
            return f"the workflow has no MCP server {server!r}"
        if not isinstance(known.tools, msgspec.UnsetType) and tool not in known.tools:
            return f"the workflow does not show the tool {tool!r} of the MCP server {server!r}"
    elif tool not in manifest.tools:
        return f"the workflow has no tool {tool!r}"
    agents = [manifest.agents[agent]] if agent else list(manifest.agents.values())
    if any(tool in one.tools or (server and server in one.mcp_servers) for one in agents):
        return ""
    whose = f"agent {agent!r}" if agent else "no agent"
    verb = "is not offered" if agent else "is offered"
    return f"{whose} {verb} the tool {tool!r}"


def _of_server(name: str, server: McpServer, tool: str) -> _Ruling:
    why = f"{server.permission} is what holds for tools of the MCP server {name!r}, as {tool!r}"
    return _Ruling(permission=server.permission, why=why)


def _of_tool(name: str, tool: Tool, variables: Mapping[str, Any]) -> _Ruling:
    """By the first rule that holds; rules that fail are a floor below which nothing goes."""
    floor: tuple[Permission, str] = ("allow", "")
    failed: list[str] = []
    ruling = _Ruling(
        permission=tool.permission, why=f"{tool.permission} is what holds for {name!r}"
    )
    for number, rule in enumerate(tool.rules, 1):
        spelled = f"rule {number}: {rule.when}"
        result = holds(rule.when, "permission", variables)
        if isinstance(result, Failed):
            failed.append(f"{spelled}: {result.reason}")
            strict = stricter(rule.permission, tool.permission)
            if stricter(floor[0], strict) != floor[0]:
                floor = (strict, spelled)
        elif result:
            why = f"{rule.permission} is what holds for {name!r} where {rule.when}"
            ruling = _Ruling(permission=rule.permission, why=why, rule=spelled)
            break
    if stricter(ruling.permission, floor[0]) != ruling.permission:
        why = f"a condition of {name!r} could not be checked, so {floor[0]} is what holds"
        ruling = _Ruling(permission=floor[0], why=why, rule=floor[1])
    ruling.failed = failed
    return ruling


def _decision(ruling: _Ruling, ask: Ask | None, escalations: tuple[int, ...] = ()) -> Decision:
    return Decision(
        permission=ruling.permission,
        why=ruling.why,
        rule=ruling.rule,
        ask=ask,
        escalations=escalations,
        failed=tuple(ruling.failed),
    )
