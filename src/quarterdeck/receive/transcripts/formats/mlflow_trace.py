"""
Traces of MLflow 2 and 3 as `trace.to_json()` and `mlflow traces get` write them: one in a file,
one on each line, or a list.

Spans and what was told of the trace are sent to where a client of MLflow sends them that does
not speak OTLP, with the ids that they have; assessments are part of what was told.  Only the
information of MLflow 2 is respelled, as MLflow 3 does it.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from quarterdeck.errors import Invalid
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import mapping, records
from quarterdeck.receive.transcripts.source import Source, decode
from quarterdeck.receive.transcripts.transcript import BadLine, ClientCall, Read

_ARTIFACTS = "/mlflow/api/2.0/mlflow-artifacts/artifacts"
_NS_PER_MS = 1_000_000


def recognizes(source: Source) -> bool:
    first = source.head[0] if source.head else source.top
    if isinstance(first, list):
        first = first[0] if first else None
    return _is_trace(first)


def read(source: Source) -> Read:
    for number, value in _told(source):
        if isinstance(value, Invalid):
            yield BadLine(source.shown, number, value.message)
            continue
        for trace in value if isinstance(value, list) else [value]:
            if _is_trace(trace):
                yield from _calls(trace)
            else:
                yield BadLine(source.shown, number, "no trace: it lacks an id or a list of spans")


def _told(source: Source) -> Iterator[tuple[int, Any]]:
    if not source.head:
        yield 0, source.document
        return
    for line in source.lines():
        try:
            yield line.number, decode(line.text)
        except Invalid as error:
            yield line.number, error


def _calls(trace: dict[str, Any]) -> Iterator[ClientCall]:
    info = _info(trace["info"])
    folder = f"0/traces/{quote(info['trace_id'], safe='')}/artifacts"
    spans = {"spans": records(trace["data"]["spans"])}
    yield _call("PUT", f"{_ARTIFACTS}/{folder}/traces.json", spans)
    yield _call("POST", "/mlflow/api/3.0/mlflow/traces", {"trace": {"trace_info": info}})


def _call(method: Any, path: str, body: dict[str, Any]) -> ClientCall:
    return ClientCall(client="mlflow", method=method, path=path, body=body)


def _info(told: dict[str, Any]) -> dict[str, Any]:
    """As the API of MLflow 3 has it: its files tell durations in milliseconds."""
    info = dict(told)
    if "request_id" in info and "trace_id" not in info:
        info = _of_version_2(info)
    took_ms = info.pop("execution_duration_ms", None)
    if isinstance(took_ms, int | float):
        info["execution_duration"] = f"{took_ms / 1000:.3f}s"
    return info


def _of_version_2(told: dict[str, Any]) -> dict[str, Any]:
    info = {
        "trace_id": told["request_id"],
        "state": told.get("status"),
        "trace_metadata": mapping(told.get("request_metadata")),
        "tags": mapping(told.get("tags")),
        "execution_duration_ms": told.get("execution_time_ms"),
        "assessments": records(told.get("assessments")),
        "trace_location": {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": str(told.get("experiment_id") or "0")},
        },
    }
    at_ms = told.get("timestamp_ms")
    if isinstance(at_ms, int):
        info["request_time"] = to_rfc3339(at_ms * _NS_PER_MS)
    return info


def _is_trace(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    info, data = value.get("info"), value.get("data")
    if not isinstance(info, dict) or not isinstance(data, dict):
        return False
    named = info.get("trace_id") or info.get("request_id")
    return isinstance(named, str) and isinstance(data.get("spans"), list)


FORMAT = Format("mlflow_trace", "MLflow traces", recognizes, read)
