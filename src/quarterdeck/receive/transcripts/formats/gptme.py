"""
gptme: a folder for each session with `conversation.jsonl`, one message a line.

Times have no zone.  Tools are called by code blocks in the text, so the file tells their results
but neither their names nor their arguments.  Input tokens are counted without the cached ones.
"""

from collections.abc import Iterator
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import money
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import TIMEZONE_UNKNOWN, instant_ns, names_zone
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import mapping, rest, text, told
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import usage_of
from quarterdeck.receive.transcripts.transcript import ModelCall, Read, Transcript

_NAME = "gptme"
_ROLES = frozenset({"system", "user", "assistant", "tool"})
_TOOLS_UNNAMED = Finding(
    code="tool_unnamed",
    message="tools are called inside the text: results are told, their tools' names and "
    "arguments are not",
)


def _recognizes(source: Source) -> bool:
    if source.extension != ".jsonl" or not source.head:
        return False
    first = source.head[0]
    return (
        isinstance(first, dict)
        and text(first.get("role")) in _ROLES
        and {"content", "timestamp"} <= first.keys()
        and not first.keys() & {"type", "message_id", "id"}
    )


def _read(source: Source) -> Read:
    said = Dialogue()
    task = ""
    for item in read_records(source):
        if isinstance(item, Finding):
            said.note(item)
        elif not isinstance(item, Record):
            yield item
        else:
            role = text(item.value.get("role"))
            said.note(*_gaps(item.value, role))
            if role == "user":
                task = task or text_of(message_of(item.value))
            _take(said, item)
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    entries, findings = said.close()
    yield Transcript(
        format=_NAME,
        session_id=_session_id(source),
        agent=_NAME,
        task=task,
        entries=entries,
        written_ns=source.written_ns,
        # Results without a call are how gptme writes them: `tool_unnamed` tells it already.
        findings=[finding for finding in findings if finding.code != "unmatched_result"],
    )


def _session_id(source: Source) -> str:
    """The folder is the session; a file by another name was moved out of it."""
    return source.path.parent.name if source.stem == "conversation" else source.stem


def _gaps(message: dict[str, Any], role: str) -> Iterator[Finding]:
    if not names_zone(message.get("timestamp", 0)):
        yield TIMEZONE_UNKNOWN
    if role == "tool":
        yield _TOOLS_UNNAMED


def _take(said: Dialogue, record: Record) -> None:
    place = f"line {record.number}"
    at_ns = instant_ns(record.value.get("timestamp"))
    match record.value.get("role"):
        case "assistant":
            said.call(_model_call(said, record, at_ns=at_ns, place=place))
        case "tool":
            said.answer(
                text(record.value.get("call_id")),
                record.value.get("content"),
                at_ns=at_ns,
                place=place,
                status="unset",
            )
        case _:
            said.hear(message_of(record.value), at_ns=at_ns, place=place)


def _model_call(said: Dialogue, record: Record, *, at_ns: int | None, place: str) -> ModelCall:
    metadata = mapping(record.value.get("metadata"))
    usage = mapping(metadata.get("usage"))
    return ModelCall(
        id=said.id("", place),
        start_ns=at_ns,
        end_ns=at_ns,
        model=text(metadata.get("model")),
        output=(message_of(record.value, "assistant"),),
        usage=usage_of(
            input_tokens=usage.get("input_tokens"),
            output_tokens=usage.get("output_tokens"),
            cache_read=usage.get("cache_read_tokens"),
            cache_write=usage.get("cache_creation_tokens"),
            cached="beside",
        ),
        recorded_cost_usd=told(money, metadata.get("cost")),
        metadata=rest(metadata, "model", "usage", "cost"),
    )


FORMAT = Format(
    name=_NAME,
    title="gptme",
    recognizes=_recognizes,
    read=_read,
    follows=(Followed("~/.local/share/gptme/logs", "*/conversation.jsonl", "GPTME_LOGS_HOME"),),
)
