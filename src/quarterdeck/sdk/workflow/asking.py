"""
Asking a person through the server, and waiting for the answer.

The question has an id of ours, so asking again after a lost answer is the same question.  While the
server is away it is asked again, until the time is over: then the default holds, and that nobody
could be reached is told.  Whoever stops waiting (Ctrl-C, a cancelled task) takes the question back.
"""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from quarterdeck.errors import Conflict, NotFound, QuarterdeckError, TooLarge, TryAgain
from quarterdeck.sdk.client import segment
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.verbs.content import as_text, cut
from quarterdeck.sdk.workflow.arguments import plain

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.fetching import Server

T = TypeVar("T")

POLL_S = 20.0
"""Of one request: the server allows 25, proxies often 30."""
PAUSE_S = 2.0
"""Between requests while the server is away: a person takes longer than that anyway."""
ANSWER_S = 5.0
CANCEL_S = 2.0
LONGEST_S = 30 * 86_400.0
MAX_SHOWN = 40
SHOWN_BYTES = 1_000
"""Of one argument, where all of them are too long: the server takes 64 KB."""
MORE = "…"

Ending = Literal["approved", "rejected", "changed", "expired", "cancelled", "unreachable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    question: str
    tool: str
    arguments: Mapping[str, Any]
    timeout_s: float
    default: Literal["allow", "deny"]
    about: Mapping[str, Any] = field(default_factory=dict)
    """session_id, trace_id, span_id, agent, rule, workflow, version, environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    ending: Ending
    is_allowed: bool
    by: str = ""
    reason: str = ""
    arguments: dict[str, Any] | None = None
    """With which the call runs, where the person changed them."""


class Asked:
    """One question, from asking to its answer.  Used by one thread."""

    def __init__(self, server: Server, question: Question) -> None:
        self._server = server
        self._question = question
        self._id = f"ask_{uuid.uuid4().hex}"
        self._until = monotonic() + question.timeout_s
        self._is_known = False
        """Whether the server has the question."""
        self._refused = ""
        self._shown: dict[str, Any] | None = None
        """What the person sees instead of arguments that are too long; None = the arguments."""
        self.is_stopped = threading.Event()

    def wait(self) -> Answer:
        """Until there is an answer or the time is over.  Never raises `QuarterdeckError`s."""
        try:
            while not self.is_stopped.is_set():
                left_s = self._until - monotonic()
                if left_s <= 0:
                    return self._nobody()
                found = self._look(min(left_s, POLL_S))
                if found is not None:
                    return found
        except BaseException:
            self.cancel()
            raise
        return Answer(ending="cancelled", is_allowed=False)

    def cancel(self) -> Answer | None:
        """
        Nobody waits any longer; gives a decision that came before that.

        Never raises, and takes `CANCEL_S` at most.
        """
        self.is_stopped.set()
        if not self._is_known:
            return None
        try:
            path = f"/api/v1/approvals/{segment(self._id)}/cancel"
            body = {"reason": "the agent stopped waiting"}
            found = self._read(self._server.post(path, body, timeout_s=CANCEL_S))
        except Exception as error:  # noqa: BLE001 - it expires by itself
            swallow("approval", error)
            return None
        return None if found is None or found.ending == "cancelled" else found

    def _look(self, wait_s: float) -> Answer | None:
        try:
            if not self._is_known:
                shown = self._ask(min(ANSWER_S, wait_s + 1))
                self._is_known = True
            else:
                shown = self._server.get(
                    f"/api/v1/approvals/{segment(self._id)}",
                    {"wait_s": f"{wait_s:.3f}"},
                    timeout_s=wait_s + ANSWER_S,
                )
            return self._read(shown)
        except NotFound:
            self._is_known = False  # the server lost it: a restored backup
            self._pause(PAUSE_S)
        except TryAgain as away:
            self._pause(min(max(PAUSE_S, float(away.retry_after_s)), 30.0))
        except QuarterdeckError as error:
            # A key that may not ask, or a question that the server does not take: told at once,
            # and tried again, since somebody may mend the key while the agent waits.
            if self._refused != str(error):
                self._refused = str(error)
                notice(f"approval {type(error).__name__}", f"could not be asked: {error}")
            self._pause(PAUSE_S * 5)
        return None

    def _ask(self, timeout_s: float) -> Any:
        asked = self._question
        body = {
            **asked.about,
            "approval_id": self._id,
            "tool": asked.tool[:400],
            "question": cut(asked.question)[:4000],
            "timeout_s": min(LONGEST_S, max(0.001, self._until - monotonic())),
            "default": asked.default,
        }
        arguments = plain(asked.arguments)
        try:
            return self._server.post(
                "/api/v1/approvals", {**body, "arguments": arguments}, timeout_s=timeout_s
            )
        except TooLarge:
            self._shown = shortened(arguments)
            return self._server.post(
                "/api/v1/approvals", {**body, "arguments": self._shown}, timeout_s=timeout_s
            )
        except Conflict:
            self._id = f"ask_{uuid.uuid4().hex}"
            raise

    def _read(self, shown: Any) -> Answer | None:
        state = shown["state"]
        if state == "waiting":
            return None
        changed = shown.get("changed_arguments")
        if isinstance(changed, dict) and self._shown is not None:
            changed = lengthened(changed, self._shown, self._question.arguments)
        return Answer(
            ending=state,
            is_allowed=bool(shown["allowed"]),
            by=str(shown.get("decided_by") or ""),
            reason=str(shown.get("reason") or ""),
            arguments=with_hidden(changed, self._question.arguments)
            if isinstance(changed, dict)
            else None,
        )

    def _nobody(self) -> Answer:
        """The time is over here; the server's clock decides, and may have heard somebody."""
        is_allowed = self._question.default == "allow"
        if not self._is_known:
            notice("approval unreachable", "no server could be asked, so the default holds")
            return Answer(ending="unreachable", is_allowed=is_allowed)
        try:
            path = f"/api/v1/approvals/{segment(self._id)}"
            shown = self._server.get(path, {"wait_s": "1"}, timeout_s=1 + CANCEL_S)
            found = self._read(shown) or self.cancel()
        except Exception as error:  # noqa: BLE001 - then nobody was heard
            swallow("approval", error)
            found = None
        return found or Answer(ending="expired", is_allowed=is_allowed)

    def _pause(self, seconds: float) -> None:
        self.is_stopped.wait(max(0.0, min(seconds, self._until - monotonic())))


async def waited(asked: Asked) -> Answer:
    """The same, without holding the event loop."""
    try:
        return await in_thread(asked.wait)
    except asyncio.CancelledError:
        asked.is_stopped.set()
        await asyncio.shield(in_thread(asked.cancel))
        raise


def in_thread(function: Callable[[], T]) -> asyncio.Future[T]:
    """
    Runs in a thread of its own, which nobody waits for at the end of the program.

    `asyncio.to_thread` would: a poll of 20 s that was given up would hold `asyncio.run`.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if not future.done():
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

    def run() -> None:
        result: Any = None
        failed: BaseException | None = None
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - raised where it is awaited
            failed = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, failed)

    threading.Thread(target=run, name="quarterdeck-ask", daemon=True).start()
    return future


def shortened(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """
    The beginning of each argument that is long, and how much more there is; the first of many.

    Whoever decides has to see that there is more than they read.
    """
    shown: dict[str, Any] = {}
    for name, value in list(arguments.items())[:MAX_SHOWN]:
        text = value if isinstance(value, str) else as_text(value)
        begin = text.encode("utf-8", "replace")[:SHOWN_BYTES].decode("utf-8", "ignore")
        left = len(text) - len(begin)
        shown[name] = f"{begin}… ({left} characters more)" if left else value
    if len(arguments) > MAX_SHOWN:
        shown[MORE] = f"{len(arguments) - MAX_SHOWN} arguments more"
    return shown


def lengthened(
    changed: Mapping[str, Any], shown: Mapping[str, Any], arguments: Mapping[str, Any]
) -> dict[str, Any]:
    """What a person made of shortened arguments, with those whole that they left as shown."""
    kept = {name: value for name, value in arguments.items() if name not in shown}
    for name, value in changed.items():
        is_cut = name in shown and name in arguments and shown[name] is not arguments[name]
        # The server lets a text with something hidden in it come back only as it was shown.
        is_hidden = isinstance(value, str) and "[redacted:" in value
        if is_cut and (value == shown[name] or is_hidden):
            kept[name] = arguments[name]
        elif name != MORE or name in arguments:
            kept[name] = value
    return kept


def with_hidden(changed: Any, original: Any) -> Any:
    """
    What a person sent back, with the agent's own values where the server hid them.

    The server replaces secrets by `[redacted:…]` before it shows arguments, and lets such a text
    stay only where it stood.
    """
    if isinstance(changed, str) and "[redacted:" in changed:
        return original if isinstance(original, str) else changed
    if isinstance(changed, dict):
        known = original if isinstance(original, Mapping) else {}
        return {name: with_hidden(value, known.get(name)) for name, value in changed.items()}
    if isinstance(changed, list):
        items = list(original) if isinstance(original, list | tuple) else []
        padded = items + [None] * (len(changed) - len(items))
        return [with_hidden(value, was) for value, was in zip(changed, padded, strict=False)]
    return changed
