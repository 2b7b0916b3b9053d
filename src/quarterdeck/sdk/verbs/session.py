"""
`session`: one task from its beginning to its end, and what is said about it as a whole.

A session is a trace of its own, whose root is a span of kind `session`; everything inside it
carries its id, the spans of frameworks and clients too.  Inside itself (the same id again) it is a
step.  What is said about it (outcome, units of work, feedback, tags) stands on its root while that
is open in this process; said elsewhere, in another process or after its end, it is a small span
of its own with the session's id.

It invents no outcome: an exception marks the root as failed, and what that means is the
server's rule.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar, overload

from opentelemetry.context import Context, get_current
from opentelemetry.context import set_value as with_value
from opentelemetry.trace import INVALID_SPAN, Span, set_span_in_context

from quarterdeck.sdk import runtime
from quarterdeck.sdk.client import segment
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.runtime import SESSION_KEY, Running
from quarterdeck.sdk.verbs.content import as_attribute, cut, word
from quarterdeck.sdk.verbs.wrapping import Decorating, is_function

P = ParamSpec("P")
R = TypeVar("R")

OUTCOMES = ("success", "success_partial", "failure", "abandoned", "interrupted", "unknown")


class Current:
    """The session that work belongs to, as an OpenTelemetry context carries it."""

    __slots__ = (
        "counter", "environment", "id", "pid", "root", "stamp", "tags", "task", "task_type",
        "units", "user", "workflows", "write_lock",
    )  # fmt: skip

    def __init__(self, session_id: str, *, user: str = "", root: Span | None = None) -> None:
        self.id = session_id
        self.user = user
        self.stamp: dict[str, Any] = {"session.id": session_id}
        """What every span of the session carries."""
        if user:
            self.stamp["user.id"] = user
        self.task = ""
        self.task_type = ""
        self.environment = ""
        """As the session was told; "" also where the root is another process's."""
        self.workflows: dict[str, Any] = {}
        """The `Workflow` that each name was resolved to: a session keeps what it began with."""
        self.counter: Any = None
        """What the session has spent, once a workflow with limits wants to know."""
        self.root = root
        """None where the root is another process's."""
        self.pid = os.getpid()
        self.units: dict[str, float] = {}
        self.tags: list[str] = []
        self.write_lock = threading.Lock()
        """Protects `units` and `tags`, which threads of one session add to."""

    def open_root(self) -> Span | None:
        """The root, if it can still be written to here: a forked child's copy is not sent."""
        if self.root is None or self.pid != os.getpid() or not self.root.is_recording():
            return None
        return self.root


class Session(Decorating):
    """A session of this process, and the handle to it."""

    __slots__ = ("_about", "_current", "_given_id", "_is_inner", "_task", "id")

    def __init__(self, *, task: object, session_id: object, about: Mapping[str, Any]) -> None:
        super().__init__()
        self._task = task
        self._given_id = session_id
        self._about = about
        self._current: Current | None = None
        self._is_inner = False
        self.id: str = "" if session_id is None else _session_id(session_id)
        """As sent.  Given, or made when the session begins."""

    def _again(self, _name: str) -> Session:
        return Session(task=self._task, session_id=self._given_id, about=self._about)

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        options = running.options
        attributes: dict[str, Any] = {
            "quarterdeck.kind": "step" if self._is_inner else "session",
            "quarterdeck.workflow.name": options.workflow,
            "quarterdeck.workflow.version": options.workflow_version,
            "quarterdeck.environment": options.environment,
        }
        if self._task is not None:
            attributes["quarterdeck.task"] = cut(str(self._task))
        told = {key: value for key, value in self._about.items() if value is not None}
        attributes.update(told)
        return "session", {k: value for k, value in attributes.items() if value not in ("", ())}

    def _begun(self, running: Running, context: Context) -> Span:
        span = super()._begun(running, context)
        if self._current is not None and not self._is_inner:
            self._current.root = span
            running.sender.announce()
        return span

    def _start(self, running: Running) -> Context:
        if self._given_id is None or not self.id:
            self.id = new_session_id()
        context = get_current()
        outer: Any = context.get(SESSION_KEY)
        self._is_inner = outer is not None and outer.id == self.id
        if self._is_inner:
            self._current = outer
        else:
            user = self._about.get("user.id") or ""
            self._current = Current(self.id, user=user)
            self._current.tags = list(self._about.get("quarterdeck.tags") or ())
            self._current.task = "" if self._task is None else str(self._task)
            self._current.task_type = self._about.get("quarterdeck.task_type") or ""
            self._current.environment = self._about.get("quarterdeck.environment") or ""
            # A trace of its own: two sessions below one request would otherwise be one.
            context = with_value(
                SESSION_KEY, self._current, set_span_in_context(INVALID_SPAN, context)
            )
        return set_span_in_context(self._begun(running, context), context)

    # -- the handle --------------------------------------------------------------------------

    def outcome(self, label: str, *, reason: str = "", source: str = "agent") -> None:
        """
        How it ended: `success`, `success_partial`, `failure`, `abandoned`, `interrupted`,
        `unknown`.  The last word of the same source stands; a person's beats the agent's.
        """
        _say_outcome(self._current, label, reason=reason, source=source)

    def units(self, **amounts: float) -> None:
        """Work done, e.g. `lines=412`.  Calls add up."""
        _say_units(self._current, amounts)

    def feedback(
        self,
        name: str = "feedback",
        *,
        value: float | None = None,
        label: str = "",
        comment: str = "",
        by: str = "",
    ) -> None:
        """What a person thinks of it: a number, a word, a comment."""
        _say_feedback(self._current, name, value=value, label=label, comment=comment, by=by)

    def tag(self, *tags: str) -> None:
        """Words to filter by, beside those it has."""
        _say_tags(self._current, tags)


@overload
def session(task: Callable[P, R], /) -> Callable[P, R]: ...
@overload
def session(
    task: str | None = None,
    *,
    id: str | None = None,
    task_type: str | None = None,
    user: str | None = None,
    tags: Sequence[str] = (),
    case: str | None = None,
    trial: int | None = None,
    workflow: str | None = None,
    workflow_version: str | None = None,
    environment: str | None = None,
) -> Session: ...
def session(
    task: Any = None,
    *,
    id: str | None = None,  # noqa: A002 - the word that users know
    task_type: str | None = None,
    user: str | None = None,
    tags: Sequence[str] = (),
    case: str | None = None,
    trial: int | None = None,
    workflow: str | None = None,
    workflow_version: str | None = None,
    environment: str | None = None,
) -> Any:
    """
    One task: `with qd.session("migrate billing", task_type="code_migration") as session:`.

    Also `async with`, and a decorator, with or without arguments: each call is then a session.
    `id` joins what has the same id, e.g. a ticket that is worked on over days; without one, one
    is made.  `case` and `trial` (from 0) say which task of a test suite it is, and which try.
    """
    if is_function(task):
        return Session(task=None, session_id=None, about={})(task)
    about: dict[str, Any] = {}
    try:
        about = {
            "quarterdeck.task_type": _word(task_type),
            "user.id": _word(user),
            "quarterdeck.tags": _words(tags),
            "quarterdeck.case": _word(case),
            "quarterdeck.trial": None if trial is None else int(trial),
            "quarterdeck.workflow.name": _word(workflow),
            "quarterdeck.workflow.version": _word(workflow_version),
            "quarterdeck.environment": _word(environment),
        }
        return Session(task=task, session_id=id, about=about)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("session", error)
        return Session(task=None, session_id=None, about=about)


def outcome(label: str, *, reason: str = "", source: str = "agent") -> None:
    """How the current session ended, from anywhere inside it; see `Session.outcome`."""
    _say_outcome(_current("outcome"), label, reason=reason, source=source)


def units(**amounts: float) -> None:
    """Work done in the current session, e.g. `lines=412`.  Calls add up."""
    _say_units(_current("units"), amounts)


def feedback(
    name: str = "feedback",
    *,
    value: float | None = None,
    label: str = "",
    comment: str = "",
    by: str = "",
    session: str | None = None,
) -> None:
    """
    What somebody thinks of the current session, or, by its id, of one that is over.

    By id it goes to the API in the background, and is tried again while the server is away; the
    process must live that long (`qd.flush()`).
    """
    if session is None:
        current = _current("feedback")
        _say_feedback(current, name, value=value, label=label, comment=comment, by=by)
        return
    try:
        running = runtime.running
        if running is not None:
            body: dict[str, Any] = {"name": word(name), "label": word(label), "by": word(by)}
            body["comment"] = cut(str(comment))
            if value is not None:
                body["value"] = float(value)
            running.sender.call(f"/api/v1/sessions/{segment(str(session))}/feedback", body)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("feedback", error)


# -- saying ---------------------------------------------------------------------------------------


def _current(verb: str) -> Current | None:
    if runtime.running is None:
        return None
    found: Any = get_current().get(SESSION_KEY)
    if found is None:
        notice(verb, "there is no session around it, so it says nothing")
    return found if isinstance(found, Current) else None


def _say_outcome(current: Current | None, label: str, *, reason: str, source: str) -> None:
    try:
        if label not in OUTCOMES:
            notice("outcome", f"{label!r:.40} is none of {', '.join(OUTCOMES)}")
        said = {"quarterdeck.outcome": word(label), "quarterdeck.outcome.source": word(source)}
        if reason:
            said["quarterdeck.outcome.reason"] = cut(str(reason))
        _say(current, said)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("outcome", error)


def _say_units(current: Current | None, amounts: Mapping[str, float]) -> None:
    try:
        if current is None:
            return
        told: dict[str, Any] = {}
        is_open = current.open_root() is not None
        with current.write_lock:
            for name, amount in amounts.items():
                number = float(amount)
                if is_open:
                    # The server adds up over spans; on one span the later value replaces.
                    number += current.units.get(name, 0.0)
                    current.units[name] = number
                told[f"quarterdeck.units.{name}"] = int(number) if number.is_integer() else number
        _say(current, told)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("units", error)


def _say_tags(current: Current | None, tags: Sequence[str]) -> None:
    try:
        if current is None:
            return
        with current.write_lock:
            current.tags.extend(tag for tag in _words(tags) if tag not in current.tags)
            told = list(current.tags)
        _say(current, {"quarterdeck.tags": told})
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("tag", error)


def _say_feedback(
    current: Current | None, name: str, *, value: float | None, label: str, comment: str, by: str
) -> None:
    try:
        if current is None:
            return
        author = word(by)
        score: dict[str, Any] = {
            "name": word(name),
            "judge": "human",
            "scope": "session",
            "author": author,
            # The same person's later word on the same thing replaces the earlier one.
            "identifier": author,
            "label": word(label),
            "explanation": cut(str(comment)),
        }
        if value is not None:
            score["value"] = float(value)
        _say(current, {}, score={key: told for key, told in score.items() if told != ""})
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("feedback", error)


def _say(
    current: Current | None, said: Mapping[str, Any], *, score: Mapping[str, Any] | None = None
) -> None:
    """On the open root, else as a small span of its own."""
    running = runtime.running
    if current is None or running is None:
        return
    root = current.open_root()
    if root is None:
        attributes = {**current.stamp, "quarterdeck.kind": "step", **said}
        context = get_current() if current.root is None else set_span_in_context(current.root)
        span = running.tracer.start_span("said of the session", context, attributes=attributes)
        if score is not None:
            span.add_event("quarterdeck.score", dict(score))
        span.end()
        return
    if said:
        root.set_attributes({key: as_attribute(value) for key, value in said.items()})
    if score is not None:
        root.add_event("quarterdeck.score", dict(score))


def new_session_id() -> str:
    """Sorts by time: 12 hex digits of milliseconds, then 16 random ones."""
    return f"sess_{time.time_ns() // 1_000_000:012x}{secrets.token_hex(8)}"


def _session_id(given: object) -> str:
    try:
        return str(given).strip()[:256]
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("session", error)
        return ""


def _word(value: object) -> str | None:
    return None if value is None else word(value)


def _words(values: object) -> tuple[str, ...]:
    if isinstance(values, str):
        values = (values,)
    return tuple(word(value) for value in values if value is not None)  # type: ignore[attr-defined]
