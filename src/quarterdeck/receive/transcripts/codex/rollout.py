"""
The lines of one rollout, read into entries.

A rollout holds what the model answered, item by item, and now and then how many tokens were
spent.  Items that follow each other are one answer, and so one model call; the token count that
comes next is its usage (`last_token_usage`).  A count that repeats the total before it (limits
were polled) is none, and one that no answer belongs to was a call of its own (a compaction).

Messages stand twice, as items and as events: the items are read.
"""

from collections import Counter
from typing import Any

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, Part, ReasoningPart, TextPart, ToolCallPart
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.codex.outputs import Output, read_output, tool_entry_id
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.token_counts import usage_of
from quarterdeck.receive.transcripts.transcript import Event, ModelCall, PersonAct, Status, ToolCall

_CALLS = {
    "function_call": "arguments",
    "custom_tool_call": "input",
    "local_shell_call": "action",
    "web_search_call": "action",
    "tool_search_call": "arguments",
    "image_generation_call": "prompt",
}
"""Items that are tool calls, and where their arguments are."""

_NAMES = {
    "local_shell_call": "local_shell", "web_search_call": "web_search",
    "tool_search_call": "tool_search", "image_generation_call": "image_generation",
}  # fmt: skip

_RUN_BY_PROVIDER = frozenset({"web_search_call", "image_generation_call"})
"""No result of theirs is recorded: that they stand here says that they ran."""

_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "tool_search_output"})

_NOT_SAID = (
    "<environment_context>", "<user_instructions>", "# AGENTS.md instructions",
    "<permissions instructions>", "<turn_aborted>", "<user_shell_command>", "<skill>",
    "<collaboration_mode>", "<subagent_notification>", "<model_switch>", "<user_action>",
    "# Context from my IDE setup:",
)  # fmt: skip


class Rollout:
    """Takes payloads in the order of the file."""

    def __init__(self) -> None:
        self.dialogue = Dialogue()
        self.task = ""
        self.model = ""
        self.provider = ""
        self.instructions = ""
        self.facts: dict[str, Any] = {}
        self.other: Counter[str] = Counter()
        self.turns = 0
        self._items: list[Part] = []
        """Of the answer that is being read."""
        self._tools: list[ToolCall] = []
        self._place = ""
        self._began_ns: int | None = None
        self._last_item_ns: int | None = None
        self._heard_ns: int | None = None
        """When the model was last told something: the next call starts there."""
        self._pending: list[ModelCall] = []
        """Answers whose tokens are not told yet, the last last."""
        self._usages: dict[str, Usage] = {}
        self._names: dict[str, str] = {}
        self._arguments: dict[str, Any] = {}
        self._called_ns: dict[str, int | None] = {}
        self._asked: dict[str, int | None] = {}
        self._is_continued = False
        """Whether the next call goes on from the one before it, and not from a compaction."""
        self._failed: dict[str, str] = {}
        self._total: dict[str, Any] = {}
        self._spent = Counter[str]()

    # -- lines -------------------------------------------------------------------------------

    def item(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        """A `response_item`."""
        kind = text(payload.get("type")) or ("message" if "role" in payload else "")
        match kind:
            case "message":
                self._message(payload, at_ns, place)
            case "reasoning":
                words = _reasoning(payload)
                self._answer(ReasoningPart(content=words) if words else None, at_ns, place)
            case _ if kind in _CALLS:
                self._call(kind, payload, at_ns, place)
            case _ if kind in _OUTPUTS:
                self._close_answer()
                self._output(payload, at_ns, place)
            case _:
                self.other[f"item/{kind}"] += 1

    def context(self, payload: dict[str, Any]) -> None:
        """A `turn_context`: how the turns from here on are run."""
        self.model = text(payload.get("model")) or self.model
        self.facts |= present(
            {
                "cwd": text(payload.get("cwd")),
                "approval_policy": text(payload.get("approval_policy")),
                "effort": text(payload.get("effort")),
            }
        )

    def compacted(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        self._close_answer()
        self._event("compaction", at_ns, place, output=text(payload.get("message")) or None)
        self._is_continued = False

    def event(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        """An `event_msg`."""
        match payload.get("type"):
            case "token_count":
                self._close_answer()
                self._counted(mapping(payload.get("info")), at_ns, place)
            case "turn_aborted":
                self._close_answer()
                self._aborted(text(payload.get("reason")), at_ns, place)
            case "task_started" | "turn_started":
                self.turns += 1
                self._heard_ns = at_ns
            case "agent_reasoning_raw_content":
                words = text(payload.get("text"))
                self._answer(ReasoningPart(content=words) if words else None, at_ns, place)
            case "exec_command_end":
                code = payload.get("exit_code")
                if isinstance(code, int) and code != 0:
                    self._failed[identifier(payload.get("call_id"))] = f"exit code {code}"
            case "exec_approval_request" | "apply_patch_approval_request":
                self._asked[identifier(payload.get("call_id"))] = at_ns
            case "error" | "stream_error":
                self._close_answer()
                self._error(payload, at_ns, place)
            case "thread_rolled_back":
                turns = told(count, payload.get("num_turns"))
                self._event("rolled back", at_ns, place, turns=turns)
            case "entered_review_mode" | "exited_review_mode":
                self._event(text(payload.get("type")).replace("_", " "), at_ns, place)
            case kind:
                self.other[f"event/{kind}"] += 1

    def begin_with(self, total: dict[str, Any]) -> None:
        """What had been spent in the session that this one goes on from."""
        self._total = total
        for name, key in (("input", "input_tokens"), ("output", "output_tokens")):
            self._spent[name] += told(count, total.get(key)) or 0

    def close(self) -> None:
        """The last answer, and the findings about all."""
        self._close_answer()
        missing = {
            name: whole - self._spent[name]
            for name, key in (("input", "input_tokens"), ("output", "output_tokens"))
            if (whole := told(count, self._total.get(key)) or 0) > self._spent[name]
        }
        if missing:
            self.dialogue.note(
                Finding(
                    code="usage_missing",
                    message=f"the session's totals hold tokens that no call tells: {missing}",
                )
            )

    def usage_of(self, call: ModelCall) -> ModelCall:
        """The call with the tokens that were told after it."""
        usage = self._usages.get(call.id)
        return call if usage is None else msgspec.structs.replace(call, usage=usage)

    # -- answers -----------------------------------------------------------------------------

    def _message(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        role = text(payload.get("role"))
        message = message_of({**payload, "type": None}, role or "user")
        if role == "assistant":
            for part in message.parts:
                self._answer(part, at_ns, place)
            return
        self._close_answer()
        self.dialogue.hear(message, at_ns=at_ns, place=place)
        self._heard_ns = at_ns
        words = "\n".join(part.content for part in message.parts if isinstance(part, TextPart))
        if role == "user" and words and not self.task and not words.startswith(_NOT_SAID):
            self.task = words

    def _answer(self, part: Part | None, at_ns: int | None, place: str) -> None:
        if not self._place:
            self._place, self._began_ns = place, at_ns
        self._last_item_ns = at_ns
        if part is not None:
            self._items.append(part)

    def _call(self, kind: str, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        call_id = identifier(payload.get("call_id")) or identifier(payload.get("id"))
        name = text(payload.get("name")) or _NAMES.get(kind, kind)
        namespace = text(payload.get("namespace"))
        arguments = payload.get(_CALLS[kind])
        if kind == "function_call":
            asked = message_of({"role": "assistant", "content": [{**payload, "type": "tool_call"}]})
            arguments = next(
                (p.arguments for p in asked.parts if isinstance(p, ToolCallPart)), arguments
            )
        self._answer(ToolCallPart(name=name, id=call_id, arguments=arguments), at_ns, place)
        self._names[call_id], self._arguments[call_id] = name, arguments
        self._called_ns[call_id] = at_ns
        runs_elsewhere = kind in _RUN_BY_PROVIDER
        self._tools.append(
            ToolCall(
                id=self.dialogue.id(tool_entry_id(call_id) if call_id else "", f"{place}/tool"),
                start_ns=at_ns,
                end_ns=at_ns if runs_elsewhere else None,
                tool=name,
                call_id="" if runs_elsewhere else call_id,
                arguments=arguments,
                status="ok" if runs_elsewhere else "unset",
                metadata=present(
                    {"namespace": namespace, "summary": payload.get("summary")}
                ),
            )
        )  # fmt: skip

    def _close_answer(self) -> None:
        """What was answered until here is one call."""
        if not self._place:
            return
        start_ns = self._heard_ns if self._heard_ns is not None else self._began_ns
        said = Message(role="assistant", parts=tuple(self._items))
        call = ModelCall(
            id=self.dialogue.id("", f"call@{self._place}"),
            start_ns=start_ns,
            end_ns=self._last_item_ns,
            status="ok",
            model=self.model,
            provider=self.provider,
            instructions="" if self.dialogue.counted(ModelCall) else self.instructions,
            output=(said,) if said.parts else (),
            continues=self._is_continued,
        )
        self._is_continued = True
        self.dialogue.call(call, own_tools=False)
        self._pending.append(call)
        for tool in self._tools:
            self.dialogue.add(tool)
        self._heard_ns = self._last_item_ns
        self._items, self._tools, self._place = [], [], ""

    # -- tokens ------------------------------------------------------------------------------

    def _counted(self, info: dict[str, Any], at_ns: int | None, place: str) -> None:
        last, total = mapping(info.get("last_token_usage")), mapping(info.get("total_token_usage"))
        if not last or (total and total == self._total):
            return
        self._total = total
        usage = usage_of(
            input_tokens=last.get("input_tokens"),
            output_tokens=last.get("output_tokens"),
            cache_read=last.get("cached_input_tokens"),
            cache_write=last.get("cache_write_input_tokens"),
            reasoning=last.get("reasoning_output_tokens"),
            cached="inside",
        )
        if usage is None or not (usage.input_tokens or usage.output_tokens):
            return
        self._spent.update(input=usage.input_tokens or 0, output=usage.output_tokens or 0)
        if not self._pending:
            call = ModelCall(
                id=self.dialogue.id("", f"call@{place}"), start_ns=self._heard_ns, end_ns=at_ns,
                model=self.model, provider=self.provider, metadata={"answer": "not recorded"},
            )  # fmt: skip
            self.dialogue.call(call, own_tools=False)
            self._pending.append(call)
        self._usages[self._pending.pop().id] = usage
        # An answer before the last one whose tokens never came keeps none.
        self._pending.clear()

    # -- tools and people --------------------------------------------------------------------

    def _output(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        call_id = identifier(payload.get("call_id"))
        output = read_output(payload.get("output", payload.get("tools")))
        tool = self._names.get(call_id, "")
        failed = self._failed.get(call_id, "")
        status: Status = output.status if output.status != "ok" or not failed else "error"
        self.dialogue.answer(
            call_id, output.result, tool=tool, at_ns=at_ns, place=place, status=status,
            error=output.error or failed, error_type=output.error_type or failed,
            metadata=output.metadata,
        )  # fmt: skip
        self._heard_ns = at_ns
        self._decided(call_id, tool, output, at_ns, place)

    def _decided(
        self, call_id: str, tool: str, output: Output, at_ns: int | None, place: str
    ) -> None:
        # Nothing ran before a refusal or an answer: all that time the person was waited for.
        waited_from = self._asked.get(call_id, self._called_ns.get(call_id))
        act = PersonAct(
            id="", kind="approval", call_id=call_id, tool=tool, start_ns=waited_from, end_ns=at_ns
        )
        arguments = mapping(self._arguments.get(call_id))
        if output.is_refused:
            act = msgspec.structs.replace(
                act, decision="rejected", question=text(arguments.get("justification"))
            )
        elif tool == "request_user_input" and output.status == "ok":
            asked = [text(one.get("question")) for one in records(arguments.get("questions"))]
            act = msgspec.structs.replace(
                act, kind="question", question="\n".join(one for one in asked if one),
                answer=text(output.result) or text(plain(output.result)),
            )  # fmt: skip
        elif call_id in self._asked:
            # How long the tool ran is in the interval, so the wait is not told.
            asked_ns = self._asked[call_id]
            act = msgspec.structs.replace(
                act, decision="approved", start_ns=asked_ns, end_ns=asked_ns
            )
        else:
            return
        self.dialogue.add(msgspec.structs.replace(act, id=self.dialogue.id("", f"{place}/person")))

    def _aborted(self, reason: str, at_ns: int | None, place: str) -> None:
        if reason in ("interrupted", ""):
            self.dialogue.add(
                PersonAct(
                    id=self.dialogue.id("", f"{place}/stop"), kind="stop", decision="cancelled",
                    start_ns=at_ns, end_ns=at_ns,
                )
            )  # fmt: skip
        else:
            self._event("turn aborted", at_ns, place, reason=reason)

    def _error(self, payload: dict[str, Any], at_ns: int | None, place: str) -> None:
        info = payload.get("codex_error_info")
        self.dialogue.call(
            ModelCall(
                id=self.dialogue.id("", f"failed@{place}"), start_ns=self._heard_ns, end_ns=at_ns,
                status="error", model=self.model, provider=self.provider,
                error=text(payload.get("message")),
                error_type=text(info) or next(iter(mapping(info)), ""),
            ),
            own_tools=False,
        )  # fmt: skip
        self._heard_ns = at_ns

    def _event(
        self, name: str, at_ns: int | None, place: str, *, output: Any = None, **metadata: Any
    ) -> None:
        self.dialogue.add(
            Event(
                id=self.dialogue.id("", f"event@{place}"), name=name, start_ns=at_ns,
                end_ns=at_ns, output=output, metadata=present(metadata),
            )
        )  # fmt: skip


def _reasoning(payload: dict[str, Any]) -> str:
    """The summary, and the reasoning itself where it is not encrypted."""
    pieces = [*records(payload.get("summary")), *records(payload.get("content"))]
    return "\n".join(words for piece in pieces if (words := text(piece.get("text"))))


def time_of(line: dict[str, Any]) -> int | None:
    """Of a line; older files have none."""
    return instant_ns(line.get("timestamp"))
