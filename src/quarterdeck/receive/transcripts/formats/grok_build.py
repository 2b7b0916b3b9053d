"""
Grok Build: a folder for each session with `chat_history.jsonl`, `summary.json` and
`signals.json`.

The history is written in two spellings (`chat_format_version`): lines with a `type`, and before
that OpenAI's messages.  It tells no times and no tokens; the summary tells when the session
began and was last active, the signals count what happened, which is compared.
"""

from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, ReasoningPart
from quarterdeck.model.scores import Score
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import STEPS_UNTIMED, instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, records, rest, text, told
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import disagreement
from quarterdeck.receive.transcripts.transcript import (
    Entry,
    ModelCall,
    PersonAct,
    Read,
    Status,
    ToolCall,
    Transcript,
)

_NAME = "grok_build"
_HISTORY = "chat_history.jsonl"
_SIDECARS = frozenset({"summary.json", "signals.json"})
_TYPES = frozenset({"system", "user", "assistant", "reasoning", "tool_result", "backend_tool_call"})


def _recognizes(source: Source) -> bool:
    if source.name != _HISTORY or not source.head:
        return False
    first = source.head[0]
    return isinstance(first, dict) and (
        text(first.get("type")) in _TYPES
        or (text(first.get("role")) in _TYPES and "content" in first)
    )


def _belongs(source: Source) -> bool:
    return source.name in _SIDECARS and source.beside(_HISTORY) is not None


def _read(source: Source) -> Read:
    said = Dialogue()
    reader = _History(said)
    for item in read_records(source):
        if isinstance(item, Record):
            reader.take(item)
        elif isinstance(item, Finding):
            said.note(item)
        else:
            yield item
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    summary, signals = _sidecar(source, "summary.json"), _sidecar(source, "signals.json")
    yield _transcript(source, said, reader, summary, signals)


def _sidecar(source: Source, name: str) -> dict[str, Any]:
    beside = source.beside(name)
    return mapping(beside.top) if beside is not None else {}


class _History:
    """Reads the lines of both spellings."""

    def __init__(self, said: Dialogue) -> None:
        self._said = said
        self._reasoning: list[ReasoningPart] = []
        """Thought before the next answer, on lines of its own."""
        self.task = ""
        self.lines = 0
        self.answers = 0

    def take(self, record: Record) -> None:
        value, place = record.value, f"line {record.number}"
        self.lines += 1
        match value.get("type") or value.get("role"):
            case "assistant":
                self._answer(value, place)
            case "reasoning":
                found = "\n".join(text(part.get("text")) for part in records(value.get("summary")))
                self._reasoning.append(ReasoningPart(content=found))
            case "backend_tool_call":
                self._said.add(_backend_call(self._said, mapping(value.get("kind")), place))
            case "tool_result" | "tool":
                self._said.answer(
                    identifier(value.get("tool_call_id")),
                    plain(value.get("content")),
                    place=place,
                    status="unset",
                )
            case kind:
                self._hear(value, text(kind), place)

    def _answer(self, value: dict[str, Any], place: str) -> None:
        self.answers += 1
        output = message_of({**value, "role": "assistant"}, "assistant")
        self._said.call(
            ModelCall(
                id=self._said.id(identifier(value.get("id")), place),
                model=text(value.get("model_id")),
                output=(
                    Message(role="assistant", parts=(*self._reasoning, *output.parts)),
                ),
                metadata=rest(
                    value, "type", "role", "content", "tool_calls", "model_id", "id",
                    "reasoning_content",
                ),
            )
        )  # fmt: skip
        self._reasoning = []

    def _hear(self, value: dict[str, Any], kind: str, place: str) -> None:
        message = message_of({"role": kind, "content": value.get("content")})
        reason = text(value.get("synthetic_reason"))
        if kind == "user" and not reason:
            self.task = self.task or text_of(message)
        if reason == "interjection":
            self._said.add(
                PersonAct(id=self._said.id("", place), kind="feedback", answer=text_of(message))
            )
        self._said.hear(message, place=place)


_STATUS: dict[str, Status] = {"completed": "ok", "failed": "error", "cancelled": "cancelled"}


def _backend_call(said: Dialogue, kind: dict[str, Any], place: str) -> Entry:
    """A tool that the provider ran: its result went to the model and was not recorded."""
    spelled = text(kind.get("status"))
    return ToolCall(
        id=said.id("", place),
        tool=text(kind.get("tool_type")),
        arguments=kind.get("action"),
        status=_STATUS.get(spelled, "unset"),
        metadata=rest(kind, "tool_type", "action", "status"),
    )


def _transcript(
    source: Source,
    said: Dialogue,
    reader: _History,
    summary: dict[str, Any],
    signals: dict[str, Any],
) -> Transcript:
    info = mapping(summary.get("info"))
    started_ns = instant_ns(summary.get("created_at"))
    if started_ns is not None:
        said.note(STEPS_UNTIMED)
    said.note(*disagreement("num_chat_messages", told(count, summary.get("num_chat_messages")),
                            reader.lines))  # fmt: skip
    said.note(*_compared(said, reader, signals))
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=text(info.get("id")) or source.path.parent.name,
        agent=text(summary.get("agent_name")) or _NAME,
        task=reader.task,
        started_ns=started_ns,
        ended_ns=instant_ns(summary.get("last_active_at")) or instant_ns(summary.get("updated_at")),
        entries=entries,
        written_ns=source.written_ns,
        scores=_ratings(signals),
        units=_units(signals),
        findings=findings,
        metadata=rest(summary, "info", "created_at", "updated_at", "last_active_at", "agent_name")
        | rest(info, "id")
        | _told_signals(signals),
    )


def _compared(said: Dialogue, reader: _History, signals: dict[str, Any]) -> tuple[Finding, ...]:
    return (
        *disagreement("toolCallCount", told(count, signals.get("toolCallCount")),
                      said.counted(ToolCall)),
        *disagreement("assistantMessageCount",
                      told(count, signals.get("assistantMessageCount")), reader.answers),
    )  # fmt: skip


def _ratings(signals: dict[str, Any]) -> list[Score]:
    """Thumbs of the person who used it, where there were any."""
    names = {"positiveRatings": "positive_ratings", "negativeRatings": "negative_ratings"}
    return [
        Score(name=name, scope="session", value=float(number), judge="human")
        for key, name in names.items()
        if (number := told(count, signals.get(key)))
    ]


_UNITS = {
    "agentLinesAdded": "lines_added",
    "agentLinesRemoved": "lines_removed",
    "gitCommitCount": "commits",
    "prCreatedCount": "pull_requests",
}


def _units(signals: dict[str, Any]) -> dict[str, float]:
    return {
        unit: float(number)
        for key, unit in _UNITS.items()
        if (number := told(count, signals.get(key)))
    }


def _told_signals(signals: dict[str, Any]) -> dict[str, Any]:
    """Those that say something: most counters of most sessions are 0."""
    found = {key: value for key, value in signals.items() if value not in (0, None, False, [])}
    return {"signals": found} if found else {}


FORMAT = Format(
    name=_NAME,
    title="Grok Build",
    recognizes=_recognizes,
    read=_read,
    belongs=_belongs,
    follows=(Followed("~/.grok/sessions", "*/*/chat_history.jsonl"),),
)
