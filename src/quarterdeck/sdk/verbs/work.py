"""
The verbs for what agents do: `agent`, `tool`, `model_call`, `step` and `handoff`.

Attributes are OpenTelemetry's (`gen_ai.*`), ours only for what it lacks, so that any other
OpenTelemetry backend understands the spans too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from opentelemetry.context import get_current

from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.runtime import Running
from quarterdeck.sdk.verbs.blocks import Block
from quarterdeck.sdk.verbs.content import as_attribute, as_messages, as_text, word
from quarterdeck.sdk.verbs.wrapping import Decorating, is_function

P = ParamSpec("P")
R = TypeVar("R")


class Agent(Decorating):
    """An agent at work."""

    __slots__ = ("_input", "_name", "_role")

    def __init__(self, name: object, *, role: object, given: object) -> None:
        super().__init__()
        self._name, self._role, self._input = name, role, given

    def _again(self, name: str) -> Agent:
        return Agent(self._name or name, role=self._role, given=self._input)

    def _called(self, arguments: Mapping[str, Any]) -> None:
        if self._input is None and arguments:
            self._input = next(iter(arguments.values())) if len(arguments) == 1 else arguments

    def _returned(self, result: object) -> None:
        if result is not None:
            self.output(result)

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        name = word(self._name or "agent")
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.agent.name": name,
        }
        if self._role is not None:
            attributes["quarterdeck.role"] = word(self._role)
        if self._input is not None and running.options.capture_content:
            attributes["gen_ai.input.messages"] = as_messages(self._input, role="user")
        return f"invoke_agent {name}", attributes

    def output(self, value: object) -> None:
        """What it came to: a text, messages, or any value."""
        _content(self, "gen_ai.output.messages", value)


class Tool(Decorating):
    """A tool call."""

    __slots__ = ("_arguments", "_call_id", "_name")

    def __init__(self, name: object, *, arguments: object, call_id: object) -> None:
        super().__init__()
        self._name, self._arguments, self._call_id = name, arguments, call_id

    def _again(self, name: str) -> Tool:
        return Tool(self._name or name, arguments=self._arguments, call_id=self._call_id)

    def _called(self, arguments: Mapping[str, Any]) -> None:
        if self._arguments is None:
            self._arguments = arguments

    def _returned(self, result: object) -> None:
        self.result(result)

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        name = word(self._name or "tool")
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
        }
        if self._call_id is not None:
            attributes["gen_ai.tool.call.id"] = word(self._call_id)
        if self._arguments is not None and running.options.capture_content:
            attributes["gen_ai.tool.call.arguments"] = as_text(self._arguments)
        return f"execute_tool {name}", attributes

    def result(self, value: object) -> None:
        """What came back."""
        _text(self, "gen_ai.tool.call.result", value)


class ModelCall(Decorating):
    """A model call, for clients that no instrumentation knows."""

    __slots__ = ("_input", "_model", "_provider", "_role")

    def __init__(self, model: object, *, provider: object, given: object, role: object) -> None:
        super().__init__()
        self._model, self._provider, self._input, self._role = model, provider, given, role

    def _again(self, _name: str) -> ModelCall:
        return ModelCall(self._model, provider=self._provider, given=self._input, role=self._role)

    def _called(self, arguments: Mapping[str, Any]) -> None:
        if self._input is None and arguments:
            self._input = next(iter(arguments.values())) if len(arguments) == 1 else arguments

    def _returned(self, result: object) -> None:
        if result is not None:
            self.output(result)

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        model = word(self._model)
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": model,
        }
        if self._provider is not None:
            attributes["gen_ai.provider.name"] = word(self._provider)
        if self._role is not None:
            attributes["quarterdeck.role"] = word(self._role)
        if self._input is not None and running.options.capture_content:
            attributes["gen_ai.input.messages"] = as_messages(self._input, role="user")
        return f"chat {model}", attributes

    def output(self, value: object) -> None:
        """What the model answered: messages, or a text."""
        _content(self, "gen_ai.output.messages", value)

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Counts nest: `input_tokens` includes cached ones, `output_tokens` reasoning."""
        try:
            counts: dict[str, Any] = {}
            if input_tokens is not None:
                counts["gen_ai.usage.input_tokens"] = _count(input_tokens)
            if output_tokens is not None:
                counts["gen_ai.usage.output_tokens"] = _count(output_tokens)
            if cached_tokens is not None:
                counts["gen_ai.usage.cache_read.input_tokens"] = _count(cached_tokens)
            if cache_write_tokens is not None:
                counts["gen_ai.usage.cache_write.input_tokens"] = _count(cache_write_tokens)
            if reasoning_tokens is not None:
                counts["gen_ai.usage.reasoning.output_tokens"] = _count(reasoning_tokens)
            self._add(counts)
        except Exception as error:  # noqa: BLE001 - the rim
            swallow("usage", error)

    def response(
        self,
        *,
        id: str | None = None,  # noqa: A002 - the provider's word
        model: str | None = None,
        finish_reason: str | None = None,
    ) -> None:
        """What the provider said of its answer: `model` is the one that served it."""
        try:
            said: dict[str, Any] = {}
            if id is not None:
                said["gen_ai.response.id"] = word(id)
            if model is not None:
                said["gen_ai.response.model"] = word(model)
            if finish_reason is not None:
                said["gen_ai.response.finish_reasons"] = (word(finish_reason),)
            self._add(said)
        except Exception as error:  # noqa: BLE001 - the rim
            swallow("response", error)


class Step(Decorating):
    """Any other piece of work."""

    __slots__ = ("_input", "_name")

    def __init__(self, name: object, *, given: object) -> None:
        super().__init__()
        self._name, self._input = name, given

    def _again(self, name: str) -> Step:
        return Step(self._name or name, given=self._input)

    def _called(self, arguments: Mapping[str, Any]) -> None:
        if self._input is None and arguments:
            self._input = arguments

    def _returned(self, result: object) -> None:
        if result is not None:
            self.output(result)

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        attributes: dict[str, Any] = {"quarterdeck.kind": "step"}
        if self._input is not None and running.options.capture_content:
            attributes["gen_ai.input.messages"] = as_messages(self._input, role="user")
        return word(self._name or "step"), attributes

    def output(self, value: object) -> None:
        """What it came to."""
        _content(self, "gen_ai.output.messages", value)


@overload
def agent(name: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def agent(name: str | None = None, *, role: str | None = None, input: object = None) -> Agent: ...
def agent(
    name: Any = None,
    *,
    role: str | None = None,
    input: object = None,  # noqa: A002 - the word that users know, here and below
) -> Any:
    """
    An agent at work: `with qd.agent("planner", role="planner") as agent:`.

    Also `async with`, and a decorator, with or without arguments: what the function is given and
    returns are then the agent's input and output.  `role` is what it is used for, by which
    sessions are compared.
    """
    if is_function(name):
        return Agent(None, role=role, given=input)(name)
    return Agent(name, role=role, given=input)


@overload
def tool(name: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def tool(
    name: str | None = None, *, arguments: object = None, call_id: str | None = None
) -> Tool: ...
def tool(name: Any = None, *, arguments: object = None, call_id: str | None = None) -> Any:
    """
    A tool call: `with qd.tool("read_file", arguments={"path": path}) as tool:`.

    As a decorator, with or without arguments, it records arguments and result by itself.
    `call_id` is the id that the model gave the call: it joins request, approval and call.
    """
    if is_function(name):
        return Tool(None, arguments=arguments, call_id=call_id)(name)
    return Tool(name, arguments=arguments, call_id=call_id)


def model_call(
    model: str,
    *,
    provider: str | None = None,
    input: object = None,  # noqa: A002
    role: str | None = None,
) -> ModelCall:
    """
    A call of a model through a client that nobody instruments.

    Where `qd.init()` has instrumented the client, this would count the call again.
    """
    return ModelCall(model, provider=provider, given=input, role=role)


def step(name: str, *, input: object = None) -> Step:  # noqa: A002
    """Any other piece of work that should be seen: a phase, a check, a retrieval of your own."""
    return Step(name, given=input)


def handoff(to: str, *, source: str | None = None) -> None:
    """Control passes to another agent.  `source` is the agent around it if left out."""
    attributes: dict[str, Any] = {"quarterdeck.kind": "step"}
    try:
        attributes["quarterdeck.handoff.to"] = word(to)
        if source is not None:
            attributes["quarterdeck.handoff.from"] = word(source)
        moment("handoff", attributes)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("handoff", error)


class Moment(Block):
    """Something that happens at once."""

    __slots__ = ("_attributes", "_name")

    def __init__(self, name: str, attributes: dict[str, Any]) -> None:
        super().__init__()
        self._name, self._attributes = name, attributes

    def _begin(self, _running: Running) -> tuple[str, dict[str, Any]]:
        return self._name, self._attributes


def moment(name: str, attributes: dict[str, Any]) -> None:
    """A span without duration, now: a person's wait must not be measured by it."""
    running = runtime.running
    if running is not None:
        span = Moment(name, attributes)._begun(running, get_current())  # noqa: SLF001
        span.end(getattr(span, "start_time", None))


def _count(value: object) -> Any:
    return value if type(value) is int else as_attribute(value)


def _text(block: Block, key: str, value: object) -> None:
    try:
        if block._captures:  # noqa: SLF001 - the handles of this file are blocks
            block._add({key: as_text(value)})  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - the rim
        swallow(type(block).__name__, error)


def _content(block: Block, key: str, value: object) -> None:
    try:
        if block._captures:  # noqa: SLF001
            block._add({key: as_messages(value, role="assistant")})  # noqa: SLF001
    except Exception as error:  # noqa: BLE001 - the rim
        swallow(type(block).__name__, error)
