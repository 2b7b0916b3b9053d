"""
What names which in a manifest: agents, tools, routes, namespaces, policies, servers, conditions.

Looks at the parsed file, not at the typed manifest, so that it tells of these problems too where
the file's shape is wrong elsewhere.  What has the wrong shape is passed over here.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from quarterdeck.workflows import conditions
from quarterdeck.workflows.folder_problems import Path, Report, did_you_mean, quoted
from quarterdeck.workflows.folder_schema import as_list, as_map

SECTIONS = ("agents", "tools", "models", "memory", "context", "mcp_servers", "learned")
_NAMED_BY_AGENTS = {
    "tools": "tools",
    "handoffs": "agents",
    "memory": "memory",
    "mcp_servers": "mcp_servers",
}
"""A list of an agent, and the section that has what it names."""
RESERVED = frozenset({"drafts"})
"""Names that a workflow can't have: its address would be another thing's."""
_LIMITS = ("usd", "tokens", "model_calls", "tool_calls", "duration_s")


def check_references(value: object, report: Report) -> None:
    """Tell of every name that nothing has, of what is used nowhere, and of bad conditions."""
    said = as_map(value)
    references = _References({name: as_map(said.get(name)) for name in SECTIONS}, report)
    references.agents()
    references.models()
    references.memory_and_context()
    name = said.get("name")
    if isinstance(name, str) and name in RESERVED:
        report.error(("name",), f"{quoted(name)} is reserved", "choose another name")
    _check_collisions(said, report)
    _check_conditions(said, report)
    _check_budgets(as_map(said.get("budgets")), report)
    for name, entry in references.sections["learned"].items():
        if as_map(entry).get("digest") is None and isinstance(entry, dict):
            told = "has no digest: what it names may change without a new version"
            report.warn_of_key(("learned", name), told)
    references.unused()


class _References:
    """Checks names, and remembers which were used."""

    def __init__(self, sections: Mapping[str, Mapping[str, Any]], report: Report) -> None:
        self.sections = sections
        self._report = report
        self._used: set[tuple[str, str]] = set()

    def use(self, section: str, name: object, at: Path) -> None:
        """`name` at `at` means an entry of `section`."""
        if not isinstance(name, str):
            return
        self._used.add((section, name))
        if name not in self.sections[section]:
            hint = did_you_mean(name, self.sections[section]) or f"{section} is empty"
            self._report.error(at, f"{quoted(name)} is not in {section}", hint)

    def agents(self) -> None:
        for name, agent in self.sections["agents"].items():
            at: Path = ("agents", name)
            said = as_map(agent)
            for field, section in _NAMED_BY_AGENTS.items():
                self._list(as_list(said.get(field)), section, (*at, field))
            for index, other in enumerate(as_list(said.get("handoffs"))):
                if other == name:
                    self._report.error((*at, "handoffs", index), "a handoff to itself")
            for field, section in (("model", "models"), ("context", "context")):
                if field in said:
                    self.use(section, said[field], (*at, field))
            _check_registered(said.get("instructions"), (*at, "instructions"), self._report)
            if isinstance(agent, dict) and "instructions" not in said:
                self._report.warn_of_key(at, "has no instructions")

    def _list(self, names: Any, section: str, at: Path) -> None:
        seen = set()
        for index, name in enumerate(names):
            self.use(section, name, (*at, index))
            if isinstance(name, str) and name in seen:
                self._report.warn((*at, index), f"{quoted(name)} is named twice")
            seen.add(name if isinstance(name, str) else None)

    def models(self) -> None:
        for name, route in self.sections["models"].items():
            at: Path = ("models", name)
            targets = as_list(as_map(route).get("targets"))
            for index, target in enumerate(targets):
                if "adapter" in as_map(target):
                    self.use("learned", target["adapter"], (*at, "targets", index, "adapter"))
            if targets and all("when" in as_map(target) for target in targets):
                self._report.warn(
                    (*at, "targets"),
                    "every target has a condition: where none holds, the call fails",
                    "end with a target without when",
                )
            self._fallbacks(name, as_list(as_map(route).get("fallbacks")), at)

    def _fallbacks(self, route: str, fallbacks: Any, at: Path) -> None:
        seen: set[str] = set()
        for index, fallback in enumerate(fallbacks):
            said = as_map(fallback)
            place: Path = (*at, "fallbacks", index)
            if "route" in said:
                self.use("models", said["route"], (*place, "route"))
                if said["route"] == route:
                    self._report.error((*place, "route"), "a fallback to the route itself")
                if said.get("action", "next") != "next":
                    self._report.error((*place, "route"), "a route goes with action: next only")
            for position, kind in enumerate(as_list(said.get("on"))):
                if kind in seen:
                    self._report.warn(
                        (*place, "on", position),
                        f"{quoted(kind)} is in an earlier fallback, which holds",
                    )
                if isinstance(kind, str):
                    seen.add(kind)

    def memory_and_context(self) -> None:
        for name, namespace in self.sections["memory"].items():
            writers = as_list(as_map(namespace).get("writers"))
            self._list(writers, "agents", ("memory", name, "writers"))
        for name, policy in self.sections["context"].items():
            at: Path = ("context", name)
            said = as_map(policy)
            if "summarizer" in said:
                self.use("models", said["summarizer"], (*at, "summarizer"))
            if ("summarizer" in said) != ("summarize_above_tokens" in said):
                self._report.warn_of_key(
                    at, "summarizer and summarize_above_tokens mean nothing alone"
                )
            _check_registered(said.get("summary_prompt"), (*at, "summary_prompt"), self._report)

    def unused(self) -> None:
        by_agents = "no agent names it"
        for section, why in (
            ("tools", by_agents),
            ("models", "no agent, fallback or context policy names it"),
            ("memory", by_agents),
            ("context", by_agents),
            ("mcp_servers", by_agents),
            ("learned", "no target names it"),
        ):
            for name in self.sections[section]:
                if (section, name) not in self._used:
                    self._report.warn_of_key((section, name), f"{quoted(name)} is unused: {why}")


def _check_registered(value: object, at: Path, report: Report) -> None:
    if isinstance(value, dict) and ("version" in value) == ("digest" in value):
        report.error(at, "needs one of version and digest, and not both")


def _check_collisions(said: Mapping[str, Any], report: Report) -> None:
    """Names that differ by case only: filters, files and people take them for one."""
    for section in SECTIONS:
        folded: dict[str, str] = {}
        for name in as_map(said.get(section)):
            other = folded.setdefault(name.casefold(), name)
            if other != name:
                report.error_of_key(
                    (section, name), f"{quoted(name)} and {quoted(other)} differ by case only"
                )


def _check_budgets(budgets: Mapping[str, Any], report: Report) -> None:
    parts: list[tuple[Path, object]] = [
        (("budgets", "tasks", task), budget)
        for task, budget in as_map(budgets.get("tasks")).items()
    ]
    if "session" in budgets:
        parts.append((("budgets", "session"), budgets["session"]))
    for at, budget in parts:
        if isinstance(budget, dict) and not any(limit in budget for limit in _LIMITS):
            report.warn_of_key(at, "limits nothing", f"give one of {', '.join(_LIMITS)}")


def _check_conditions(said: Mapping[str, Any], report: Report) -> None:
    for at, expression, place in _conditions(said):
        if not isinstance(expression, str) or not expression:
            continue
        if len(expression) > conditions.MAX_EXPRESSION:
            continue  # The schema has told of it.
        compiled = conditions.compile(expression, place)
        if isinstance(compiled, conditions.Failed):
            report.error(at, f"not a condition: {compiled.reason}")
            continue
        failed = conditions.try_out(compiled)
        if failed:
            report.error(at, f"a condition without an answer: {failed.reason}")


def _conditions(said: Mapping[str, Any]) -> Iterator[tuple[Path, object, conditions.Place]]:
    for name, tool in as_map(said.get("tools")).items():
        for index, rule in enumerate(as_list(as_map(tool).get("rules"))):
            yield ("tools", name, "rules", index, "when"), as_map(rule).get("when"), "permission"
    for name, route in as_map(said.get("models")).items():
        for index, target in enumerate(as_list(as_map(route).get("targets"))):
            yield ("models", name, "targets", index, "when"), as_map(target).get("when"), "route"
    for index, escalation in enumerate(as_list(said.get("escalation"))):
        yield ("escalation", index, "when"), as_map(escalation).get("when"), "escalation"
