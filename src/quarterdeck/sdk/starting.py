"""
`init`, `flush`, `shutdown` and `stats`: switching the SDK on and off, and its books.

`init` may be called again: while it runs nothing happens, after `shutdown` it begins anew.
Without it every verb does nothing, at next to no cost.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.sdk import lifecycle, rim, runtime
from quarterdeck.sdk.options import Options, read_options
from quarterdeck.sdk.provider import joined
from quarterdeck.sdk.rim import log, swallow, swallowed
from quarterdeck.sdk.sending.delivery import Delivery
from quarterdeck.sdk.sending.sender import Sender
from quarterdeck.sdk.sending.spool import Spool
from quarterdeck.sdk.sending.stats import Counts, Stats

# All verbs, now: a program that forks while another thread imports one would hang in the child.
from quarterdeck.sdk.verbs import carrying, human, session, work  # noqa: F401

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

SHUTDOWN_S = 5.0

_starting = threading.Lock()
"""Two threads that call `init` at once make one sender."""


def init(
    *,
    url: str | None = None,
    api_key: str | None = None,
    service_name: str | None = None,
    environment: str | None = None,
    workflow: str | None = None,
    workflow_version: str | None = None,
    instrument: bool | Sequence[str] = True,
    capture_content: bool | None = None,
    tracer_provider: TracerProvider | None = None,
    spool_dir: str | Path | None = None,
    enabled: bool | None = None,
    debug: bool = False,
) -> None:
    """
    Begin to record.  Never raises, and may be called again.

    What is left out comes from the environment: `QUARTERDECK_URL` (default
    http://127.0.0.1:4400), `QUARTERDECK_API_KEY`, and the others in docs/reference/settings.md.

    `instrument`: True switches on the instrumentations of all frameworks and clients that are
    installed, a list of names only those.  `capture_content=False` keeps arguments, results and
    messages out of what is sent.  `tracer_provider`: OpenTelemetry's, where it is not the global
    one.  `enabled=False` makes every verb do nothing.
    """
    try:
        told: dict[str, Any] = {
            "url": url,
            "api_key": api_key,
            "service_name": service_name,
            "environment": environment,
            "workflow": workflow,
            "workflow_version": workflow_version,
            "capture_content": capture_content,
            "spool_dir": spool_dir,
        }
        options = read_options(**told, enabled=enabled, debug=debug)
        if options.debug:
            _log_everything()
        if not options.enabled:
            return
        with _starting:
            if runtime.running is None:
                runtime.running = _begin(options, tracer_provider)
            else:
                _notice_changes(told, options, runtime.running.options)
        _instrument(instrument, options)
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("init", error)


def _notice_changes(told: Mapping[str, Any], options: Options, running: Options) -> None:
    """A library's bare `init()` beside the program's is fine; one that asks for something else
    does not get it."""
    for name, value in told.items():
        if value is not None and getattr(options, name) != getattr(running, name):
            rim.notice("init", f"it runs already, with another {name}; the first stays")


def _begin(options: Options, tracer_provider: TracerProvider | None) -> runtime.Running:
    provider, outbox, is_ours = joined(tracer_provider, options)
    counts = Counts()
    spool = (
        Spool(
            options.spool_dir,
            url=options.url,
            api_key=options.api_key,
            max_bytes=options.spool_max_bytes,
            max_age_s=options.spool_max_age_s,
        )
        if options.spool_dir is not None
        else None
    )
    sender = Sender(
        outbox=outbox,
        delivery=Delivery(url=options.url, api_key=options.api_key),
        url=options.url,
        spool=spool,
        counts=counts,
        service=_service_of(provider),
    )
    outbox.open_to(
        counts=counts,
        max_spans=options.queue_max_spans,
        max_bytes=options.queue_max_bytes,
        wake=sender.wake,
        flush=sender.flush,
        stop=shutdown,
    )
    sender.start()
    lifecycle.watch()
    return runtime.Running(
        tracer=provider.get_tracer(runtime.SCOPE_NAME),
        options=options,
        outbox=outbox,
        sender=sender,
        provider=provider,
        is_ours=is_ours,
    )


def _service_of(provider: object) -> str:
    resource = getattr(provider, "resource", None)
    return str(getattr(resource, "attributes", {}).get("service.name", ""))


def _instrument(selection: bool | Sequence[str], options: Options) -> None:
    running = runtime.running
    if running is None or selection is False:
        return
    from quarterdeck.sdk.instrument import instrument

    instrument(selection, tracer_provider=running.provider, capture_content=options.capture_content)


def flush(timeout_s: float = 5.0) -> bool:
    """
    Send what has ended, tell of what is open, and wait for it.

    False if that took longer than the time, or if the server is away; nothing is lost then, it
    goes to disk.  True also where nothing runs.
    """
    try:
        running = runtime.running
        return True if running is None else running.sender.flush(float(timeout_s))
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("flush", error)
        return False


def shutdown(timeout_s: float = SHUTDOWN_S) -> None:
    """Send what there is, put the rest on disk, and let the verbs do nothing from then on."""
    try:
        running = runtime.running
        if running is not None:
            lifecycle.stop(running, timeout_s=float(timeout_s))
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("shutdown", error)


def stats() -> Stats:
    """What became of this process's spans so far."""
    try:
        running = runtime.running
        if running is not None:
            return running.sender.stats()
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("stats", error)
    return Stats(errors=swallowed())


def _log_everything() -> None:
    log.setLevel(logging.DEBUG)
    if not log.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("quarterdeck: %(message)s"))
        log.addHandler(handler)
