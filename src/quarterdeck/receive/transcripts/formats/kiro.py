"""
Kiro CLI (and Amazon Q CLI before it): a SQLite database whose rows are conversations, as JSON.

A row's value that was written to a file of its own is read as well.  Tokens are not told.
The `transcript` in it repeats what was said as lines of text and is left out.
"""

import re
from collections.abc import Iterator
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart, ToolCallPart
from quarterdeck.receive.transcripts.beginnings import begins_an_object, begins_like
from quarterdeck.receive.transcripts.databases import Database, has_table, opened
from quarterdeck.receive.transcripts.dialogue import Dialogue
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    rest,
    text,
)
from quarterdeck.receive.transcripts.source import Source, content_id, decode
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ModelCall,
    PersonAct,
    Read,
    Status,
    Transcript,
)

_NAME = "kiro"
_TABLES = ("conversations_v2", "conversations")
_PAYLOADS = frozenset({".json", ".txt"})
_CUT = re.compile(rb'\s*\{\s*"conversation_id"\s*:\s*"[^"]*"\s*,\s*"history"\s*:')


def _recognizes(source: Source) -> bool:
    if source.extension in _PAYLOADS:
        if not begins_an_object(source):
            return False
        if source.top is None:
            return begins_like(source, _CUT)
        return source.has_keys("conversation_id", "history") and isinstance(
            source.top["history"], list
        )
    return any(has_table(source, table, "key", "value") for table in _TABLES)


def _read(source: Source) -> Read:
    if source.extension in _PAYLOADS:
        yield _transcript(mapping(source.document), {}, source)
        return
    with opened(source) as database:
        for number, row in enumerate(_rows(database), start=1):
            try:
                value = decode(text(row.get("value")).encode())
            except Invalid as error:
                yield BadLine(source.shown, number, f"{_named(row)}: {error.message}")
                continue
            if isinstance(value, dict):
                yield _transcript(value, row, source)
            else:
                yield BadLine(source.shown, number, f"{_named(row)}: not an object")


def _named(row: dict[str, Any]) -> str:
    return f"conversation {row.get('conversation_id') or row.get('key')!r}"


def _rows(database: Database) -> Iterator[dict[str, Any]]:
    for table in _TABLES:
        columns = database.columns(table)
        if not columns >= {"key", "value"}:
            continue
        wanted = [
            name
            for name in ("key", "conversation_id", "value", "created_at", "updated_at")
            if name in columns
        ]
        yield from database.rows(f"SELECT {', '.join(wanted)} FROM {table} ORDER BY rowid")


def _transcript(
    payload: dict[str, Any], row: dict[str, Any], source: Source
) -> Transcript | Finding:
    said = Dialogue()
    session_id = (
        identifier(payload.get("conversation_id"))
        or identifier(row.get("conversation_id"))
        or content_id(row.get("key"), payload.get("history"))
    )
    model = text(mapping(payload.get("model_info")).get("model_id")) or text(payload.get("model"))
    history = records(payload.get("history"))
    for number, turn in enumerate(history, start=1):
        _take_turn(said, turn, place=f"turn {number}", model=model)
    if said.is_empty:
        return Finding(code="empty_session", message=f"{session_id}: nothing was said in it")
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=session_id,
        agent=_NAME,
        task=next((asked for turn in history if (asked := _prompt(turn))), ""),
        started_ns=instant_ns(row.get("created_at")),
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=present({"key": row.get("key"), "cwd": _folder(history)})
        | rest(payload, "conversation_id", "history", "transcript"),
    )


def _folder(history: list[dict[str, Any]]) -> str:
    """Where the first turn ran."""
    first = mapping(history[0].get("user")) if history else {}
    state = mapping(mapping(first.get("env_context")).get("env_state"))
    return text(state.get("current_working_directory"))


def _prompt(turn: dict[str, Any]) -> str:
    content = mapping(mapping(turn.get("user")).get("content"))
    return text(mapping(content.get("Prompt")).get("prompt"))


def _take_turn(said: Dialogue, turn: dict[str, Any], *, place: str, model: str) -> None:
    user = mapping(turn.get("user"))
    asked_ns = instant_ns(user.get("timestamp"))
    for kind, content in mapping(user.get("content")).items():
        _take_user(said, kind, mapping(content), at_ns=asked_ns, place=place)
    for kind, answer in mapping(turn.get("assistant")).items():
        request = mapping(turn.get("request_metadata"))
        said.call(
            _model_call(
                said, kind, mapping(answer), request, asked_ns=asked_ns, place=place, model=model
            )
        )


_RESULTS: dict[str, Status] = {"success": "ok", "error": "error"}


def _take_user(
    said: Dialogue, kind: str, content: dict[str, Any], *, at_ns: int | None, place: str
) -> None:
    cancelled = kind == "CancelledToolUses"
    for number, result in enumerate(records(content.get("tool_use_results")), start=1):
        status = _RESULTS.get(text(result.get("status")).lower(), "unset")
        said.answer(
            identifier(result.get("tool_use_id")),
            result.get("content"),
            at_ns=at_ns,
            place=f"{place}/{number}",
            status="cancelled" if cancelled else status,
        )
    if cancelled:
        said.add(
            PersonAct(
                id=said.id("", f"{place}/cancelled"), kind="stop", decision="cancelled",
                start_ns=at_ns, end_ns=at_ns, answer=text(content.get("prompt")),
            )
        )  # fmt: skip
    prompt = text(content.get("prompt"))
    if prompt:
        said.hear(Message(role="user", parts=(TextPart(content=prompt),)), at_ns=at_ns)


def _model_call(
    said: Dialogue,
    kind: str,
    answer: dict[str, Any],
    request: dict[str, Any],
    *,
    asked_ns: int | None,
    place: str,
    model: str,
) -> ModelCall:
    content = text(answer.get("content"))
    calls = tuple(
        ToolCallPart(
            name=text(use.get("name")), id=identifier(use.get("id")), arguments=use.get("args")
        )
        for use in records(answer.get("tool_uses"))
    )
    words = (TextPart(content=content),) if content else ()
    started_ns = instant_ns(request.get("request_start_timestamp_ms")) or asked_ns
    return ModelCall(
        id=said.id(identifier(answer.get("message_id")), place),
        start_ns=started_ns,
        end_ns=instant_ns(request.get("stream_end_timestamp_ms")) or started_ns,
        model=text(request.get("model_id")) or model,
        output=(Message(role="assistant", parts=(*words, *calls)),),
        response_id=identifier(request.get("request_id")),
        metadata=present({"kind": kind, "tools": listing(request.get("tool_use_ids_and_names"))}),
    )


FORMAT = Format(
    name=_NAME,
    title="Kiro CLI",
    recognizes=_recognizes,
    read=_read,
    follows=(Followed("~/.local/share/kiro-cli", "data.sqlite3"),),
)
