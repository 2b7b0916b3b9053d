"""
Does a Quarterdeck answer at the address?  Name, connection, TLS, proxies, redirects, readiness,
clock.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from quarterdeck.sdk.client import DEFAULT_URL
from quarterdeck.sdk.diagnosis.check import Check, fail, ok, unknown, warn
from quarterdeck.sdk.diagnosis.situation import Reply, Situation, is_loopback
from quarterdeck.sdk.sending.status import without_credentials
from quarterdeck.sdk.shown import duration

CONNECT_S = 5.0
BEHIND_WARN_S = 30.0
"""The backlog is usually under a second; half a minute behind, a look at the list misleads."""
CLOCK_WARN_S = 5.0
"""Spans of several machines in one session appear out of order from about here on; HTTP's dates
are whole seconds, and a request takes some."""
CLOCK_FAIL_S = 300.0
"""`since=1h` and closing after half an hour of silence begin to go wrong."""


def check_address(situation: Situation) -> Check:
    """Whether a connection can be made at all."""
    url, host = situation.url, situation.host
    if not host or not situation.port or not url.lower().startswith(("http://", "https://")):
        return fail(
            "address",
            f"QUARTERDECK_URL is {without_credentials(url)!r}",
            f"Write a scheme, a host and a port: export QUARTERDECK_URL={DEFAULT_URL}",
        )
    path = urlsplit(url).path.rstrip("/")
    for tail in ("/v1/traces", "/v1", "/api/v1", "/api"):
        if path.endswith(tail):
            base = without_credentials(url).rstrip("/").removesuffix(tail)
            return fail(
                "address",
                f"QUARTERDECK_URL ends in {tail}",
                f"Name the server and no path of it: export QUARTERDECK_URL={base}",
            )
    proxy = proxy_for(situation)
    if proxy:
        through = without_credentials(proxy)
        return warn(
            "address",
            f"{host}:{situation.port} is asked through the proxy {through}",
            f"If it can be reached directly: export NO_PROXY={host}",
        )
    return _connection(situation)


def proxy_for(situation: Situation) -> str:
    """The proxy that the environment names for this address; "" for none."""
    if is_loopback(situation.host):
        return ""
    proxies = getproxies()
    proxy = proxies.get(urlsplit(situation.url).scheme) or proxies.get("all") or ""
    return "" if proxy_bypass(situation.host) else proxy


def _connection(situation: Situation) -> Check:
    host, port = situation.host, situation.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        return fail(
            "address",
            f"the name {host!r} is unknown ({error})",
            "Correct QUARTERDECK_URL, or the name's entry in DNS.",
        )
    ip = found[0][4][0]
    try:
        socket.create_connection((host, port), timeout=CONNECT_S).close()
    except TimeoutError:
        return fail(
            "address",
            f"{host}:{port} ({ip}) did not answer within {CONNECT_S:.0f} s",
            "A firewall, or the wrong host or port: compare QUARTERDECK_URL with what "
            "`quarterdeck up` prints.",
        )
    except OSError as error:
        return fail(
            "address",
            f"nothing listens at {host}:{port} ({error})",
            _where_else(situation),
        )
    return ok("address", f"{host}:{port} can be connected to")


def _where_else(situation: Situation) -> str:
    """Often it is the port: is there one where it usually is?"""
    usual = Situation(url=DEFAULT_URL)
    if is_loopback(situation.host) and situation.port != usual.port:
        try:
            if is_quarterdeck(usual.request("GET", "/readyz")):
                return (
                    f"A Quarterdeck answers at {DEFAULT_URL}: export QUARTERDECK_URL={DEFAULT_URL}"
                )
        except (httpx.HTTPError, httpx.InvalidURL):
            pass
    return "Start one with `quarterdeck up`, or set QUARTERDECK_URL to the address that it printed."


def check_server(situation: Situation) -> tuple[Check, Reply | None]:
    """Whether what answers is ours, and its answer for the checks that follow."""
    try:
        # Without the key: it is looked at later, and an odd one would be quoted in the error.
        reply = situation.request("GET", "/readyz", api_key="")
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError) as error:
        return _no_answer(situation, error), None
    if reply.response.is_redirect:
        target = without_credentials(reply.response.headers.get("location", ""))
        return fail(
            "server",
            f"it points elsewhere: {target!r}",
            "Set QUARTERDECK_URL to the address that is meant: redirects are not "
            "followed, so that a key does not travel to another host.",
        ), None
    if not is_quarterdeck(reply):
        server = reply.response.headers.get("server", "")
        via = reply.response.headers.get("via", "")
        who = "".join([f", says {server!r}" if server else "", f", through {via!r}" if via else ""])
        return fail(
            "server",
            f"what answers is not a Quarterdeck (GET /readyz: {reply.status}{who})",
            "Set QUARTERDECK_URL to the address that `quarterdeck up` printed; behind a "
            "proxy, see that all paths reach the server.",
        ), None
    via = reply.response.headers.get("via", "")
    through = f", through the proxy {via!r}" if via else ""
    return ok(
        "server",
        f"a Quarterdeck answers in {duration(reply.took_s)}{through}",
    ), reply


def is_quarterdeck(reply: Reply) -> bool:
    """By the form of /readyz, which nobody else has; also while it is not ready."""
    told = reply.json()
    if not isinstance(told, dict):
        return False
    if reply.status == 200:
        return "oldest_unprocessed_s" in told
    error = told.get("error")
    return isinstance(error, dict) and {"code", "message"} <= error.keys()


def _no_answer(situation: Situation, error: Exception) -> Check:
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    next_step = "Is QUARTERDECK_URL the address of a Quarterdeck, and not of something else?"
    if proxy_for(situation):
        next_step = (
            f"The environment's proxy stands between: export NO_PROXY={situation.host}, or correct "
            "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY."
        )
    elif "WRONG_VERSION_NUMBER" in said or "record layer" in said.lower():
        plain = "http" + without_credentials(situation.url)[len("https") :]
        next_step = f"It speaks plain HTTP: export QUARTERDECK_URL={plain}"
    elif "CERTIFICATE_VERIFY_FAILED" in said:
        next_step = "Its certificate is not trusted here: set SSL_CERT_FILE to your authority's."
    elif not situation.is_https and _speaks_tls(situation):
        secure = "https" + without_credentials(situation.url)[len("http") :]
        next_step = f"It speaks TLS: export QUARTERDECK_URL={secure}"
    elif situation.port in {4317, situation.grpc_port}:
        next_step = f"{situation.port} is OTLP/gRPC's port: name HTTP's, 4400 usually."
    return fail(
        "server",
        f"no usable answer ({said[:200]})",
        next_step,
    )


def _speaks_tls(situation: Situation) -> bool:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # whether it speaks TLS, not who it is: nothing is sent
    try:
        with (
            socket.create_connection((situation.host, situation.port), timeout=CONNECT_S) as plain,
            context.wrap_socket(plain, server_hostname=situation.host),
        ):
            return True
    except OSError:
        return False


def check_ready(reply: Reply) -> Iterator[Check]:
    told = reply.json()
    if reply.status != 200:
        yield fail(
            "ready",
            f"it is not able to work: {reply.error()}",
            "Look into the server's log; what arrives meanwhile waits on its disk.",
        )
        return
    behind_s = float(told.get("oldest_unprocessed_s") or 0)
    if behind_s >= BEHIND_WARN_S:
        yield warn(
            "ready",
            f"it is {duration(behind_s)} behind: what was sent since then does not show yet",
            "Wait, or see GET /metrics: quarterdeck_pending_items, "
            "quarterdeck_pipeline_retries_total.",
        )
        return
    yield ok("ready", f"able to work, {duration(behind_s)} behind")


def check_clock(reply: Reply) -> Check:
    """By the Date of its answer, which a proxy may have written."""
    told = reply.response.headers.get("date", "")
    try:
        server_s = parsedate_to_datetime(told).timestamp()
    except (TypeError, ValueError):
        seen = f"its date is {told[:40]!r}" if told else "its answers carry no date"
        return unknown("clock", seen)
    # A date is cut to whole seconds: half of one is the best guess at what was cut.
    ahead_s = server_s + 0.5 - reply.at_s
    apart = f"{duration(abs(ahead_s))} {'ahead of' if ahead_s > 0 else 'behind'} this machine's"
    if abs(ahead_s) < CLOCK_WARN_S:
        return ok("clock", "the two clocks agree")
    judged = fail if abs(ahead_s) >= CLOCK_FAIL_S else warn
    return judged(
        "clock",
        f"the server's clock is {apart}: sessions of now appear at another time there",
        "Set the wrong one (`timedatectl set-ntp true`); until then, look without a bound on "
        "time: quarterdeck sessions list --sort -last_seen",
    )
