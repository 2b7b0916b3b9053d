"""
Runs of Helicone's SDK of 2023: a job, its nodes, and how each ended.

A job is a trace.  Nothing tells a time: a job or node began when it was made here and ended when
its status came.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Fragment, span_id_of, trace_id_of
from quarterdeck.receive.wires.helicone.said import session_of

JOB, NODE = "helicone:job:", "helicone:node:"
POST, STATUS = "post", "status"
_ENDED = frozenset({"SUCCESS", "FAILED", "CANCELLED", "TIMEOUT"})
_OUTCOMES = {"SUCCESS": "success", "FAILED": "failure", "TIMEOUT": "failure"}


def build_job(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    return _build(name.removeprefix(JOB), fragments, is_job=True)


def build_node(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    return _build(name.removeprefix(NODE), fragments, is_job=False)


def _build(own: str, fragments: Sequence[Fragment], *, is_job: bool) -> list[RawSpan]:
    posts = [f for f in fragments if f.kind == POST and isinstance(f.body, dict)]
    if not posts:
        return []
    body: Mapping[str, Any] = posts[-1].body
    job = own if is_job else body.get("job")
    if not isinstance(job, str) or not job:
        return []
    start_ns = min(post.at_ns for post in posts)
    status, ended_ns = _status(fragments, body)
    has_ended = status in _ENDED
    given = body.get("customProperties")
    properties = {str(k).lower(): v for k, v in given.items()} if isinstance(given, dict) else {}
    attributes = {
        "helicone.type": "job" if is_job else "node",
        "helicone.session.id": session_of(properties) or None,
        "helicone.properties": properties or None,
        "helicone.run.status": status or None,
        **{f"helicone.run.{name}": value for name, value in body.items()
           if name not in ("customProperties", "status", "name")},
        "quarterdeck.partial": None if has_ended else True,
        "quarterdeck.status": "cancelled" if status == "CANCELLED" else None,
        "quarterdeck.outcome": _OUTCOMES.get(status) if is_job else None,
    }  # fmt: skip
    return [
        RawSpan(
            trace_id=trace_id_of(job),
            span_id=span_id_of(f"helicone:run:{own}"),
            parent_span_id="" if is_job else _parent(body, job),
            name=str(body.get("name") or ("job" if is_job else "node"))[:200],
            start_ns=start_ns,
            end_ns=max(ended_ns, start_ns) if has_ended else 0,
            status_code=2 if status in ("FAILED", "TIMEOUT") else 1 if has_ended else 0,
            status_message=status if status in ("FAILED", "TIMEOUT") else "",
            attributes={k: v for k, v in attributes.items() if v is not None},
        )
    ]


def _parent(body: Mapping[str, Any], job: str) -> str:
    """`parentJobId` names the node above, in spite of its name."""
    above = body.get("parentJobId")
    return span_id_of(f"helicone:run:{above if isinstance(above, str) and above else job}")


def _status(fragments: Sequence[Fragment], body: Mapping[str, Any]) -> tuple[str, int]:
    """The last one that was sent, and since when; of a status sent again, since the first time."""
    status, since_ns = str(body.get("status") or ""), 0
    for fragment in fragments:
        said = fragment.body.get("status") if isinstance(fragment.body, dict) else None
        if fragment.kind == STATUS and isinstance(said, str) and said.upper() != status:
            status, since_ns = said.upper(), fragment.at_ns
    return status, since_ns
