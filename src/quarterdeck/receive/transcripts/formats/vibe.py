"""
Mistral Vibe: a folder for each session with `messages.jsonl` and `meta.json`.

Messages tell no times and no tokens; the meta file tells when the session began and ended, its
model, and the tokens of all calls together.
"""

from contextlib import suppress
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import count, money
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import STEPS_UNTIMED, instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import mapping, rest, text, told
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import disagreement, totals_only, usage_of
from quarterdeck.receive.transcripts.transcript import Event, ModelCall, Read, Total, Transcript

_NAME = "vibe"
_MESSAGES = "messages.jsonl"
_META = "meta.json"


def _recognizes(source: Source) -> bool:
    if source.name != _MESSAGES:
        return False
    if not source.head:
        # A session that was opened and never used: there is nothing in it to know it by.
        with suppress(OSError):
            return source.path.stat().st_size == 0
        return False
    first = source.head[0]
    return isinstance(first, dict) and {"role", "message_id"} <= first.keys()


def _belongs(source: Source) -> bool:
    return source.name == _META and source.beside(_MESSAGES) is not None


def _read(source: Source) -> Read:
    said = Dialogue()
    beside = source.beside(_META)
    meta = mapping(beside.top) if beside is not None else {}
    task, messages = "", 0
    for item in read_records(source):
        if isinstance(item, Finding):
            said.note(item)
        elif not isinstance(item, Record):
            yield item
        else:
            messages += 1
            if item.value.get("role") == "user":
                task = task or text_of(message_of(item.value))
            _take(said, item, model=text(meta.get("model")))
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    yield _transcript(source, said, meta, task=task, messages=messages)


def _transcript(
    source: Source, said: Dialogue, meta: dict[str, Any], *, task: str, messages: int
) -> Transcript:
    stats = mapping(meta.get("stats"))
    total = _total(said, meta, stats)
    if total is not None:
        said.add(total)
    said.note(
        *disagreement("total_messages", told(count, meta.get("total_messages")), messages),
    )
    started_ns = instant_ns(meta.get("start_time"))
    if started_ns is not None:
        said.note(STEPS_UNTIMED)
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=text(meta.get("session_id")) or source.path.parent.name,
        agent=_NAME,
        task=task,
        started_ns=started_ns,
        ended_ns=instant_ns(meta.get("end_time")),
        entries=entries,
        written_ns=source.written_ns,
        recorded_cost_usd=told(money, stats.get("session_cost")),
        findings=findings,
        metadata=rest(meta, "session_id", "start_time", "end_time", "model", "total_messages"),
    )


def _total(said: Dialogue, meta: dict[str, Any], stats: dict[str, Any]) -> Event | None:
    usage = usage_of(
        input_tokens=stats.get("session_prompt_tokens"),
        output_tokens=stats.get("session_completion_tokens"),
        cached="inside",
    )
    if usage is None:
        return None
    whole = told(count, stats.get("session_total_llm_tokens"))
    parts = (usage.input_tokens or 0) + (usage.output_tokens or 0)
    said.note(totals_only("the session"), *disagreement("session_total_llm_tokens", whole, parts))
    return Event(
        id=said.id("", "total"),
        name="tokens of all calls",
        total=Total(model=text(meta.get("model")), usage=usage),
    )


def _take(said: Dialogue, record: Record, *, model: str) -> None:
    place = f"line {record.number}"
    match record.value.get("role"):
        case "assistant":
            said.call(
                ModelCall(
                    id=said.id(text(record.value.get("message_id")), place),
                    model=model,
                    output=(message_of(record.value, "assistant"),),
                )
            )
        case "tool":
            said.answer(
                text(record.value.get("tool_call_id")),
                record.value.get("content"),
                tool=text(record.value.get("name")),
                place=place,
                status="unset",
            )
        case _:
            said.hear(message_of(record.value), place=place)


FORMAT = Format(
    name=_NAME,
    title="Mistral Vibe",
    recognizes=_recognizes,
    read=_read,
    belongs=_belongs,
    follows=(Followed("~/.vibe/logs/session", "*/messages.jsonl"),),
)
