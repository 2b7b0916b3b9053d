"""
A recorded dialogue, message by message, as model calls and tool calls.

Most recorders write the messages and not the calls.  Each assistant message is then one model
call, whose input is what was said since the previous one, and each tool call in it is an entry of
its own, which the result that names it completes.

Ids of messages become ids of entries; one that comes twice is told apart by its place.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.normalize.messages import read_messages
from quarterdeck.receive.transcripts.amounts import so_many, some
from quarterdeck.receive.transcripts.transcript import (
    Entry,
    ModelCall,
    Status,
    ToolCall,
)

UNNAMED = "unnamed"
"""A tool whose name the recorder does not tell."""


def message_of(value: Mapping[str, Any], role: str = "user") -> Message:
    """A message of any known shape; an unknown one has no parts."""
    found = read_messages(dict(value), role).messages
    return found[0] if found else Message(role=role)


def text_of(message: Message) -> str:
    """What it says, without reasoning, tools and media."""
    return "\n".join(part.content for part in message.parts if isinstance(part, TextPart))


def plain(content: Any) -> Any:
    """A list of nothing but text parts as one text; any other content as it is."""
    if isinstance(content, list) and content:
        texts = [item.get("text") for item in content if isinstance(item, dict)]
        if len(texts) == len(content) and all(isinstance(said, str) for said in texts):
            return "\n".join(said for said in texts if isinstance(said, str))
    return content


class Read(NamedTuple):
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


class Dialogue:
    """Collects entries in the order in which the messages are told."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._ids: set[str] = set()
        self._new: list[Message] = []
        """What was said since the last model call."""
        self._open: dict[str, int] = {}
        """Call id -> place of the tool call that waits for its result."""
        self._whole = False
        """Whether what was said since is all that the next call sees."""
        self._without_call: list[str] = []
        self._findings: dict[Finding, None] = {}

    def note(self, *findings: Finding) -> None:
        """What is to be told about the session; the same is told once."""
        self._findings |= dict.fromkeys(findings)

    def id(self, spelled: str, place: str) -> str:
        """An id for the next entry: `spelled` if it is there and free, else made of `place`."""
        chosen = spelled or place
        if chosen in self._ids:
            chosen = f"{chosen}@{place}"
        while chosen in self._ids:
            chosen += "'"
        self._ids.add(chosen)
        return chosen

    def restart(self, messages: Sequence[Message]) -> None:
        """Somebody went back: the next call sees these, and not what was said last."""
        self._new = list(messages)
        self._whole = True

    def hear(self, message: Message, *, at_ns: int | None = None, place: str = "") -> None:
        """A message to the model.  Tool results in it complete their calls."""
        if not message.parts:
            return
        self._new.append(message)
        for part in message.parts:
            if isinstance(part, ToolResultPart):
                self._complete(part.id, part.response, at_ns=at_ns, place=place)

    def answer(
        self,
        call_id: str,
        result: Any,
        *,
        tool: str = "",
        at_ns: int | None = None,
        place: str = "",
        status: Status = "ok",
        error: str = "",
        error_type: str = "",
        metadata: Mapping[str, Any] = {},
    ) -> None:
        """A tool's result, that is also told to the model."""
        self._new.append(
            Message(role="tool", name=tool, parts=(ToolResultPart(id=call_id, response=result),))
        )
        self._complete(
            call_id, result, tool=tool, at_ns=at_ns, place=place, status=status,
            error=error, error_type=error_type, metadata=metadata,
        )  # fmt: skip

    def call(self, call: ModelCall, *, own_tools: bool = True) -> None:
        """
        A model's answer, to all that was heard since the last one.

        `own_tools` False: the recorder writes tool calls as entries of their own.
        """
        input_ = (*call.input, *self._new)
        continues = call.continues and not self._whole
        self._entries.append(msgspec.structs.replace(call, input=input_, continues=continues))
        self._whole = False
        # The next request shows the model what it said itself.
        self._new = list(call.output)
        if own_tools:
            self._request(call)

    def add(self, entry: Entry) -> None:
        """Anything else; a tool call waits for its result if it has none."""
        if isinstance(entry, ToolCall) and entry.call_id and entry.result is None:
            self._open[entry.call_id] = len(self._entries)
        self._entries.append(entry)

    def amend(self, entry_id: str, **changes: Any) -> None:
        """What the recorder told of an entry after it; an unknown id changes nothing."""
        for place in range(len(self._entries) - 1, -1, -1):
            if self._entries[place].id == entry_id:
                self._entries[place] = msgspec.structs.replace(self._entries[place], **changes)
                return

    @property
    def is_empty(self) -> bool:
        """Whether nobody said anything."""
        return not self._entries and not self._new

    def counted(self, kind: type[Entry]) -> int:
        """How many entries of one kind there are so far."""
        return sum(isinstance(entry, kind) for entry in self._entries)

    def close(self) -> Read:
        """All entries, and what did not fit together."""
        if self._without_call:
            self.note(
                Finding(
                    code="unmatched_result",
                    message=f"{so_many(len(self._without_call), 'tool result')} without a recorded "
                    f"call: {some(self._without_call)}; shown as calls without arguments",
                )
            )
        unanswered = self._unanswered()
        if unanswered:
            self.note(
                Finding(
                    code="result_missing",
                    message=f"{so_many(len(unanswered), 'tool call')} without a recorded result, "
                    f"although the session went on: {some(unanswered)}",
                )
            )
        return Read(tuple(self._entries), tuple(self._findings))

    def _request(self, call: ModelCall) -> None:
        asked = [p for m in call.output for p in m.parts if isinstance(p, ToolCallPart)]
        for number, part in enumerate(asked, start=1):
            at_ns = call.end_ns if call.end_ns is not None else call.start_ns
            self.add(
                ToolCall(
                    id=self.id("", f"{call.id}/{number}"),
                    parent=call.parent,
                    agent=call.agent,
                    start_ns=at_ns,
                    tool=part.name or UNNAMED,
                    call_id=part.id,
                    arguments=part.arguments,
                )
            )

    def _complete(
        self,
        call_id: str,
        result: Any,
        *,
        tool: str = "",
        at_ns: int | None = None,
        place: str = "",
        status: Status = "ok",
        error: str = "",
        error_type: str = "",
        metadata: Mapping[str, Any] = {},
    ) -> None:
        index = self._open.pop(call_id, None)
        if index is None:
            self._without_call.append(call_id or tool or place)
            self._entries.append(
                ToolCall(
                    id=self.id("", f"result {place or len(self._entries)}"), start_ns=at_ns,
                    end_ns=at_ns, tool=tool or UNNAMED, call_id=call_id, result=result,
                    status=status, error=error, error_type=error_type, metadata=dict(metadata),
                )
            )  # fmt: skip
            return
        open_call = self._entries[index]
        assert isinstance(open_call, ToolCall)  # noqa: S101 - only `add` writes `_open`
        self._entries[index] = msgspec.structs.replace(
            open_call,
            end_ns=at_ns,
            result=result,
            status=status,
            error=error,
            error_type=error_type,
            metadata={**open_call.metadata, **metadata},
        )

    def _unanswered(self) -> list[str]:
        last = max(
            (place for place, entry in enumerate(self._entries) if isinstance(entry, ModelCall)),
            default=-1,
        )
        return [call_id for call_id, place in self._open.items() if place < last]
