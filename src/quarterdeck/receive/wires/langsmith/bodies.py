"""
Requests of LangSmith's clients as fragments: what each says of which run or feedback.

A run is posted when it begins and patched when it ends; in a multipart body its large fields
are parts of their own (`post.<run>`, `post.<run>.inputs`, `patch.<run>.outputs`, …), which are
put together here again, since the client writes them in one go.  A feedback is an object of
its own about a run, so that a later patch, which names only the feedback, finds the run too.

Nothing is interpreted here but names and ids.  It refuses a part without a run's id in it.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.receive.wire import Fragment, Part
from quarterdeck.receive.wires.langsmith.instants import instant_of, start_in_order

RUN = "langsmith:run:"
FEEDBACK = "langsmith:feedback:"
RUNS_OF = "langsmith:runs:"
"""Collection of the runs of a project, by its name; by its id where only that is told."""
QUEUED = "langsmith:queued:"
"""Runs that were put before a person: `<queue>:<run>`, about the run."""
FEEDBACK_OF = "langsmith:feedback-of:"
"""Collection of the feedback given in a project, by its id."""

_MAX_ATTACHMENT = 256 * 1024
"""Bytes of an attachment that are kept, with the others as a fingerprint: usual ones are a page
of text or a small picture, and a fragment is read again with each part of its run."""

Object = dict[str, Any]


def identity(value: Any, *, what: str) -> str:
    """A UUID in its usual spelling.  Raises `Invalid` for what is none."""
    try:
        return str(uuid.UUID(value))
    except (ValueError, AttributeError, TypeError):
        raise Invalid(f"the id of a {what} is a UUID, got {str(value)[:60]!r}") from None


def of_multipart(parts: Sequence[Part]) -> list[Fragment]:
    """What `POST /runs/multipart` says, in order.  Raises `Invalid`."""
    runs: dict[tuple[str, str], Object] = {}
    found: list[Fragment] = []
    for part in parts:
        kind, _, rest = part.name.partition(".")
        named, _, member = rest.partition(".")
        if kind in ("post", "patch"):
            run = runs.setdefault((kind, identity(named, what="run")), {})
            _put(run, member, part)
        elif kind == "attachment":
            run_id = identity(named, what="run")
            found.append(_attachment(run_id, member, part))
        elif kind == "feedback" and isinstance(part.json, dict):
            found.append(of_feedback({"id": rest, **part.json}))
        else:
            raise Invalid(f"expected a part of a run or a feedback, got {part.name[:60]!r}")
    return [_of_run(kind, {"id": run_id, **run}) for (kind, run_id), run in runs.items()] + found


def _put(run: Object, member: str, part: Part) -> None:
    told = part.json if part.json is not None else part.data.decode("utf-8", "replace")
    if member:
        run[member] = told if part.json is not None or part.data.strip() != b"null" else None
    elif isinstance(told, dict):
        # The parts of the run that are there already are not taken back by its main part.
        for key, value in told.items():
            run.setdefault(key, value)
    else:
        raise Invalid(f"the run in {part.name[:60]!r} is no JSON object")


def _attachment(run_id: str, name: str, part: Part) -> Fragment:
    kept = part.data if len(part.data) <= _MAX_ATTACHMENT else b""
    return Fragment(
        object=RUN + run_id,
        kind="attachment",
        body={
            "name": name,
            "filename": part.filename,
            "content_type": part.content_type,
            "size": len(part.data),
            "sha256": hashlib.sha256(part.data).hexdigest(),
            "base64": base64.b64encode(kept).decode("ascii"),
        },
    )


def of_batch(body: Mapping[str, Any]) -> list[Fragment]:
    """What `POST /runs/batch` says.  Raises `Invalid`."""
    found = []
    for kind in ("post", "patch"):
        for run in body.get(kind) or ():
            if not isinstance(run, dict):
                raise Invalid(f"expected runs in {kind!r}, got {type(run).__name__}")
            found.append(of_run(kind, run))
    return found


def of_run(kind: str, run: Object) -> Fragment:
    """A whole run, posted or patched by itself.  Raises `Invalid`."""
    return _of_run(kind, {**run, "id": identity(run.get("id"), what="run")})


def _of_run(kind: str, run: Object) -> Fragment:
    project = run.get("session_name") or run.get("session_id")
    began = instant_of(run.get("start_time")) or start_in_order(run.get("dotted_order"))
    return Fragment(
        object=RUN + run["id"],
        kind=kind,
        body=run,
        collection=f"{RUNS_OF}{project}" if isinstance(project, str) else "",
        at_ns=instant_of(run.get("end_time")) or began if kind == "patch" else began,
    )


def of_feedback(feedback: Object, *, kind: str = "feedback") -> Fragment:
    """A feedback, whole (`feedback`) or what changed of it (`patch`).  Raises `Invalid`."""
    feedback_id = identity(feedback.get("id"), what="feedback")
    run, project = feedback.get("run_id"), feedback.get("session_id")
    return Fragment(
        object=FEEDBACK + feedback_id,
        kind=kind,
        body={**feedback, "id": feedback_id},
        about=RUN + identity(run, what="run") if run else "",
        collection=f"{FEEDBACK_OF}{project}" if isinstance(project, str) else "",
        at_ns=instant_of(feedback.get("modified_at")) or instant_of(feedback.get("created_at")),
    )


def by_object(fragments: Iterable[Fragment]) -> dict[str, list[Fragment]]:
    """The fragments of each object by itself, in order."""
    found: dict[str, list[Fragment]] = {}
    for fragment in fragments:
        found.setdefault(fragment.object, []).append(fragment)
    return found
