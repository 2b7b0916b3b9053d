"""
What was encoded, until the server took it: sent, repeated, split, or put on disk.

While the server does not answer, requests are repeated with growing pauses (or when the server
asked for); after five seconds they go to disk.  What is refused for good is split until the part
that is to blame stands alone, set aside and counted.

Memory is bounded: what is encoded by `MAX_PENDING_BYTES`, beyond which the oldest goes, as it does
on disk.  Used by one thread at a time: the sender's, or at exit the main one.
"""

from collections import deque
from time import monotonic

from quarterdeck.sdk.rim import log, swallow
from quarterdeck.sdk.sending.delivery import ANSWER_TIMEOUT_S, Answer, Delivery, backoff_s
from quarterdeck.sdk.sending.encoding import Batch, encoded, halves
from quarterdeck.sdk.sending.outbox import Outbox
from quarterdeck.sdk.sending.spool import Spool
from quarterdeck.sdk.sending.stats import Counts

GATHER_EVERY_S = 1.0
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


class Requests:
    """Of one server and one key."""

    def __init__(
        self, *, outbox: Outbox, delivery: Delivery, spool: Spool | None, counts: Counts
    ) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._spool = spool
        self._counts = counts
        self.restart()

    def restart(self) -> None:
        """As new, also in a forked child: what waits is the parent's."""
        self.pending: deque[Batch] = deque()
        self.failures = 0
        """In a row."""
        self.is_stopping = False
        self.stop_at = 0.0
        self.is_abandoned = False
        self._away_since: float | None = None
        self._not_before = 0.0
        self._is_our_pause = True
        self._gathered_at = monotonic()

    def was_abandoned(self) -> bool:
        """While the request was on its way, the main thread put everything on disk."""
        return self.is_abandoned

    def left_s(self) -> float:
        """For one request: at the end no longer than the end may take."""
        if not self.is_stopping:
            return ANSWER_TIMEOUT_S
        return max(0.05, min(ANSWER_TIMEOUT_S, self.stop_at - monotonic()))

    # -- encoding --------------------------------------------------------------------------

    def gather(self, *, everything: bool) -> None:
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
        is_due = everything or waited_s >= GATHER_EVERY_S or outbox.queued_bytes >= BATCH_BYTES
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
                self.pending.append(Batch(body, len(spans) - lost))
            self._bound_pending()

    def _bound_pending(self) -> None:
        total = sum(len(batch.body) for batch in self.pending)
        while total > MAX_PENDING_BYTES and len(self.pending) > 1:
            oldest = self.pending.popleft()
            total -= len(oldest.body)
            self._counts.drop("memory_full", oldest.spans)

    # -- sending ---------------------------------------------------------------------------

    def send(self, *, insist: bool) -> bool:
        """Whether the server answers, as far as is known.  `insist` does not wait for a pause of
        ours to end, but for one that the server asked for."""
        if monotonic() < self._not_before and not (insist and self._is_our_pause):
            return False
        while self.pending and not self.is_abandoned:
            batch = self.pending[0]
            answer = self._delivery.send(batch.body, timeout_s=self.left_s())
            if self.was_abandoned() or not self.take_answer(batch, answer):
                return False
            self.pending.popleft()
            if self.is_stopping and monotonic() > self.stop_at:
                return False
        return True

    def take_answer(self, batch: Batch, answer: Answer) -> bool:
        """Whether the batch is settled; if not it has to be sent again later."""
        if answer.problem:
            self.note_problem(answer)
        if answer.verdict == "later":
            self.failures += 1
            self._counts.retried += 1
            self._away_since = self._away_since or monotonic()
            self._is_our_pause = answer.after_s is None
            pause_s = backoff_s(self.failures) if answer.after_s is None else answer.after_s
            self._not_before = monotonic() + pause_s
            return False
        self.failures, self._away_since, self._not_before = 0, None, 0.0
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
                again = self._delivery.send(half.body, timeout_s=self.left_s())
                if again.verdict in ("never", "too_large"):
                    refused.append((half, again))
                elif not self.take_answer(half, again):
                    # It waits its turn behind the batch that it came from.
                    self.pending.append(half)

    def _set_aside(self, batch: Batch, answer: Answer) -> None:
        reason = "too_large" if answer.verdict == "too_large" else "refused"
        self._counts.drop(reason, batch.spans)
        if self._spool is not None:
            try:
                self._spool.set_aside(batch.body, spans=batch.spans)
            except Exception as error:  # noqa: BLE001 - it is counted; the copy was a service
                swallow("spool", error)

    def note_problem(self, answer: Answer) -> None:
        if self._counts.last_problem == "":
            log.warning("spans could not be sent as usual: %s", answer.problem)
        self._counts.last_problem = answer.problem

    # -- the disk --------------------------------------------------------------------------

    def should_spool(self) -> bool:
        return (
            self._spool is not None
            and bool(self.pending)
            and self._away_since is not None
            and monotonic() - self._away_since >= SPOOL_AFTER_S
        )

    def put_away(self) -> None:
        """What could not be sent goes to disk, or, where it can't, stays in memory."""
        spool = self._spool
        for batch in list(self.pending):
            if spool is None:
                if self.is_stopping:
                    self._counts.drop("no_spool", batch.spans)
                continue
            try:
                gone = spool.add(batch.body, spans=batch.spans)
            except Exception as error:  # noqa: BLE001 - full, read-only, or not ours to write
                swallow("spool", error)
                if self.is_stopping:
                    self._counts.drop("spool_failed", batch.spans)
                continue
            self._counts.spooled += batch.spans
            if gone:
                self._counts.drop("spool_full", gone)
            if batch in self.pending:
                self.pending.remove(batch)

    def send_spooled(self, *, final: bool) -> bool:
        """What waits on disk, oldest first, unless another process is at it; whether more waits."""
        spool = self._spool
        if spool is None or final:
            return False
        expired = spool.expire()
        if expired:
            self._counts.drop("spool_expired", expired)
        waiting = spool.waiting()
        if not waiting:
            return False
        with spool.held() as is_ours:
            for file in waiting[:SPOOLED_AT_ONCE] if is_ours else ():
                if self.is_stopping or self._outbox.is_woken:
                    break
                body = spool.read(file)
                if body is None:
                    continue
                batch = Batch(body, file.spans)
                answer = self._delivery.send(body, timeout_s=self.left_s())
                if not self.take_answer(batch, answer):
                    return False
                self._counts.resent += file.spans
                spool.remove(file)
        return len(waiting) > SPOOLED_AT_ONCE
