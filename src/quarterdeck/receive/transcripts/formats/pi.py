"""
pi: one JSONL file for each session, whose entries are a tree by `parentId`.

Going back and trying again leaves a branch that the last entry does not descend from.  Its calls
were made and paid for, so they are kept, marked with `transcript.abandoned`.  Input tokens are
counted without the cached ones.  An answer that was `aborted` was stopped by the person.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, ToolResultPart
from quarterdeck.normalize.attributes import count, money
from quarterdeck.receive.transcripts.branches import Link, active_ids
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, rest, text, told
from quarterdeck.receive.transcripts.openclaw.marks import is_openclaws
from quarterdeck.receive.transcripts.pi_messages import answer_of, counted, status_of
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import usage_disagrees
from quarterdeck.receive.transcripts.transcript import (
    Event,
    ModelCall,
    PersonAct,
    Read,
    Transcript,
)

_NAME = "pi"


def _recognizes(source: Source) -> bool:
    if source.extension != ".jsonl" or not source.head:
        return False
    first = source.head[0]
    return (
        isinstance(first, dict)
        and first.get("type") == "session"
        and {"id", "cwd", "timestamp"} <= first.keys()
        and not is_openclaws(source)
    )


def _read(source: Source) -> Read:
    said = Dialogue()
    records: list[Record] = []
    for item in read_records(source):
        if isinstance(item, Record):
            records.append(item)
        elif isinstance(item, Finding):
            said.note(item)
        else:
            yield item
    head = next((r.value for r in records if r.value.get("type") == "session"), {})
    active = active_ids(_links(records))
    by_id = {identifier(r.value.get("id")): r.value for r in records}
    last = ""
    for record in records:
        own = identifier(record.value.get("id"))
        above = identifier(record.value.get("parentId"))
        if above != last and "parentId" in record.value and last:
            said.restart(_way_to(above, by_id))
        last = own or last
        _take(said, record, abandoned=active is not None and own not in active)
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    entries, findings = said.close()
    yield Transcript(
        format=_NAME,
        session_id=identifier(head.get("id")) or source.stem,
        agent=_NAME,
        task=_task(records),
        started_ns=instant_ns(head.get("timestamp")),
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=rest(head, "type", "id", "timestamp"),
    )


def _links(records: list[Record]) -> Iterator[Link]:
    for value in (record.value for record in records):
        if "parentId" in value:
            yield Link(identifier(value.get("id")), identifier(value.get("parentId")))


def _way_to(entry_id: str, by_id: Mapping[str, dict[str, Any]]) -> list[Message]:
    """What was said from the beginning to this entry, along its branch."""
    way: list[Message] = []
    seen: set[str] = set()
    while entry_id in by_id and entry_id not in seen:
        seen.add(entry_id)
        message = mapping(by_id[entry_id].get("message"))
        if message:
            way.append(_heard(message))
        entry_id = identifier(by_id[entry_id].get("parentId"))
    return [message for message in reversed(way) if message.parts]


def _heard(message: dict[str, Any]) -> Message:
    """As the next request shows it to the model."""
    if message.get("role") == "toolResult":
        part = ToolResultPart(
            id=identifier(message.get("toolCallId")), response=plain(message.get("content"))
        )
        return Message(role="tool", name=text(message.get("toolName")), parts=(part,))
    return answer_of(message) if message.get("role") == "assistant" else message_of(message)


def _task(records: list[Record]) -> str:
    for record in records:
        message = mapping(record.value.get("message"))
        if message.get("role") == "user" and (said := text_of(message_of(message))):
            return said
    return ""


def _take(said: Dialogue, record: Record, *, abandoned: bool) -> None:
    kind = text(record.value.get("type"))
    place = f"line {record.number}"
    if kind == "session":
        return
    if kind == "message":
        _take_message(said, record, place=place, abandoned=abandoned)
        return
    at_ns = instant_ns(record.value.get("timestamp"))
    said.add(
        Event(
            id=said.id(identifier(record.value.get("id")), place),
            name=kind or "entry",
            start_ns=at_ns,
            end_ns=at_ns,
            output=record.value.get("summary"),
            metadata=rest(record.value, "type", "id", "parentId", "timestamp", "summary")
            | _marked(abandoned=abandoned),
        )
    )


def _marked(*, abandoned: bool) -> dict[str, Any]:
    return {"abandoned": True} if abandoned else {}


def _take_message(said: Dialogue, record: Record, *, place: str, abandoned: bool) -> None:
    message = mapping(record.value.get("message"))
    at_ns = instant_ns(message.get("timestamp")) or instant_ns(record.value.get("timestamp"))
    match message.get("role"):
        case "assistant":
            call = _model_call(said, record, message, at_ns=at_ns, place=place)
            call = _with(call, _marked(abandoned=abandoned))
            said.call(call)
            if message.get("stopReason") == "aborted":
                said.add(
                    PersonAct(
                        id=said.id("", f"{call.id}/stop"), kind="stop", decision="cancelled",
                        start_ns=at_ns, end_ns=at_ns,
                    )
                )  # fmt: skip
        case "toolResult":
            failed = message.get("isError") is True
            result = plain(message.get("content"))
            said.answer(
                identifier(message.get("toolCallId")),
                result,
                tool=text(message.get("toolName")),
                at_ns=at_ns,
                place=place,
                status="error" if failed else "ok",
                error=text(result) if failed else "",
                metadata=rest(mapping(message.get("details"))),
            )
        case _:
            said.hear(message_of(message), at_ns=at_ns, place=place)


def _with(call: ModelCall, metadata: dict[str, Any]) -> ModelCall:
    return msgspec.structs.replace(call, metadata={**call.metadata, **metadata})


def _model_call(
    said: Dialogue, record: Record, message: dict[str, Any], *, at_ns: int | None, place: str
) -> ModelCall:
    stop = text(message.get("stopReason"))
    usage = mapping(message.get("usage"))
    call = ModelCall(
        id=said.id(identifier(record.value.get("id")), place),
        start_ns=at_ns,
        end_ns=at_ns,
        model=text(message.get("model")),
        provider=text(message.get("provider")),
        output=(answer_of(message),),
        usage=counted(usage),
        recorded_cost_usd=told(money, mapping(usage.get("cost")).get("total")),
        response_id=text(message.get("responseId")),
        finish_reason=stop,
        status=status_of(message),
        error=text(message.get("errorMessage")),
    )
    said.note(*usage_disagrees(call.id, call.usage, told(count, usage.get("totalTokens"))))
    return call


FORMAT = Format(
    name=_NAME,
    title="pi",
    recognizes=_recognizes,
    read=_read,
    follows=(Followed("~/.pi/agent", "sessions/*/*.jsonl", "PI_CODING_AGENT_DIR"),),
)
