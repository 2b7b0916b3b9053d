"""Whatever bytes come, the answer is 200 with an exact count or 400, and memory stays put."""

import random
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
from google.protobuf import json_format

from quarterdeck.errors import Invalid
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.otlp_decode import check, logs_of, metrics_of, parse, spans_of
from quarterdeck.receive.otlp_request import SIGNALS, Encoding, Signal
from quarterdeck.receive.redaction import redacted
from receive.test_otlp_decode import full_protobuf

INPUTS = 100_000
_REDACTOR = Redactor()


def protobuf_mutations(body: bytes, chance: random.Random) -> Iterator[bytes]:
    """Flips, cuts, repeats, swapped lengths and inserted fields: near misses of the format."""
    while True:
        data = bytearray(body)
        for _ in range(chance.choice((1, 1, 2, 5))):
            place = chance.randrange(len(data))
            match chance.randrange(7):
                case 0:
                    data[place] ^= 1 << chance.randrange(8)
                case 1:
                    data[place] = chance.choice((0, 0x7F, 0x80, 0xFF, 0x0A, 0x12))
                case 2:
                    del data[place : place + chance.randrange(1, 20)]
                case 3:
                    data[place:place] = data[place : place + chance.randrange(1, 40)]
                case 4:
                    data[place:place] = bytes(chance.choices(range(256), k=chance.randrange(1, 9)))
                case 5:
                    # An unknown field of any wire type, a group included.
                    data[place:place] = bytes([chance.randrange(256), chance.randrange(256)])
                case _:
                    del data[place:]
            if not data:
                data = bytearray(b"\x0a")
        yield bytes(data)


_ODD: tuple[Any, ...] = (
    None, True, -1, 2**64, 1e400, "", "x", "NaN", [], {}, [[]], [None], {"values": 7}, "0" * 32,
    "\ud800", {"stringValue": {}}, {"kvlistValue": {"values": [{}]}}, "9" * 5000,
)  # fmt: skip


def json_mutations(body: bytes, chance: random.Random) -> Iterator[bytes]:
    """A container's element replaced, removed or doubled; or the text itself damaged."""
    import json

    while True:
        tree = orjson.loads(body)
        containers: list[object] = [tree]
        for holder in containers:
            values = holder.values() if isinstance(holder, dict) else holder
            containers += [v for v in values if isinstance(v, dict | list)]  # type: ignore[attr-defined]
        for _ in range(chance.choice((1, 1, 3))):
            holder = chance.choice(containers)
            places = list(holder) if isinstance(holder, dict) else list(range(len(holder)))  # type: ignore[arg-type]
            if places:
                holder[chance.choice(places)] = chance.choice(_ODD)  # type: ignore[index]
        text = bytearray(json.dumps(tree).encode())
        if chance.random() < 0.3:
            place = chance.randrange(len(text))
            text[place : place + chance.randrange(3)] = bytes([chance.randrange(256)])
        yield bytes(text)


def feed(body: bytes, signal: Signal, encoding: Encoding) -> bool:
    """As intake and pipeline do it; whether it was accepted.  Anything but `Invalid` escapes."""
    try:
        request = parse(body, signal=signal, encoding=encoding)
        request, clean, _ = redacted(request, body, _REDACTOR)
    except Invalid:
        return False
    checked = check(request)
    assert checked.rejected.number == sum(checked.rejected.reasons.values())
    match signal:
        case "traces":
            spans = spans_of(request)
            assert len(spans) == checked.kept
            for span in spans:
                assert len(span.trace_id) == 32
                assert len(span.span_id) == 16
                normalize_span(span)
            again = parse(clean, signal=signal, encoding=encoding)
            assert check(again).kept == checked.kept
        case "logs":
            assert len(logs_of(request)) == checked.kept
        case "metrics":
            assert len(metrics_of(request)) == checked.kept
    return True


def test_a_hundred_thousand_malformed_bodies_crash_nothing(tmp_path: Path) -> None:
    chance = random.Random(8)
    message = full_protobuf()
    binary = message.SerializeToString()
    text = json_format.MessageToJson(message).encode()
    sources: list[tuple[Encoding, Iterator[bytes], int]] = [
        ("protobuf", protobuf_mutations(binary, chance), INPUTS * 3 // 4),
        ("json", json_mutations(text, chance), INPUTS // 4),
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    accepted = refused = 0
    for encoding, bodies, number in sources:
        for index in range(number):
            signal = "traces" if index % 8 else SIGNALS[index // 8 % 3]
            body = next(bodies)
            try:
                if feed(body, signal, encoding):
                    accepted += 1
                else:
                    refused += 1
            except Exception:
                (tmp_path / "input").write_bytes(body)
                raise
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert accepted + refused == INPUTS
    assert min(accepted, refused) > INPUTS / 20, (accepted, refused)
    assert grown_mib <= 64
