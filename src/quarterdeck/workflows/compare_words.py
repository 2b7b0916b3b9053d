"""
What a difference means: which area it is of, whether agents may do more or less by it, and how it
is said in one sentence.

"Widens" is said only of what lets agents do, spend or see more without asking; "narrows" of the
opposite.  What changes how they work (a prompt, a model) is a change, whatever it leads to.  A
difference that this file has no words for is told by its path and values: nothing goes untold.
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from quarterdeck.workflows.compare_fields import MISSING, ORDER, Difference, Path, spelled

Area = Literal[
    "permissions", "budgets", "prompts", "tools", "models", "memory", "context", "escalation",
    "handoffs", "mcp_servers", "learned", "other",
]  # fmt: skip
AREAS: tuple[Area, ...] = (
    "permissions", "budgets", "escalation", "handoffs", "tools", "mcp_servers", "models",
    "learned", "prompts", "memory", "context", "other",
)  # fmt: skip
"""In the order in which they are told."""
Severity = Literal["widens", "narrows", "changes"]

_MIRROR: dict[Severity, Severity] = {
    "widens": "narrows",
    "narrows": "widens",
    "changes": "changes",
}
_STRICTNESS = {"allow": 0, "ask": 1, "deny": 2}
_SHOWN_CHARACTERS = 100

_OF_AGENT: dict[str, Area] = {
    "tools": "permissions", "handoffs": "handoffs", "model": "models", "memory": "memory",
    "context": "context", "mcp_servers": "mcp_servers", "instructions": "prompts",
}  # fmt: skip
_OF_TOOL: dict[str, Area] = {
    "permission": "permissions",
    "rules": "permissions",
    "ask": "permissions",
}
_OF_ROOT: dict[str, Area] = {
    "budgets": "budgets", "prompts": "prompts", "tools": "tools", "models": "models",
    "memory": "memory", "memory_checkpoint": "memory", "context": "context",
    "escalation": "escalation", "mcp_servers": "mcp_servers", "learned": "learned",
}  # fmt: skip


def area_of(path: Path) -> Area:
    match path:
        case ("agents", _):
            return "permissions"  # who is there to do something
        case ("agents", _, field, *_):
            return _OF_AGENT.get(field, "other")
        case ("tools", _, field, *_):
            return _OF_TOOL.get(field, "tools")
        case ("mcp_servers", _, "permission" | "tools", *_):
            return "permissions"
        case ("context", _, "summary_prompt", *_):
            return "prompts"
        case _:
            return _OF_ROOT.get(path[0], "other")


def told(one: Difference, was: dict[str, Any], will: dict[str, Any]) -> tuple[Severity, str]:
    """`was` and `will` are all that the two versions say, for what stands beside the change."""
    match one.path:
        case ("tools", tool, "permission"):
            return _permission(tool, one)
        case ("mcp_servers", server, "permission"):
            return _permission(f"a tool of {server} that is not named", one)
        case ("tools", tool, "rules", "[order]"):
            return "changes", f"{tool}: the rules are tried in another order"
        case ("tools", tool, "rules", name, *rest):
            return _rule(tool, name[1:-1], rest, one, was, will)
        case ("tools", tool, "ask", "default"):
            return _by_order(
                one, {"deny": 0, "allow": 1}, f"{tool}, when nobody answers: {_arrow(one)}"
            )
        case ("tools", tool):
            return _tool(tool, one, was, will)
        case ("tools", tool, "parameters", *rest):
            return "changes", _parameter(tool, tuple(rest), one)
        case ("agents", agent):
            return _agent(agent, one)
        case ("agents", agent, field, item) if item != ORDER and field in _AGENT_LISTS:
            more, less = _AGENT_LISTS[field]
            return _came_or_went(one, agent, item[1:-1], more, less)
        case ("budgets", *rest):
            return _budget(tuple(rest), one)
        case ("escalation", item) if item != ORDER:
            return _escalation(item[1:-1], one)
        case ("escalation", item, "default"):
            text = f"when nobody answers ({item[1:-1]}): {_arrow(one)}"
            return _by_order(one, {"stop": 0, "continue": 1}, text)
        case _:
            return _other(one)


# ----------------------------------------------------------------------------- permissions


def _permission(tool: str, one: Difference) -> tuple[Severity, str]:
    words = {
        ("ask", "allow"): "may now be called without asking",
        ("deny", "allow"): "may now be called, without asking",
        ("allow", "ask"): "may be called only after asking",
        ("deny", "ask"): "may now be called, after asking",
    }
    said = words.get((one.before, one.after), "may no longer be called")
    return _by_order(one, _looseness(), f"{tool} {said}: {_arrow(one)}")


def _looseness() -> dict[str, int]:
    return {permission: -strict for permission, strict in _STRICTNESS.items()}


def _by_order(one: Difference, loose: dict[str, int], text: str) -> tuple[Severity, str]:
    was, will = loose.get(str(one.before), 0), loose.get(str(one.after), 0)
    return ("widens" if will > was else "narrows" if will < was else "changes"), text


def _rule(
    tool: str,
    name: str,
    rest: list[str],
    one: Difference,
    was: dict[str, Any],
    will: dict[str, Any],
) -> tuple[Severity, str]:
    if rest == ["permission"]:
        return _by_order(one, _looseness(), f"{tool}, when {name}: {_arrow(one)}")
    if rest == ["when"]:
        return "changes", f"{tool}: a rule's condition is another: {_arrow(one)}"
    there = one.after if one.before is MISSING else one.before
    side = will if one.before is MISSING else was
    base = side["tools"].get(tool, {}).get("permission", "allow")
    difference = _STRICTNESS.get(base, 0) - _STRICTNESS.get(there["permission"], 0)
    severity: Severity = "widens" if difference > 0 else "narrows" if difference < 0 else "changes"
    says = f"when {there['when']}: {there['permission']}"
    if one.before is MISSING:
        return severity, f"{tool} has a new rule, {says}"
    return _MIRROR[severity], f"{tool} lost the rule, {says}"


def _tool(
    tool: str, one: Difference, was: dict[str, Any], will: dict[str, Any]
) -> tuple[Severity, str]:
    side, there = (will, one.after) if one.before is MISSING else (was, one.before)
    who = [name for name, agent in side["agents"].items() if tool in agent.get("tools", ())]
    agents = ", ".join(who) or "no agent"
    permission = there.get("permission", "allow")
    if one.before is MISSING:
        severity: Severity = "changes" if permission == "deny" else "widens"
        return severity, f"new tool {tool} ({permission}), offered to {agents}"
    return (
        "changes" if permission == "deny" else "narrows"
    ), f"tool {tool} ({permission}) is gone; it was offered to {agents}"


_AGENT_LISTS = {
    "tools": ("may now use {item}", "may no longer use {item}"),
    "handoffs": ("may now hand over to {item}", "may no longer hand over to {item}"),
    "memory": ("now reads the memory {item}", "no longer reads the memory {item}"),
    "mcp_servers": (
        "may now use the tools of {item}",
        "may no longer use the tools of {item}",
    ),
}


def _came_or_went(
    one: Difference, who: str, item: str, more: str, less: str
) -> tuple[Severity, str]:
    if one.before is MISSING:
        return "widens", f"{who} {more.format(item=item)}"
    return "narrows", f"{who} {less.format(item=item)}"


def _agent(agent: str, one: Difference) -> tuple[Severity, str]:
    there = one.after if one.before is MISSING else one.before
    uses = [*there.get("tools", ()), *there.get("mcp_servers", ())]
    using = f", which may use {', '.join(uses)}" if uses else ""
    if one.before is MISSING:
        return ("widens" if uses else "changes"), f"new agent {agent}{using}"
    using = using.replace("may use", "might use")
    return ("narrows" if uses else "changes"), f"agent {agent}{using}, is gone"


# --------------------------------------------------------------------- budgets, escalation


_LIMITS = {
    "usd": "may spend {} USD",
    "tokens": "may use {} tokens",
    "model_calls": "may call models {} times",
    "tool_calls": "may call tools {} times",
    "duration_s": "may run {} seconds",
}


def _budget(path: Path, one: Difference) -> tuple[Severity, str]:
    whose = "a session" if path[0] == "session" else f"a session of {path[1]}"
    field = path[-1]
    if field == "on_exceeded":
        text = f"{whose} over its budget: {_arrow(one)}"
        return _by_order(one, {"stop": 0, "ask": 1, "warn": 2}, text)
    if field in _LIMITS:
        limit = _LIMITS[field]
        if one.after is MISSING:
            text = limit.format(f"more than {one.before}")
            return "widens", f"{whose} {text}: the limit is gone"
        if one.before is MISSING:
            return "narrows", f"{whose} {limit.format(f'at most {one.after}')}: there was no limit"
        more = _number(one.after) > _number(one.before)
        text = f"{whose} {limit.format(f'at most {one.after}')}: {_arrow(one)}"
        return ("widens" if more else "narrows"), text
    if one.before is MISSING:
        return "narrows", f"{whose} has a budget now: {_limits(one.after)}"
    if one.after is MISSING:
        return "widens", f"{whose} has no budget any more; it was: {_limits(one.before)}"
    return "changes", f"budget of {whose}: {_arrow(one)}"


def _limits(budget: Any) -> str:
    if not isinstance(budget, dict):
        return _short(budget)
    return ", ".join(f"{name} {value}" for name, value in budget.items()) or "nothing is limited"


def _number(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return Decimal(0)


def _escalation(when: str, one: Difference) -> tuple[Severity, str]:
    there = one.after if one.before is MISSING else one.before
    what = there.get("question") if isinstance(there, dict) else ""
    asked = f" ({what})" if what else ""
    if one.before is MISSING:
        return "narrows", f"a person is now asked when {when}{asked}"
    return "widens", f"a person is no longer asked when {when}{asked}"


# -------------------------------------------------------------------------- all the others


def _parameter(tool: str, path: Path, one: Difference) -> str:
    match path:
        case ("properties", name):
            return f"{tool} {_appears(one)} the argument {name}"
        case ("properties", name, "type"):
            return f"{tool}: the argument {name} is of another type: {_arrow(one)}"
        case ("required", name) if one.before is MISSING:
            return f"{tool}: the argument {name[1:-1]} has to be given now"
        case ("required", name) if one.after is MISSING:
            return f"{tool}: the argument {name[1:-1]} may be left out now"
        case ("required",):
            names = ", ".join(one.after if one.before is MISSING else one.before)
            must = "have to be given now" if one.before is MISSING else "may be left out now"
            return f"{tool}: the arguments {names} {must}"
        case ("properties", name, *rest):
            return f"{tool}: {'.'.join(rest)} of the argument {name}: {_arrow(one)}"
        case _:
            return f"{tool}: {'.'.join(('parameters', *path)).replace('.[', '[')}: {_arrow(one)}"


def _appears(one: Difference) -> str:
    return (
        "takes" if one.before is MISSING else "no longer takes" if one.after is MISSING
        else "has another definition of"
    )  # fmt: skip


def _other(one: Difference) -> tuple[Severity, str]:
    match one.path:
        case ("prompts", key):
            return "changes", _prompt(key, one)
        case ("models", route, "targets", last) if last == ORDER:
            return "changes", f"{route} tries its models in another order: {_arrow(one)}"
        case ("memory", namespace, "writers", *_):
            return _writers(namespace, one)
        case ("mcp_servers", server, "tools", *_):
            return _seen_tools(server, one)
        case ("mcp_servers", server):
            there = one.after if one.before is MISSING else one.before
            said = f"({there.get('permission', 'ask')})"
            if one.before is MISSING:
                return "widens", f"new MCP server {server} {said}"
            return "narrows", f"MCP server {server} {said} is gone"
        case ("learned", name, "uri" | "digest"):
            return "changes", f"{name} means other weights: {_arrow(one)}"
        case _:
            return "changes", f"{'.'.join(one.path).replace('.[', '[')}: {_arrow(one)}"


def _prompt(key: str, one: Difference) -> str:
    whose = (
        f"the summary prompt of context {key[8:]}"
        if key.startswith("context:")
        else f"what {key} is told"
    )
    if one.before is MISSING:
        return f"{whose} is new"
    if one.after is MISSING:
        return f"{whose} is gone"
    was, will = str(one.before).splitlines(), str(one.after).splitlines()
    return f"{whose} changed, {len(was)} → {len(will)} lines"


def _writers(namespace: str, one: Difference) -> tuple[Severity, str]:
    item = one.path[-1]
    if item == ORDER:
        return "changes", f"the writers of memory {namespace} are named in another order"
    if item != "writers":
        words = ("may now write the memory {item}", "may no longer write the memory {item}")
        who = item[1:-1]
        return _came_or_went(one, who, namespace, *words)
    if one.before is MISSING:
        return "narrows", f"only {_names(one.after)} may write the memory {namespace}"
    return "widens", f"all that read the memory {namespace} may write it"


def _seen_tools(server: str, one: Difference) -> tuple[Severity, str]:
    item = one.path[-1]
    if item == ORDER:
        return "changes", f"the tools of {server} are named in another order"
    if item != "tools":
        words = ("may now be seen on {item}", "may no longer be seen on {item}")
        return _came_or_went(one, item[1:-1], server, *words)
    if one.before is MISSING:
        return "narrows", f"of {server} only {_names(one.after)} may be seen"
    return "widens", f"all tools of {server} may be seen"


def _names(names: Any) -> str:
    return ", ".join(names) or "nobody"


def _arrow(one: Difference) -> str:
    if one.before is MISSING:
        return f"{_short(one.after)} is new"
    if one.after is MISSING:
        return f"{_short(one.before)} is gone"
    return f"{_short(one.before)} → {_short(one.after)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else spelled(value)
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"
