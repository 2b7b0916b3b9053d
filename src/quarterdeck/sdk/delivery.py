"""
One request to the server, and what its answer means.

OTLP over HTTP as gzipped protobuf.  Redirects are not followed, because a key must not travel to
a host that the user did not name.  It refuses to retry, to wait and to remember: `sender.py`
does.  httpx is imported with the first request, in the sender's thread.
"""

from __future__ import annotations

import random
from email.utils import parsedate_to_datetime
from time import time
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import httpx

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
"""A server answers when the data is on its disk, which takes milliseconds."""

MAX_RETRY_AFTER_S = 300.0
"""A longer pause that a server or a proxy asks for is cut: the spool is bounded."""

_NEVER = frozenset({400, 415, 422})
"""The body can't be read by the server, now or later.  A 401, 403, 404 or a redirect is about
address and key, which somebody may correct: the data waits for that."""

Verdict = Literal["taken", "later", "never", "too_large"]


class Answer(NamedTuple):
    verdict: Verdict
    rejected: int = 0
    """Of a delivery that was taken, spans that were not."""
    after_s: float | None = None
    """How long the server asks to wait."""
    problem: str = ""


class Delivery:
    """One server and one key."""

    def __init__(self, *, url: str, api_key: str) -> None:
        self._address = f"{url}/v1/traces"
        self._api_key = api_key
        self._client: httpx.Client | None = None

    def send(self, body: bytes, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Answer:
        """`body` is a gzipped ExportTraceServiceRequest.  Never raises for what a network does."""
        import httpx

        try:
            client = self._connected()
            response = client.post(
                self._address,
                content=body,
                timeout=httpx.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            return Answer("later", problem=f"not a server's address: {self._address!r} ({error})")
        except (httpx.HTTPError, OSError) as error:
            return Answer("later", problem=f"{type(error).__name__}: {error}"[:300])
        return read_answer(
            response.status_code, response.content, response.headers.get("retry-after", "")
        )

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None

    def forget(self) -> None:
        """In a forked child: the connections are the parent's, so they are left alone."""
        self._client = None

    def _connected(self) -> httpx.Client:
        import httpx

        if self._client is None:
            headers = {
                "content-type": "application/x-protobuf",
                "content-encoding": "gzip",
                "user-agent": "quarterdeck-sdk",
            }
            if self._api_key:
                headers["authorization"] = f"Bearer {self._api_key}"
            self._client = httpx.Client(
                headers=headers,
                follow_redirects=False,
                # A proxy set for the outside must not be asked for this machine's own server.
                trust_env=httpx.URL(self._address).host not in {"127.0.0.1", "localhost", "::1"},
            )
        return self._client


def read_answer(status: int, body: bytes, retry_after: str) -> Answer:
    if 200 <= status < 300:
        return _taken(body)
    problem = f"the server answered {status}: {body[:200].decode('utf-8', 'replace')!r}"
    if status == 413:
        return Answer("too_large", problem=problem)
    if status in _NEVER:
        return Answer("never", problem=problem)
    return Answer("later", after_s=seconds_to_wait(retry_after), problem=problem)


def _taken(body: bytes) -> Answer:
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    try:
        partial = ExportTraceServiceResponse.FromString(body).partial_success
    except DecodeError:
        # 2xx from something that does not speak OTLP: a proxy's page.  The standard says taken.
        return Answer("taken", problem=f"the answer is not OTLP: {body[:80]!r}")
    return Answer("taken", rejected=partial.rejected_spans, problem=partial.error_message[:300])


def seconds_to_wait(retry_after: str) -> float | None:
    """`Retry-After` as seconds or as a date; None if there is none that can be read."""
    spelled = retry_after.strip()
    if not spelled:
        return None
    try:
        wait_s = float(spelled)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(spelled).timestamp() - time()
        except (ValueError, TypeError, OverflowError):
            return None
    return min(max(0.0, wait_s), MAX_RETRY_AFTER_S) if wait_s == wait_s else None  # not NaN


def backoff_s(failures: int) -> float:
    """1, 2, 4, … 60 seconds after so many failures in a row, each shortened at random by up to
    half: a thousand agents must not come back in the same second."""
    return float(min(60.0, 2.0 ** min(failures - 1, 6)) * random.uniform(0.5, 1.0))  # noqa: S311
