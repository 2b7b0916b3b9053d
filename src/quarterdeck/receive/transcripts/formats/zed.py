"""
Zed: one SQLite database for all threads, `threads.db`, whose rows hold a thread as JSON.

The JSON comes plain or packed with zstd, which needs the library `zstandard`.  Threads are
written in two spellings: messages tagged `User` and `Agent`, and before that a `role` with
segments.  Steps tell no times; a row tells when its thread was last changed.  Tokens are told for
each request of the person, or for the thread, and not for its calls.
"""

from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import (
    GenericPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.databases import Database, has_table, opened
from quarterdeck.receive.transcripts.dialogue import Dialogue
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import STEPS_UNTIMED, instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    rest,
    text,
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

_NAME = "zed"
_COLUMNS = ("id", "summary", "updated_at", "data_type", "data")
_FURTHER = ("created_at", "parent_id", "folder_paths")
"""Columns that later versions added."""

_MAX_THREAD_BYTES = 1 << 30
"""A thread that unpacks to more is a bomb and no thread: refused before it fills the memory."""


def _recognizes(source: Source) -> bool:
    return has_table(source, "threads", *_COLUMNS)


def _read(source: Source) -> Read:
    with opened(source) as database:
        for number, row in enumerate(_rows(database), start=1):
            session_id = identifier(row.get("id"))
            try:
                thread = _thread(row)
            except Invalid as error:
                yield BadLine(source.shown, number, f"thread {session_id!r}: {error.message}")
                continue
            yield _transcript(thread, row, session_id or f"row {number}", source)


def _rows(database: Database) -> Any:
    columns = database.columns("threads")
    wanted = [*_COLUMNS, *(name for name in _FURTHER if name in columns)]
    return database.rows(f"SELECT {', '.join(wanted)} FROM threads ORDER BY rowid")


def _thread(row: dict[str, Any]) -> dict[str, Any]:
    """Raises `Invalid` where the row's data is no thread."""
    data = row.get("data")
    packed = text(row.get("data_type")).lower()
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, bytes):
        raise Invalid("it has no data")
    if packed == "zstd":
        data = _unpacked(data)
    elif packed not in ("json", ""):
        raise Invalid(f"its data is of an unknown type: {packed!r}")
    thread = decode(data)
    if not isinstance(thread, dict):
        raise Invalid("its data is no object")
    return thread


def _unpacked(data: bytes) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise Invalid(
            "it is packed with zstd, which can't be read here",
            hint="Install quarterdeck[server], or the package zstandard.",
        ) from error
    found = bytearray()
    try:
        for piece in zstandard.ZstdDecompressor().read_to_iter(data):
            found += piece
            if len(found) > _MAX_THREAD_BYTES:
                raise Invalid(f"it unpacks to more than {_MAX_THREAD_BYTES} bytes")
    except zstandard.ZstdError as error:
        raise Invalid(f"its data can't be unpacked: {error}") from error
    return bytes(found)


def _transcript(
    thread: dict[str, Any], row: dict[str, Any], session_id: str, source: Source
) -> Transcript | Finding:
    said = Dialogue()
    model = mapping(thread.get("model"))
    reader = _Thread(said, model=text(model.get("model")), provider=text(model.get("provider")))
    for number, message in enumerate(listing(thread.get("messages")), start=1):
        reader.take(message, f"message {number}")
    if said.is_empty:
        return Finding(code="empty_session", message=f"{session_id}: nothing was said in it")
    reader.count(thread)
    parent = identifier(row.get("parent_id"))
    started_ns = instant_ns(row.get("created_at")) or instant_ns(row.get("updated_at"))
    if started_ns is not None:
        said.note(STEPS_UNTIMED)
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=parent or session_id,
        part=session_id if parent else "",
        agent=f"{_NAME} subagent" if parent else _NAME,
        task="" if parent else reader.task,
        started_ns=started_ns,
        ended_ns=instant_ns(row.get("updated_at")),
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=present({"summary": row.get("summary"), "folder_paths": row.get("folder_paths")})
        | rest(thread, "messages", "model", "cumulative_token_usage",
               "initial_project_snapshot", "summary", "title", "updated_at"),
    )  # fmt: skip


class _Thread:
    """Reads the messages of both spellings."""

    def __init__(self, said: Dialogue, *, model: str, provider: str) -> None:
        self._said = said
        self._model = model
        self._provider = provider
        self.task = ""

    def take(self, message: Any, place: str) -> None:
        if message == "Resume":
            return  # a mark that the person let the agent go on; nothing was said
        tagged = mapping(message)
        if "User" in tagged:
            self._hear(_parts(mapping(tagged["User"]).get("content")), place)
        elif "Agent" in tagged:
            agent = mapping(tagged["Agent"])
            results = list(mapping(agent.get("tool_results")).values())
            self._answer(_parts(agent.get("content")), results, place, "")
        elif tagged.get("role") == "assistant":
            calls = [
                ToolCallPart(
                    name=text(use.get("name")), id=identifier(use.get("id")),
                    arguments=use.get("input"),
                )
                for use in records(tagged.get("tool_uses"))
            ]  # fmt: skip
            parts = (*_parts(tagged.get("segments")), *calls)
            results = listing(tagged.get("tool_results"))
            self._answer(parts, results, place, identifier(tagged.get("id")))
        elif "role" in tagged:
            self._hear(_parts(tagged.get("segments")), place)

    def _hear(self, parts: tuple[Part, ...], place: str) -> None:
        self.task = self.task or "\n".join(p.content for p in parts if isinstance(p, TextPart))
        self._said.hear(Message(role="user", parts=parts), place=place)

    def _answer(
        self, parts: tuple[Part, ...], results: list[Any], place: str, message_id: str
    ) -> None:
        self._said.call(
            ModelCall(
                id=self._said.id(message_id and f"message id {message_id}", place),
                model=self._model,
                provider=self._provider,
                output=(Message(role="assistant", parts=parts),),
            )
        )
        for number, result in enumerate(records(results), start=1):
            failed = result.get("is_error") is True
            content = _content(result.get("content"))
            self._said.answer(
                identifier(result.get("tool_use_id")),
                content if content is not None else result.get("output"),
                tool=text(result.get("tool_name")),
                place=f"{place}/{number}",
                status="error" if failed else "ok",
                error=text(content) if failed else "",
            )

    def count(self, thread: dict[str, Any]) -> None:
        """The thread's own sum: the requests' counts are those of their last call each."""
        usage = _usage(mapping(thread.get("cumulative_token_usage")))
        if usage is None:
            return
        self._said.note(totals_only("the thread"))
        total = Total(model=self._model, usage=usage)
        self._said.add(
            Event(id=self._said.id("", "total"), name="tokens of all calls", total=total)
        )


def _usage(counted: dict[str, Any]) -> Usage | None:
    return usage_of(
        input_tokens=counted.get("input_tokens", 0 if counted else None),
        output_tokens=counted.get("output_tokens"),
        cache_read=counted.get("cache_read_input_tokens"),
        cache_write=counted.get("cache_creation_input_tokens"),
        cached="beside",
    )


def _content(value: Any) -> Any:
    """A result is tagged by its kind, `{"Text": …}`, or plain."""
    tagged = mapping(value)
    return tagged.get("Text", value)


def _parts(content: Any) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (TextPart(content=content),) if content else ()
    return tuple(_part(item) for item in records(content))


def _part(item: dict[str, Any]) -> Part:
    kind = text(item.get("type"))
    if "Text" in item or kind == "text":
        return TextPart(content=text(item.get("Text")) or text(item.get("text")))
    if "Thinking" in item or kind == "thinking":
        thought = item.get("Thinking", item)
        return ReasoningPart(content=text(thought) or text(mapping(thought).get("text")))
    if "ToolUse" in item:
        use = mapping(item["ToolUse"])
        return ToolCallPart(
            name=text(use.get("name")), id=identifier(use.get("id")), arguments=use.get("input")
        )
    return GenericPart(generic_type=kind or next(iter(item), ""), value=item)


FORMAT = Format(
    name=_NAME,
    title="Zed",
    recognizes=_recognizes,
    read=_read,
    follows=(
        Followed("~/.local/share/zed/threads", "threads.db"),
        Followed("~/Library/Application Support/Zed/threads", "threads.db"),
    ),
)
