"""What did the server get lately, what did it not understand, and what did it refuse?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import httpx

from quarterdeck.sdk.diagnosis.check import Check, ok, unknown, warn
from quarterdeck.sdk.diagnosis.probe import SCOPE
from quarterdeck.sdk.diagnosis.situation import Situation
from quarterdeck.sdk.sending.status import without_credentials
from quarterdeck.sdk.shown import count, one_line, plural

UNANSWERED = 10
"""Calls told one by one; the rest is in `GET /api/v1/intake`."""
LIBRARIES = 5
"""Told one by one; the rest is in `GET /api/v1/received`."""

_SAMPLE = re.compile(r"^(\w+)(?:\{([^}]*)\})? ([0-9.e+]+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_FAMILY = re.compile(r"(?:^|\.)instrumentation\.([a-z0-9_]+)")


def check_arrivals(situation: Situation) -> Iterator[Check]:
    told = _ask(situation, "/api/v1/received", {"since": "1h"})
    if told is None:
        yield unknown("arrivals", "this server does not tell what arrived lately: it is older")
        return
    scopes = [one for one in told.get("scopes") or () if one.get("scope") != SCOPE]
    if not scopes:
        yield warn(
            "arrivals",
            "nothing but this command's own spans arrived in the last hour",
            "The agent sends nothing, or not here: start it with QUARTERDECK_URL="
            f"{without_credentials(situation.url)} and call qd.init(), then run this in its "
            "environment.",
        )
        return
    troubles = [*_unrecognized(scopes), *_dropped(scopes), *_twice(scopes)]
    yield from troubles
    spans = sum(int(one["spans"]) for one in scopes)
    if not troubles:
        names = ", ".join(_name(one) for one in scopes[:LIBRARIES])
        yield ok("arrivals", f"{plural(spans, 'span')} in the last hour, from {names}")


def _unrecognized(scopes: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    for one in [one for one in scopes if not one["recognized"]][:LIBRARIES]:
        yield warn(
            "arrivals",
            f"{plural(int(one['spans']), 'span')} of {_name(one)} speak no dialect that is known "
            "here: they are kept, and show as plain steps without model, tool or cost",
            "Name them with the attributes of docs/reference/attributes.md, or choose another "
            "instrumentor: docs/how-to/send-from-a-framework.md.",
        )


def _dropped(scopes: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    for one in [one for one in scopes if one["dropped"]][:LIBRARIES]:
        yield warn(
            "arrivals",
            f"the sender's OpenTelemetry SDK dropped {plural(int(one['dropped']), 'attribute')} "
            f"of spans of {_name(one)} before it sent them",
            "Where the agent runs: export OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=1000",
        )


def _twice(scopes: Sequence[Mapping[str, Any]]) -> Iterator[Check]:
    """Two instrumentors of one library, by the tail of their scopes' names."""
    families: dict[str, list[str]] = {}
    for one in scopes:
        if family := _FAMILY.search(str(one.get("scope") or "")):
            families.setdefault(family[1].removesuffix("_v2"), []).append(_name(one))
    for library, names in families.items():
        if len(names) > 1:
            yield warn(
                "arrivals",
                f"{library} is told of by {' and '.join(sorted(names))}: each call is sent twice, "
                "and counted once",
                "Switch one of them off where the agent starts.",
            )


def _name(one: Mapping[str, Any]) -> str:
    return one_line(str(one.get("scope") or "a library without a name"), limit=80)


def check_intake(situation: Situation) -> Iterator[Check]:
    """From its counters, which only who owns the server (or a key for it) may read."""
    try:
        reply = situation.request("GET", "/metrics")
    except httpx.HTTPError as error:
        yield unknown("intake", f"its counters can't be read ({type(error).__name__})")
        return
    if reply.status != 200:
        yield unknown(
            "intake",
            "what it refused is told by its counters, which this key may not read",
            "With a key of scope `metrics`, this tells refused requests and rejected spans.",
        )
        return
    lost = _lost(reply.response.text)
    if not lost:
        yield ok("intake", "since its start it refused no request and rejected no span")
        return
    listed = ", ".join(f"{count(number)} {what}" for what, number in lost.most_common())
    yield warn(
        "intake",
        f"since its start, over all projects: {listed}",
        "docs/reference/errors.md explains the codes; `quarterdeck requeue` gives quarantined "
        "data another try.",
    )


def _lost(metrics: str) -> Counter[str]:
    """What did not come to be a span, by reason."""
    lost: Counter[str] = Counter()
    for name, labels, value in _SAMPLE.findall(metrics):
        number = int(float(value))
        told = dict(_LABEL.findall(labels))
        if name == "quarterdeck_refused_requests_total":
            lost[f"requests refused with {told.get('code')}"] += number
        elif name == "quarterdeck_items_total" and told.get("outcome") in {
            "rejected", "quarantined",
        }:  # fmt: skip
            why = f" ({told['reason']})" if told.get("reason") else ""
            lost[f"{told.get('signal')} items {told['outcome']}{why}"] += number
    return +lost


def check_clients(situation: Situation) -> Iterator[Check]:
    """Nobody loses data without knowing: what SDKs of other products sent in vain."""
    told = _ask(situation, "/api/v1/intake", {})
    if told is None or "unanswered" not in told:
        yield unknown("clients", "this server does not tell what other SDKs asked in vain")
        return
    calls = told["unanswered"]
    if not calls:
        yield ok("clients", "every call of other products' SDKs was answered")
        return
    for one in calls[:UNANSWERED]:
        yield warn(
            "clients",
            f"{one_line(str(one['client']))} called {one_line(str(one['call']), limit=120)} "
            f"{plural(int(one['times']), 'time')}, which this server does not answer "
            f"({one['status']}): what came with it is not kept",
            "docs/reference/clients.md lists what each client gets here.",
        )


def check_sessions(situation: Situation) -> Iterator[Check]:
    asked = {"figure": "sessions", "since": "1h", "q": "-tag:doctor"}
    told = _ask(situation, "/api/v1/figures", asked)
    rows = (told or {}).get("rows") or []
    began = int(rows[0].get("sessions") or 0) if rows else 0
    if began:
        yield ok("sessions", f"{plural(began, 'session')} began in the last hour")
        return
    newest = ((_ask(situation, "/api/v1/sessions", _NEWEST) or {}).get("sessions") or [None])[0]
    if newest is None:
        yield warn(
            "sessions",
            "the project has no session at all",
            "docs/tutorial/first-session.md sends the first one; is it the right project?",
        )
        return
    yield warn(
        "sessions",
        f"none began in the last hour; the last news is of {one_line(str(newest['session_id']))}, "
        f"at {newest.get('last_seen_at')}",
        "If that is not the agent's last run: is it the right project, and is the agent's "
        "clock right?",
    )


_NEWEST = {"sort": "-last_seen", "limit": 1, "q": "-tag:doctor"}


def _ask(situation: Situation, path: str, params: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        reply = situation.request("GET", path, params=params)
    except httpx.HTTPError:
        return None
    told = reply.json() if reply.status == 200 else None
    return told if isinstance(told, dict) else None
