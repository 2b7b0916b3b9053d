"""
The events of an Inspect sample as entries.

Spans (before 2025: steps and subtasks) become the parents of what happened in them; those of
agents are runs.  Changes of state and store repeat what messages say, and are left out.  What a
scorer asks a model is marked with the role `grader`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from quarterdeck.model.interventions import HumanDecision
from quarterdeck.model.scores import Judge
from quarterdeck.receive.transcripts.continuing import only_new
from quarterdeck.receive.transcripts.dialogue import UNNAMED, plain
from quarterdeck.receive.transcripts.inspect_ai.attachments import resolved
from quarterdeck.receive.transcripts.inspect_ai.calls import model_call, times_of
from quarterdeck.receive.transcripts.inspect_ai.verdicts import scores_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, records, rest, text
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    Status,
    ToolCall,
)

_LEFT_OUT = frozenset({"state", "store", "sample_init", "span_end"})
_OF_SCORERS = frozenset({"scorer", "scorers"})
_ENVELOPE = (
    "event", "timestamp", "completed", "working_start", "working_time", "span_id", "uuid", "id",
    "pending", "events",
)  # fmt: skip

_MAX_DEPTH = 32
"""Events within events; deeper ones are a loop somebody made."""


class Events:
    """Collects the entries of one sample."""

    def __init__(self, attachments: Mapping[str, Any]) -> None:
        self._attachments = attachments
        self.entries: list[Entry] = []
        self._ids: set[str] = set()
        self._spans: dict[str, str] = {}
        """Span id -> id of its entry; "" = the sample itself."""
        self._ends: dict[str, int] = {}
        """Entry id -> when its span ended."""
        self._steps: list[str] = []
        """Entries of the steps that are open, in logs that have no spans."""
        self._scoring: set[str] = set()
        """Entries that are scorers, and what is in them."""
        self._scorers: dict[str, str] = {}
        """Entry of a scorer -> its name."""
        self.judges: dict[str, Judge] = {}
        """What each scorer is: a program, until it asks a model."""
        self.scores: dict[str, Any] = {}
        """Final scores by scorer, as the events tell them."""

    def read(self, values: Any) -> list[Entry]:
        self._read(values, parent="", depth=0)
        return only_new(_ended(entry, self._ends.get(entry.id)) for entry in self.entries)

    def _read(self, values: Any, *, parent: str, depth: int) -> None:
        for value in records(values) if depth < _MAX_DEPTH else ():
            event = resolved(value, self._attachments)
            within = self._spans.get(identifier(event.get("span_id")), "")
            self._take(event, within or (self._steps[-1] if self._steps else "") or parent, depth)

    def _take(self, event: dict[str, Any], parent: str, depth: int) -> None:
        kind = text(event.get("event"))
        match kind:
            case "model":
                self._add(self._model(event, parent))
            case "tool":
                self._tool(event, parent, depth)
            case "span_begin":
                self._span(event, parent)
            case "span_end":
                self._end(event)
            case "step":
                self._step(event, parent)
            case "subtask":
                self._subtask(event, parent, depth)
            case "approval":
                self._add(self._approval(event, parent))
            case "input":
                self._add(self._input(event, parent))
            case "score":
                self._score(event, parent)
            case _ if kind not in _LEFT_OUT:
                self._add(self._other(event, kind, parent))

    # -- what holds other events ---------------------------------------------------------------

    def _span(self, event: dict[str, Any], parent: str) -> None:
        span_id = identifier(event.get("id"))
        above = self._spans.get(identifier(event.get("parent_id")), parent)
        kind, name = text(event.get("type")), text(event.get("name"))
        if kind == "init":
            self._spans[span_id] = above
            return
        entry_id = self._id(event, span_id)
        self._spans[span_id] = entry_id
        self._open(entry_id, above, kind, name)
        at_ns = instant_ns(event.get("timestamp"))
        if kind == "agent":
            self._add(AgentRun(id=entry_id, parent=above, name=name or UNNAMED, start_ns=at_ns))
        else:
            label = " ".join(dict.fromkeys(part for part in (kind, name) if part))
            self._add(Event(id=entry_id, parent=above, name=label or "span", start_ns=at_ns))

    def _open(self, entry_id: str, above: str, kind: str, name: str) -> None:
        if kind in _OF_SCORERS or above in self._scoring:
            self._scoring.add(entry_id)
        scorer = name if kind == "scorer" else self._scorers.get(above, "")
        if scorer:
            self._scorers[entry_id] = scorer
            self.judges.setdefault(scorer, "code")

    def _end(self, event: dict[str, Any]) -> None:
        entry_id = self._spans.get(identifier(event.get("id")), "")
        at_ns = instant_ns(event.get("timestamp"))
        if entry_id and at_ns is not None:
            self._ends[entry_id] = at_ns

    def _step(self, event: dict[str, Any], parent: str) -> None:
        at_ns = instant_ns(event.get("timestamp"))
        if event.get("action") == "end":
            if self._steps:
                closed = self._steps.pop()
                if at_ns is not None:
                    self._ends[closed] = at_ns
            return
        kind, name = text(event.get("type")), text(event.get("name"))
        entry_id = self._id(event)
        self._open(entry_id, parent, kind, name)
        label = " ".join(part for part in (kind, name) if part)
        self._add(Event(id=entry_id, parent=parent, name=label or "step", start_ns=at_ns))
        self._steps.append(entry_id)

    def _subtask(self, event: dict[str, Any], parent: str, depth: int) -> None:
        entry_id = self._id(event)
        times = times_of(event)
        self._open(entry_id, parent, "", "")
        self._add(
            Event(
                id=entry_id, parent=parent, name=text(event.get("name")) or "subtask",
                start_ns=times.start_ns, end_ns=times.end_ns, input=event.get("input"),
                output=event.get("result"), metadata=rest(event, *_ENVELOPE, "input", "result"),
            )
        )  # fmt: skip
        self._inside(event, entry_id, depth)

    def _inside(self, event: dict[str, Any], entry_id: str, depth: int) -> None:
        """Events that stand within an event: steps in it close in it."""
        outer, self._steps = self._steps, []
        self._read(event.get("events"), parent=entry_id, depth=depth + 1)
        self._steps = outer

    # -- what happened -------------------------------------------------------------------------

    def _model(self, event: dict[str, Any], parent: str) -> ModelCall:
        grader = parent in self._scoring
        if grader and (scorer := self._scorers.get(parent)):
            self.judges[scorer] = "llm"
        return model_call(
            event, entry_id=self._id(event), parent=parent, role="grader" if grader else ""
        )

    def _tool(self, event: dict[str, Any], parent: str, depth: int) -> None:
        entry_id = self._id(event)
        times = times_of(event)
        error = mapping(event.get("error"))
        status, failed = failure_of(error)
        self._add(
            ToolCall(
                id=entry_id, parent=parent, start_ns=times.start_ns, end_ns=times.end_ns,
                tool=text(event.get("function")) or UNNAMED, call_id=identifier(event.get("id")),
                arguments=event.get("arguments"), result=plain(event.get("result")),
                status=status if error or event.get("result") is not None else "unset",
                error=failed, error_type=text(error.get("type")),
                metadata=rest(event, *_ENVELOPE, "function", "arguments", "result", "error", "type",
                              "view"),
            )
        )  # fmt: skip
        self._inside(event, entry_id, depth)

    def _approval(self, event: dict[str, Any], parent: str) -> PersonAct:
        call = mapping(event.get("call"))
        at_ns = instant_ns(event.get("timestamp"))
        approver = text(event.get("approver"))
        return PersonAct(
            id=self._id(event), parent=parent, kind="approval",
            decision=_DECISIONS.get(text(event.get("decision")), "none"), by=approver,
            auto=approver != "human", call_id=identifier(call.get("id")),
            tool=text(call.get("function")), question=text(event.get("message")),
            answer=text(event.get("explanation")), start_ns=at_ns, end_ns=at_ns,
        )  # fmt: skip

    def _input(self, event: dict[str, Any], parent: str) -> PersonAct:
        at_ns = instant_ns(event.get("timestamp"))
        return PersonAct(
            id=self._id(event), parent=parent, kind="question", answer=text(event.get("input")),
            start_ns=at_ns, end_ns=at_ns,
        )  # fmt: skip

    def _score(self, event: dict[str, Any], parent: str) -> None:
        """A final one is the sample's own; one on the way is told where it was given."""
        score = mapping(event.get("score"))
        scorer = self._scorers.get(parent) or text(event.get("scorer")) or "score"
        if not event.get("intermediate"):
            self.scores[scorer] = score
            return
        at_ns = instant_ns(event.get("timestamp"))
        given = scores_of({scorer: score}, self.judges)
        self._add(
            Event(
                id=self._id(event), parent=parent, name="score", start_ns=at_ns, end_ns=at_ns,
                scores=tuple(given),
            )
        )  # fmt: skip

    def _other(self, event: dict[str, Any], kind: str, parent: str) -> Event:
        times = times_of(event)
        error = mapping(event.get("error"))
        failed = kind in ("error", "sample_limit")
        return Event(
            id=self._id(event), parent=parent, name=_NAMES.get(kind, kind) or "event",
            start_ns=times.start_ns, end_ns=times.end_ns, status="error" if failed else "unset",
            error=text(error.get("message")) or (text(event.get("message")) if failed else ""),
            error_type=text(event.get("type")) if failed else "",
            input=event.get("input") or event.get("cmd"),
            output=event.get("data", event.get("output")),
            metadata=rest(event, *_ENVELOPE, "input", "cmd", "data", "output", "error"),
        )  # fmt: skip

    # -- ids -----------------------------------------------------------------------------------

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def _id(self, event: dict[str, Any], spelled: str = "") -> str:
        """The event's own, as far as it is the only one of that name; else its place."""
        place = f"event {len(self._ids) + 1}"
        chosen = spelled or identifier(event.get("uuid")) or place
        while chosen in self._ids:
            chosen = f"{chosen}@{place}"
        self._ids.add(chosen)
        return chosen


_NAMES = {"sample_limit": "limit"}

_DECISIONS: dict[str, HumanDecision] = {
    "approve": "approved", "modify": "modified", "reject": "rejected", "terminate": "cancelled",
}  # fmt: skip


def failure_of(error: Mapping[str, Any]) -> tuple[Status, str]:
    """A call that was not approved did not run; any other error is one."""
    if not error:
        return "ok", ""
    refused = text(error.get("type")) == "approval"
    return "blocked" if refused else "error", text(error.get("message"))


def _ended(entry: Entry, at_ns: int | None) -> Entry:
    """Spans and steps end where their ends say; others tell their own."""
    if at_ns is None or not isinstance(entry, AgentRun | Event):
        return entry
    return msgspec.structs.replace(entry, end_ns=at_ns)
