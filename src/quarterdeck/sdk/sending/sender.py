"""
The background thread: takes what ended, sends it, and keeps it on disk while nobody answers.

Every second, when a session begins, or when the queue fills: encode what waits, send it, tell of
what is open, send what lies on disk, tell the API what was said of past sessions.

It may be started twice, stopped twice and stopped before it was started.  `stop` returns within
its time, also when the server hangs: what is on its way then is written to disk as well, and sent
twice at worst, which is harmless.
"""

import os
import threading
from collections import deque
from contextlib import suppress
from time import monotonic, time_ns
from typing import Any, NamedTuple

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    attach,
    detach,
)

from quarterdeck.sdk.rim import swallow, swallowed
from quarterdeck.sdk.sending.delivery import Delivery
from quarterdeck.sdk.sending.encoding import Batch, encoded
from quarterdeck.sdk.sending.open_spans import OpenSpans
from quarterdeck.sdk.sending.outbox import Outbox
from quarterdeck.sdk.sending.requests import Requests
from quarterdeck.sdk.sending.spool import Spool
from quarterdeck.sdk.sending.stats import Counts, Stats
from quarterdeck.sdk.sending.status import remove_old_statuses, write_status

INTERVAL_S = 1.0
ANNOUNCE_EVERY_S = 0.25
"""The first session of a process is told of at once, so that it is there if the process is killed;
a burst of sessions that last milliseconds must not be a request each."""
MAX_CALLS = 1_000
"""API calls (feedback on past sessions) that may wait."""
CALL_TRIES = 10
_TRY_AGAIN = frozenset({0, 404, 429, 500, 502, 503, 504})
"""Of calls.  404: the session's spans may be a second behind."""
STATUS_EVERY_S = 5.0


class _Call(NamedTuple):
    path: str
    body: dict[str, Any]
    method: str
    about: str
    """What it replaces the state of; "" for nothing."""
    tries: int


class Sender:
    """One server, one key, one thread."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        delivery: Delivery,
        url: str,
        spool: Spool | None,
        counts: Counts,
        service: str,
    ) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._url = url
        self._spool = spool
        self._counts = counts
        self._service = service
        self._open = OpenSpans()
        self._requests = Requests(outbox=outbox, delivery=delivery, spool=spool, counts=counts)
        self._calls: deque[_Call] = deque()
        self._restart()

    def _restart(self) -> None:
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        """Protects `_thread`."""
        self._working = threading.Lock()
        """Held while a round runs: at exit it may be the main thread that runs the last."""
        self._wake = threading.Event()
        self._done = threading.Condition()
        """Protects `_rounds`."""
        self._rounds = 0
        self._requests.restart()
        self._asks_all = False
        self._announced_at = -INTERVAL_S
        self._status_at = 0.0
        self._written: Stats | None = None

    # -- from the agent's threads ----------------------------------------------------------

    def start(self) -> None:
        """Begin the thread; nothing if it runs.  Raises `RuntimeError` while Python exits."""
        with self._starting:
            is_there = self._thread is not None and self._thread.is_alive()
            if not is_there and not self._requests.is_stopping:
                thread = threading.Thread(target=self._run, name="quarterdeck", daemon=True)
                thread.start()
                self._thread = thread

    def wake(self) -> None:
        self.start()
        self._wake.set()

    def announce(self) -> None:
        """A session has begun: the server hears of it now, or after `ANNOUNCE_EVERY_S`."""
        now = monotonic()
        if now - self._announced_at >= ANNOUNCE_EVERY_S:
            self._announced_at = now
            try:
                self.wake()
            except RuntimeError as error:  # no thread can begin: the session still does
                swallow("announce", error)

    def call(
        self, path: str, body: dict[str, Any], *, method: str = "POST", about: str = ""
    ) -> None:
        """
        Tell the API from the background; dropped and counted when too many wait.

        `about` names what the call says the state of: `withdraw` it before a newer word is said.
        """
        if len(self._calls) >= MAX_CALLS:
            self._counts.drop("calls_full")
            return
        self._calls.append(_Call(path, body, method, about, 0))
        self.wake()

    def withdraw(self, about: str) -> None:
        """Forget waiting calls about this: sent later, they would replace what is said now."""
        for call in list(self._calls):
            if call.about == about:
                with suppress(ValueError, IndexError):  # the thread has taken it meanwhile
                    self._calls.remove(call)

    def flush(self, timeout_s: float) -> bool:
        """
        Wait until everything that ended before is with the server, and what is open was told.

        False when that took longer, or when it had to go to disk.
        """
        until = monotonic() + max(0.0, timeout_s)
        while True:
            spooled = self._counts.spooled
            self._round_from_outside(until)
            if not self._outbox.queue and not self._requests.pending and not self._calls:
                return self._counts.spooled == spooled and self._requests.failures == 0
            left = until - monotonic()
            if left <= 0 or self._requests.is_stopping:
                return False
            self._wake.wait(min(0.1, left))

    def _round_from_outside(self, until: float) -> None:
        """Have the thread run a whole round that begins now, and wait for it."""
        self.start()
        with self._done:
            # The round that is running now may have taken the queue before our spans.
            target = self._rounds + (2 if self._working.locked() else 1)
            self._asks_all = True
            self._wake.set()
            self._done.wait_for(
                lambda: self._rounds >= target or self._requests.is_stopping,
                timeout=max(0.0, until - monotonic()),
            )

    def stop(self, timeout_s: float) -> None:
        """Send what there is; what is left when the time is over goes to disk.  For good."""
        until = monotonic() + max(0.0, timeout_s)
        with self._starting:
            if self._requests.is_stopping:
                return
            self._requests.stop_at = until
            self._requests.is_stopping = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=max(0.0, until - monotonic()))
        if thread is None or thread.is_alive():
            self._finish_here()
        if self._requests.is_abandoned:
            self._delivery.forget()
        else:
            self._delivery.close()

    def _finish_here(self) -> None:
        """The thread never ran, or hangs in a request."""
        if self._working.acquire(blocking=False):
            try:
                self._round(final=True)
            finally:
                self._working.release()
        else:
            self._requests.is_abandoned = True
            self._requests.gather(everything=True)
            self._requests.put_away()
            self._report(final=True)

    def forget(self) -> None:
        """In a forked child: nothing of the parent's is sent here; the thread begins anew."""
        self._delivery.forget()
        if self._spool is not None:
            self._spool.forget()
        self._open.forget()
        self._calls = deque()
        self._counts.__init__()  # type: ignore[misc]
        self._restart()

    def stats(self) -> Stats:
        counts = self._counts
        return Stats(
            sent=counts.sent,
            rejected=counts.rejected,
            dropped=counts.dropped(),
            queued=len(self._outbox.queue)
            + sum(batch.spans for batch in tuple(self._requests.pending)),
            spooled=counts.spooled,
            spool_bytes=self._spool.size() if self._spool is not None else 0,
            resent=counts.resent,
            retried=counts.retried,
            partial=counts.partial,
            errors=swallowed(),
            last_problem=counts.last_problem,
        )

    # -- the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        pid = os.getpid()
        attach(_quiet())
        try:
            self._delivery.load()
        except Exception as error:  # noqa: BLE001 - an odd address: each request will say so
            swallow("sender", error)
        while not self._requests.is_abandoned and pid == os.getpid():
            self._wake.wait(self._pause_s())
            self._wake.clear()
            final = self._requests.is_stopping
            with self._working:
                self._round(final=final)
            with self._done:
                self._rounds += 1
                self._done.notify_all()
            if final:
                return

    def _pause_s(self) -> float:
        """Until the next round: short while sessions begin, as the next may not have woken us."""
        is_fresh = monotonic() - self._announced_at < INTERVAL_S
        return ANNOUNCE_EVERY_S if is_fresh else INTERVAL_S

    def _round(self, *, final: bool) -> None:
        """Everything that there is to do now.  Never raises: the next round goes on."""
        token = attach(_quiet())
        asked, self._asks_all = self._asks_all, False
        try:
            self._requests.gather(everything=final or asked)
            if (
                self._requests.send(insist=final or asked)
                and not self._requests.was_abandoned()
                and self._tell_open(everything=final or asked)
            ):
                if self._requests.send_spooled(final=final):
                    self._wake.set()
                self._make_calls(final=final)
            if final or self._requests.should_spool():
                self._requests.put_away()
        except Exception as error:  # noqa: BLE001 - the rim of the thread
            swallow("sender", error)
        finally:
            self._outbox.is_woken = False
            self._report(final=final)
            detach(token)

    def _tell_open(self, *, everything: bool) -> bool:
        """Whether the server answers, as far as is known."""
        now_ns = time_ns()
        outbox = self._outbox
        due = self._open.due(outbox.open, outbox.late, now_ns=now_ns, everything=everything)
        if not due:
            return True
        body, lost = encoded([snapshot for _, _, snapshot in due])
        answer = self._delivery.send(body, timeout_s=self._requests.left_s())
        if answer.verdict == "later":
            self._requests.take_answer(Batch(body, 0), answer)
            return False
        # Also when it was refused: the same snapshot would be refused again.
        self._open.tell(due, now_ns=now_ns)
        if answer.verdict == "taken":
            self._counts.partial += len(due) - lost
        return True

    # -- the API ---------------------------------------------------------------------------

    def _make_calls(self, *, final: bool) -> None:
        for _ in range(len(self._calls)):
            call = self._calls.popleft()
            answer = self._delivery.call(
                call.path, call.body, method=call.method, timeout_s=self._requests.left_s()
            )
            if answer.verdict == "taken":
                continue
            may_come = answer.status in _TRY_AGAIN and not final and call.tries < CALL_TRIES
            if may_come:
                self._calls.append(call._replace(tries=call.tries + 1))
            else:
                self._counts.drop("call_failed")
                self._requests.note_problem(answer)

    # -- telling ---------------------------------------------------------------------------

    def _report(self, *, final: bool) -> None:
        """Write the status file when something changed, and not all the time."""
        spool = self._spool
        if spool is None or (not final and monotonic() - self._status_at < STATUS_EVERY_S):
            return
        try:
            stats = self.stats()
            if stats == self._written or (stats == Stats() and self._written is None):
                return
            spool.make_root()
            if self._written is None:
                remove_old_statuses(spool.root)
            write_status(spool.root, url=self._url, service=self._service, stats=stats)
            self._written, self._status_at = stats, monotonic()
        except Exception as error:  # noqa: BLE001 - the numbers are in `qd.stats()` too
            swallow("status", error)


def _quiet() -> Context:
    """A context in which instrumented HTTP clients make no spans: ours would tell of itself."""
    return Context({_SUPPRESS_INSTRUMENTATION_KEY: True, _SUPPRESS_HTTP_INSTRUMENTATION_KEY: True})
