"""
What happens to a request between the wire and the spool, the same for HTTP and gRPC.

    decompress -> parse -> redact -> count and refuse items -> spool (fsynced) -> answer

Nothing is acknowledged before it is on disk, and nothing is written before it is redacted.
Every refusal is one of the errors of `errors.py`; the wires turn them into their own answers.
"""

import asyncio
import functools
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, Protocol, TypeVar

from quarterdeck.errors import QuarterdeckError
from quarterdeck.model.ids import ProjectId
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.accounting import Accounting
from quarterdeck.receive.limits import Budget, Held, RateLimit, decompress
from quarterdeck.receive.otlp_answers import http_status
from quarterdeck.receive.otlp_decode import check, parse, serialize, sniff_encoding, stamped
from quarterdeck.receive.otlp_request import Checked, Door, Encoding, Rejected, Request, Signal
from quarterdeck.receive.recent import NOBODY, Recent
from quarterdeck.receive.redaction import redacted
from quarterdeck.receive.spool import Appended, Spool
from quarterdeck.receive.wire import Reading
from quarterdeck.storage.events.columns import encode

T = TypeVar("T")

_INLINE_BYTES = 2 * 1024 * 1024
"""Up to this size a body is handled on the event loop, in about 5 us per kB; a larger one in a
thread, so that it does not hold the loop."""


class Sender(Protocol):
    """Who sends.  The project comes from the credential, never from the payload."""

    @property
    def project_id(self) -> ProjectId: ...


Header = tuple[str | bytes, str | bytes]
Authenticate = Callable[[Iterable[Header]], Awaitable[Sender]]
"""Who sends, from the request's headers.  Raises `Unauthorized` or `Forbidden`; answers an
unknown key without asking the database."""


class Answer(NamedTuple):
    """What the sender is told: how many items were left out, and why."""

    rejected: Rejected
    encoding: Encoding


class _Prepared(NamedTuple):
    request: Request
    body: bytes
    checked: Checked
    redacted: bool


class Intake:
    """Shared by all wires of one server.  `close` ends its threads; a second call does nothing."""

    def __init__(
        self,
        *,
        spool: Spool,
        redactor_of: Callable[[ProjectId], Redactor],
        accounting: Accounting,
        budget: Budget,
        max_body_bytes: int,
        rate_limit: RateLimit | None = None,
        recent: Recent | None = None,
        threads: int = 2,
    ) -> None:
        self.max_body_bytes = max_body_bytes
        self.budget = budget
        self._spool = spool
        self._redactor_of = redactor_of
        self._accounting = accounting
        self._rate_limit = rate_limit
        self._recent = recent or Recent(now_ns=time.time_ns)
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="intake")

    def close(self) -> None:
        self._threads.shutdown(wait=False)

    def refuse_if_unable(self) -> None:
        """Raises `TryAgain` before a body is read that could not be kept."""
        self._spool.refuse_if_full()

    def refused(
        self,
        signal: Door,
        error: QuarterdeckError,
        *,
        method: str,
        path: str,
        headers: Iterable[Header] = (),
        project_id: ProjectId = NOBODY,
        status: int = 0,
    ) -> None:
        """Count and remember a request that was answered with an error; `project_id` of its key,
        if that was known.  `status` 0 = OTLP's for this error."""
        self._accounting.refused(signal, error.code)
        self._recent.refused(
            method=method,
            path=path,
            status=status or http_status(error),
            error=error,
            headers=headers,
            project_id=project_id,
        )

    async def accept(
        self,
        sender: Sender,
        body: bytes,
        *,
        signal: Signal,
        encoding: Encoding | None,
        content_encodings: Sequence[str],
        held: Held,
        stamp: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Returns when all items that can be kept are on disk.

        `encoding` None means that the sender did not say.  `stamp`: attributes for every resource,
        where the sender's own lack them.  Raises `Invalid` (malformed),
        `TooLarge` and `TryAgain`; then nothing of the request was kept.
        """
        project_id = sender.project_id
        prepare = functools.partial(
            self._prepare,
            project_id,
            body,
            signal=signal,
            encoding=encoding,
            content_encodings=tuple(content_encodings),
            held=held,
            stamp=stamp,
        )
        if len(body) * (8 if content_encodings else 1) <= _INLINE_BYTES:
            prepared = prepare()
        else:
            prepared = await asyncio.get_running_loop().run_in_executor(self._threads, prepare)
        checked = prepared.checked
        if self._rate_limit is not None:
            self._rate_limit.take(project_id, checked.kept)
        if checked.kept:
            await self._spool.append(
                Appended(
                    project_id=project_id,
                    signal=signal,
                    encoding=prepared.request.encoding,
                    items=checked.kept,
                    body=prepared.body,
                    parsed=prepared.request,
                )
            )
        # Counted when it is certain: a refusal further up counts as a refused request.
        self._accounting.received(
            signal, checked.total, size=len(prepared.body), redacted=prepared.redacted
        )
        self._recent.accepted(project_id, checked.total, checked.rejected.number)
        for reason, number in checked.rejected.reasons.items():
            self._accounting.became(signal, "rejected", number, reason=reason)
        return Answer(checked.rejected, prepared.request.encoding)

    async def in_thread(self, act: Callable[[], T]) -> T:
        """Work on a large body that would hold the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)

    async def keep(
        self, sender: Sender, reading: Reading, *, size: int = 0, found_secrets: bool = False
    ) -> int:
        """
        What a foreign SDK said, redacted: the spool's row once it is on disk, 0 for nothing.

        `size`: bytes of the request.  Raises `TryAgain`.
        """
        if not reading.items:
            return 0
        project_id = sender.project_id
        if self._rate_limit is not None:
            self._rate_limit.take(project_id, reading.items)
        row = Appended(
            project_id=project_id,
            signal="wire",
            encoding="json",
            items=reading.items,
            body=encode(reading),
        )
        number = await self._spool.append(row)
        self._accounting.received("wire", reading.items, size=size, redacted=found_secrets)
        self._recent.accepted(project_id, reading.items, 0)
        return number

    def _prepare(
        self,
        project_id: ProjectId,
        body: bytes,
        *,
        signal: Signal,
        encoding: Encoding | None,
        content_encodings: tuple[str, ...],
        held: Held,
        stamp: Mapping[str, str] | None = None,
    ) -> _Prepared:
        plain = decompress(body, content_encodings, max_bytes=self.max_body_bytes)
        held.grow_to(len(body) + len(plain))
        request = parse(plain, signal=signal, encoding=encoding or sniff_encoding(plain))
        if stamp:
            request = stamped(request, stamp)
        if request.rewritten and request.encoding == "protobuf":
            plain = serialize(request)
        request, plain, found = redacted(request, plain, self._redactor_of(project_id))
        # Checked when it is clean: a refused span's name is quoted in the answer.
        return _Prepared(request, plain, check(request), found)
