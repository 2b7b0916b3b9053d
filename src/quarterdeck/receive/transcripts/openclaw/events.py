"""
The entries of one OpenClaw session, read into a dialogue.

`usage.input` leaves out what was cached.  A command that failed is an error by its exit code:
`isError` only tells that the tool itself did not work.  What another session or OpenClaw itself
puts in as a user message (`provenance`) is no person's.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from quarterdeck.model.messages import Message, TextPart
from quarterdeck.normalize.attributes import count, money
from quarterdeck.receive.transcripts.branches import Link, active_ids
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.pi_messages import answer_of, counted, status_of
from quarterdeck.receive.transcripts.token_counts import usage_disagrees
from quarterdeck.receive.transcripts.transcript import (
    Event,
    ModelCall,
    PersonAct,
    Status,
)

_STAMP = re.compile(r"^\[\w{3} \d{4}-\d\d-\d\d \d\d:\d\d [^\]]{1,40}\] ")
"""The gateway writes the time of a message before its words."""

_DENIED = re.compile(r"^Exec denied \((?P<why>[^)]*)\)")
_MAX_ERROR = 500


class Events:
    """Takes the entries of one session in their order."""

    def __init__(self) -> None:
        self.dialogue = Dialogue()
        self.header: dict[str, Any] = {}
        self.task = ""
        self.other: Counter[str] = Counter()
        self.spawned_keys: list[str] = []
        """Session keys of the sub-agents that it asked for."""
        self._model = ""
        self._called_ns: dict[str, int | None] = {}
        self._is_continued = False
        """Whether the next call goes on from the one before it, and not from a compaction."""

    def read(self, events: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """Each with its place, as `line 7`."""
        links = [
            Link(identifier(value.get("id")), identifier(value.get("parentId")))
            for _, value in events
            if value.get("type") != "session"
        ]
        active = active_ids(links)
        for place, value in events:
            is_left = active is not None and identifier(value.get("id")) not in active
            self._take(value, place, {"abandoned": True} if is_left else {})

    def _take(self, value: dict[str, Any], place: str, marks: dict[str, Any]) -> None:
        at_ns = instant_ns(value.get("timestamp"))
        match value.get("type"):
            case "session":
                self.header = self.header or value
            case "message":
                self._message(value, mapping(value.get("message")), at_ns, place, marks)
            case "custom_message":
                words = plain(value.get("content"))
                if isinstance(words, str) and words:
                    name = text(value.get("customType"))
                    self.dialogue.hear(
                        Message(role="system", name=name, parts=(TextPart(content=words),))
                    )
            case "custom":
                self.other[f"custom/{text(value.get('customType'))}"] += 1
            case "model_change":
                model = text(value.get("modelId"))
                if self._model and model != self._model:
                    self._event("model change", value, at_ns, place, marks)
                self._model = model
            case "thinking_level_change" | "session_info" | "label":
                self.other[text(value.get("type"))] += 1
            case kind:
                self._event(text(kind) or "entry", value, at_ns, place, marks)
                self._is_continued = self._is_continued and kind != "compaction"

    def _event(
        self, name: str, value: dict[str, Any], at_ns: int | None, place: str,
        marks: dict[str, Any],
    ) -> None:  # fmt: skip
        self.dialogue.add(
            Event(
                id=self.dialogue.id(identifier(value.get("id")), place), name=name, start_ns=at_ns,
                end_ns=at_ns, output=value.get("summary"),
                metadata=rest(value, "type", "id", "parentId", "timestamp", "summary") | marks,
            )
        )  # fmt: skip

    def _message(
        self, value: dict[str, Any], message: dict[str, Any], at_ns: int | None, place: str,
        marks: dict[str, Any],
    ) -> None:  # fmt: skip
        match message.get("role"):
            case "assistant":
                self._call(value, message, at_ns, place, marks)
            case "toolResult":
                self._result(message, at_ns, place)
            case _:
                self._said(value, message, at_ns, place, marks)

    # -- model and tools -------------------------------------------------------------------

    def _call(
        self, value: dict[str, Any], message: dict[str, Any], at_ns: int | None, place: str,
        marks: dict[str, Any],
    ) -> None:  # fmt: skip
        usage = mapping(message.get("usage"))
        is_counted = any(told(count, usage.get(key)) for key in _COUNTED)
        stop = text(message.get("stopReason"))
        start_ns = instant_ns(message.get("timestamp"))
        call = ModelCall(
            id=self.dialogue.id(identifier(value.get("id")), place),
            start_ns=start_ns if start_ns is not None else at_ns,
            end_ns=at_ns if at_ns is not None else start_ns,
            model=text(message.get("model")),
            provider=text(message.get("provider")),
            output=tuple(m for m in (answer_of(message),) if m.parts),
            usage=counted(usage) if is_counted else None,
            recorded_cost_usd=told(money, mapping(usage.get("cost")).get("total"))
            if is_counted
            else None,
            response_id=text(message.get("responseId")),
            finish_reason=stop,
            status=status_of(message),
            continues=self._is_continued,
            error=text(message.get("errorMessage")),
            error_type=text(message.get("errorType")) or text(message.get("errorCode")),
            metadata=present(
                {"api": message.get("api"), "run_id": _own(message).get("runId")}
            ) | marks,
        )  # fmt: skip
        if is_counted:
            total = told(count, usage.get("totalTokens"))
            self.dialogue.note(*usage_disagrees(call.id, call.usage, total))
        self._is_continued = True
        self._called_ns |= dict.fromkeys(calls_in(value), call.end_ns)
        self.dialogue.call(call)
        if stop == "aborted":
            self.dialogue.add(
                PersonAct(
                    id=self.dialogue.id("", f"{call.id}/stop"), kind="stop",
                    decision="cancelled", start_ns=at_ns, end_ns=at_ns,
                )
            )  # fmt: skip

    def _result(self, message: dict[str, Any], at_ns: int | None, place: str) -> None:
        details = mapping(message.get("details"))
        result = plain(message.get("content"))
        words = result if isinstance(result, str) else ""
        call_id = identifier(message.get("toolCallId"))
        tool = text(message.get("toolName"))
        exit_code = details.get("exitCode")
        failed = message.get("isError") is True or (
            isinstance(exit_code, int) and not isinstance(exit_code, bool) and exit_code != 0
        )
        denied = _DENIED.match(words)
        status: Status = "blocked" if denied else "error" if failed else "ok"
        if child := text(details.get("childSessionKey")):
            self.spawned_keys.append(child)
        self.dialogue.answer(
            call_id, result, tool=tool, at_ns=instant_ns(message.get("timestamp")) or at_ns,
            place=place, status=status, error=words[:_MAX_ERROR] if status != "ok" else "",
            error_type=f"exit code {exit_code}" if failed and exit_code else "",
            metadata=_kept(details),
        )  # fmt: skip
        if denied:
            self._denied(denied["why"], call_id, tool, at_ns, place)

    def _denied(self, why: str, call_id: str, tool: str, at_ns: int | None, place: str) -> None:
        """By a person, by their absence, or by the allowlist; nothing ran before it."""
        is_late = "timeout" in why
        self.dialogue.add(
            PersonAct(
                id=self.dialogue.id("", f"{place}/denied"), kind="approval", call_id=call_id,
                tool=tool, decision="timeout" if is_late else "rejected",
                auto=not is_late and "user" not in why,
                start_ns=self._called_ns.get(call_id, at_ns), end_ns=at_ns,
                metadata={"decided_by": why},
            )
        )  # fmt: skip

    # -- people and other sessions ---------------------------------------------------------

    def _said(
        self, value: dict[str, Any], message: dict[str, Any], at_ns: int | None, place: str,
        marks: dict[str, Any],
    ) -> None:  # fmt: skip
        heard = message_of(message)
        self.dialogue.hear(heard, at_ns=at_ns, place=place)
        source = mapping(message.get("provenance"))
        if source:
            self.dialogue.add(
                Event(
                    id=self.dialogue.id(identifier(value.get("id")), place),
                    name="message from another session", start_ns=at_ns, end_ns=at_ns,
                    input=text_of(heard), metadata=rest(source) | marks,
                )
            )  # fmt: skip
        elif not self.task:
            self.task = _STAMP.sub("", text_of(heard))


_COUNTED = ("input", "output", "cacheRead", "cacheWrite")


def _own(message: dict[str, Any]) -> dict[str, Any]:
    return mapping(message.get("__openclaw"))


def _kept(details: dict[str, Any]) -> dict[str, Any]:
    """What a result's details tell beside the result, which they mostly repeat."""
    known = ("exitCode", "exitSignal", "exitReason", "durationMs", "cwd", "childSessionKey",
             "runId", "status")  # fmt: skip
    return present({key: details.get(key) for key in known})


def calls_in(value: dict[str, Any]) -> list[str]:
    """Ids of the tool calls in an assistant's entry, in the order in which they get entries."""
    content = mapping(value.get("message")).get("content")
    return [identifier(p.get("id")) for p in records(content) if p.get("type") == "toolCall"]


def tool_entry_id(message_id: str, number: int) -> str:
    """Of the `number`th (from 1) tool call of an assistant's entry, as `Dialogue` names it."""
    return f"{message_id}/{number}"
