"""
Golden pairs: OTLP as senders spell it, and what it means, written down from the reference.

Each file of `tests/golden/normalize` holds requests in OTLP/JSON, and under `expected` the
facts of each span by its id.  Only the named facts are compared; a span that is named must be
there, and "absent" means that it must not be.  What a run comes to as a session
(`expected_sessions`) is compared by test_frameworks.py.
"""

import base64
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from quarterdeck.model.spans import RawEvent, RawSpan, Span
from quarterdeck.normalize.dialect import Counted, Lifted, NormalizeSettings, Synthesized
from quarterdeck.normalize.logs import interpret_log
from quarterdeck.normalize.metrics import interpret_metric
from quarterdeck.normalize.normalize import lift, normalize_span, read_content
from quarterdeck.receive import otlp_decode

_FOLDER = Path(__file__).parent.parent / "golden" / "normalize"
_FILES = sorted(_FOLDER.glob("*.json"))
_PROTOBUF = {
    "traces": ExportTraceServiceRequest,
    "logs": ExportLogsServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


def _with_base64_ids(value: Any) -> Any:
    """Protobuf's own JSON writes ids as base64, OTLP/JSON as hexadecimal."""
    if isinstance(value, dict):
        return {
            k: base64.b64encode(bytes.fromhex(v)).decode()
            if k in ("traceId", "spanId", "parentSpanId")
            else _with_base64_ids(v)
            for k, v in value.items()
        }
    return [_with_base64_ids(v) for v in value] if isinstance(value, list) else value


def _bodies(request: dict[str, Any], encoding: str) -> bytes:
    if encoding == "json":
        return json.dumps(request["body"]).encode()
    message = _PROTOBUF[request["signal"]]()
    json_format.ParseDict(_with_base64_ids(request["body"]), message)
    return bytes(message.SerializeToString())


def _raw_spans(golden: dict[str, Any], encoding: Any) -> list[RawSpan]:
    raws: list[RawSpan] = []
    lifted: dict[tuple[str, str], list[RawEvent]] = {}
    for request in golden["requests"]:
        signal = request["signal"]
        parsed = otlp_decode.parse(_bodies(request, encoding), signal=signal, encoding=encoding)
        if signal == "traces":
            raws += otlp_decode.spans_of(parsed)
        elif signal == "logs":
            for record in otlp_decode.logs_of(parsed):
                for reading in interpret_log(record):
                    if isinstance(reading, Lifted):
                        key = (record.trace_id, record.span_id)
                        lifted.setdefault(key, []).append(reading.event)
                    elif isinstance(reading, Synthesized):
                        raws.append(reading.span)
        else:
            for metric in otlp_decode.metrics_of(parsed):
                counted = interpret_metric(metric)
                if isinstance(counted, Counted):
                    raws.append(counted.span)
    return [lift(raw, lifted.get((raw.trace_id, raw.span_id), ())) for raw in raws]


def _matches(found: Any, expected: Any, path: str) -> list[str]:
    """Where `found` lacks what `expected` names."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            difference
            for key, value in expected.items()
            for difference in _matches(found.get(key), value, f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        return [
            difference
            for at, value in enumerate(expected)
            for difference in _matches(found[at], value, f"{path}[{at}]")
        ]
    empty: tuple[Any, ...] = ("", [], {}, None, False)
    same = found == expected or (
        expected in empty and found in empty and not isinstance(found, int)
    )
    return [] if same else [f"{path}: expected {expected!r}, found {found!r}"]


def _facts(value: Any) -> Any:
    """Plain JSON values with all fields: the model leaves defaults out of its own JSON."""
    if isinstance(value, msgspec.Struct):
        facts = {name: _facts(getattr(value, name)) for name in value.__struct_fields__}
        tag = value.__struct_config__.tag
        return {"type": tag, **facts} if tag else facts
    if isinstance(value, list | tuple):
        return [_facts(item) for item in value]
    if isinstance(value, dict):
        return {key: _facts(item) for key, item in value.items()}
    return str(value) if isinstance(value, Decimal) else value


def _normalized(golden: dict[str, Any], encoding: str) -> dict[str, tuple[RawSpan, Span]]:
    settings = NormalizeSettings(**golden.get("settings", {}))
    pairs = [(r, normalize_span(r, settings=settings)) for r in _raw_spans(golden, encoding)]
    return {span.span_id: (raw, span) for raw, span in pairs}


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("encoding", ["json", "protobuf"])
def test_spans_mean_what_the_reference_says(path: Path, encoding: str) -> None:
    golden = json.loads(path.read_text())
    spans = _normalized(golden, encoding)
    wrong: list[str] = []
    for span_id, expected in golden["expected"].items():
        if expected == "absent":
            wrong += [f"{span_id}: should not be there"] if span_id in spans else []
        elif span_id not in spans:
            wrong.append(f"{span_id}: missing")
        else:
            wrong += _matches(_facts(spans[span_id][1]), expected, span_id.lstrip("0"))
    for span_id, expected in golden.get("expected_content", {}).items():
        content = _facts(read_content(spans[span_id][0]))
        wrong += _matches(content, expected, span_id.lstrip("0") + " content")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_both_encodings_give_equal_spans(path: Path) -> None:
    golden = json.loads(path.read_text())
    assert _raw_spans(golden, "json") == _raw_spans(golden, "protobuf")
