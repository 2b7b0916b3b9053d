"""
The steps of one ATIF trajectory as entries: an agent's step is one model call and its tool calls.

A step's time is when it was written, after the call; where the latency is told, the call began
that much earlier.  Steps that were copied from another trajectory are context: what the next call
saw, and nothing that happened here.  Token ids and log probabilities are not imported.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.instants import NS_PER_MS
from quarterdeck.model.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.usage import Usage
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.dialogue import message_of, text_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.model_names import litellm_model
from quarterdeck.receive.transcripts.transcript import AgentRun, Entry, Event, ModelCall, ToolCall

MAX_DEPTH = 16
"""Sub-agents of sub-agents; real ones end at two."""

_NOT_IMPORTED = ("prompt_token_ids", "completion_token_ids", "logprobs")

_REFUSED_ANSWER = "Previous response had parsing errors:"
"""What Terminus-2 tells a model whose answer it could not use."""

_TOOL_ERRORS = ("Error:", "ERROR:")
"""ATIF has no member for a failed tool: the result's own first word is all there is."""


class Totals(NamedTuple):
    """Sums of what steps or `final_metrics` tell.  0 where nothing is told."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def plus(self, other: "Totals") -> "Totals":
        return Totals(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_usd + other.cost_usd,
        )


class Reference(NamedTuple):
    """A trajectory that a step points to."""

    session_id: str
    trajectory_id: str
    path: str
    entry: str
    """The id of the entry that points to it."""


class Trajectory:
    """One document's steps, read once; sub-agents inside it become runs below their caller."""

    def __init__(
        self, document: Mapping[str, Any], *, prefix: str = "", parent: str = "", depth: int = 0
    ) -> None:
        self._document = document
        self._agent = mapping(document.get("agent"))
        self._prefix, self._parent, self._depth = prefix, parent, depth
        self._embedded = {
            identifier(child.get("trajectory_id")) or identifier(child.get("session_id")): child
            for child in records(document.get("subagent_trajectories"))
        }
        self._new: list[Message] = []
        """What was said since the last model call."""
        self._instructions = ""
        self._is_fresh = False
        """Whether what the model saw before was replaced (a compaction)."""
        self.entries: list[Entry] = []
        self.references: list[Reference] = []
        """Those that are not embedded."""
        self.task = ""
        for place, step in enumerate(records(document.get("steps")), start=1):
            self._step(f"{prefix}{place}", step)
        for key in list(self._embedded):
            self._run_embedded(key, self._parent)

    def totals(self) -> Totals:
        """Of its own model calls, without those of sub-agents."""
        own = [e for e in self.entries if isinstance(e, ModelCall) and e.parent == self._parent]
        return Totals(
            sum((call.usage and call.usage.input_tokens) or 0 for call in own),
            sum((call.usage and call.usage.output_tokens) or 0 for call in own),
            sum((call.recorded_cost_usd or Decimal(0) for call in own), Decimal(0)),
        )

    def _step(self, id_: str, step: Mapping[str, Any]) -> None:
        source = text(step.get("source"))
        message = _message(step.get("message"), source)
        if step.get("is_copied_context") is True:
            self._hear(message)
        elif source == "agent":
            self._act(id_, step, message)
        elif source == "system":
            self._system(id_, step, message)
        else:
            self.task = self.task or text_of(message)
            self._hear(message)

    def _hear(self, message: Message) -> None:
        if message.parts:
            self._new.append(message)

    def _system(self, id_: str, step: Mapping[str, Any], message: Message) -> None:
        if not self.entries and not self._new and not self._instructions:
            self._instructions = text_of(message)
            return
        at_ns = instant_ns(step.get("timestamp"))
        results = records(mapping(step.get("observation")).get("results"))
        context = mapping(mapping(step.get("extra")).get("context_management"))
        self.entries.append(
            Event(
                id=id_,
                parent=self._parent,
                start_ns=at_ns,
                end_ns=at_ns,
                name=text(context.get("type")) or "system",
                output=text_of(message),
                input=[r.get("content") for r in results if r.get("content") is not None] or None,
                metadata=present({"extra": step.get("extra")}),
            )
        )
        if context.get("type") == "compaction" and results:
            self._new, self._is_fresh = [], True
            for result in results:
                self._hear(_message(result.get("content"), "user"))
        else:
            self._hear(message)
        for result in results:
            self._refer(id_, result)

    def _act(self, id_: str, step: Mapping[str, Any], message: Message) -> None:
        """A step of the agent: its model call, then its tools, then what came back."""
        at_ns = instant_ns(step.get("timestamp"))
        requests = records(step.get("tool_calls"))
        results = records(mapping(step.get("observation")).get("results"))
        if step.get("llm_call_count") != 0:
            self._call(id_, step, message, requests, results)
        places: dict[str, int] = {}
        for number, request in enumerate(requests, start=1):
            call_id = identifier(request.get("tool_call_id"))
            places.setdefault(call_id, len(self.entries))
            self.entries.append(
                ToolCall(
                    id=f"{id_}/{number}",
                    parent=self._parent,
                    start_ns=at_ns,
                    tool=text(request.get("function_name")),
                    call_id=call_id,
                    arguments=request.get("arguments"),
                    metadata=present({"extra": request.get("extra")}),
                )
            )
        for number, result in enumerate(results, start=1):
            self._result(f"{id_}/result {number}", result, places, at_ns)

    def _call(
        self,
        id_: str,
        step: Mapping[str, Any],
        message: Message,
        requests: Sequence[Mapping[str, Any]],
        results: Sequence[Mapping[str, Any]],
    ) -> None:
        at_ns = instant_ns(step.get("timestamp"))
        metrics = mapping(step.get("metrics"))
        latency_ms = told(parse.number, mapping(metrics.get("extra")).get("latency_ms")) or 0
        model = litellm_model(text(step.get("model_name")) or text(self._agent.get("model_name")))
        provider = litellm_model(text(self._agent.get("model_name"))).provider
        output = _output(step, message, requests)
        refused = [t for r in results if (t := _text(r.get("content"))).startswith(_REFUSED_ANSWER)]
        self.entries.append(
            ModelCall(
                id=id_,
                parent=self._parent,
                start_ns=at_ns if at_ns is None else max(1, at_ns - int(latency_ms * NS_PER_MS)),
                end_ns=at_ns,
                status="error" if refused else "unset",
                error_type="invalid_message" if refused else "",
                error=refused[0] if refused else "",
                model=model.name,
                provider=model.provider or provider,
                instructions=self._instructions,
                input=tuple(self._new),
                continues=not self._is_fresh,
                output=output,
                usage=_usage(metrics),
                recorded_cost_usd=told(parse.money, metrics.get("cost_usd")),
                finish_reason=text(mapping(metrics.get("extra")).get("finish_reason")),
                metadata=present(
                    {
                        "extra": step.get("extra"),
                        "reasoning_effort": step.get("reasoning_effort"),
                        "llm_call_count": step.get("llm_call_count"),
                        "metrics": rest(metrics, "prompt_tokens", "completion_tokens",
                                        "cached_tokens", "cost_usd", *_NOT_IMPORTED),
                    }
                ),
            )
        )  # fmt: skip
        self._new, self._instructions, self._is_fresh = list(output), "", False

    def _result(
        self, id_: str, result: Mapping[str, Any], places: Mapping[str, int], at_ns: int | None
    ) -> None:
        call_id = identifier(result.get("source_call_id"))
        content = result.get("content")
        place = places.get(call_id, next(iter(places.values())) if len(places) == 1 else None)
        if place is None:
            # An agent without tools of its own acts through its text: a terminal answers it.
            entry_id = id_
            self.entries.append(
                Event(id=id_, parent=self._parent, name="observation", start_ns=at_ns,
                      end_ns=at_ns, output=content, metadata=present({"call_id": call_id}))
            )  # fmt: skip
            if content is not None:
                self._hear(_message(content, "user"))
        else:
            asked = self.entries[place]
            entry_id = asked.id
            failed = _text(content).lstrip().startswith(_TOOL_ERRORS)
            self.entries[place] = msgspec.structs.replace(
                asked,
                result="" if content is None else content,
                status="error" if failed else "unset" if content is None else "ok",
                error=_text(content) if failed else "",
                metadata={**asked.metadata, **present({"result": result.get("extra")})},
            )
            part = ToolResultPart(id=getattr(asked, "call_id", ""), response=content)
            self._new.append(Message(role="tool", parts=(part,)))
        self._refer(entry_id, result)

    def _refer(self, entry_id: str, result: Mapping[str, Any]) -> None:
        """`subagent_trajectory_ref` is a list; ATIF 1.0 to 1.3 have one object."""
        of = result.get("subagent_trajectory_ref")
        for reference in records([of] if isinstance(of, dict) else of):
            found = Reference(
                identifier(reference.get("session_id")),
                identifier(reference.get("trajectory_id")),
                text(reference.get("trajectory_path")),
                entry_id,
            )
            key = next((k for k in (found.trajectory_id, found.session_id)
                        if k and k in self._embedded), "")  # fmt: skip
            if key:
                self._run_embedded(key, entry_id)
            else:
                self.references.append(found)

    def _run_embedded(self, key: str, parent: str) -> None:
        child = self._embedded.pop(key)
        if self._depth >= MAX_DEPTH:
            return
        run_id = f"{self._prefix}{key or 'sub-agent'}"
        taken = {entry.id for entry in self.entries}
        while run_id in taken:
            run_id += "'"
        inner = Trajectory(child, prefix=f"{run_id}/", parent=run_id, depth=self._depth + 1)
        name = text(mapping(child.get("agent")).get("name"))
        self.entries.append(
            AgentRun(id=run_id, parent=parent, name=name or "sub-agent", input=inner.task or None)
        )
        self.entries.extend(inner.entries)
        self.references.extend(inner.references)


def final_totals(document: Mapping[str, Any]) -> Totals | None:
    """None where there are none."""
    final = mapping(document.get("final_metrics"))
    found = Totals(
        told(parse.count, final.get("total_prompt_tokens")) or 0,
        told(parse.count, final.get("total_completion_tokens")) or 0,
        told(parse.money, final.get("total_cost_usd")) or Decimal(0),
    )
    return None if found == Totals() else found


def _message(value: Any, source: str) -> Message:
    role = {"agent": "assistant", "system": "system"}.get(source, "user")
    return message_of({"role": role, "content": value}, role)


def _text(content: Any) -> str:
    return content if isinstance(content, str) else text_of(_message(content, "user"))


def _output(
    step: Mapping[str, Any], message: Message, requests: Sequence[Mapping[str, Any]]
) -> tuple[Message, ...]:
    thought = text(step.get("reasoning_content"))
    parts = (
        *((ReasoningPart(content=thought),) if thought else ()),
        *(part for part in message.parts if part != TextPart(content="")),
        *_calls(requests),
    )
    return (Message(role="assistant", parts=parts),) if parts else ()


def _calls(requests: Sequence[Mapping[str, Any]]) -> Iterator[ToolCallPart]:
    for request in requests:
        yield ToolCallPart(
            name=text(request.get("function_name")),
            id=identifier(request.get("tool_call_id")),
            arguments=request.get("arguments"),
        )


def _usage(metrics: Mapping[str, Any]) -> Usage | None:
    """`prompt_tokens` includes the cached ones, as ATIF defines it."""
    usage = Usage(
        input_tokens=told(parse.count, metrics.get("prompt_tokens")),
        output_tokens=told(parse.count, metrics.get("completion_tokens")),
        cache_read_tokens=told(parse.count, metrics.get("cached_tokens")),
    )
    return None if usage == Usage() else usage
