"""
The verbs for what people do: `approval`, `question`, `correction`, `takeover` and `stop`.

A block around the waiting measures it: from its beginning to the answer.  A block that ends
without an answer says that the question stands: the session waits for a person, whatever
process brings the answer later.  Question and answer find each other by `call_id`, over processes
too.  What a person decides is no error.
"""

from __future__ import annotations

from time import time_ns
from typing import Any, Literal

from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import swallow
from quarterdeck.sdk.runtime import Running
from quarterdeck.sdk.verbs.blocks import Block
from quarterdeck.sdk.verbs.content import as_text, word
from quarterdeck.sdk.verbs.work import moment

Decision = Literal["approved", "rejected", "modified", "cancelled", "timeout"]

NOT_CAPTURED = "[not captured]"
"""Stands for an answer that `capture_content=False` keeps out: that there was one must show."""


class HumanAct(Block):
    """A person is asked.  Say what came of it; what is not said stays open."""

    __slots__ = ("_about", "_began_ns", "_is_settled", "_kind", "_question")

    def __init__(self, kind: str, question: object, about: dict[str, Any]) -> None:
        super().__init__()
        self._kind = kind
        self._question = question
        self._about = about
        self._began_ns = 0
        self._is_settled = False

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        self._is_settled = False
        self._began_ns = time_ns()
        return self._kind, _attributes(running, self._kind, self._question, self._about)

    def _close(self, error: BaseException | None) -> None:
        if not self._is_settled:
            self._leave_open(error)
        super()._close(error)

    def _leave_open(self, error: BaseException | None) -> None:
        # Ctrl-C at the prompt is the person's own no; a timeout is nobody's.
        decision = "none"
        if isinstance(error, KeyboardInterrupt):
            decision = "cancelled"
        elif isinstance(error, TimeoutError):
            decision = "timeout"
        self.set("quarterdeck.human.decision", decision)

    def approved(self, *, by: str | None = None) -> None:
        """The person agreed."""
        self._settle("approved", by=by)

    def rejected(self, *, by: str | None = None, reason: str | None = None) -> None:
        """The person refused."""
        self._settle("rejected", by=by, answer=reason)

    def modified(self, *, by: str | None = None, to: object = None) -> None:
        """The person agreed to something else: `to` is what they made of it."""
        self._settle("modified", by=by, answer=to)

    def answered(self, text: object, *, by: str | None = None) -> None:
        """The person's words."""
        self._settle("", by=by, answer=text)

    def timed_out(self) -> None:
        """Nobody answered in time.  Counted as no act of a person."""
        self._settle("timeout")

    def _settle(self, decision: str, *, by: object = None, answer: object = None) -> None:
        try:
            waited_s = max(0, time_ns() - self._began_ns) / 1e9
            said: dict[str, Any] = {"quarterdeck.human.waited_s": waited_s}
            if decision:
                said["quarterdeck.human.decision"] = decision
            if by is not None:
                said["quarterdeck.human.by"] = word(by)
            if answer is not None:
                said["quarterdeck.human.answer"] = (
                    as_text(answer) if self._captures else NOT_CAPTURED
                )
            self._add(said)
            self._is_settled = True
        except Exception as error:  # noqa: BLE001 - the rim
            swallow(self._kind, error)


def approval(
    question: str,
    *,
    tool: str | None = None,
    call_id: str | None = None,
    by: str | None = None,
    decision: Decision | None = None,
    answer: str | None = None,
    waited_s: float | None = None,
) -> HumanAct:
    """
    A person is asked to agree: `with qd.approval("Refund 240 €?", tool="refund") as asked:`.

    Inside, `asked.approved(by="alice")`, `.rejected(…)`, `.modified(…)` or `.timed_out()`.  With
    `decision` it is told at once, without a block: `waited_s` is how long it took, where known.
    """
    about = {"tool": tool, "call_id": call_id, "by": by}
    return _act("approval", question, about, decision=decision, answer=answer, waited_s=waited_s)


def question(
    text: str,
    *,
    by: str | None = None,
    call_id: str | None = None,
    answer: str | None = None,
    waited_s: float | None = None,
) -> HumanAct:
    """
    A person is asked something; inside, `asked.answered(text, by=…)`.

    With `answer` it is told at once, without a block.
    """
    about = {"call_id": call_id, "by": by}
    return _act("question", text, about, decision=None, answer=answer, waited_s=waited_s)


def correction(
    *,
    before: object = None,
    after: object = None,
    by: str | None = None,
    reason: str | None = None,
) -> None:
    """A person changed what the agent had made, from `before` to `after`."""
    said = after if after is not None else reason
    _at_once("correction", question=before, answer=said, by=by, decision="modified")


def takeover(*, by: str | None = None, reason: str | None = None) -> None:
    """A person went on instead of the agent."""
    _at_once(
        "takeover",
        question=None,
        answer="took over" if reason is None else reason,
        by=by,
        decision=None,
    )


def stop(*, by: str | None = None, reason: str | None = None) -> None:
    """A person stopped the agent."""
    _at_once("stop", question=None, answer=reason, by=by, decision="cancelled")


def _act(
    kind: str,
    question: object,
    about: dict[str, Any],
    *,
    decision: object,
    answer: object,
    waited_s: object,
) -> HumanAct:
    """A block that waits, or, if the answer is known, the act told and a block that does not."""
    if decision is None and answer is None:
        return HumanAct(kind, question, about)
    _at_once(kind, question=question, answer=answer, decision=decision, waited_s=waited_s, **about)
    return Told(kind, question, about)


class Told(HumanAct):
    """An act that was told when it was made: as a block it does nothing more."""

    __slots__ = ()

    def _open(self, _running: Running) -> None:
        return None


def _at_once(
    kind: str,
    *,
    question: object,
    answer: object,
    by: object,
    decision: object,
    waited_s: Any = None,
    tool: object = None,
    call_id: object = None,
) -> None:
    running = runtime.running
    if running is None:
        return
    try:
        about = {"tool": tool, "call_id": call_id, "by": by}
        attributes = _attributes(running, kind, question, about)
        if decision is not None:
            attributes["quarterdeck.human.decision"] = word(decision)
        if answer is not None:
            captures = running.options.capture_content
            attributes["quarterdeck.human.answer"] = as_text(answer) if captures else NOT_CAPTURED
        if waited_s is not None:
            attributes["quarterdeck.human.waited_s"] = float(waited_s)
        moment(kind, attributes)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow(kind, error)


def _attributes(
    running: Running, kind: str, question: object, about: dict[str, Any]
) -> dict[str, Any]:
    attributes: dict[str, Any] = {"quarterdeck.kind": "human", "quarterdeck.human.kind": kind}
    if question is not None and running.options.capture_content:
        attributes["quarterdeck.human.question"] = as_text(question)
    named = {
        "gen_ai.tool.name": about.get("tool"),
        "gen_ai.tool.call.id": about.get("call_id"),
        "quarterdeck.human.by": about.get("by"),
    }
    attributes.update((key, word(value)) for key, value in named.items() if value is not None)
    return attributes
