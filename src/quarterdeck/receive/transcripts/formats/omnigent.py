"""
Omnigent: one SQLite database for all sessions, `chat.db`, with a row for each item.

Tables changed over its versions: metadata beside the conversation or in a table of its own, types
as words or as numbers, ids as text or as 16 bytes.  What an item holds did not change.  A
sub-agent is a conversation that names its root.  Tokens and cost are told for a session, by model.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, Part, ReasoningPart, ToolCallPart
from quarterdeck.normalize.attributes import decode_json, money
from quarterdeck.receive.transcripts.databases import Database, has_table, opened
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import STEPS_UNTIMED, instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import Source, decode
from quarterdeck.receive.transcripts.token_counts import totals_only, usage_of
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    Event,
    ModelCall,
    Read,
    Total,
    Transcript,
)

_NAME = "omnigent"
_TYPES = {
    1: "message", 2: "function_call", 3: "function_call_output", 4: "reasoning", 5: "error",
    6: "compaction", 7: "native_tool", 8: "resource_event", 9: "routing_decision",
    10: "slash_command", 11: "terminal_command",
}  # fmt: skip
"""As newer versions number them; older ones write the words."""

_ITEM_COLUMNS = ("id", "conversation_id", "position", "type", "data")


def _recognizes(source: Source) -> bool:
    return has_table(source, "conversations", "id") and has_table(
        source, "conversation_items", *_ITEM_COLUMNS
    )


def _read(source: Source) -> Read:
    with opened(source) as database:
        for row in _conversations(database):
            yield from _conversation(database, row, source)


def _conversations(database: Database) -> list[dict[str, Any]]:
    """Each with its metadata, wherever this version keeps it, in the order of their making."""
    found = {
        _key(row, "id"): row for row in database.rows("SELECT * FROM conversations ORDER BY rowid")
    }
    for table, column in (
        ("omnigent_conversation_metadata", "id"),
        ("agent_configuration", "conversation_id"),
    ):
        if column in database.columns(table):
            for row in database.rows(f"SELECT * FROM {table}"):
                key = _key(row, column)
                if key in found:
                    found[key] = {**row, **found[key]}
    return list(found.values())


def _key(row: dict[str, Any], column: str) -> tuple[str, str]:
    return identifier(row.get("workspace_id")), _id(row.get(column))


def _id(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else identifier(value)


def _conversation(
    database: Database, row: dict[str, Any], source: Source
) -> Iterator[Transcript | BadLine | Finding]:
    own_id = _id(row.get("id"))
    root_id = _id(row.get("root_conversation_id")) or own_id
    said = Dialogue()
    items = _Items(said, model=text(row.get("model_override")))
    for item in _rows(database, row):
        place = f"item {item.get('position')}"
        value = _decoded(item.get("data"))
        if isinstance(value, dict):
            items.take(_type(item.get("type")), value, item, place)
        else:
            number = item.get("position")
            yield BadLine(
                source.shown,
                number if isinstance(number, int) else 0,
                f"{place} of conversation {own_id!r}: its data is no JSON object",
            )
    items.flush()
    for total in _totals(said, row, at_ns=None):
        said.add(total)
    if said.is_empty:
        yield Finding(code="empty_session", message=f"{own_id}: nothing was said in it")
        return
    yield _transcript(said, items, row, source, own_id=own_id, root_id=root_id)


def _transcript(
    said: Dialogue,
    items: "_Items",
    row: dict[str, Any],
    source: Source,
    *,
    own_id: str,
    root_id: str,
) -> Transcript:
    is_part = root_id != own_id
    if not items.timed:
        said.note(STEPS_UNTIMED)
    usage = mapping(_decoded(row.get("session_usage")))
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=root_id,
        part=own_id if is_part else "",
        agent=text(row.get("sub_agent_name")) or items.agent or _NAME,
        task="" if is_part else items.task,
        started_ns=instant_ns(row.get("created_at")),
        ended_ns=instant_ns(row.get("updated_at")),
        entries=entries,
        written_ns=source.written_ns,
        recorded_cost_usd=None if is_part else told(money, usage.get("total_cost_usd")),
        findings=findings,
        metadata=present(
            {name: row.get(name) for name in ("title", "workspace", "git_branch",
                                              "harness_override", "reasoning_effort")}
        ),
    )  # fmt: skip


def _rows(database: Database, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    columns = database.columns("conversation_items")
    wanted = [*_ITEM_COLUMNS, *(name for name in ("created_at", "response_id") if name in columns)]
    query = f"SELECT {', '.join(wanted)} FROM conversation_items WHERE conversation_id = ?"
    values = [row.get("id")]
    if "workspace_id" in columns and "workspace_id" in row:
        query += " AND workspace_id = ?"
        values.append(row["workspace_id"])
    return database.rows(query + " ORDER BY position", values)


def _decoded(data: Any) -> Any:
    if not isinstance(data, str | bytes) or not data:
        return None
    with suppress(Invalid):
        return decode(data.encode() if isinstance(data, str) else data)
    return None


def _type(spelled: Any) -> str:
    number = int(spelled) if isinstance(spelled, str) and spelled.isdecimal() else spelled
    return _TYPES.get(number, "") if isinstance(number, int) else text(spelled)


def _totals(said: Dialogue, row: dict[str, Any], *, at_ns: int | None) -> Iterator[Event]:
    usage = mapping(_decoded(row.get("session_usage")))
    by_model = mapping(usage.get("by_model")) or ({"": usage} if usage else {})
    for model, counted in by_model.items():
        counts = mapping(counted)
        said.note(totals_only("the session"))
        yield Event(
            id=said.id("", f"total of {model}"),
            name="tokens of all calls",
            start_ns=at_ns,
            total=Total(
                model=model or text(row.get("model_override")),
                usage=usage_of(
                    input_tokens=counts.get("input_tokens"),
                    output_tokens=counts.get("output_tokens"),
                    cache_read=counts.get("cache_read_input_tokens"),
                    cache_write=counts.get("cache_creation_input_tokens"),
                    cached="beside",
                ),
                recorded_cost_usd=told(money, counts.get("total_cost_usd")),
            ),
        )


class _Items:
    """Gathers the pieces of one answer: reasoning, words and calls stand in rows of their own."""

    def __init__(self, said: Dialogue, *, model: str) -> None:
        self._said = said
        self._model = model
        self._parts: list[Part] = []
        self._response = ""
        self._place = ""
        self._began_ns: int | None = None
        self._ended_ns: int | None = None
        self._speaker = ""
        self.agent = ""
        self.task = ""
        self.timed = False

    def take(self, kind: str, value: dict[str, Any], item: dict[str, Any], place: str) -> None:
        at_ns = instant_ns(item.get("created_at"))
        self.timed = self.timed or at_ns is not None
        answers = kind in ("reasoning", "function_call") or (
            kind == "message" and value.get("role") == "assistant"
        )
        response = text(item.get("response_id"))
        if not answers or (response and response != self._response):
            self.flush()
        if answers:
            self._gather(kind, value, place, at_ns=at_ns, response=response)
        elif kind == "message":
            self._hear(value, place, at_ns=at_ns)
        elif kind == "function_call_output":
            self._said.answer(
                identifier(value.get("call_id")),
                value.get("output"),
                at_ns=at_ns,
                place=place,
                status="unset",
            )
        else:
            self._said.add(_event(self._said, kind, value, place, at_ns=at_ns))

    def flush(self) -> None:
        if not self._parts:
            return
        self._said.call(
            ModelCall(
                id=self._said.id("", self._place),
                agent=self._speaker,
                start_ns=self._began_ns,
                end_ns=self._ended_ns,
                model=self._model,
                output=(Message(role="assistant", parts=tuple(self._parts)),),
                response_id=self._response,
            )
        )
        self._parts, self._began_ns, self._response = [], None, ""

    def _gather(
        self, kind: str, value: dict[str, Any], place: str, *, at_ns: int | None, response: str
    ) -> None:
        if not self._parts:
            self._place, self._began_ns, self._response = place, at_ns, response
        self._ended_ns = at_ns
        speaker = text(value.get("agent"))
        self._speaker = speaker or self._speaker
        self.agent = self.agent or speaker
        match kind:
            case "reasoning":
                thought = "\n".join(text(part.get("text")) for part in
                                    records(value.get("summary")))  # fmt: skip
                self._parts.append(ReasoningPart(content=thought))
            case "function_call":
                self._parts.append(
                    ToolCallPart(
                        name=text(value.get("name")),
                        id=identifier(value.get("call_id")),
                        arguments=decode_json(value.get("arguments")),
                    )
                )
            case _:
                self._parts.extend(message_of(value, "assistant").parts)

    def _hear(self, value: dict[str, Any], place: str, *, at_ns: int | None) -> None:
        message = message_of(value)
        if not value.get("is_meta") and message.role == "user":
            self.task = self.task or text_of(message)
        self._said.hear(message, at_ns=at_ns, place=place)


def _event(
    said: Dialogue, kind: str, value: dict[str, Any], place: str, *, at_ns: int | None
) -> Event:
    failed = kind == "error"
    return Event(
        id=said.id("", place),
        name=kind or "item",
        start_ns=at_ns,
        end_ns=at_ns,
        status="error" if failed else "unset",
        error_type=text(value.get("code")) if failed else "",
        error=text(value.get("message")) if failed else "",
        input=value.get("input") or value.get("arguments"),
        output=value.get("summary") or value.get("rationale"),
        metadata=rest(value, "summary", "rationale", "input", "arguments", "message", "code"),
    )


FORMAT = Format(
    name=_NAME,
    title="Omnigent",
    recognizes=_recognizes,
    read=_read,
    follows=(Followed("~/.omnigent", "chat.db", "OMNIGENT_DATA_DIR"),),
)
