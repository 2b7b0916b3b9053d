"""
The server as an import sees it: what takes OTLP, and knows where a session without times was put.

Patient with a server that is busy or away for a while, and says that it waits.
"""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from quarterdeck.cli import terminal
from quarterdeck.errors import QuarterdeckError, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from quarterdeck.receive.transcripts.importing import Encoding, Sent, Signal
    from quarterdeck.sdk.client import Client, Params

TRY_FOR_S = 120.0
"""How long one request is tried again while the server is busy or away."""

LEAST_WAIT_S = 0.5
"""Between two tries, also where the server says "at once"."""

SETTLE_FOR_S = 60.0
"""How long the end of an import waits until what was sent can be read."""

PAGE = 200
"""Sessions that are asked for at once."""

_CONTENT_TYPES = {"protobuf": "application/x-protobuf", "json": "application/json"}


class ImportServer:
    """The server as an import needs it: patient with one that is busy, and saying so."""

    def __init__(self, client: Client, console: Console) -> None:
        self._client = client
        self._console = console
        self._try_for_s = TRY_FOR_S
        self._is_away = False
        self._placed: dict[str, int] | None = None

    def greet(self) -> None:
        """Raises at once where nobody answers: patience is for a server that was there."""
        self._client.get("/healthz")

    def send(self, signal: Signal, body: bytes, *, encoding: Encoding) -> Sent:
        answer = self._patiently(
            lambda: self._client.send(f"/v1/{signal}", body, content_type=_CONTENT_TYPES[encoding])
        )
        return _sent(answer, encoding)

    def tell(self, method: Literal["POST", "PUT"], path: str, body: Any) -> None:
        ask = self._client.post if method == "POST" else self._client.put
        self._patiently(lambda: ask(path, body))

    def started_ns(self, session_id: str) -> int | None:
        """When the session of this id began that is stored without times; None if there is none."""
        if self._placed is None:
            self._placed = self._read_placed()
        return self._placed.get(session_id)

    def _read_placed(self) -> dict[str, int]:
        """Read once and page by page: benchmarks have thousands of sessions without times."""
        from quarterdeck.model.instants import from_rfc3339

        placed: dict[str, int] = {}
        cursor: str | None = None
        while True:
            params: Params = {"q": "finding:times_unknown", "limit": PAGE, "cursor": cursor}
            page = self._patiently(partial(self._client.get_json, "/api/v1/sessions", params))
            for record in page["sessions"]:
                began_ns = from_rfc3339(record["started_at"])
                placed[record["external_id"] or record["session_id"]] = began_ns
            cursor = page["next_cursor"]
            if not cursor:
                return placed

    def settle(self) -> None:
        """Wait until what was sent is stored and can be read, for a minute at most."""
        deadline = time.monotonic() + SETTLE_FOR_S
        try:
            while (age_s := self._client.get_json("/readyz")["oldest_unprocessed_s"]) > 0:
                if time.monotonic() > deadline:
                    told = f"the server has everything and is {age_s:.0f} s behind in storing it"
                    self._console.print(terminal.styled(told, "yellow"))
                    return
                time.sleep(0.1)
        except QuarterdeckError as error:
            self._console.print(terminal.styled(f"sent, but {error.message}", "yellow"))

    def stop_waiting(self) -> None:
        """From now on everything is tried once."""
        self._try_for_s = 0.0

    def _patiently(self, call: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + self._try_for_s
        while True:
            try:
                answer = call()
            except TryAgain as error:
                wait_s = max(error.retry_after_s, LEAST_WAIT_S)
                if time.monotonic() + wait_s > deadline:
                    raise
                if not self._is_away:
                    self._is_away = True
                    self._console.print(terminal.styled(f"{error.message}; trying on", "yellow"))
                time.sleep(wait_s)
            else:
                self._is_away = False
                return answer


def _sent(answer: bytes, encoding: Encoding) -> Sent:
    from quarterdeck.receive.transcripts.importing import Sent

    if encoding == "json":
        from quarterdeck.sdk.client import parse

        told = parse(answer).get("partialSuccess") or {}
        rejected = next((v for k, v in told.items() if k.startswith("rejected")), 0)
        return Sent(int(rejected), str(told.get("errorMessage", "")))
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
        ExportTraceServiceResponse,
    )

    accepted = ExportTraceServiceResponse.FromString(answer).partial_success
    return Sent(accepted.rejected_spans, accepted.error_message)
