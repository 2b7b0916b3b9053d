"""
The lines of one conversation, read into entries.

* The API streams one message as several lines with one `message.id`, a content block each, and
  repeats its usage on all of them: they are one model call.
* Lines of sub-agents may stand among the others (`isSidechain`): each such conversation becomes a
  run below the tool call that started it.
* `<synthetic>` messages are Claude Code's own words and no call, except those that tell of an API
  error: a request was made and failed.
* A branch that was left by going back is kept: its calls were made and billed.
"""

from typing import Any

import msgspec

from quarterdeck.model.messages import Message
from quarterdeck.normalize.attributes import money
from quarterdeck.receive.transcripts.claude import people
from quarterdeck.receive.transcripts.claude.acts import act_of
from quarterdeck.receive.transcripts.claude.content import (
    error_type_of,
    heard,
    parts_of,
    provider_of,
    said_by,
    texts_of,
    tier_of,
    told_by,
)
from quarterdeck.receive.transcripts.claude.requests import Requests
from quarterdeck.receive.transcripts.claude.subagents import SPAWNING_TOOLS, Spawns, tool_entry_id
from quarterdeck.receive.transcripts.claude.threads import Thread, Threads
from quarterdeck.receive.transcripts.claude.usage import later, usage_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
)

_MAX_ERROR = 500
"""Of a result that is kept whole beside it."""

_CALL_BLOCKS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})


class Conversation:
    """Takes lines in the order of the file.  `flat`: a sub-agent's own file, all of one thread."""

    def __init__(self, *, flat: bool = False) -> None:
        self.entries: list[Entry] = []
        self.task = ""
        self.command = ""
        """The first slash command: what was asked where nobody typed a prompt."""
        self.prompts = 0
        self.model = ""
        self.spawns = Spawns()
        self.unmatched: list[str] = []
        self.open: dict[str, int] = {}
        """Call id -> place of a tool call without a result."""
        self._threads = Threads(flat=flat)
        self._calls: dict[str, int] = {}
        self._tools: dict[str, int] = {}
        self.requests = Requests()
        self._ids: set[str] = set()

    # -- lines -------------------------------------------------------------------------------

    def assistant(self, record: dict[str, Any], place: str) -> str:
        """A model's answer, or a block of it.  "" or what could not be read."""
        message = record.get("message")
        if not isinstance(message, dict) or not isinstance(message.get("content"), str | list):
            return "an assistant line without a message"
        thread = self._thread(record)
        at_ns = instant_ns(record.get("timestamp"))
        if message.get("model") == "<synthetic>":
            self._own_words(record, message, thread, at_ns, place)
            return ""
        key = text(message.get("id")) or text(record.get("uuid")) or place
        parts = parts_of(message["content"])
        usage = usage_of(message.get("usage"))
        index = self._calls.get(key)
        if index is None:
            self._begin_call(record, message, key, thread, at_ns)
            index = self._calls[key]
        call = self.entries[index]
        assert isinstance(call, ModelCall)  # noqa: S101 - only `_begin_call` writes `_calls`
        said = call.output[0] if call.output else Message(role="assistant")
        reason = text(message.get("stop_reason")) or call.finish_reason
        said = Message(role="assistant", parts=(*said.parts, *parts), finish_reason=reason)
        cost = told(money, record.get("costUSD"))
        self.entries[index] = msgspec.structs.replace(
            call,
            output=(said,) if said.parts else (),
            usage=later(call.usage, usage),
            finish_reason=reason,
            recorded_cost_usd=call.recorded_cost_usd if cost is None else cost,
            end_ns=at_ns if at_ns is not None else call.end_ns,
        )
        for number, block in enumerate(records(message["content"])):
            if text(block.get("type")) in _CALL_BLOCKS:
                self._request(block, thread, at_ns, f"{place}/{number}")
            elif text(block.get("type")).endswith("_tool_result"):
                self._result(record, block, thread, at_ns, f"{place}/{number}")
        self._pass(thread, at_ns)
        return ""

    def user(self, record: dict[str, Any], place: str) -> str:
        """A prompt, tools' results, or what Claude Code says in the user's name."""
        message = record.get("message")
        if not isinstance(message, dict) or not isinstance(message.get("content"), str | list):
            return "a user line without a message"
        thread = self._thread(record)
        at_ns = instant_ns(record.get("timestamp"))
        content = message["content"]
        for number, block in enumerate(records(content)):
            if block.get("type") == "tool_result":
                self._result(record, block, thread, at_ns, f"{place}/{number}")
        message_to_model = heard(content)
        if message_to_model is not None:
            thread.new.append(message_to_model)
        texts = [content] if isinstance(content, str) else texts_of(content)
        for number, words in enumerate(texts):
            self._words(record, words, thread, at_ns, f"{place}/text{number or ''}")
        self._pass(thread, at_ns)
        return ""

    def event(
        self, name: str, record: dict[str, Any], place: str, *, words: Any = None, **metadata: Any
    ) -> None:
        """Anything else at which a viewer may want to stop."""
        thread = self._thread(record)
        at_ns = instant_ns(record.get("timestamp"))
        self._add(
            Event(
                id=self._id("event", record, place), parent=thread.run, start_ns=at_ns,
                end_ns=at_ns, name=name, input=words, metadata=present(metadata),
            )
        )  # fmt: skip

    def compacted(self, record: dict[str, Any]) -> None:
        """What the model was shown so far is replaced by what follows."""
        thread = self._thread(record)
        thread.last_call, thread.new = None, []

    def tell(self, record: dict[str, Any], message: Message) -> None:
        """What Claude Code shows the model by itself: input of the next call."""
        if message.parts:
            self._thread(record).new.append(message)

    def prompt(self, record: dict[str, Any], words: str, place: str) -> None:
        """What a person typed while the agent worked, now told to the model."""
        thread = self._thread(record)
        thread.new.extend(said_by("user", words))
        self._words(record, words, thread, instant_ns(record.get("timestamp")), place)

    def failed(
        self, record: dict[str, Any], place: str, *, error: str, error_type: str,
        attempt: int | None = None,
    ) -> None:  # fmt: skip
        """A request that the API answered with an error."""
        thread = self._thread(record)
        at_ns = instant_ns(record.get("timestamp"))
        self._add(
            ModelCall(
                id=self._id("failed", record, place), parent=thread.run,
                start_ns=self.requests.sent_ns(record, heard_ns=thread.last_ns, at_ns=at_ns),
                end_ns=at_ns, status="error", error=error, error_type=error_type, attempt=attempt,
                model=text(record.get("requestedModel")) or self.model,
                provider=provider_of(text(record.get("requestedModel")) or self.model),
                response_id=text(record.get("requestId")),
            )
        )  # fmt: skip
        self._pass(thread, at_ns)

    # -- calls ---------------------------------------------------------------------------------

    def _begin_call(
        self, record: dict[str, Any], message: dict[str, Any], key: str, thread: Thread,
        at_ns: int | None,
    ) -> None:  # fmt: skip
        model = text(message.get("model"))
        if not thread.run and model:
            self.model = model
        before = self.entries[thread.last_call] if thread.last_call is not None else None
        shown = before.output if isinstance(before, ModelCall) else ()
        self._calls[key] = len(self.entries)
        self._add(
            ModelCall(
                id=self._free(f"call:{key}"),
                parent=thread.run,
                start_ns=self.requests.sent_ns(record, heard_ns=thread.last_ns, at_ns=at_ns),
                end_ns=at_ns,
                status="ok",
                model=model,
                provider=provider_of(model),
                input=(*shown, *thread.new),
                continues=before is not None,
                response_id=text(record.get("requestId")) or text(message.get("id")),
                service_tier=tier_of(message.get("usage")),
                metadata=present({"message_id": text(message.get("id"))}),
            )
        )
        thread.new = []
        thread.refused = False
        thread.last_call = self._calls[key]

    def _own_words(
        self, record: dict[str, Any], message: dict[str, Any], thread: Thread,
        at_ns: int | None, place: str,
    ) -> None:  # fmt: skip
        if record.get("isApiErrorMessage") is True:
            self.failed(
                record, place,
                error="\n".join([*texts_of(message["content"]), text(record.get("errorDetails"))])
                .strip()[:_MAX_ERROR],
                error_type=text(record.get("apiErrorType")) or text(record.get("error")),
            )  # fmt: skip
        else:
            self._pass(thread, at_ns)

    # -- tools ---------------------------------------------------------------------------------

    def _request(
        self, block: dict[str, Any], thread: Thread, at_ns: int | None, place: str
    ) -> None:
        call_id = identifier(block.get("id"))
        if call_id and call_id in self._tools:
            return
        tool, arguments = text(block.get("name")), block.get("input")
        if call_id:
            self._tools[call_id] = self.open[call_id] = len(self.entries)
        if tool in SPAWNING_TOOLS and call_id:
            self.spawns.begin(call_id, text(mapping(arguments).get("prompt")))
        self._add(
            ToolCall(
                id=self._free(tool_entry_id(call_id) if call_id else f"tool@{place}"),
                parent=thread.run, start_ns=at_ns, tool=tool, call_id=call_id,
                arguments=arguments,
            )
        )  # fmt: skip

    def _result(
        self, record: dict[str, Any], block: dict[str, Any], thread: Thread,
        at_ns: int | None, place: str,
    ) -> None:  # fmt: skip
        call_id = identifier(block.get("tool_use_id"))
        index = self._tools.get(call_id)
        if index is None:
            self.unmatched.append(call_id or place)
            index = self._tools[call_id] = len(self.entries)
            entry_id = self._free(tool_entry_id(call_id) if call_id else f"tool@{place}")
            self._add(
                ToolCall(id=entry_id, parent=thread.run, start_ns=at_ns, tool="", call_id=call_id)
            )
        call = self.entries[index]
        if not isinstance(call, ToolCall):
            return
        result = block.get("content")
        words = result if isinstance(result, str) else "\n".join(texts_of(listing(result)))
        is_error = block.get("is_error") is True
        verdict = people.verdict_of(record, words, is_error=is_error)
        extra = mapping(record.get("toolUseResult"))
        self.spawns.name(call_id, text(extra.get("agentId")))
        refused = verdict is not None and not verdict.approved
        is_stopped = extra.get("interrupted") is True
        self.open.pop(call_id, None)
        self.entries[index] = msgspec.structs.replace(
            call,
            end_ns=at_ns,
            result=result if result is not None else "",
            status="blocked" if refused else "cancelled" if is_stopped
            else "error" if is_error else "ok",
            error=words[:_MAX_ERROR] if is_error else "",
            error_type=error_type_of(words) if is_error and not refused else "",
            metadata=call.metadata | told_by(extra),
        )  # fmt: skip
        thread.refused = thread.refused or refused
        act = act_of(record, call, words, verdict, at_ns, is_error=is_error)
        if act is not None:
            act_id = self._free(f"act:{call.call_id or call.id}")
            self._add(msgspec.structs.replace(act, id=act_id))

    # -- people --------------------------------------------------------------------------------

    def _words(
        self, record: dict[str, Any], words: str, thread: Thread, at_ns: int | None, place: str
    ) -> None:
        if record.get("isMeta") is True or record.get("isCompactSummary") is True:
            return
        match people.said(words):
            case "interrupt":
                self._interrupted(record, words, thread, at_ns, place)
            case "command":
                command = people.command_of(words) or words
                self.command = self.command or command
                self.event("slash command", record, place, words=command)
            case "notification":
                found = people.notified(words)
                self.spawns.name(found.get("tool_use_id", ""), found.get("task_id", ""))
                self.event("background task finished", record, place, words=words, **found)
            case "prompt" if not thread.run and words.strip():
                self.task = self.task or words
                self.prompts += 1
            case _:
                pass

    def _interrupted(
        self, record: dict[str, Any], words: str, thread: Thread, at_ns: int | None, place: str
    ) -> None:
        """Somebody stopped the agent; the tools that ran have no result for that reason."""
        if not (thread.refused and people.interrupts_a_tool(words)):
            self._add(
                PersonAct(
                    id=self._id("stop", record, place), parent=thread.run, kind="stop",
                    decision="cancelled", start_ns=at_ns, end_ns=at_ns,
                )
            )  # fmt: skip
        thread.refused = False
        for index in self.open.values():
            self.entries[index] = msgspec.structs.replace(
                self.entries[index], status="cancelled", end_ns=at_ns
            )
        self.open.clear()

    # -- threads -------------------------------------------------------------------------------

    def _thread(self, record: dict[str, Any]) -> Thread:
        key = self._threads.key_of(record)
        return self._threads.find(key) or self._begin_run(record, key)

    def _begin_run(self, record: dict[str, Any], key: str) -> Thread:
        content = mapping(record.get("message")).get("content")
        asked = content if isinstance(content, str) else "\n".join(texts_of(listing(content)))
        call_id = self.spawns.claim(asked, self.open)
        started: Entry | None = None
        if call_id:
            started = self.entries[self._tools[call_id]]
        arguments = mapping(started.arguments) if isinstance(started, ToolCall) else {}
        run = self._free(f"agent:{key}")
        self._add(
            AgentRun(
                id=run, parent=started.id if started is not None else "",
                start_ns=instant_ns(record.get("timestamp")),
                name=text(arguments.get("subagent_type")) or "sub-agent", input=asked or None,
            )
        )  # fmt: skip
        return self._threads.begin(key, run)

    def _pass(self, thread: Thread, at_ns: int | None) -> None:
        if at_ns is not None:
            thread.last_ns = at_ns

    # -- ids -----------------------------------------------------------------------------------

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def _id(self, kind: str, record: dict[str, Any], place: str) -> str:
        return self._free(f"{kind}:{text(record.get('uuid')) or place}")

    def _free(self, wanted: str) -> str:
        chosen, number = wanted, 2
        while chosen in self._ids:
            chosen, number = f"{wanted}#{number}", number + 1
        self._ids.add(chosen)
        return chosen

    def unanswered(self) -> list[str]:
        """Tool calls without a result that a later model call stands after."""
        last = max(
            (n for n, one in enumerate(self.entries) if isinstance(one, ModelCall)), default=-1
        )
        return [call_id for call_id, place in self.open.items() if place < last]
