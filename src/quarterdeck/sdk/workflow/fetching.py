"""
The server, as a running agent asks it: never for longer than the agent can wait.

A request runs in a thread of its own, because a look-up of a name that hangs can't be given a
timeout.  Its spans are suppressed: what Quarterdeck asks is no step of the session.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from opentelemetry.context import (
    _SUPPRESS_HTTP_INSTRUMENTATION_KEY,
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    attach,
    detach,
)

from quarterdeck.errors import TryAgain
from quarterdeck.sdk.client import Client, Params, parse


class Server:
    """One server and one key.  Used by any thread, and by forked children."""

    def __init__(self, *, url: str, api_key: str) -> None:
        self.url = url
        self._client = Client(url=url, api_key=api_key)
        self._pid = 0
        self._lock = threading.Lock()
        """Held while the first of a process's threads prepares the client."""

    def get(self, path: str, params: Params, *, timeout_s: float) -> Any:
        """Raises `QuarterdeckError`s, `TryAgain` after `timeout_s` at the latest."""
        return self._within(
            timeout_s, lambda: parse(self._client.get(path, params, timeout_s=timeout_s))
        )

    def post(self, path: str, body: Any, *, timeout_s: float) -> Any:
        return self._within(
            timeout_s, lambda: parse(self._client.post(path, body, timeout_s=timeout_s))
        )

    def _within(self, timeout_s: float, ask: Callable[[], Any]) -> Any:
        self._prepare()
        asking = _Asking(ask)
        thread = threading.Thread(target=asking.run, name="quarterdeck-workflow", daemon=True)
        thread.start()
        asking.is_done.wait(timeout_s)
        if not asking.is_done.is_set():
            raise TryAgain(
                f"{self._client.shown_url} did not answer within {timeout_s:g} s",
                hint="See how far behind it is: GET /readyz.",
            )
        if asking.error is not None:
            raise asking.error
        return asking.result

    def _prepare(self) -> None:
        """Here, and not in the thread: a fork must not meet half an import."""
        if self._pid != os.getpid():
            # Bounded: a forked child may find it held by a thread that it does not have.
            is_held = self._lock.acquire(timeout=5)
            try:
                self._client.prepare()
                self._pid = os.getpid()
            finally:
                if is_held:
                    self._lock.release()


class _Asking:
    def __init__(self, ask: Callable[[], Any]) -> None:
        self._ask = ask
        self.is_done = threading.Event()
        self.result: Any = None
        self.error: BaseException | None = None

    def run(self) -> None:
        token = attach(
            Context({_SUPPRESS_INSTRUMENTATION_KEY: True, _SUPPRESS_HTTP_INSTRUMENTATION_KEY: True})
        )
        try:
            self.result = self._ask()
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self.error = error
        finally:
            detach(token)
            self.is_done.set()
