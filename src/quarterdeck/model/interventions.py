"""
What people did in a session.

An automatic policy decision (`auto`) is kept on its span and is not an intervention.
"""

from typing import Literal

import msgspec

InterventionKind = Literal["approval", "rejection", "correction", "answer", "takeover", "stop"]
HumanDecision = Literal["approved", "rejected", "modified", "cancelled", "timeout", "none"]
HumanAsk = Literal["approval", "question", "edit", "feedback", "takeover", "stop"]


class HumanAct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A person asked for or acting, as one span or log event tells it."""

    asked: HumanAsk = "approval"
    decision: HumanDecision = "none"
    """`none` = nobody has answered (yet), as far as this span knows."""
    by: str = ""
    auto: bool = False
    """A rule, a hook or a classifier decided: not a human intervention."""
    waited_ns: int | None = None
    """None = unknown; then the span's own duration or the gap between runs is used."""
    call_id: str = ""
    """The tool call that is asked about, to join request, decision and execution."""
    tool: str = ""
    question: str = ""
    answer: str = ""
    tentative: bool = False
    """
    Not an act by itself.  A tool call without a result asked for approval only if the same call
    ran later; words of somebody who may be a person belong to that person's act, if there is one.
    """


class Intervention(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One act of a person in a session."""

    kind: InterventionKind
    at_ns: int
    """When the person acted; when they were asked if nobody answered yet."""
    waited_ns: int | None = None
    decision: HumanDecision = "none"
    by: str = ""
    agent: str = ""
    tool: str = ""
    call_id: str = ""
    question: str = ""
    answer: str = ""
    trace_id: str = ""
    span_id: str = ""
    """The span that shows it; empty for an act reported through the API."""
    pending: bool = False
    """Asked and not answered: the session waits for a human."""
