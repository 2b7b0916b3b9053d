"""
The background thread: takes what ended, sends it, and keeps it on disk while nobody answers.

Every second, when a session begins, or when the queue fills: encode what waits, send it, tell of
what is open, send what lies on disk.  While the server does not answer, requests are repeated with
growing pauses (or when the server asked for); after five seconds they go to disk.  What is refused
for good is split until the part that is to blame stands alone, set aside and counted.

Memory is bounded: the queue by the outbox, what is encoded by `MAX_PENDING_BYTES`, beyond which
the oldest goes, as it does on disk.

It may be started twice, stopped twice and stopped before it was started.  `stop` returns within
its time, also when the server hangs: what is on its way then is written to disk as well, and sent
twice at worst, which is harmless.
"""

import os
import threading
from collections import deque
from time import monotonic, time_ns
from typing import Any, NamedTuple

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    attach,
    detach,
)

from quarterdeck.sdk.rim import log, swallow, swallowed
from quarterdeck.sdk.sending.delivery import ANSWER_TIMEOUT_S, Answer, Delivery, backoff_s
from quarterdeck.sdk.sending.encoding import Batch, encoded, halves
from quarterdeck.sdk.sending.open_spans import OpenSpans
from quarterdeck.sdk.sending.outbox import Outbox
from quarterdeck.sdk.sending.spool import Spool
from quarterdeck.sdk.sending.stats import Counts, Stats
from quarterdeck.sdk.sending.status import remove_old_statuses, write_status

INTERVAL_S = 1.0
ANNOUNCE_EVERY_S = 0.25
"""The first session of a process is told of at once, so that it is there if the process is killed;
a burst of sessions that last milliseconds must not be a request each."""
BATCH_SPANS = 512
BATCH_BYTES = 4 * 1024 * 1024
"""Of one request before compression, about: the server takes 64 MiB, a proxy before it less."""
MAX_PENDING_BYTES = 32 * 1024 * 1024
"""Compressed requests in memory; met only where the disk can't be written either."""
SPOOL_AFTER_S = 5.0
"""A server that restarts is back by then."""
GATHER_S = 10.0
"""While nobody answers, requests are made this seldom, so that they are worth a file; a killed
process loses at most so much."""
SPOOLED_AT_ONCE = 20
"""Files sent in a row before new spans have their turn."""
MOST_SPLITS = 24
"""Requests spent on finding what is bad in a batch: one span among `BATCH_SPANS` takes 18.  A
server that refuses everything must not be asked a thousand times."""
MAX_CALLS = 1_000
"""API calls (feedback on past sessions) that may wait."""
CALL_TRIES = 10
_TRY_AGAIN = frozenset({0, 404, 429, 500, 502, 503, 504})
"""Of calls.  404: the session's spans may be a second behind."""
STATUS_EVERY_S = 5.0


class _Call(NamedTuple):
    path: str
    body: dict[str, Any]
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
        self._pending: deque[Batch] = deque()
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
        self._is_stopping = False
        self._is_abandoned = False
        self._asks_all = False
        self._announced_at = -INTERVAL_S
        self._stop_at = 0.0
        self._failures = 0
        self._away_since: float | None = None
        self._not_before = 0.0
        self._is_our_pause = True
        self._gathered_at = monotonic()
        self._status_at = 0.0
        self._written: Stats | None = None

    # -- from the agent's threads ----------------------------------------------------------

    def start(self) -> None:
        """Begin the thread; nothing if it runs.  Raises `RuntimeError` while Python exits."""
        with self._starting:
            is_there = self._thread is not None and self._thread.is_alive()
            if not is_there and not self._is_stopping:
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
            self.wake()

    def call(self, path: str, body: dict[str, Any]) -> None:
        """POST to the API from the background; dropped and counted when too many wait."""
        if len(self._calls) >= MAX_CALLS:
            self._counts.drop("calls_full")
            return
        self._calls.append(_Call(path, body, 0))
        self.wake()

    def flush(self, timeout_s: float) -> bool:
        """
        Wait until everything that ended before is with the server, and what is open was told.

        False when that took longer, or when it had to go to disk.
        """
        until = monotonic() + max(0.0, timeout_s)
        while True:
            spooled = self._counts.spooled
            self._round_from_outside(until)
            if not self._outbox.queue and not self._pending and not self._calls:
                return self._counts.spooled == spooled and self._failures == 0
            left = until - monotonic()
            if left <= 0 or self._is_stopping:
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
                lambda: self._rounds >= target or self._is_stopping,
                timeout=max(0.0, until - monotonic()),
            )

    def stop(self, timeout_s: float) -> None:
        """Send what there is; what is left when the time is over goes to disk.  For good."""
        until = monotonic() + max(0.0, timeout_s)
        with self._starting:
            if self._is_stopping:
                return
            self._stop_at = until
            self._is_stopping = True
        self._wake.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout=max(0.0, until - monotonic()))
        if thread is None or thread.is_alive():
            self._finish_here()
        if self._is_abandoned:
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
            self._is_abandoned = True
            self._gather(everything=True)
            self._put_away(list(self._pending))
            self._report(final=True)

    def forget(self) -> None:
        """In a forked child: nothing of the parent's is sent here; the thread begins anew."""
        self._delivery.forget()
        if self._spool is not None:
            self._spool.forget()
        self._open.forget()
        self._pending = deque()
        self._calls = deque()
        self._counts.__init__()  # type: ignore[misc]
        self._restart()

    def stats(self) -> Stats:
        counts = self._counts
        return Stats(
            sent=counts.sent,
            rejected=counts.rejected,
            dropped=counts.dropped(),
            queued=len(self._outbox.queue) + sum(batch.spans for batch in tuple(self._pending)),
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
        while not self._is_abandoned and pid == os.getpid():
            self._wake.wait(self._pause_s())
            self._wake.clear()
            final = self._is_stopping
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
            self._gather(everything=final or asked)
            if (
                self._send_pending(insist=final or asked)
                and not self._was_abandoned()
                and self._tell_open(everything=final or asked)
            ):
                self._send_spooled(final=final)
                self._make_calls(final=final)
            if final or self._should_spool():
                self._put_away(list(self._pending))
        except Exception as error:  # noqa: BLE001 - the rim of the thread
            swallow("sender", error)
        finally:
            self._outbox.is_woken = False
            self._report(final=final)
            detach(token)

    def _was_abandoned(self) -> bool:
        """While the request was on its way, the main thread put everything on disk."""
        return self._is_abandoned

    def _left_s(self) -> float:
        """For one request: at the end no longer than the end may take."""
        if not self._is_stopping:
            return ANSWER_TIMEOUT_S
        return max(0.05, min(ANSWER_TIMEOUT_S, self._stop_at - monotonic()))

    # -- encoding --------------------------------------------------------------------------

    def _gather(self, *, everything: bool) -> None:
        """From the queue into requests; while nobody answers only now and then."""
        outbox = self._outbox
        waited_s = monotonic() - self._gathered_at
        if (
            self._away_since is not None
            and not everything
            and waited_s < GATHER_S
            and len(outbox.queue) < BATCH_SPANS
            and outbox.queued_bytes < BATCH_BYTES
        ):
            return
        is_due = everything or waited_s >= INTERVAL_S or outbox.queued_bytes >= BATCH_BYTES
        if is_due:
            self._gathered_at = monotonic()
        # What comes meanwhile waits for the next round: full requests, and not the agent's pace.
        left = len(outbox.queue)
        while left >= (1 if is_due else BATCH_SPANS):
            spans = outbox.take(max_spans=min(left, BATCH_SPANS), max_bytes=BATCH_BYTES)
            left -= len(spans)
            body, lost = encoded(spans)
            if lost:
                self._counts.drop("unencodable", lost)
            if len(spans) > lost:
                self._pending.append(Batch(body, len(spans) - lost))
            self._bound_pending()

    def _bound_pending(self) -> None:
        total = sum(len(batch.body) for batch in self._pending)
        while total > MAX_PENDING_BYTES and len(self._pending) > 1:
            oldest = self._pending.popleft()
            total -= len(oldest.body)
            self._counts.drop("memory_full", oldest.spans)

    # -- sending ---------------------------------------------------------------------------

    def _send_pending(self, *, insist: bool) -> bool:
        """Whether the server answers, as far as is known.  `insist` does not wait for a pause of
        ours to end, but for one that the server asked for."""
        if monotonic() < self._not_before and not (insist and self._is_our_pause):
            return False
        while self._pending and not self._is_abandoned:
            batch = self._pending[0]
            answer = self._delivery.send(batch.body, timeout_s=self._left_s())
            if self._was_abandoned() or not self._take_answer(batch, answer):
                return False
            self._pending.popleft()
            if self._is_stopping and monotonic() > self._stop_at:
                return False
        return True

    def _take_answer(self, batch: Batch, answer: Answer) -> bool:
        """Whether the batch is settled; if not it has to be sent again later."""
        if answer.problem:
            self._note_problem(answer)
        if answer.verdict == "later":
            self._failures += 1
            self._counts.retried += 1
            self._away_since = self._away_since or monotonic()
            self._is_our_pause = answer.after_s is None
            pause_s = backoff_s(self._failures) if answer.after_s is None else answer.after_s
            self._not_before = monotonic() + pause_s
            return False
        self._failures, self._away_since, self._not_before = 0, None, 0.0
        if answer.verdict == "taken":
            self._counts.sent += max(0, batch.spans - answer.rejected)
            self._counts.rejected += answer.rejected
            return True
        self._split(batch, answer)
        return True

    def _split(self, batch: Batch, answer: Answer) -> None:
        """Refused for good: send halves, until the span that is to blame stands alone."""
        refused = [(batch, answer)]
        requests = 0
        while refused:
            part, said = refused.pop()
            may_split = said.verdict == "too_large" or requests < MOST_SPLITS
            parts = halves(part.body) if part.spans > 1 and may_split else ()
            if not parts:
                self._set_aside(part, said)
            for half in parts:
                requests += 1
                again = self._delivery.send(half.body, timeout_s=self._left_s())
                if again.verdict in ("never", "too_large"):
                    refused.append((half, again))
                elif not self._take_answer(half, again):
                    # It waits its turn behind the batch that it came from.
                    self._pending.append(half)

    def _set_aside(self, batch: Batch, answer: Answer) -> None:
        reason = "too_large" if answer.verdict == "too_large" else "refused"
        self._counts.drop(reason, batch.spans)
        if self._spool is not None:
            try:
                self._spool.set_aside(batch.body, spans=batch.spans)
            except Exception as error:  # noqa: BLE001 - it is counted; the copy was a service
                swallow("spool", error)

    def _note_problem(self, answer: Answer) -> None:
        if self._counts.last_problem == "":
            log.warning("spans could not be sent as usual: %s", answer.problem)
        self._counts.last_problem = answer.problem

    def _tell_open(self, *, everything: bool) -> bool:
        """Whether the server answers, as far as is known."""
        now_ns = time_ns()
        outbox = self._outbox
        due = self._open.due(outbox.open, outbox.late, now_ns=now_ns, everything=everything)
        if not due:
            return True
        body, lost = encoded([snapshot for _, _, snapshot in due])
        answer = self._delivery.send(body, timeout_s=self._left_s())
        if answer.verdict == "later":
            self._take_answer(Batch(body, 0), answer)
            return False
        # Also when it was refused: the same snapshot would be refused again.
        self._open.tell(due, now_ns=now_ns)
        if answer.verdict == "taken":
            self._counts.partial += len(due) - lost
        return True

    # -- the disk --------------------------------------------------------------------------

    def _should_spool(self) -> bool:
        return (
            self._spool is not None
            and bool(self._pending)
            and self._away_since is not None
            and monotonic() - self._away_since >= SPOOL_AFTER_S
        )

    def _put_away(self, batches: list[Batch]) -> None:
        """What could not be sent goes to disk, or, where it can't, stays in memory."""
        spool = self._spool
        for batch in batches:
            if spool is None:
                if self._is_stopping:
                    self._counts.drop("no_spool", batch.spans)
                continue
            try:
                gone = spool.add(batch.body, spans=batch.spans)
            except Exception as error:  # noqa: BLE001 - full, read-only, or not ours to write
                swallow("spool", error)
                if self._is_stopping:
                    self._counts.drop("spool_failed", batch.spans)
                continue
            self._counts.spooled += batch.spans
            if gone:
                self._counts.drop("spool_full", gone)
            if batch in self._pending:
                self._pending.remove(batch)

    def _send_spooled(self, *, final: bool) -> None:
        """What waits on disk, oldest first, unless another process is at it."""
        spool = self._spool
        if spool is None or final:
            return
        expired = spool.expire()
        if expired:
            self._counts.drop("spool_expired", expired)
        waiting = spool.waiting()
        if not waiting:
            return
        with spool.held() as is_ours:
            for file in waiting[:SPOOLED_AT_ONCE] if is_ours else ():
                if self._is_stopping or self._outbox.is_woken:
                    break
                body = spool.read(file)
                if body is None:
                    continue
                batch = Batch(body, file.spans)
                answer = self._delivery.send(body, timeout_s=self._left_s())
                if not self._take_answer(batch, answer):
                    return
                self._counts.resent += file.spans
                spool.remove(file)
        if len(waiting) > SPOOLED_AT_ONCE:
            self._wake.set()

    # -- the API ---------------------------------------------------------------------------

    def _make_calls(self, *, final: bool) -> None:
        for _ in range(len(self._calls)):
            call = self._calls.popleft()
            answer = self._delivery.call(call.path, call.body, timeout_s=self._left_s())
            if answer.verdict == "taken":
                continue
            may_come = answer.status in _TRY_AGAIN and not final and call.tries < CALL_TRIES
            if may_come:
                self._calls.append(call._replace(tries=call.tries + 1))
            else:
                self._counts.drop("call_failed")
                self._note_problem(answer)

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
