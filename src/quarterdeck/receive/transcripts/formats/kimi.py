"""
Kimi Code and Kimi CLI: `wire.jsonl`, the events between the agent and its screen.

Two spellings: Kimi Code writes flat records (`turn.prompt`, `context.append_loop_event`), one
file for each agent of a session; Kimi CLI before it wraps messages (`TurnBegin`, `ContentPart`).
Both are brought to the same few acts here.  A file can hold records of the configuration alone.
Input tokens are counted without the cached ones.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, NamedTuple

from quarterdeck.model.findings import Finding
from quarterdeck.model.interventions import HumanDecision
from quarterdeck.model.messages import (
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, present, rest, text
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import usage_of
from quarterdeck.receive.transcripts.transcript import (
    Event,
    ModelCall,
    PersonAct,
    Read,
    Transcript,
)

_NAME = "kimi"
_RECORDS = (
    "config.", "turn.", "context.", "usage.", "permission.", "plan_mode.", "full_compaction.",
    "tools.", "goal.", "cron.", "file_history.",
)  # fmt: skip
_WRAPPED = frozenset(
    {"TurnBegin", "StepBegin", "ContentPart", "ToolCall", "ToolResult", "StatusUpdate", "TurnEnd"}
)


def _recognizes(source: Source) -> bool:
    if source.extension != ".jsonl":
        return False
    for line in source.head:
        if not isinstance(line, dict):
            return False
        kind = text(line.get("type"))
        if kind.startswith(_RECORDS) or text(mapping(line.get("message")).get("type")) in _WRAPPED:
            return True
        if kind != "metadata":
            return False
    return False


class _Act(NamedTuple):
    """One thing that happened, in either spelling."""

    kind: str
    value: dict[str, Any]
    place: str
    at_ns: int | None


def _read(source: Source) -> Read:
    said = Dialogue()
    wire = _Wire(said)
    for item in read_records(source):
        if isinstance(item, Record):
            for act in _acts(item, last_ns=wire.at_ns):
                wire.take(act)
        elif isinstance(item, Finding):
            said.note(item)
        else:
            yield item
    wire.close()
    if not wire.turns:
        yield Finding(code="empty_session", message="its records are of the configuration alone")
        return
    session_id, part = _place(source.path)
    entries, findings = said.close()
    yield Transcript(
        format=_NAME,
        session_id=session_id,
        part=part,
        agent=part or _NAME,
        # A sub-agent's prompt is its caller's words, and not the session's task.
        task="" if part else wire.task,
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=present({"cwd": wire.folder}),
    )


def _place(path: PurePath) -> tuple[str, str]:
    """Session and part: `<session>/agents/<agent>/wire.jsonl`, or `<session>/wire.jsonl`."""
    if path.name.removesuffix(".gz") != "wire.jsonl":
        return path.name.removesuffix(".gz").removesuffix(".jsonl"), ""
    if path.parent.parent.name == "agents":
        agent = path.parent.name
        return path.parent.parent.parent.name, "" if agent == "main" else agent
    return path.parent.name, ""


def _acts(record: Record, *, last_ns: int | None) -> Iterator[_Act]:
    value, place = record.value, f"line {record.number}"
    at_ns = (
        instant_ns(value.get("timestamp")) or instant_ns(value.get("time"))
        or instant_ns(value.get("created_at")) or last_ns
    )  # fmt: skip
    wrapped = mapping(value.get("message"))
    kind = text(value.get("type"))
    if kind == "context.append_loop_event":
        event = mapping(value.get("event"))
        yield _Act(text(event.get("type")), event, place, at_ns)
    elif not kind and wrapped:
        yield _Act(text(wrapped.get("type")), mapping(wrapped.get("payload")), place, at_ns)
    elif kind:
        yield _Act(kind, value, place, at_ns)


_SILENT = frozenset({"metadata", "step.begin", "StepBegin", "context.append_message", "tools.set"})
"""Bookkeeping, and messages that `turn.prompt` and the loop's events tell as well."""


class _Wire:
    """Gathers an answer's pieces until its step ends."""

    def __init__(self, said: Dialogue) -> None:
        self._said = said
        self._parts: list[Part] = []
        self._began_ns: int | None = None
        self._ended_ns: int | None = None
        self._model = ""
        self._place = ""
        self._call_id = ""
        """The latest model call, which usage that comes late belongs to."""
        self._counted = False
        """Whether that call has its usage: it is told twice."""
        self._asked: dict[str, _Act] = {}
        """Requests for approval that wait, by id."""
        self.at_ns: int | None = None
        self.task = ""
        self.folder = ""
        self.turns = 0

    def take(self, act: _Act) -> None:
        self.at_ns = act.at_ns
        match act.kind:
            case "turn.prompt" | "turn.steer" | "TurnBegin":
                self._prompt(act)
            case "content.part" | "ContentPart":
                self._content(act, mapping(act.value.get("part")) or act.value)
            case "tool.call" | "ToolCall":
                self._tool_call(act)
            case "tool.result" | "ToolResult":
                self._tool_result(act)
            case "step.end" | "usage.record" | "StatusUpdate":
                self._model = text(act.value.get("model")) or self._model
                usage = act.value.get("usage", act.value.get("token_usage"))
                self.flush(act, usage=_usage(mapping(usage)))
            case "TurnEnd":
                self.flush(act)
            case "turn.cancel" | "StepInterrupted":
                self.flush(act)
                self._stopped(act)
            case "ApprovalRequest":
                self._asked[identifier(act.value.get("id"))] = act
            case "ApprovalResponse" | "ApprovalRequestResolved":
                self._decided(act)
            case "config.update":
                self._model = text(act.value.get("modelAlias")) or self._model
                self.folder = text(act.value.get("cwd")) or self.folder
            case kind if kind not in _SILENT:
                self._event(act)

    def flush(self, act: _Act | None = None, *, usage: Usage | None = None) -> None:
        """
        The answer is whole: a model call, if anything was said.

        Tool results may come before the step ends: then the usage is for the call before.
        """
        value = act.value if act is not None else {}
        if self._parts:
            self._call_id = self._said.id("", self._place)
            self._counted = False
            self._said.call(
                ModelCall(
                    id=self._call_id,
                    start_ns=self._began_ns,
                    end_ns=self._ended_ns,
                    model=self._model,
                    output=(Message(role="assistant", parts=tuple(self._parts)),),
                )
            )
            self._parts, self._began_ns = [], None
        if not self._call_id or self._counted:
            return
        if usage is not None:
            self._counted = True
            self._said.amend(self._call_id, usage=usage)
        if reason := text(value.get("finishReason")):
            self._said.amend(self._call_id, finish_reason=reason)

    def close(self) -> None:
        """The file is at its end: what was asked and not answered still waits."""
        self.flush()
        for asked in self._asked.values():
            self._said.add(_approval(self._said, asked, None))

    def _prompt(self, act: _Act) -> None:
        self.flush(act)
        self._call_id = ""
        self.turns += 1
        content = act.value.get("input", act.value.get("user_input"))
        message = message_of({"role": "user", "content": content})
        if act.kind == "turn.steer":
            self._said.add(
                PersonAct(
                    id=self._said.id("", act.place), kind="feedback", answer=text_of(message),
                    start_ns=act.at_ns, end_ns=act.at_ns,
                )
            )  # fmt: skip
        self.task = self.task or text_of(message)
        self._said.hear(message, at_ns=act.at_ns, place=act.place)

    def _content(self, act: _Act, part: dict[str, Any]) -> None:
        self._begin(act)
        self.turns += not self.turns
        if part.get("type") == "think":
            thought = text(part.get("think")) or text(part.get("text"))
            self._parts.append(ReasoningPart(content=thought))
        elif text(part.get("text")):
            self._parts.append(TextPart(content=text(part.get("text"))))

    def _tool_call(self, act: _Act) -> None:
        self._begin(act)
        self.turns += not self.turns
        function = mapping(act.value.get("function"))
        self._parts.append(
            ToolCallPart(
                name=text(act.value.get("name")) or text(function.get("name")),
                id=identifier(act.value.get("toolCallId")) or identifier(act.value.get("id")),
                arguments=decode_json(act.value.get("args", function.get("arguments"))),
            )
        )

    def _tool_result(self, act: _Act) -> None:
        self.flush(act)
        result = mapping(act.value.get("result")) or mapping(act.value.get("return_value"))
        failed = result.get("isError") is True or result.get("is_error") is True
        output = plain(result.get("output"))
        message = text(result.get("message"))
        self._said.answer(
            identifier(act.value.get("toolCallId")) or identifier(act.value.get("tool_call_id")),
            output if output not in (None, "") else message,
            at_ns=act.at_ns,
            place=act.place,
            status="error" if failed else "ok",
            error=(message or text(output)) if failed else "",
        )

    def _begin(self, act: _Act) -> None:
        self._place, self._ended_ns = act.place, act.at_ns
        if self._began_ns is None:
            self._began_ns = act.at_ns

    def _stopped(self, act: _Act) -> None:
        self._said.add(
            PersonAct(
                id=self._said.id("", act.place), kind="stop", decision="cancelled",
                start_ns=act.at_ns, end_ns=act.at_ns,
            )
        )  # fmt: skip

    def _decided(self, act: _Act) -> None:
        """An answer to a request; "for the session" is a person's word as well."""
        asked = self._asked.pop(identifier(act.value.get("request_id")), None)
        self._said.add(_approval(self._said, asked, act))

    def _event(self, act: _Act) -> None:
        self._said.add(
            Event(
                id=self._said.id("", act.place), name=act.kind or "record", start_ns=act.at_ns,
                end_ns=act.at_ns, metadata=rest(act.value, "type", "time", "timestamp"),
            )
        )  # fmt: skip


def _approval(said: Dialogue, asked: _Act | None, answered: _Act | None) -> PersonAct:
    question = asked.value if asked is not None else {}
    response = text(answered.value.get("response")) if answered is not None else ""
    known = [act for act in (asked, answered) if act is not None]
    times = [act.at_ns for act in known if act.at_ns is not None]
    decision: HumanDecision = "approved" if response.startswith("approve") else "rejected"
    return PersonAct(
        id=said.id("", known[-1].place),
        kind="approval",
        decision=decision if answered is not None else "none",
        call_id=identifier(question.get("tool_call_id")),
        question=text(question.get("description")) or text(question.get("action")),
        answer=response,
        start_ns=min(times, default=None),
        end_ns=max(times, default=None) if answered is not None else None,
        waited_ns=max(times) - min(times) if len(times) > 1 else None,
    )


def _usage(counted: dict[str, Any]) -> Usage | None:
    return usage_of(
        input_tokens=counted.get("inputOther", counted.get("input_other")),
        output_tokens=counted.get("output"),
        cache_read=counted.get("inputCacheRead", counted.get("input_cache_read")),
        cache_write=counted.get("inputCacheCreation", counted.get("input_cache_creation")),
        cached="beside",
    )


FORMAT = Format(
    name=_NAME,
    title="Kimi Code",
    recognizes=_recognizes,
    read=_read,
    follows=(
        Followed("~/.kimi-code/sessions", "*/*/agents/*/wire.jsonl"),
        Followed("~/.kimi/sessions", "*/*/wire.jsonl"),
    ),
)
