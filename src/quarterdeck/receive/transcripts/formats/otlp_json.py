"""
OTLP/JSON: export requests in a file, one whole or one on each line (the collector's file exporter).

Nothing is translated: what a sender would have posted is posted, so the server's dialects read
it as they read live traffic.  A line is left out only where it is no export request, or where it
equals an earlier one to the byte: that is one delivery written twice.
"""

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, Read, Telemetry

Signal = Literal["traces", "logs", "metrics"]

_SIGNALS: dict[str, Signal] = {
    "resourceSpans": "traces", "resource_spans": "traces",
    "resourceLogs": "logs", "resource_logs": "logs",
    "resourceMetrics": "metrics", "resource_metrics": "metrics",
}  # fmt: skip
_SCOPES = ("scopeSpans", "scope_spans", "scopeLogs", "scope_logs", "scopeMetrics", "scope_metrics")
_ITEMS = ("spans", "logRecords", "log_records", "metrics")

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The server takes 64 MiB in a request unless told otherwise; an eighth of it keeps the progress
of an upload visible and its retry cheap."""


def recognizes(source: Source) -> bool:
    return bool(_roots(source.head[0] if source.head else source.top))


def read(source: Source) -> Read:
    if source.head:
        yield from _read_lines(source)
        return
    with source.open() as file:
        body = file.read()
    yield from _read_request(body, _decode(body), where=BadLine(source.shown, 0, ""))


def _read_lines(source: Source) -> Read:
    seen: dict[bytes, int] = {}
    for line in source.lines():
        earlier = seen.setdefault(hashlib.sha256(line.text).digest(), line.number)
        if earlier != line.number:
            yield Finding(
                code="duplicate_lines",
                message=f"line {line.number} equals line {earlier} to the byte: it was sent once",
            )
            continue
        try:
            tree = _decode(line.text)
        except Invalid as error:
            yield BadLine(source.shown, line.number, error.message)
            continue
        yield from _read_request(line.text, tree, where=BadLine(source.shown, line.number, ""))


def _read_request(body: bytes, tree: Any, *, where: BadLine) -> Read:
    roots = _roots(tree)
    if not roots:
        message = (
            "no OTLP export request: it has no list of resourceSpans, resourceLogs or …Metrics"
        )
        yield BadLine(where.path, where.number, message)
    elif len(roots) == 1 and len(body) <= MAX_BODY_BYTES:
        yield Telemetry(signal=_SIGNALS[roots[0]], body=body)
    else:
        for root in roots:
            for group in _split(tree[root], len(body) // MAX_BODY_BYTES + 1):
                yield Telemetry(signal=_SIGNALS[root], body=msgspec.json.encode({root: group}))


def _split(groups: list[Any], pieces: int) -> Iterator[list[Any]]:
    """The same groups in about as many lists as asked for, never cutting through an item."""
    flat = [single for group in groups for single in _singles(group)] if pieces > 1 else groups
    size = max(1, -(-len(flat) // pieces))
    for start in range(0, len(flat), size):
        yield flat[start : start + size]


def _singles(group: Any) -> Iterator[Any]:
    """A resource's group, as one group for each of its items; as it is where it has no such."""
    scopes_key = next((key for key in _SCOPES if _is_list_in(group, key)), "")
    if not scopes_key:
        yield group
        return
    for scope in group[scopes_key]:
        items_key = next((key for key in _ITEMS if _is_list_in(scope, key)), "")
        for part in [{**scope, items_key: [i]} for i in scope[items_key]] if items_key else [scope]:
            yield {**group, scopes_key: [part]}


def _roots(tree: Any) -> list[str]:
    return [key for key in _SIGNALS if _is_list_in(tree, key)]


def _is_list_in(tree: Any, key: str) -> bool:
    return isinstance(tree, dict) and isinstance(tree.get(key), list)


def _decode(body: bytes) -> Any:
    """Raises `Invalid`."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        first = error
    try:
        # NaN and lone surrogates, which some senders write and the server takes.
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid(f"not JSON: {first}", hint="Is the file cut off?") from error


FORMAT = Format("otlp_json", "OTLP/JSON", recognizes, read)
