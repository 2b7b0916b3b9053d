"""
One request to the server, and what its answer means.

OTLP over HTTP as gzipped protobuf.  Redirects are not followed, because a key must not travel to
a host that the user did not name.  It refuses to retry, to wait and to remember: `sender.py`
does.
"""

from __future__ import annotations

import json
import os
import random
import ssl
from base64 import b64encode
from email.utils import parsedate_to_datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection, RemoteDisconnected
from threading import Lock
from time import time
from typing import Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from quarterdeck.sdk.client import is_sendable
from quarterdeck.sdk.sending.status import without_credentials

CONNECT_TIMEOUT_S = 3.0
ANSWER_TIMEOUT_S = 10.0
"""A server answers when the data is on its disk, which takes milliseconds."""

MAX_ANSWER_BYTES = 64 * 1024
"""OTLP's answers have some dozen bytes; a proxy's page is only quoted from."""

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
    status: int = 0
    """HTTP's; 0 where there was no answer."""


loading = Lock()
"""Held while modules are imported in the sender's thread.  A fork waits for it: the child would
inherit the import's lock, held by a thread that it does not have, and wait for ever."""


class Delivery:
    """
    One server and one key, over one connection that is kept.

    By `http.client`: another HTTP library, imported in the sender's thread, is half there for as
    long as its import takes, and clients that look for it in `sys.modules` (openai's looks for
    httpx at each call) fail in the agent's.
    """

    def __init__(self, *, url: str, api_key: str) -> None:
        self._address = url
        self._headers = {"user-agent": "quarterdeck-sdk"}
        self._is_key_sendable = is_sendable(api_key)
        if api_key:
            self._headers["authorization"] = f"Bearer {api_key}"
        self._connection: HTTPConnection | None = None
        self._target = ""
        """What stands before the path in the request line: the address's own path, or all of the
        address for a proxy."""

    def load(self) -> None:
        """Import all that a request needs, before the first."""
        with loading:
            import encodings.idna  # noqa: F401 - what socket imports on its first use
            import urllib.request  # noqa: F401

            if self._address.startswith("https"):
                import certifi  # noqa: F401

    def send(self, body: bytes, *, timeout_s: float = ANSWER_TIMEOUT_S) -> Answer:
        """`body` is a gzipped ExportTraceServiceRequest.  Never raises for what a network does."""
        encoding = {"content-type": "application/x-protobuf", "content-encoding": "gzip"}
        return self._deliver("/v1/traces", body, encoding, timeout_s, "POST")

    def call(
        self, path: str, body: Any, *, method: str = "POST", timeout_s: float = ANSWER_TIMEOUT_S
    ) -> Answer:
        """The same for the API: `body` becomes JSON."""
        content = json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        return self._deliver(path, content, headers, timeout_s, method)

    def _deliver(
        self, path: str, body: bytes, headers: dict[str, str], timeout_s: float, method: str
    ) -> Answer:
        if not self._is_key_sendable:
            # Refused here: http.client would quote it in its own error.
            return Answer("later", problem="the key has white space, or characters that no key has")
        try:
            return self._try(path, body, headers, timeout_s, method)
        except ValueError as error:  # also UnicodeError, of a host that can't be one
            self.close()
            shown = without_credentials(self._address)
            # Python's own message may quote what stands before the host: a password.
            why = f" ({error})" if "@" not in str(error) else ""
            return Answer("later", problem=f"not a server's address: {shown!r}{why}")
        except (HTTPException, OSError) as error:
            self.close()
            return Answer("later", problem=f"{type(error).__name__}: {error}"[:300])

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def forget(self) -> None:
        """In a forked child: the connections are the parent's, so they are left alone."""
        self._connection = None

    def _try(
        self, path: str, body: bytes, headers: dict[str, str], timeout_s: float, method: str
    ) -> Answer:
        if self._connection is not None:
            try:
                return self._ask(self._connection, path, body, headers, timeout_s, method)
            except (RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                self.close()  # the server closed it while it was idle: once more, with a new one
        self._connection = self._connected(timeout_s)
        return self._ask(self._connection, path, body, headers, timeout_s, method)

    def _ask(
        self,
        connection: HTTPConnection,
        path: str,
        body: bytes,
        headers: dict[str, str],
        timeout_s: float,
        method: str,
    ) -> Answer:
        if connection.sock is None:
            connection.connect()
        connection.sock.settimeout(timeout_s)
        connection.request(method, self._target + path, body, self._headers | headers)
        reply = connection.getresponse()
        said = reply.read(MAX_ANSWER_BYTES)
        if reply.read(1):
            self.close()  # the rest would be taken for the next answer
        return read_answer(reply.status, said, reply.headers.get("retry-after", ""))

    def _connected(self, timeout_s: float) -> HTTPConnection:
        """A connection to the server, or through the proxy that the environment names."""
        parts = urlsplit(self._address)
        host = parts.hostname
        if parts.scheme not in ("http", "https") or not host:
            raise ValueError("expected http://host or https://host")
        connect_s = min(timeout_s, CONNECT_TIMEOUT_S)
        self._target = parts.path
        port = parts.port
        proxy = _proxy_for(parts.scheme, host)
        if proxy is None:
            if parts.scheme == "https":
                return HTTPSConnection(host, port, timeout=connect_s, context=_tls())
            return HTTPConnection(host, port, timeout=connect_s)
        known = {"proxy-authorization": proxy.authorization} if proxy.authorization else {}
        if parts.scheme == "https":
            through = HTTPSConnection(proxy.host, proxy.port, timeout=connect_s, context=_tls())
            through.set_tunnel(host, port, known)
            return through
        self._target = self._address
        self._headers |= known
        return HTTPConnection(proxy.host, proxy.port, timeout=connect_s)


class _Proxy(NamedTuple):
    host: str
    port: int
    authorization: str


def _proxy_for(scheme: str, host: str) -> _Proxy | None:
    """A proxy set for the outside must not be asked for this machine's own server."""
    if host in {"127.0.0.1", "localhost", "::1"} or not any(
        name.lower() in (f"{scheme}_proxy", "all_proxy") and value
        for name, value in os.environ.items()
    ):
        return None
    from urllib.request import getproxies_environment, proxy_bypass

    proxies = getproxies_environment()
    named = proxies.get(scheme) or proxies.get("all")
    if not named or proxy_bypass(host):
        return None
    parts = urlsplit(named if "://" in named else f"http://{named}")
    if not parts.hostname:
        raise ValueError(f"the proxy {named.rpartition('@')[2]!r} has no host")
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(pair.encode()).decode()}"
    return _Proxy(parts.hostname, parts.port or 80, authorization)


def _tls() -> ssl.SSLContext:
    """The certificates that SSL_CERT_FILE names, else certifi's, as most clients trust them."""
    if os.environ.get("SSL_CERT_FILE") or os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context()
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def read_answer(status: int, body: bytes, retry_after: str) -> Answer:
    if 200 <= status < 300:
        return _taken(body)
    problem = f"the server answered {status}: {body[:200].decode('utf-8', 'replace')!r}"
    if status == 413:
        return Answer("too_large", problem=problem, status=status)
    if status in _NEVER:
        return Answer("never", problem=problem, status=status)
    wait_s = seconds_to_wait(retry_after)
    return Answer("later", after_s=wait_s, problem=problem, status=status)


def _taken(body: bytes) -> Answer:
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
