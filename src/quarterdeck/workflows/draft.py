"""
A first manifest, made of what agents were seen to do: how a team without one starts.

Everything observed is a stranger's text: names are made to fit, YAML and JSON are written by their
libraries, and what would not be accepted is left out.  What was changed, chosen or left out is
told in the notes; nothing is guessed beyond what was seen.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.errors import Misconfigured
from quarterdeck.workflows.folder_files import MAX_FILE, read_tool
from quarterdeck.workflows.folder_problems import Report, quoted
from quarterdeck.workflows.folder_references import RESERVED
from quarterdeck.workflows.folder_yaml import is_yaml_1_1_bool
from quarterdeck.workflows.starter import SCHEMA_LINE

MAX_AGENTS = 50
MAX_TOOLS = 200
MAX_TARGETS = 5
MAX_WORDS = 300
"""Characters of a role, a description, a model's name."""
MAX_PARAMETERS = 12

_NAME_CHARACTERS = 90
"""Ten are left for a number that tells two names apart."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*")
_PARAMETER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
_NOT_TEXT = {"null", "true", "false"}


class ObservedModel(msgspec.Struct, frozen=True, kw_only=True):
    model: str
    provider: str = ""
    calls: int = 1
    parameters: dict[str, Any] = {}
    """Of the call that was read last."""


class ObservedPrompt(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    calls: int = 1


class ObservedTool(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    calls: int = 0
    description: str = ""
    parameters: dict[str, Any] | None = None
    """JSON Schema of the arguments, where a sender told it."""
    approvals: int = 0
    """How often a person was asked before it ran."""


class ObservedAgent(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    role: str = ""
    models: tuple[ObservedModel, ...] = ()
    """The most used first; so are prompts."""
    prompts: tuple[ObservedPrompt, ...] = ()
    tools: tuple[str, ...] = ()
    """Used or offered."""
    handoffs: tuple[str, ...] = ()


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen in some sessions."""

    sessions: int
    agents: tuple[ObservedAgent, ...] = ()
    """The busiest first; so are tools."""
    tools: tuple[ObservedTool, ...] = ()


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    files: dict[str, str]
    """`workflow.yaml`, `prompts/*.md`, `tools/*.json`."""
    notes: tuple[str, ...]
    """For the person who goes on from here."""


def draft(observed: Observed, *, name: str) -> Draft:
    """
    A folder that `folder.read` accepts, of at least one agent.  `name` is made to fit too.

    Raises `Misconfigured` where the libraries of the extra `workflow` are missing, nothing else.
    """
    making = _Making(observed)
    files = making.files(_Names([], RESERVED).fitting(name, "my-workflow"))
    return Draft(files=files, notes=tuple(making.notes))


class _Making:
    def __init__(self, observed: Observed) -> None:
        self.notes: list[str] = []
        self._observed = observed
        agents = observed.agents[:MAX_AGENTS] or (ObservedAgent(name="assistant"),)
        if not observed.agents:
            self.notes.append("No agent named itself: all was put into one, `assistant`.")
        self._agents = self._named(agents, "agent")
        self._tools = self._named(self._own_tools()[:MAX_TOOLS], "tool")
        self._left_out("agents", len(observed.agents), MAX_AGENTS)
        self._left_out("tools", len(observed.tools), MAX_TOOLS)
        self._routes: dict[str, dict[str, Any]] = {}
        self._route_names = _Names([])
        self._files: dict[str, str] = {}

    def files(self, name: str) -> dict[str, str]:
        agents = {fit: self._agent(fit, agent) for fit, agent in self._agents.items()}
        tools = {fit: self._tool(fit, tool) for fit, tool in self._tools.items()}
        sessions = self._observed.sessions
        manifest = {
            "name": name,
            "description": f"Made of {sessions} observed session{'' if sessions == 1 else 's'}.",
            "agents": agents,
            "tools": tools,
            "models": self._routes,
        }
        said = {field: value for field, value in manifest.items() if value}
        return {"workflow.yaml": SCHEMA_LINE + _yaml(said), **self._files}

    def _own_tools(self) -> tuple[ObservedTool, ...]:
        """Without those that a framework makes of handoffs (`transfer_to_coder`)."""
        made = {f"transfer_to_{agent.name}" for agent in self._observed.agents}
        own = tuple(tool for tool in self._observed.tools if tool.name not in made)
        if len(own) < len(self._observed.tools):
            self.notes.append(
                "The tools transfer_to_… are no tools here: a framework makes them of `handoffs`."
            )
        return own

    def _named(self, seen: Iterable[Any], what: str) -> dict[str, Any]:
        names = _Names(self.notes)
        return {names.fitting(one.name, what): one for one in seen}

    def _left_out(self, what: str, count: int, limit: int) -> None:
        if count > limit:
            self.notes.append(f"{count - limit} of {count} {what} were left out: the least used.")

    def _agent(self, fit: str, agent: ObservedAgent) -> dict[str, Any]:
        tools = set(agent.tools)
        handoffs = set(agent.handoffs)
        said = {
            "role": _words(agent.role),
            "instructions": self._prompt(fit, agent.prompts),
            "model": self._route(fit, agent.models),
            "tools": [name for name, tool in self._tools.items() if tool.name in tools],
            "handoffs": [
                name
                for name, other in self._agents.items()
                if other.name in handoffs and name != fit
            ],
        }
        return {field: value for field, value in said.items() if value}

    def _prompt(self, fit: str, prompts: Sequence[ObservedPrompt]) -> str:
        texts = [prompt for prompt in prompts if _clean(prompt.text).strip()]
        if not texts:
            self.notes.append(f"No system prompt of {fit} was seen.")
            return ""
        if len(texts) > 1:
            calls = sum(prompt.calls for prompt in texts)
            self.notes.append(
                f"{fit} was seen with {len(texts)} system prompts: the file has the one of "
                f"{texts[0].calls} of {calls} calls. Texts that change with each call belong into "
                "the messages."
            )
        content = _clean(texts[0].text)
        if len(content.encode()) > MAX_FILE - 1:
            content = content.encode()[: MAX_FILE - 1].decode("utf-8", "ignore")
            self.notes.append(f"The system prompt of {fit} was cut at {MAX_FILE:,} bytes.")
        path = f"prompts/{fit}.md"
        self._files[path] = content if content.endswith("\n") else content + "\n"
        return path

    def _route(self, fit: str, models: Sequence[ObservedModel]) -> str:
        usable = [one for one in models if _words(one.model)]
        targets = [_target(model) for model in usable[:MAX_TARGETS]]
        if not targets:
            return ""
        if len(usable) > 1:
            self.notes.append(
                f"{fit} was seen with {len(usable)} models: the most used is the first target, the "
                "others follow where it fails. Conditions were not made up."
            )
        route = {"targets": targets}
        for name, other in self._routes.items():
            if other == route:
                return name
        name = self._route_names.fitting(fit, "route")
        self._routes[name] = route
        return name

    def _tool(self, fit: str, tool: ObservedTool) -> dict[str, Any]:
        said: dict[str, Any] = {}
        path = f"tools/{fit}.json"
        if tool.parameters is not None:
            content = _tool_file(fit, tool)
            if content:
                self._files[path] = content
                said["schema"] = path
            else:
                self.notes.append(f"What {fit} takes was told in a form that is no JSON Schema.")
        else:
            self.notes.append(f"Nobody told what {fit} takes: write {path}.")
        if tool.approvals:
            said["permission"] = "ask"
            self.notes.append(f"People were asked before {fit} {tool.approvals} times: it asks.")
        return said


class _Names:
    """Makes names fit, each another one, and notes what was changed."""

    def __init__(self, notes: list[str], taken: Iterable[str] = ()) -> None:
        self._notes = notes
        self._taken = set(taken)

    def fitting(self, seen: str, what: str) -> str:
        fit = re.sub(r"[^A-Za-z0-9_.-]+", "-", seen[:1000]).strip("-.")[:_NAME_CHARACTERS]
        if not fit or not fit[0].isalpha():
            fit = f"{what}-{fit}".rstrip("-")[:_NAME_CHARACTERS]
        name, number = fit, 1
        while name.casefold() in self._taken:
            number += 1
            name = f"{fit}-{number}"
        self._taken.add(name.casefold())
        if name != seen:
            self._notes.append(f"The {what} {quoted(_words(seen))} is called {name} here.")
        return name


def _target(seen: ObservedModel) -> dict[str, Any]:
    parameters = {
        name: value
        for name, value in list(seen.parameters.items())[:MAX_PARAMETERS]
        if _PARAMETER.fullmatch(name) and _is_parameter(value)
    }
    said = {
        "model": _words(seen.model),
        "provider": _words(seen.provider),
        "parameters": parameters,
    }
    return {field: value for field, value in said.items() if value}


def _is_parameter(value: object) -> bool:
    match value:
        case bool():
            return True
        case int():
            return -(2**63) <= value < 2**63
        case float():
            return value == value and abs(value) != float("inf")
        case str():
            return _words(value) == value
        case list():
            return len(value) <= 10 and all(
                isinstance(item, str) and _is_parameter(item) for item in value
            )
        case _:
            return False


def _tool_file(name: str, tool: ObservedTool) -> str:
    """The file's text; "" where `folder.read` would not take it."""
    said = {
        "name": name,
        "description": _clean(tool.description),
        "parameters": tool.parameters,
    }
    try:
        text = json.dumps(said, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        text.encode()
    except (ValueError, TypeError, RecursionError):
        return ""
    if len(text.encode()) > MAX_FILE:
        return ""
    report = Report("")
    read_tool(text, name, report)
    return "" if report.problems else text


def _clean(text: str) -> str:
    """Without what a file or a database refuses."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _words(text: str) -> str:
    """One line, without what drives a terminal, shortened."""
    clean = _clean(text[: MAX_WORDS * 4])
    shown = "".join(char if char.isprintable() else " " for char in clean)
    return " ".join(shown.split())[:MAX_WORDS].strip()


def _yaml(value: Mapping[str, Any]) -> str:
    try:
        import yaml
    except ImportError as error:
        raise Misconfigured(
            'workflow.yaml needs a library to be written: pip install "quarterdeck[workflow]"'
        ) from error

    class Dumper(yaml.SafeDumper):
        """Quotes whatever YAML 1.1 or 1.2 could take for something else than text."""

        def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
            return True

    represent: Callable[[Any, str], Any] = lambda dumper, text: dumper.represent_scalar(  # noqa: E731
        "tag:yaml.org,2002:str", text, style=None if _is_plain(text) else '"'
    )
    Dumper.add_representer(str, represent)
    dumped: str = yaml.dump(
        dict(value), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=100
    )
    return dumped


def _is_plain(text: str) -> bool:
    return bool(
        _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT and not is_yaml_1_1_bool(text)
    )
