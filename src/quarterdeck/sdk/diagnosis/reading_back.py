"""Does the probe come back as a session, whole?  And is it gone afterwards?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import httpx

from quarterdeck.sdk.diagnosis.check import Check, fail, ok, warn
from quarterdeck.sdk.diagnosis.probe import TEXT, Probe, Wire
from quarterdeck.sdk.diagnosis.sending import Sent
from quarterdeck.sdk.diagnosis.situation import Situation

POLL_S = 0.2


def read_back(
    situation: Situation, probe: Probe, sent: Sent, *, waiting: Callable[[float], None]
) -> Iterator[Check]:
    """`waiting` is told how many seconds it has been, while nothing has come yet."""
    began = time.monotonic()
    found: dict[Wire, dict[str, Any]] = {}
    in_session = False
    while True:
        for wire in sent.accepted:
            if wire not in found and (span := _span(situation, probe, wire)) is not None:
                found[wire] = span
        in_session = in_session or _is_in_session(situation, probe)
        took_s = time.monotonic() - began
        if (in_session and len(found) == len(sent.accepted)) or took_s > situation.wait_s:
            break
        waiting(took_s)
        time.sleep(POLL_S)
    yield _came_back(situation, sent, found, took_s=took_s, in_session=in_session)
    if "http_protobuf" in found:
        yield _attributes(probe, found["http_protobuf"])


def _came_back(
    situation: Situation,
    sent: Sent,
    found: Mapping[Wire, object],
    *,
    took_s: float,
    in_session: bool,
) -> Check:
    missing = [wire.replace("_", " ") for wire in sent.accepted if wire not in found]
    later = "It was accepted, so it is on the server's disk: see GET /readyz and the server's log."
    if not found:
        return fail("read_back", f"nothing came back within {situation.wait_s:.0f} s", later)
    if missing:
        return fail(
            "read_back",
            f"what was sent over {', '.join(missing)} did not come back within "
            f"{situation.wait_s:.0f} s",
            later,
        )
    if not in_session:
        return fail(
            "read_back",
            f"the spans came back, but no session within {situation.wait_s:.0f} s",
            "Sessions are assembled after storing: see the server's log, and "
            "quarterdeck_pipeline_errors_total in GET /metrics.",
        )
    return ok("read_back", f"a session {took_s:.1f} s after sending")


def _span(situation: Situation, probe: Probe, wire: Wire) -> dict[str, Any] | None:
    return _get(situation, f"/api/v1/spans/{probe.trace_id}/{probe.span_ids[wire]}")


def _is_in_session(situation: Situation, probe: Probe) -> bool:
    told = _get(situation, f"/api/v1/sessions/{probe.session_id}")
    return told is not None and probe.trace_id in (told.get("trace_ids") or ())


def _get(situation: Situation, path: str) -> dict[str, Any] | None:
    """None: not there yet, or the server is busy."""
    try:
        reply = situation.request("GET", path)
    except httpx.HTTPError:
        return None
    told = reply.json() if reply.status == 200 else None
    return told if isinstance(told, dict) else None


def _attributes(probe: Probe, span: Mapping[str, Any]) -> Check:
    came = (span.get("raw") or {}).get("attributes") or {}
    is_cut = len(probe.kept.get("doctor.text", TEXT)) < len(TEXT)
    if probe.dropped or is_cut:
        said = [f"{probe.dropped} of {len(probe.intended)} dropped"] if probe.dropped else []
        said += [f"a text of {len(TEXT):,} characters cut"] if is_cut else []
        return warn(
            "attributes",
            f"this environment's limits took effect before sending: {', '.join(said)}",
            "unset the variables named under `limits`",
        )
    lost = [name for name in probe.kept if name not in came]
    changed = [
        name
        for name, value in probe.kept.items()
        if name in came and _plain(came[name]) != _plain(value)
    ]
    if lost or changed:
        return fail(
            "attributes",
            f"of {len(probe.kept)} attributes {len(lost)} are missing and {len(changed)} changed: "
            f"{', '.join([*lost, *changed][:5])}",
            "If a collector stands between, look for processors that drop or shorten attributes.",
        )
    return ok("attributes", f"all {len(probe.kept)} attributes came back as they were sent")


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, list | tuple) else value


def clean_up(situation: Situation, probe: Probe, *, deletable: bool) -> Check:
    if not deletable:
        return ok(
            "cleanup",
            f"session {probe.session_id!r} stays (the key may not delete): one for all runs, "
            "tagged doctor and marked as an experiment",
        )
    try:
        reply = situation.request("DELETE", f"/api/v1/sessions/{probe.session_id}")
        trouble = "" if reply.status in {200, 404} else reply.error()
    except httpx.HTTPError as error:
        trouble = type(error).__name__
    if trouble:
        return warn(
            "cleanup",
            f"session {probe.session_id!r} could not be deleted: {trouble}",
            f"quarterdeck sessions delete {probe.session_id} --yes",
        )
    return ok("cleanup", "the probe's session is deleted again")
