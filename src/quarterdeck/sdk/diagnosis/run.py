"""
The order of the checks.  What rests on a check that failed is left out, and told as left out:
ten failures with one cause would hide the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from quarterdeck.sdk.diagnosis.address import (
    check_address,
    check_clock,
    check_ready,
    check_server,
)
from quarterdeck.sdk.diagnosis.arrivals import (
    check_arrivals,
    check_clients,
    check_intake,
    check_sessions,
)
from quarterdeck.sdk.diagnosis.check import CHECKS, Check, unknown
from quarterdeck.sdk.diagnosis.credentials import Identity, check_key, identify
from quarterdeck.sdk.diagnosis.here import check_instrumentation, check_processes
from quarterdeck.sdk.diagnosis.limits import check_limits
from quarterdeck.sdk.diagnosis.otlp_variables import check_otlp, check_switches
from quarterdeck.sdk.diagnosis.probe import make_probe
from quarterdeck.sdk.diagnosis.reading_back import clean_up, read_back
from quarterdeck.sdk.diagnosis.sending import Sent, send
from quarterdeck.sdk.diagnosis.situation import Situation

Waiting = Callable[[float], None]


def diagnose(
    situation: Situation, *, probe: bool = True, waiting: Waiting = lambda _: None
) -> Iterator[Check]:
    """
    Check after check, each as soon as it is known.  Without `probe` nothing is sent.

    `waiting` is told how many seconds the probe has been on its way.
    """
    server = _Server()
    yield from _guarded("server", _reached(situation, server))
    me = server.me
    yield from _guarded("sdk_switch", check_switches(situation.environment))
    by_key = partial(_identified, situation)
    yield from _guarded("otlp_endpoint", check_otlp(situation, me, identify=by_key))
    yield from _guarded("limits", check_limits(situation.environment))
    if me is not None and probe:
        yield from _guarded("http_protobuf", _sent_and_read(situation, me, waiting))
    yield from _guarded("sdk_processes", check_processes(situation))
    yield from _guarded("instrumentation", check_instrumentation())
    if me is not None and "read" in me.scopes:
        yield from _guarded("arrivals", check_arrivals(situation))
        yield from _guarded("intake", check_intake(situation))
        yield from _guarded("clients", check_clients(situation))
        yield from _guarded("sessions", check_sessions(situation))


def left_out(done: list[Check]) -> list[str]:
    """Names of the checks that could not be made, in order."""
    names = {check.name for check in done}
    if "otlp_endpoint" in names:
        # Those of an endpoint that is not set, or elsewhere, have nothing to look at.
        names |= {"otlp_protocol", "otlp_headers"}
    return [name for name in CHECKS if name not in names]


@dataclass(slots=True)
class _Server:
    """What the first checks learn for the later ones."""

    me: Identity | None = None


def _reached(situation: Situation, server: _Server) -> Iterator[Check]:
    address = check_address(situation)
    yield address
    if address.verdict == "fail":
        return
    answers, reply = check_server(situation)
    yield answers
    if reply is None:
        return
    yield from check_ready(reply)
    yield check_clock(reply)
    checks, server.me = check_key(situation)
    yield from checks


def _identified(situation: Situation, key: str) -> Identity | str:
    return identify(situation, api_key=key)


def _guarded(name: str, checks: Iterator[Check]) -> Iterator[Check]:
    """A check that fails by itself hides no other."""
    try:
        yield from checks
    except Exception as error:  # noqa: BLE001 - the rim: whoever asks why has trouble enough
        yield unknown(
            name,
            f"this check itself failed ({type(error).__name__}: {error})",
            "Please report it, with what this printed.",
        )


def _sent_and_read(situation: Situation, me: Identity, waiting: Waiting) -> Iterator[Check]:
    deletable = {"admin", "read"} <= me.scopes
    probe, sent = make_probe(deletable=deletable), Sent()
    yield from send(situation, probe, sent)
    if sent.accepted and "read" in me.scopes:
        yield from read_back(situation, probe, sent, waiting=waiting)
    if sent.accepted:
        yield clean_up(situation, probe, deletable=deletable)
