"""
Pydantic Logfire: pending spans, feedback annotations, levels and tags.

A pending span has an id of its own; its parent is the real, unfinished span.  It becomes that
span's provisional version, so that no ghost stays when the real one arrives.
"""

from quarterdeck.model.scores import Score
from quarterdeck.normalize.attributes import texts
from quarterdeck.normalize.dialect import Dialect, Draft, Kind, KindSource, Recognizes, Source

_KINDS = {"annotation": Kind("evaluation"), "log": Kind("step", "log", generic=True)}


def _adjust(draft: Draft) -> None:
    spelled = draft.attributes.get("logfire.span_type")
    if spelled == "pending_span":
        _pend(draft)
    elif spelled == "annotation":
        _feedback(draft)


def _pend(draft: Draft) -> None:
    raw, found = draft.raw, draft.found
    if not raw.parent_span_id:
        draft.problem("logfire.span_type", "a pending span without a parent stands for nothing")
        found["ghost"] = True
        return
    parent = draft.attributes.get("logfire.pending_parent_id")
    parent = parent.strip().lower() if isinstance(parent, str) else ""
    found["span_id"] = raw.parent_span_id
    found["parent_span_id"] = "" if parent.strip("0") == "" else parent[:16].rjust(16, "0")
    found["partial"] = True
    found["end_ns"] = None
    found["status"] = "unset"


def _feedback(draft: Draft) -> None:
    """`feedback: <name>`, a child of what it judges; the value is in an attribute of that name."""
    attributes = draft.attributes
    name = attributes.get("logfire.feedback.name")
    if not isinstance(name, str) or not name:
        draft.problem("logfire.feedback.name", "an annotation without a name can't be kept")
        return
    value = attributes.get(name)
    comment = attributes.get("logfire.feedback.comment")
    amount = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    label = value if isinstance(value, str) else ""
    if isinstance(value, bool):
        label = "true" if value else "false"
    draft.found["scores"] = (
        Score(
            name=name[:200],
            value=float(amount) if amount is not None else None,
            label=label[:200],
            explanation=comment[:500] if isinstance(comment, str) else "",
            target_trace_id=draft.raw.trace_id,
            target_span_id=draft.raw.parent_span_id,
            at_ns=draft.raw.end_ns or draft.raw.start_ns,
        ),
    )


DIALECT = Dialect(
    name="logfire",
    recognizes=Recognizes(keys=("logfire.",), scopes=("logfire",)),
    sources=(
        Source("display_name", 10, "logfire.msg"),
        Source("tags", 50, "logfire.tags", texts),
    ),
    kinds=(KindSource(10, "logfire.span_type", _KINDS),),
    adjust=_adjust,
)
