"""
What is examined: an address, a key, this process's environment; and how to ask the server.

Requests go as the SDK's would: a proxy of the environment is used for other machines and not for
this one, redirects are not followed, certificates are checked.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

DEFAULT_GRPC_PORT = 4317
TIMEOUT_S = 10.0
"""A server that is asked for so little and takes longer is a finding."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    url: str
    """Without a slash at the end."""
    api_key: str = field(default="", repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    grpc_port: int = DEFAULT_GRPC_PORT
    wait_s: float = 15.0
    """How long the probe may take to come back."""
    status_folder: Path | None = None
    """Where the SDK's processes write what they counted."""

    @property
    def host(self) -> str:
        """ "" if the address has none, or can't be read."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""

    @property
    def port(self) -> int:
        return port_of(self.url)

    @property
    def is_https(self) -> bool:
        return self.url.lower().startswith("https:")

    def request(
        self,
        method: str,
        path: str,
        *,
        api_key: str | None = None,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """`api_key` None: the situation's own.  Raises `httpx.HTTPError`, `httpx.InvalidURL`."""
        key = self.api_key if api_key is None else api_key
        sent = {"user-agent": "quarterdeck-doctor", **(headers or {})}
        if key:
            sent["authorization"] = f"Bearer {key}"
        # A transport of our own asks no proxy of the environment, yet knows SSL_CERT_FILE.
        transport = httpx.HTTPTransport() if is_loopback(self.host) else None
        with httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, transport=transport) as client:
            began_s, began = time.time(), time.monotonic()
            response = client.request(
                method, self.url + path, params=params, content=content, headers=sent
            )
            took_s = time.monotonic() - began
        return Reply(response, at_s=began_s + took_s / 2, took_s=took_s)


@dataclass(frozen=True, slots=True)
class Reply:
    response: httpx.Response
    at_s: float
    """The middle of the request by this machine's clock, seconds since 1970."""
    took_s: float

    @property
    def status(self) -> int:
        return self.response.status_code

    def json(self) -> Any:
        """None if it is not JSON."""
        try:
            return self.response.json()
        except ValueError:
            return None

    def error(self) -> str:
        """What the server says is wrong, in its own words; a stranger's answer is quoted."""
        told = self.json()
        if isinstance(told, dict) and isinstance(error := told.get("error"), dict):
            hint = f" ({error['hint']})" if error.get("hint") else ""
            return f"{error.get('message')}{hint}"
        if isinstance(told, dict) and told.get("message"):  # OTLP's own errors
            return str(told["message"])
        return f"status {self.status}: {self.response.text[:120]!r}"


def port_of(url: str) -> int:
    """The port that a client would use; 0 if there is none to tell."""
    try:
        parts = urlsplit(url)
        return parts.port or {"http": 80, "https": 443}.get(parts.scheme.lower(), 0)
    except ValueError:
        return 0


def is_loopback(host: str) -> bool:
    return host.lower() in _LOOPBACK


def same_host(one: str, other: str) -> bool:
    return one.lower() == other.lower() or (is_loopback(one) and is_loopback(other))
