"""
The conversation of a τ²-bench simulation: two language models, and tools on both sides.

The loop is sequential, so what happened at a message took the time since the message before it.
Each side hears what the other says and what its own tools answer.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.usage import Usage
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.model_names import Model
from quarterdeck.receive.transcripts.transcript import Entry, Event, ModelCall, ToolCall

AGENT, USER = "agent", "user"
USER_SIMULATOR = "user simulator"

_REJECTED_AT = re.compile(r"^timestamp: (\S+)$", re.MULTILINE)
_REJECTED_COST = re.compile(r"^cost: ([0-9.eE-]+)\. Error: ", re.MULTILINE)


class Exchange:
    """Collects the entries of both sides, message by message."""

    def __init__(
        self,
        entries: list[Entry],
        models: Mapping[str, Model],
        *,
        policy: str,
        began_ns: int | None,
    ) -> None:
        """`entries` already holds the runs of the two sides; it is added to."""
        self._entries = entries
        self._models = models
        self._policy = policy
        """The domain's, told to the agent; shown with its first call."""
        self._new: dict[str, list[Message]] = {AGENT: [], USER: []}
        """What each side has heard since its last call."""
        self._open: list[int] = []
        """Places of tool calls that wait for their result, in the order of the requests."""
        self._call_ids: set[str] = set()
        self._last_ns = began_ns
        self.rejected: list[Decimal] = []
        """What each answer cost that the harness rejected; 0 = not told."""
        self.went_back = 0
        """Messages dated before the one that they follow."""
        self.reused_ids = 0
        """Tool calls with the id of an earlier one."""
        self.zero_costs = {AGENT: 0, USER: 0}
        """Calls with tokens that cost 0 by the file, of a model that somebody is paid for."""
        self.findings: list[Finding] = []

    def hear(self, place: int, message: Mapping[str, Any]) -> None:
        at_ns = instant_ns(message.get("timestamp"))
        match message.get("role"):
            case "assistant" if place == 0 and _is_canned(message):
                self._greeting(message, at_ns)
            case "assistant":
                self._call(place, message, AGENT, at_ns)
            case "user":
                self._call(place, message, USER, at_ns)
            case "tool":
                self._result(place, message, at_ns)
            case role:
                self._entries.append(
                    Event(id=f"{place}", name=f"{role or 'message'}", start_ns=at_ns, end_ns=at_ns,
                          output=dict(message))
                )  # fmt: skip
        if at_ns is not None:
            self.went_back += self._last_ns is not None and at_ns < self._last_ns
            self._last_ns = at_ns

    def _greeting(self, message: Mapping[str, Any], at_ns: int | None) -> None:
        """The harness's own first words: no model said them."""
        words = text(message.get("content"))
        self._entries.append(
            Event(id="0", parent=AGENT, name="greeting", start_ns=at_ns, end_ns=at_ns, output=words)
        )
        self._new[USER].append(Message(role="user", parts=(TextPart(content=words),)))

    def _call(self, place: int, message: Mapping[str, Any], side: str, at_ns: int | None) -> None:
        errors = listing(message.get("errors"))
        for number, error in enumerate(errors, start=1):
            self._rejection(place, number, str(error), side)
        raw = mapping(message.get("raw_data"))
        words = text(message.get("content"))
        thought = text(mapping(raw.get("message")).get("reasoning_content")) or text(
            message.get("reasoning")
        )
        requests = records(message.get("tool_calls"))
        usage = _usage(message.get("usage"))
        output = _output(words, thought, requests)
        failed = bool(errors) and not words and not requests
        self._entries.append(
            ModelCall(
                id=f"{place}",
                parent=side,
                start_ns=self._since(at_ns),
                end_ns=at_ns,
                status="error" if failed else "unset",
                error_type="invalid_message" if failed else "",
                error="the last attempt was as invalid as the ones before" if failed else "",
                model=self._models[side].name,
                provider=self._models[side].provider,
                role=USER_SIMULATOR if side == USER else "",
                instructions=self._instructions(side),
                input=tuple(self._new[side]),
                output=output,
                usage=usage,
                recorded_cost_usd=self._cost(message.get("cost"), side, usage),
                finish_reason=text(raw.get("finish_reason")),
                attempt=len(errors) + 1 if errors else None,
            )
        )
        # The next call sees its own answer, too.
        self._new[side] = list(output)
        for number, request in enumerate(requests, start=1):
            self._request(f"{place}/{number}", request, side, at_ns)
        if words and not requests:
            other = USER if side == AGENT else AGENT
            self._new[other].append(Message(role="user", parts=(TextPart(content=words),)))

    def _rejection(self, place: int, number: int, error: str, side: str) -> None:
        """An attempt that the harness threw away, from the text that it left."""
        at = _REJECTED_AT.search(error)
        at_ns = instant_ns(at[1]) if at else None
        cost = _REJECTED_COST.search(error)
        usd = self._cost(cost[1], side, None) if cost else None
        self.rejected.append(usd or Decimal(0))
        self._entries.append(
            ModelCall(
                id=f"{place}.rejected.{number}",
                parent=side,
                start_ns=self._since(at_ns),
                end_ns=at_ns,
                status="error",
                error_type="invalid_message",
                error=error[cost.end() :] if cost else error,
                input=tuple(self._new[side]),
                model=self._models[side].name,
                provider=self._models[side].provider,
                role=USER_SIMULATOR if side == USER else "",
                output=(Message(role="assistant", parts=(TextPart(content=error),)),),
                recorded_cost_usd=usd,
                attempt=number,
            )
        )
        self._last_ns = at_ns or self._last_ns

    def _request(self, id_: str, request: Mapping[str, Any], side: str, at_ns: int | None) -> None:
        call_id = identifier(request.get("id"))
        self.reused_ids += call_id in self._call_ids
        self._call_ids.add(call_id)
        self._open.append(len(self._entries))
        self._entries.append(
            ToolCall(
                id=id_,
                parent=side,
                start_ns=at_ns,
                tool=text(request.get("name")),
                call_id=call_id,
                arguments=request.get("arguments"),
            )
        )

    def _result(self, place: int, message: Mapping[str, Any], at_ns: int | None) -> None:
        call_id = identifier(message.get("id"))
        side = USER if message.get("requestor") == "user" else AGENT
        content = message.get("content")
        failed = message.get("error") is True
        part = ToolResultPart(id=call_id, response=content)
        self._new[side].append(Message(role="tool", parts=(part,)))
        waiting = [i for i in self._open if getattr(self._entries[i], "call_id", "") == call_id]
        if not waiting:
            self.findings.append(
                Finding(code="unmatched_result", message=f"message {place} is a tool's result for"
                        f" the call {call_id!r}, which nobody made: shown without arguments")
            )  # fmt: skip
            self._entries.append(ToolCall(id=f"{place}", parent=side, start_ns=at_ns, tool="",
                                          call_id=call_id))  # fmt: skip
            waiting = [len(self._entries) - 1]
            self._open.append(waiting[0])
        self._open.remove(waiting[0])
        self._entries[waiting[0]] = msgspec.structs.replace(
            self._entries[waiting[0]],
            end_ns=at_ns,
            result=content,
            status="error" if failed else "ok",
            error=text(content) if failed else "",
        )

    def _cost(self, given: Any, side: str, usage: Usage | None) -> Decimal | None:
        """A 0 is what LiteLLM says of a model whose price it does not know."""
        usd = told(parse.money, given)
        if usd == 0 and not self._models[side].is_self_hosted:
            self.zero_costs[side] += usage is not None
            return None
        return usd

    def _since(self, at_ns: int | None) -> int | None:
        """When what ended at `at_ns` began: at the end of what was before it."""
        if at_ns is None or self._last_ns is None:
            return at_ns
        return min(self._last_ns, at_ns)

    def _instructions(self, side: str) -> str:
        """The policy, once: it is the same in every call of the agent."""
        if side != AGENT:
            return ""
        policy, self._policy = self._policy, ""
        return policy


def _is_canned(message: Mapping[str, Any]) -> bool:
    return not message.get("tool_calls") and not message.get("usage") and not message.get("errors")


def _output(words: str, thought: str, requests: list[dict[str, Any]]) -> tuple[Message, ...]:
    calls = (
        ToolCallPart(name=text(request.get("name")), id=identifier(request.get("id")),
                     arguments=request.get("arguments"))
        for request in requests
    )  # fmt: skip
    parts = (
        *((ReasoningPart(content=thought),) if thought else ()),
        *((TextPart(content=words),) if words else ()),
        *calls,
    )
    return (Message(role="assistant", parts=parts),) if parts else ()


def _usage(value: Any) -> Usage | None:
    counts = mapping(value)
    usage = Usage(
        input_tokens=told(parse.count, counts.get("prompt_tokens")),
        output_tokens=told(parse.count, counts.get("completion_tokens")),
    )
    return None if usage == Usage() else usage
