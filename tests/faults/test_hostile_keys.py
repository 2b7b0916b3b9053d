"""Hostile names and values are text: they are kept as sent and change nothing else."""

import itertools
from pathlib import Path

import orjson
import pytest

from quarterdeck.normalize.normalize import explain, normalize_span, read_content
from quarterdeck.receive.otlp_decode import parse, spans_of
from quarterdeck.receive.otlp_request import Encoding
from quarterdeck.receive.spool import Appended
from receive.receiver import balance, make_receiver, trace_request

_BASE = [
    "__proto__", "constructor.prototype", "constructor", "__class__", "__dict__", "__init__",
    "toString", "a\0b", "\0", "", " ", ".", "..", "../../etc/passwd", "a" * 1_000_000,
    ".".join("a" * 10_000), "[" * 10_000, "\u202eevil", "\u2066x\u2069", "\ufeff", "\uffff",
    "é" * 5000, "\U0001f4a3", "{{7*7}}", "${jndi:ldap://x}", "%s%n", "{0.__class__}", "';--",
    "' OR 1=1", "\"\"\"", "<script>", "\r\nSet-Cookie: a=b", "\x1b[31m", "project_id",
    "quarterdeck.project", "session.id", "trace_id", "gen_ai.usage.input_tokens",
    "quarterdeck.problem", "llm.input_messages.99999999999.message.role",
    "llm.input_messages.-1.message.content", "gen_ai.prompt.1e9.content", "key", "value",
]  # fmt: skip
KEYS = [f"{first}{second}" for first, second in itertools.product(_BASE[:12], _BASE)][:460] + _BASE
NUMBER = len(KEYS)


def test_there_are_five_hundred_of_them() -> None:
    assert NUMBER >= 500


def body_with(key: str, value: str, encoding: Encoding) -> bytes:
    if encoding == "protobuf":
        request = trace_request(1)
        span = request.resource_spans[0].scope_spans[0].spans[0]
        span.attributes.add(key=key).value.string_value = value
        nested = span.attributes.add(key="map").value.kvlist_value
        nested.values.add(key=key).value.string_value = value
        return request.SerializeToString()
    string = {"stringValue": value}
    nested_json = {"kvlistValue": {"values": [{"key": key, "value": string}]}}
    return orjson.dumps(
        {"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": "01" * 16, "spanId": "02" * 8, key: value,
            "attributes": [{"key": key, "value": string}, {"key": "map", "value": nested_json}],
        }]}]}]}
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["protobuf", "json"])
def test_hostile_keys_are_kept_and_never_raise(encoding: Encoding) -> None:
    for key in KEYS:
        body = body_with(key, "v", encoding)
        spans = spans_of(parse(body, signal="traces", encoding=encoding))
        if not spans:  # the key stood for the span's own id
            assert encoding == "json"
            continue
        assert spans[0].attributes[key] in ("v", {key: "v"})
        assert normalize_span(spans[0]).trace_id == spans[0].trace_id
        read_content(spans[0])
        explain(spans[0])


def test_hostile_values_are_kept_too() -> None:
    for value in KEYS:
        body = body_with("session.id", value, "protobuf")
        [span] = spans_of(parse(body, signal="traces", encoding="protobuf"))
        assert span.attributes["session.id"] == value
        normalize_span(span)


def test_a_nul_in_a_key_does_not_make_it_another_key() -> None:
    tree = orjson.loads(body_with("session.id\0", "evil", "json"))
    attributes = tree["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["attributes"]
    attributes.insert(0, {"key": "session.id", "value": {"stringValue": "good"}})
    [span] = spans_of(parse(orjson.dumps(tree), signal="traces", encoding="json"))
    assert span.attributes["session.id"] == "good"
    assert normalize_span(span).session_key == "good"


def test_the_payload_never_chooses_the_project(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)
    for key in ("project_id", "quarterdeck.project", "project", "x-quarterdeck-project"):
        body = body_with(key, "other", "protobuf")
        receiver.accounting.received("traces", 1, size=len(body), redacted=False)
        receiver.spool.submit(Appended("mine", "traces", "protobuf", 1, body)).result(10)
    receiver.pipeline.run_until_empty()
    assert {project for project, _ in receiver.store.spans} == {"mine"}
    assert all(came == became for _, came, became in balance(receiver))
    receiver.close()
