"""
What agents were seen to be made of, over some sessions: prompts, tools, models, handoffs.

The facts of which `workflows/draft.py` makes a first manifest.  From each session's steps and
record, and from what a few of its model calls were given.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.messages import Message, TextPart
from quarterdeck.model.sessions import Session, Step
from quarterdeck.model.spans import Content, RawSpan, Span, Value
from quarterdeck.workflows.draft import (
    Observed,
    ObservedAgent,
    ObservedModel,
    ObservedPrompt,
    ObservedTool,
)

CALLS_READ = 2
"""Model calls of each agent and model whose content is read in one session: a prompt seldom changes
within one, and where it does, another session shows it."""
MAX_READ = 40
"""Of one session, whoever called."""
MAX_PROMPTS = 20
"""Different system prompts that are kept of one agent: one that holds the time has thousands."""

_PARAMETER = "gen_ai.request."
_PARAMETERS = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "frequency_penalty",
    "presence_penalty",
    "seed",
    "reasoning_effort",
    "stop_sequences",
)
_INVOCATION = "llm.invocation_parameters"
_SYSTEM = frozenset({"system", "developer"})
_ASKED = frozenset({"approval", "rejection", "correction"})


class ReadCall(NamedTuple):
    """A model call's step, with what it was given."""

    step: Step
    span: Span
    content: Content
    raw: RawSpan


def calls_to_read(steps: Sequence[Step]) -> list[Step]:
    """The model calls of one session that tell most: the first few of each agent and model."""
    seen: Counter[tuple[str, str]] = Counter()
    chosen: list[Step] = []
    for step in steps:
        if step.kind == "model" and seen[step.agent, step.model] < CALLS_READ:
            seen[step.agent, step.model] += 1
            chosen.append(step)
    return chosen[:MAX_READ]


class Observing:
    """Takes sessions, one by one."""

    def __init__(self) -> None:
        self._sessions = 0
        self._calls: Counter[str] = Counter()
        self._roles: dict[str, str] = {}
        self._models: dict[str, Counter[str]] = defaultdict(Counter)
        self._requested: dict[str, str] = {}
        """By the name of who served: what was asked for, which is what a route names."""
        self._providers: dict[str, str] = {}
        self._parameters: dict[tuple[str, str], dict[str, Any]] = {}
        self._prompts: dict[str, Counter[str]] = defaultdict(Counter)
        self._tools: dict[str, set[str]] = defaultdict(set)
        self._handoffs: dict[str, set[str]] = defaultdict(set)
        self._tool_calls: Counter[str] = Counter()
        self._defined: dict[str, tuple[str, dict[str, Any] | None]] = {}
        self._asked: Counter[str] = Counter()

    def take(self, session: Session, steps: Iterable[Step], read: Iterable[ReadCall]) -> None:
        self._sessions += 1
        for use in session.agents:
            self._calls[use.agent] += use.model_calls
            if use.role:
                self._roles[use.agent] = use.role
        for handoff in session.handoffs:
            if handoff.source and handoff.target:
                self._handoffs[handoff.source].add(handoff.target)
                self._calls[handoff.target] += 0
        for act in session.interventions:
            if act.tool and act.kind in _ASKED:
                self._asked[act.tool] += 1
        for step in steps:
            self._take_step(step)
        for call in read:
            self._take_call(call)

    def _take_step(self, step: Step) -> None:
        if step.kind == "tool" and step.tool:
            self._tools[step.agent].add(step.tool)
            self._tool_calls[step.tool] += 1
        elif step.kind == "model" and step.model:
            self._models[step.agent][step.model] += 1

    def _take_call(self, call: ReadCall) -> None:
        agent = call.step.agent
        text = system_text(call.content)
        prompts = self._prompts[agent]
        if text and (text in prompts or len(prompts) < MAX_PROMPTS):
            prompts[text] += 1
        model = call.step.model
        if call.span.model_requested:
            model = self._requested[model] = call.span.model_requested
        if call.span.provider:
            self._providers[model] = call.span.provider
        found = parameters_of(call.raw.attributes)
        if found:
            self._parameters[agent, model] = found
        for definition in call.content.tool_definitions:
            self._take_definition(agent, definition)

    def _take_definition(self, agent: str, definition: Value) -> None:
        name, description, parameters = defined(definition)
        if not name:
            return
        self._tools[agent].add(name)
        self._tool_calls[name] += 0
        known = self._defined.get(name)
        # What tells more stays: some senders give a name alone.
        if known is None or (known[1] is None and parameters is not None):
            self._defined[name] = (description, parameters)

    def observed(self) -> Observed:
        """All of it; agents and tools by how much they did, then by name."""
        # Calls outside of every agent are an agent's too where nobody else is told.
        names = [name for name in self._calls if name]
        if not names:
            names = [""] if self._models or self._tools else []
        return Observed(
            sessions=self._sessions,
            agents=tuple(
                self._agent(name, alone=len(names) == 1)
                for name in sorted(names, key=lambda one: (-self._calls[one], one))
            ),
            tools=tuple(
                self._tool(name)
                for name, _ in sorted(self._tool_calls.items(), key=lambda one: (-one[1], one[0]))
            ),
        )

    def _agent(self, name: str, *, alone: bool) -> ObservedAgent:
        # With one agent, what named none belongs to it.
        told = {name, ""} if alone else {name}
        models: Counter[str] = Counter()
        prompts: Counter[str] = Counter()
        for one in told:
            for model, calls in self._models.get(one, {}).items():
                models[self._requested.get(model, model)] += calls
            prompts.update(self._prompts.get(one, {}))
        return ObservedAgent(
            name=name or "assistant",
            role=self._roles.get(name, ""),
            models=tuple(
                ObservedModel(
                    model=model,
                    provider=self._providers.get(model, ""),
                    calls=calls,
                    parameters=next(
                        (
                            self._parameters[one, model]
                            for one in sorted(told, reverse=True)
                            if (one, model) in self._parameters
                        ),
                        {},
                    ),
                )
                for model, calls in sorted(models.items(), key=lambda one: (-one[1], one[0]))
            ),
            prompts=tuple(
                ObservedPrompt(text=text, calls=calls)
                for text, calls in sorted(prompts.items(), key=lambda one: (-one[1], one[0]))
            ),
            tools=tuple(sorted(set().union(*(self._tools.get(one, set()) for one in told)))),
            handoffs=tuple(sorted(self._handoffs.get(name, ()))),
        )

    def _tool(self, name: str) -> ObservedTool:
        description, parameters = self._defined.get(name, ("", None))
        return ObservedTool(
            name=name,
            calls=self._tool_calls[name],
            description=description,
            parameters=parameters,
            approvals=self._asked[name],
        )


def system_text(content: Content) -> str:
    """The instructions of a call: told apart, or the system messages at its beginning."""
    messages: Sequence[Message] = content.instructions
    if not messages:
        begun: list[Message] = []
        for message in content.input_messages:
            if message.role not in _SYSTEM:
                break
            begun.append(message)
        messages = begun
    texts = [
        part.content
        for message in messages
        for part in message.parts
        if isinstance(part, TextPart) and part.content.strip()
    ]
    return "\n\n".join(texts)


def parameters_of(attributes: Mapping[str, Value]) -> dict[str, Any]:
    """Sampling parameters as the sender's convention has them, by the provider's names."""
    found: dict[str, Any] = {}
    invoked = attributes.get(_INVOCATION)
    if isinstance(invoked, str):
        try:
            invoked = msgspec.json.decode(invoked)
        except (msgspec.DecodeError, RecursionError):
            invoked = None
    if isinstance(invoked, Mapping):
        found |= {name: invoked[name] for name in _PARAMETERS if invoked.get(name) is not None}
    for name in _PARAMETERS:
        value = attributes.get(_PARAMETER + name)
        if value is not None:
            found[name] = value
    return found


def defined(definition: Value) -> tuple[str, str, dict[str, Any] | None]:
    """Name, description and JSON Schema of a tool, as any provider's request has it."""
    if isinstance(definition, str):
        try:
            definition = msgspec.json.decode(definition)
        except (msgspec.DecodeError, RecursionError):
            return "", "", None
    if not isinstance(definition, Mapping):
        return "", "", None
    inner = definition.get("function")
    told = inner if isinstance(inner, Mapping) else definition
    name, description = told.get("name"), told.get("description")
    parameters: Any = None
    for field in ("parameters", "input_schema", "inputSchema", "parameters_json_schema"):
        if told.get(field) is not None:
            parameters = told[field]
            break
    if isinstance(parameters, str):
        try:
            parameters = msgspec.json.decode(parameters)
        except (msgspec.DecodeError, RecursionError):
            parameters = None
    return (
        name if isinstance(name, str) else "",
        description if isinstance(description, str) else "",
        dict(parameters) if isinstance(parameters, Mapping) else None,
    )
