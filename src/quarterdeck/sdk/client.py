"""
The server, as the command line talks to it: the public API over HTTP, and nothing else.

No command reads the stores of a running server.  Redirects are not followed: a key must not
travel to a host that the user did not name.  httpx is imported on the first request, because
it is a third of the time that `quarterdeck --help` would take.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    QuarterdeckError,
    TooLarge,
    TryAgain,
    Unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

DEFAULT_URL = "http://127.0.0.1:4400"

TIMEOUT_S = 60.0
"""A figure over a year of sessions takes seconds; a minute without a byte is a dead server."""

Params = dict[str, Any]
"""Query parameters: None is left out, a list is repeated, a bool is written `true` or `false`."""

KEY_HINT = (
    "Set QUARTERDECK_API_KEY to a key of this server.  On its machine, this makes one: "
    "quarterdeck keys create NAME --scope read --here"
)

_BY_STATUS: dict[int, type[QuarterdeckError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    410: NotFound,
    413: TooLarge,
    422: Invalid,
}


class Client:
    """
    One server and one key.  Every method raises `QuarterdeckError`s only.

    Connections are kept for the next request, in each process its own.
    """

    def __init__(self, *, url: str, api_key: str = "", timeout_s: float = TIMEOUT_S) -> None:
        self.url = url.rstrip("/")
        self._api_key = api_key
        self._timeout_s = timeout_s
        self._connections: tuple[int, httpx.Client] | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Client:
        return cls(
            url=environment.get("QUARTERDECK_URL") or DEFAULT_URL,
            api_key=environment.get("QUARTERDECK_API_KEY", ""),
        )

    @property
    def shown_url(self) -> str:
        """The address for messages: without a user and a password, which it may carry."""
        from quarterdeck.sdk.sending.status import without_credentials

        return without_credentials(self.url)

    def get(
        self, path: str, params: Params | None = None, *, timeout_s: float = TIMEOUT_S
    ) -> bytes:
        """The body as the server sent it, for `--json`."""
        return self._request("GET", path, params=params, timeout_s=timeout_s)

    def get_json(self, path: str, params: Params | None = None) -> Any:
        return parse(self.get(path, params))

    def post(
        self,
        path: str,
        body: Any = None,
        params: Params | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
    ) -> bytes:
        return self._request("POST", path, params=params, body=body, timeout_s=timeout_s)

    def send(self, path: str, body: bytes, *, content_type: str) -> bytes:
        """POST of bytes as they are: OTLP.  What was accepted is in the answer."""
        return self._request("POST", path, content=body, content_type=content_type)

    def patch(self, path: str, body: Any) -> bytes:
        return self._request("PATCH", path, body=body)

    def put(self, path: str, body: Any) -> bytes:
        return self._request("PUT", path, body=body)

    def delete(self, path: str, params: Params | None = None) -> bytes:
        return self._request("DELETE", path, params=params)

    @contextmanager
    def stream(self, path: str, params: Params | None = None) -> Iterator[Iterator[bytes]]:
        """The body in pieces as they arrive, for exports of any size."""
        import httpx

        with self._faults(httpx):
            url = self.url + path
            with self._connection().stream("GET", url, params=_query(params)) as response:
                if response.status_code >= 400:
                    response.read()
                    raise _error_of(response)
                _refuse_redirect(response)
                yield response.iter_bytes()

    def _request(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        body: Any = None,
        content: bytes | None = None,
        content_type: str = "application/json",
        timeout_s: float = TIMEOUT_S,
    ) -> bytes:
        import httpx

        if body is not None:
            content = json.dumps(body).encode()
        headers = {"content-type": content_type} if content is not None else {}
        with self._faults(httpx):
            response = self._connection().request(
                method,
                self.url + path,
                params=_query(params),
                content=content,
                headers=headers,
                timeout=timeout_s,
            )
            if response.status_code >= 400:
                raise _error_of(response)
            _refuse_redirect(response)
            return response.content

    def prepare(self) -> None:
        """Load what requests need, now.  Threads that first ask at once would each do it."""
        self._connection()

    def _connection(self) -> httpx.Client:
        if self._connections is None or self._connections[0] != os.getpid():
            self._connections = (os.getpid(), self._connect())
        return self._connections[1]

    def _connect(self) -> httpx.Client:
        import httpx

        headers = {"accept": "application/json", "user-agent": "quarterdeck-cli"}
        if not is_sendable(self._api_key):
            # Refused here: httpx would quote it in its own error.
            raise Unauthorized(
                "the key has white space, or characters that no key has",
                hint="Export QUARTERDECK_API_KEY again, the key alone.",
            )
        if self._api_key:
            headers["authorization"] = f"Bearer {self._api_key}"
        return httpx.Client(
            headers=headers,
            timeout=self._timeout_s,
            follow_redirects=False,
            # A proxy set for the outside must not be asked for this machine's own server.
            trust_env=httpx.URL(self.url).host not in {"127.0.0.1", "localhost", "::1"},
        )

    @contextmanager
    def _faults(self, httpx_module: Any) -> Iterator[None]:
        try:
            yield
        except (httpx_module.InvalidURL, httpx_module.UnsupportedProtocol) as error:
            raise Invalid(
                f"not a server's address: {self.shown_url!r} ({error})",
                hint="Set QUARTERDECK_URL to something like http://127.0.0.1:4400.",
            ) from error
        except httpx_module.TimeoutException as error:
            raise TryAgain(
                f"{self.shown_url} did not answer in time ({type(error).__name__})",
                hint="See how far behind it is: GET /readyz.",
            ) from error
        except httpx_module.TransportError as error:
            raise TryAgain(
                f"no Quarterdeck answers at {self.shown_url} ({error})",
                hint="Start one with `quarterdeck up`, or name another with QUARTERDECK_URL.",
            ) from error


def is_sendable(key: str) -> bool:
    """Whether a header can carry it: visible ASCII, no spaces; "" is no key, and fine."""
    return key.isascii() and key.isprintable() and " " not in key


def segment(value: str) -> str:
    """`value` as one segment of a path: ids are strangers' text and may hold a slash."""
    return quote(value, safe="")


def name_segment(name: str) -> str:
    """
    A name as the API's addresses spell one: `~1` for "/", `~2` for a backslash, `~0` for "~", and
    `~3` for the dots of "." and "..", which servers would read as parts of the path.
    """
    spelled = name.replace("~", "~0").replace("/", "~1").replace("\\", "~2")
    return segment(spelled.replace(".", "~3") if spelled in {".", ".."} else spelled)


def parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError as error:
        raise QuarterdeckError(
            f"the server's answer is not JSON: {body[:80]!r}",
            hint="Is QUARTERDECK_URL the address of a Quarterdeck, and not of something else?",
        ) from error


def _query(params: Params | None) -> tuple[tuple[str, str], ...]:
    pairs: list[tuple[str, str]] = []
    for name, value in (params or {}).items():
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is None:
                continue
            pairs.append((name, str(item).lower() if isinstance(item, bool) else str(item)))
    return tuple(pairs)


def _refuse_redirect(response: httpx.Response) -> None:
    if response.is_redirect:
        raise QuarterdeckError(
            f"the server points elsewhere: {response.headers.get('location', '')!r}",
            hint="Set QUARTERDECK_URL to the address that is meant; redirects are not followed.",
        )


def _error_of(response: httpx.Response) -> QuarterdeckError:
    """The server's own words where it is ours that answers; a proxy's answer is quoted."""
    status = response.status_code
    try:
        told = json.loads(response.content)["error"]
        message, hint, code = str(told["message"]), str(told.get("hint") or ""), str(told["code"])
    except (ValueError, KeyError, TypeError):
        said = _otlp_message(response) or repr(response.text[:200])
        message, hint, code = f"the server answered {status}: {said}", "", ""
    if status in (429, 502, 503, 504):
        after = response.headers.get("retry-after", "")
        # A proxy may name a date, which `isdecimal` refuses, or more digits than any wait has.
        after_s = int(after[:9]) if after.isascii() and after.isdecimal() else 1
        return TryAgain(message, hint=hint, code=code, retry_after_s=after_s)
    if status == 401:
        # The server's hint is about headers, which nobody types here.
        hint = KEY_HINT
    return _BY_STATUS.get(status, QuarterdeckError)(message, hint=hint, code=code)


def _otlp_message(response: httpx.Response) -> str:
    """
    What an answer to OTLP in protobuf says, or "".

    It is a `google.rpc.Status`, whose number and text stand where OTLP's own partial success has
    its number and text: one class less to install.
    """
    if "protobuf" not in response.headers.get("content-type", ""):
        return ""
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess

    try:
        said: str = ExportTracePartialSuccess.FromString(response.content).error_message
    except DecodeError:
        return ""
    return said
