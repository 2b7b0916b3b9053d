"""
The order of the checks.  What rests on a check that failed is left out, and told as left out:
ten failures with one cause would hide the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from quarterdeck.sdk.diagnosis.address import (
    check_address,
    check_clock,
    check_ready,
    check_server,
)
from quarterdeck.sdk.diagnosis.arrivals import check_arrivals, check_intake, check_sessions
from quarterdeck.sdk.diagnosis.check import CHECKS, Check
from quarterdeck.sdk.diagnosis.credentials import Identity, check_key, identify
from quarterdeck.sdk.diagnosis.here import check_instrumentation, check_processes
from quarterdeck.sdk.diagnosis.limits import check_limits
from quarterdeck.sdk.diagnosis.otlp_variables import check_otlp, check_switches
from quarterdeck.sdk.diagnosis.probe import make_probe
from quarterdeck.sdk.diagnosis.reading_back import clean_up, read_back
from quarterdeck.sdk.diagnosis.sending import Sent, send
from quarterdeck.sdk.diagnosis.situation import Reply, Situation

Waiting = Callable[[float], None]


def diagnose(
    situation: Situation, *, probe: bool = True, waiting: Waiting = lambda _: None
) -> Iterator[Check]:
    """
    Check after check, each as soon as it is known.  Without `probe` nothing is sent.

    `waiting` is told how many seconds the probe has been on its way.
    """
    reply = None
    address = check_address(situation)
    yield address
    if address.verdict != "fail":
        server, reply = check_server(situation)
        yield server
    me: Identity | None = None
    if reply is not None:
        yield from _about_the_server(reply)
        checks, me = check_key(situation)
        yield from checks
    yield from check_switches(situation.environment)
    yield from check_otlp(situation, me, identify=lambda key: identify(situation, api_key=key))
    yield from check_limits(situation.environment)
    if me is not None and probe:
        yield from _sent_and_read(situation, me, waiting)
    yield from check_processes(situation)
    yield from check_instrumentation()
    if me is not None and "read" in me.scopes:
        yield from check_arrivals(situation)
        yield from check_intake(situation)
        yield check_sessions(situation)


def left_out(done: list[Check]) -> list[str]:
    """Names of the checks that could not be made."""
    names = {check.name for check in done}
    return [name for name in CHECKS if name not in names]


def _about_the_server(reply: Reply) -> Iterator[Check]:
    yield from check_ready(reply)
    yield check_clock(reply)


def _sent_and_read(situation: Situation, me: Identity, waiting: Waiting) -> Iterator[Check]:
    deletable = {"admin", "read"} <= me.scopes
    probe, sent = make_probe(deletable=deletable), Sent()
    yield from send(situation, probe, sent)
    if sent.accepted and "read" in me.scopes:
        yield from read_back(situation, probe, sent, waiting=waiting)
    if sent.accepted:
        yield clean_up(situation, probe, deletable=deletable)
