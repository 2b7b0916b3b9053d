"""
Where every item went: received = stored + duplicate + ignored + rejected + quarantined + pending.

An item is a span, a log record or a metric's data point.  Counted from the start of the
process: items found in the spool at the start count as `recovered`, beside `received`.  The sum
holds exactly at any quiet moment, and while data flows the difference is what is in hand.

Requests that were refused whole (too large, not authorized, busy) are counted as requests: what
could not be read has no items to count.  `render` writes Prometheus' text format.
"""

import threading
from collections import Counter
from typing import Literal, NamedTuple

from quarterdeck.receive.otlp_request import DOORS, Door
from quarterdeck.receive.spool import SpoolState

Outcome = Literal["stored", "duplicate", "ignored", "rejected", "quarantined"]
OUTCOMES: tuple[Outcome, ...] = ("stored", "duplicate", "ignored", "rejected", "quarantined")

_MAX_REASONS = 200
"""Reasons are our own words; the cap holds should one of them ever carry a sender's text."""
_MAX_CALLS = 200
"""Addresses that nobody answers are anybody's words, counted without a key: they have a cap of
their own, which takes none of the reasons."""


class _Metric(NamedTuple):
    name: str
    kind: Literal["counter", "gauge"]
    help: str


METRICS: dict[str, _Metric] = {
    metric.name: metric
    for metric in (
        _Metric(
            "quarterdeck_received_items_total",
            "counter",
            "Spans, log records and data points in accepted requests, rejected ones included.",
        ),
        _Metric(
            "quarterdeck_recovered_items_total",
            "counter",
            "Items that an earlier process had acknowledged and not yet stored.",
        ),
        _Metric(
            "quarterdeck_items_total",
            "counter",
            "Items by what became of them. stored: new in the store. duplicate: delivered before; "
            "the most complete delivery is shown. ignored: of no use to a session. "
            "rejected: told to the sender in partial_success. "
            "quarantined: kept in the spool because processing failed.",
        ),
        _Metric(
            "quarterdeck_pending_items",
            "gauge",
            "Items acknowledged and not yet processed.",
        ),
        _Metric(
            "quarterdeck_refused_requests_total",
            "counter",
            "Requests answered with an error, by its code; nothing of them was kept.",
        ),
        _Metric("quarterdeck_requests_total", "counter", "Requests accepted, whole or in part."),
        _Metric(
            "quarterdeck_received_bytes_total",
            "counter",
            "Bytes of accepted bodies after decompression.",
        ),
        _Metric(
            "quarterdeck_redacted_requests_total",
            "counter",
            "Requests in which a secret was replaced before anything was written.",
        ),
        _Metric("quarterdeck_spool_rows", "gauge", "Request bodies in the intake spool."),
        _Metric("quarterdeck_spool_bytes", "gauge", "Bytes of them, compressed."),
        _Metric(
            "quarterdeck_oldest_pending_seconds",
            "gauge",
            "Age of the oldest item that is acknowledged and not yet processed; 0 for none.",
        ),
        _Metric(
            "quarterdeck_quarantine_rows", "gauge", "Request bodies kept because processing failed."
        ),
        _Metric(
            "quarterdeck_quarantine_evicted_rows_total",
            "counter",
            "Oldest quarantined bodies that were deleted because the quarantine was full.",
        ),
        _Metric(
            "quarterdeck_spool_corrupt_files_total",
            "counter",
            "Damaged spool files that were set aside; whole rows in them were taken over.",
        ),
        _Metric(
            "quarterdeck_spool_lost_rows_total",
            "counter",
            "Rows of damaged spool files that could not be read.",
        ),
        _Metric(
            "quarterdeck_spool_write_failures_total",
            "counter",
            "Commits that the disk refused; their senders were told to try again.",
        ),
        _Metric("quarterdeck_in_flight_bytes", "gauge", "Bytes of request bodies in memory."),
        _Metric(
            "quarterdeck_pipeline_retries_total",
            "counter",
            "Batches that were tried again because the store was away.",
        ),
        _Metric(
            "quarterdeck_pipeline_errors_total",
            "counter",
            "Failures in what follows storing; the data itself was stored.",
        ),
        _Metric(
            "quarterdeck_wire_unsupported_total",
            "counter",
            "Calls of foreign SDKs that this server does not answer, by wire and address.",
        ),
        _Metric(
            "quarterdeck_wire_unbuilt_total",
            "counter",
            "Objects of foreign SDKs that no spans could be made of; what was said is kept.",
        ),
        _Metric(
            "quarterdeck_job_failures_total",
            "counter",
            "Background jobs that failed, by name; each runs again at its next time.",
        ),
    )
}


class Accounting:
    """Counters of one process.  Any thread may call any method."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, tuple[tuple[str, str], ...]]] = Counter()
        self._reasons: set[str] = set()
        self._calls: set[str] = set()

    def received(self, signal: Door, items: int, *, size: int, redacted: bool) -> None:
        """One accepted request, before its rejected items are taken off."""
        with self._lock:
            self._add("quarterdeck_requests_total", 1, signal=signal)
            self._add("quarterdeck_received_items_total", items, signal=signal)
            self._add("quarterdeck_received_bytes_total", size, signal=signal)
            self._add("quarterdeck_redacted_requests_total", int(redacted), signal=signal)

    def recovered(self, signal: Door, items: int) -> None:
        with self._lock:
            self._add("quarterdeck_recovered_items_total", items, signal=signal)

    def refused(self, signal: Door, code: str) -> None:
        with self._lock:
            self._add(
                "quarterdeck_refused_requests_total", 1, signal=signal, code=self._known(code)
            )

    def became(self, signal: Door, outcome: Outcome, items: int, *, reason: str = "") -> None:
        with self._lock:
            self._add(
                "quarterdeck_items_total",
                items,
                signal=signal,
                outcome=outcome,
                reason=self._known(reason),
            )

    def pipeline_retried(self) -> None:
        with self._lock:
            self._add("quarterdeck_pipeline_retries_total", 1)

    def unbuilt(self, wire: str) -> None:
        """An object that its wire could make no spans of; what was said of it is kept."""
        with self._lock:
            self._add("quarterdeck_wire_unbuilt_total", 1, wire=wire)

    def unsupported(self, wire: str, call: str) -> None:
        """A call of a foreign SDK that nothing answers; `call` has no ids in it."""
        with self._lock:
            call = _kept(call, self._calls, _MAX_CALLS)
            self._add("quarterdeck_wire_unsupported_total", 1, wire=wire, call=call)

    def pipeline_failed(self) -> None:
        with self._lock:
            self._add("quarterdeck_pipeline_errors_total", 1)

    def job_failed(self, job: str) -> None:
        with self._lock:
            self._add("quarterdeck_job_failures_total", 1, job=job)

    def total(self, name: str, **labels: str) -> int:
        """Sum of a counter's series that carry these labels."""
        wanted = set(labels.items())
        with self._lock:
            return sum(
                value
                for (series, its_labels), value in self._counts.items()
                if series == name and wanted <= set(its_labels)
            )

    def render(self, spool: SpoolState, *, now_ns: int, in_flight_bytes: int = 0) -> str:
        """All of `METRICS` in Prometheus' text format, every one present from the start."""
        age_s = max(0, now_ns - spool.oldest_received_ns) / 1e9 if spool.oldest_received_ns else 0.0
        gauges: dict[str, float] = {
            "quarterdeck_pending_items": spool.items,
            "quarterdeck_spool_rows": spool.rows,
            "quarterdeck_spool_bytes": spool.bytes,
            "quarterdeck_oldest_pending_seconds": age_s,
            "quarterdeck_quarantine_rows": spool.quarantined_rows,
            "quarterdeck_quarantine_evicted_rows_total": spool.quarantine_evicted_rows,
            "quarterdeck_spool_corrupt_files_total": spool.corrupt_files,
            "quarterdeck_spool_lost_rows_total": spool.lost_rows,
            "quarterdeck_spool_write_failures_total": spool.write_failures,
            "quarterdeck_in_flight_bytes": in_flight_bytes,
        }
        with self._lock:
            counts = dict(self._counts)
        for signal in DOORS:
            for name in (
                "quarterdeck_received_items_total", "quarterdeck_requests_total",
                "quarterdeck_received_bytes_total", "quarterdeck_recovered_items_total",
                "quarterdeck_redacted_requests_total",
            ):  # fmt: skip
                counts.setdefault((name, (("signal", signal),)), 0)
            for outcome in OUTCOMES:
                labels = (("outcome", outcome), ("reason", ""), ("signal", signal))
                counts.setdefault(("quarterdeck_items_total", labels), 0)
        for name in ("quarterdeck_pipeline_retries_total", "quarterdeck_pipeline_errors_total"):
            counts.setdefault((name, ()), 0)
        lines: list[str] = []
        for metric in METRICS.values():
            lines += (
                f"# HELP {metric.name} {metric.help}",
                f"# TYPE {metric.name} {metric.kind}",
            )
            if metric.name in gauges:
                lines.append(f"{metric.name} {gauges[metric.name]:g}"
                             if isinstance(gauges[metric.name], float)
                             else f"{metric.name} {gauges[metric.name]}")  # fmt: skip
            lines += (
                f"{name}{_label_text(labels)} {value}"
                for (name, labels), value in sorted(counts.items())
                if name == metric.name
            )
        return "\n".join(lines) + "\n"

    def _add(self, name: str, value: int, **labels: str) -> None:
        # An equal series is one object however its labels were given.
        self._counts[name, tuple(sorted(labels.items()))] += value

    def _known(self, reason: str) -> str:
        return _kept(reason, self._reasons, _MAX_REASONS)


def _kept(word: str, known: set[str], most: int) -> str:
    if word not in known:
        if len(known) >= most:
            return "other"
        known.add(word)
    return word


def _label_text(labels: tuple[tuple[str, str], ...]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
