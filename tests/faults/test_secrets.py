"""Planted secrets are in no file, answer, log line or metric, however they came in."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from normalize.test_redact import PLANTED, RANDOM
from receive.receiver import make_receiver, serving, trace_request

PROTOBUF = {"content-type": "application/x-protobuf"}
CORES = (RANDOM.encode(), RANDOM[:22].encode(), PLANTED["aws"].encode(), b"hunter2-canary")


def planted_request() -> ExportTraceServiceRequest:
    """Each secret in every place that OTLP has for a text."""
    request = ExportTraceServiceRequest()
    for number, secret in enumerate(PLANTED.values(), start=1):
        outer = request.resource_spans.add(schema_url=f"https://x/{secret}")
        outer.resource.attributes.add(key="r").value.string_value = secret
        scope = outer.scope_spans.add()
        scope.scope.name = secret
        scope.scope.attributes.add(key="s").value.string_value = secret
        span = scope.spans.add(
            trace_id=number.to_bytes(16), span_id=number.to_bytes(8),
            name=f"run {secret}", trace_state=f"k={secret}",
        )  # fmt: skip
        span.status.message = f"failed: {secret}"
        span.attributes.add(key="text").value.string_value = f"a {secret} b"
        span.attributes.add(key="json").value.string_value = json.dumps({"x": {"y": secret}})
        span.attributes.add(key="raw").value.bytes_value = f"a {secret} b".encode()
        span.attributes.add(key=f"key {secret}").value.string_value = "x"
        listed = span.attributes.add(key="list").value.array_value
        listed.values.add(string_value=secret)
        mapped = span.attributes.add(key="map").value.kvlist_value
        mapped.values.add(key="deep").value.string_value = secret
        mapped.values.add(key="password").value.string_value = "hunter2-canary"
        span.attributes.add(key="llm.headers").value.string_value = "{'x': 'hunter2-canary'}"
        span.attributes.add(key="http.request.header.authorization").value.array_value.values.add(
            string_value="hunter2-canary"
        )
        event = span.events.add(name=f"event {secret}")
        event.attributes.add(key="e").value.string_value = secret
        link = span.links.add(trace_id=b"\1" * 16, span_id=b"\1" * 8, trace_state=secret)
        link.attributes.add(key="l").value.string_value = secret
    return request


def planted_logs() -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for secret in PLANTED.values():
        record = records.add(event_name=f"e {secret}", severity_text=secret)
        record.body.kvlist_value.values.add(key="content").value.string_value = secret
        record.attributes.add(key="a").value.string_value = secret
    return request


def planted_json() -> bytes:
    tree = {
        "resourceSpans": [{"scopeSpans": [{"spans": [
            {
                "traceId": number.to_bytes(16).hex(), "spanId": number.to_bytes(8).hex(),
                "name": secret, "unknown": {"anything": [secret]},
                "attributes": [
                    {"key": "a", "value": {"stringValue": f"x {secret}"}},
                    {"key": "password", "value": {"stringValue": "hunter2-canary"}},
                ],
            }
            for number, secret in enumerate(PLANTED.values(), start=101)
        ]}]}]
    }  # fmt: skip
    text = json.dumps(tree)
    for word in (*PLANTED.values(), "hunter2-canary", "password"):
        quoted = json.dumps(word)[1:-1]
        text = text.replace(quoted, "".join(f"\\u{ord(letter):04x}" for letter in word))
    return text.encode()


def found_in(data: bytes) -> list[bytes]:
    return [core for core in CORES if core in data]


def on_disk(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name.endswith("-wal") for path in files)
    return b"".join(path.read_bytes() for path in files)


async def test_planted_secrets_are_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    receiver = make_receiver(tmp_path)
    said = b""
    async with serving(receiver), httpx.AsyncClient() as client:

        async def send(signal: str, body: bytes, headers: dict[str, str]) -> None:
            nonlocal said
            answer = await client.post(
                f"{receiver.http}/v1/{signal}", content=body, headers=headers
            )
            assert answer.status_code == 200, answer.content
            said += answer.content

        await send("traces", planted_request().SerializeToString(), PROTOBUF)
        await send(
            "traces",
            gzip.compress(planted_request().SerializeToString()),
            {**PROTOBUF, "content-encoding": "gzip"},
        )
        await send("traces", planted_json(), {"content-type": "application/json"})
        await send("logs", planted_logs().SerializeToString(), PROTOBUF)
        # Refused spans are quoted in the answer: their names too must be clean.
        bad = planted_request()
        for outer in bad.resource_spans:
            outer.scope_spans[0].spans[0].trace_id = b""
        await send("traces", bad.SerializeToString(), PROTOBUF)
    rows = receiver.spool.read(0, max_items=10**9, max_bytes=10**12)
    bodies = b"".join(row.body() for row in rows)
    assert len(rows) >= 4
    assert found_in(bodies) == []
    assert b"[redacted:" in bodies
    assert found_in(on_disk(tmp_path)) == []
    receiver.pipeline.run_until_empty()
    stored = repr(receiver.store.spans).encode()
    assert found_in(stored) == []
    assert found_in(said) == []
    assert found_in(caplog.text.encode()) == []
    metrics = receiver.accounting.render(receiver.spool.state(), now_ns=0)
    assert found_in(metrics.encode()) == []
    assert 'quarterdeck_redacted_requests_total{signal="traces"} 4' in metrics
    receiver.close()


async def test_what_holds_no_secret_is_spooled_byte_for_byte(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)
    body = trace_request(3, text="max_tokens token_count sk-learn").SerializeToString()

    class Someone:
        project_id = "default"

    someone: Any = Someone()
    from quarterdeck.receive.limits import Held

    with Held(receiver.intake.budget) as held:
        await receiver.intake.accept(
            someone, body, signal="traces", encoding="protobuf", content_encodings=(), held=held
        )
    [row] = receiver.spool.read(0, max_items=10, max_bytes=10**9)
    assert row.body() == body
    receiver.close()
