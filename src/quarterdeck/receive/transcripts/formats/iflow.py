"""
iFlow CLI: JSONL lines like Claude Code's, written in another way.

While an answer streams, each line repeats the tool call of the line before, and every line has a
message id of its own: the assistant lines that follow each other are one model call.  Tokens are
always written as 0, which is no count.
"""

from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, Part, ToolCallPart
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, present, records, text
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import usage_of
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ModelCall,
    PersonAct,
    Read,
    Status,
    Transcript,
)

_NAME = "iflow"
_MAX_ERROR = 500
_STATUS: dict[str, Status] = {"success": "ok", "error": "error", "cancelled": "cancelled"}
_INTERRUPTED = "[Request interrupted by user"


def recognizes(source: Source) -> bool:
    first = mapping(source.head[0]) if source.head else {}
    return (
        first.get("type") in ("user", "assistant")
        and text(first.get("sessionId")).startswith("session-")
        and "isSidechain" in first
        and isinstance(first.get("message"), dict)
    )


class _Answer:
    """The assistant lines that follow each other."""

    def __init__(self, record: Record, heard_ns: int | None) -> None:
        self.place = record.number
        self.heard_ns = heard_ns
        self.parts: list[Part] = []
        self.ended_ns: int | None = None
        self.first_id = text(mapping(record.value.get("message")).get("id"))
        self.model = ""
        self.usage: dict[str, Any] = {}

    def add(self, value: dict[str, Any], seen: set[str]) -> None:
        """`seen`: ids of the tool calls that were told before, here or in an answer before."""
        message = mapping(value.get("message"))
        for part in message_of(message, "assistant").parts:
            if isinstance(part, ToolCallPart) and part.id:
                if part.id in seen:
                    continue
                seen.add(part.id)
            self.parts.append(part)
        self.ended_ns = instant_ns(value.get("timestamp"))
        self.model = text(message.get("model")) or self.model
        self.usage = mapping(message.get("usage")) or self.usage


class _Session:
    def __init__(self) -> None:
        self.said = Dialogue()
        self.task = ""
        self.facts: dict[str, Any] = {}
        self._answer: _Answer | None = None
        self._seen: set[str] = set()
        self._heard_ns: int | None = None

    def take(self, record: Record) -> str:
        """ "" or what could not be read."""
        value = record.value
        message = value.get("message")
        if not isinstance(message, dict):
            return f"a line of type {text(value.get('type'))!r} without a message"
        for key, name in (("cwd", "cwd"), ("gitBranch", "git_branch"), ("version", "version")):
            self.facts |= present({name: text(value.get(key))})
        if value.get("type") == "assistant":
            if self._answer is None:
                self._answer = _Answer(record, self._heard_ns)
            self._answer.add(value, self._seen)
            return ""
        self.close_answer()
        self._user(record, message)
        return ""

    def close_answer(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            return
        counts = answer.usage
        is_counted = any(counts.get(key) for key in ("input_tokens", "output_tokens"))
        start_ns = answer.heard_ns if answer.heard_ns is not None else answer.ended_ns
        self.said.call(
            ModelCall(
                id=self.said.id(answer.first_id, f"line {answer.place}"),
                start_ns=start_ns,
                end_ns=answer.ended_ns,
                status="ok",
                model=answer.model,
                output=(Message(role="assistant", parts=tuple(answer.parts)),)
                if answer.parts
                else (),
                usage=usage_of(
                    input_tokens=counts.get("input_tokens"),
                    output_tokens=counts.get("output_tokens"),
                    cache_read=counts.get("cache_read_input_tokens"),
                    cache_write=counts.get("cache_creation_input_tokens"),
                    cached="beside",
                )
                if is_counted
                else None,
            )
        )

    def _user(self, record: Record, message: dict[str, Any]) -> None:
        at_ns, place = instant_ns(record.value.get("timestamp")), f"line {record.number}"
        self._heard_ns = at_ns
        results = [b for b in records(message.get("content")) if b.get("type") == "tool_result"]
        for block in results:
            self._result(record, block, at_ns, place)
        if results:
            return
        heard = message_of(message)
        words = text_of(heard)
        self.said.hear(heard, at_ns=at_ns, place=place)
        if words.startswith(_INTERRUPTED):
            self.said.add(
                PersonAct(
                    id=self.said.id("", f"{place}/stop"), kind="stop", decision="cancelled",
                    start_ns=at_ns, end_ns=at_ns,
                )
            )  # fmt: skip
        elif record.value.get("isMeta") is not True:
            self.task = self.task or words

    def _result(self, record: Record, block: dict[str, Any], at_ns: int | None, place: str) -> None:
        extra = mapping(record.value.get("toolUseResult"))
        result = _result_of(block.get("content"))
        failed = block.get("is_error") is True
        status = _STATUS.get(text(extra.get("status")), "ok")
        status = "error" if failed and status == "ok" else status
        call_id = identifier(block.get("tool_use_id"))
        self.said.answer(
            call_id, result, tool=text(extra.get("toolName")),
            at_ns=instant_ns(extra.get("timestamp")) or at_ns, place=place, status=status,
            error=text(result)[:_MAX_ERROR] if status != "ok" else "",
        )  # fmt: skip
        if status == "cancelled":
            self.said.add(
                PersonAct(
                    id=self.said.id("", f"{place}/cancelled"), kind="approval",
                    decision="rejected", call_id=call_id, tool=text(extra.get("toolName")),
                    start_ns=at_ns, end_ns=at_ns,
                )
            )  # fmt: skip


def _result_of(content: Any) -> Any:
    """What the model was told: it stands inside what Gemini's library calls a response part."""
    answer = mapping(mapping(mapping(content).get("responseParts")).get("functionResponse"))
    response = mapping(answer.get("response"))
    if response.keys() == {"output"}:
        return response["output"]
    return response or plain(content)


def read(source: Source) -> Read:
    session = _Session()
    session_id = text(mapping(source.head[0]).get("sessionId")) if source.head else ""
    for found in read_records(source):
        if isinstance(found, Finding):
            session.said.note(found)
        elif isinstance(found, Record):
            problem = session.take(found)
            if problem:
                yield BadLine(source.shown, found.number, problem)
        else:
            yield found
    session.close_answer()
    entries, findings = session.said.close()
    yield Transcript(
        format=_NAME,
        session_id=session_id or source.stem,
        agent=_NAME,
        task=session.task,
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=session.facts,
    )


FORMAT = Format(
    name=_NAME,
    title="iFlow CLI",
    recognizes=recognizes,
    read=read,
    follows=(Followed("~/.iflow", "projects/*/session-*.jsonl"),),
)
