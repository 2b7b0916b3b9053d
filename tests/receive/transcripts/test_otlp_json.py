"""OTLP/JSON files are passed on: unchanged, and whole where they are split."""

import gzip
import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.receive.otlp_decode import check, parse, spans_of
from quarterdeck.receive.transcripts.formats import otlp_json
from quarterdeck.receive.transcripts.formats.otlp_json import FORMAT, MAX_BODY_BYTES
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, Telemetry
from receive.transcripts.reading import mutilated, read_file


def request(*names: str, root: str = "resourceSpans") -> dict[str, Any]:
    spans = [
        {"traceId": "0" * 31 + "1", "spanId": f"{number:016x}", "name": name,
         "startTimeUnixNano": "1", "endTimeUnixNano": "2"}
        for number, name in enumerate(names, start=1)
    ]  # fmt: skip
    return {root: [{"scopeSpans": [{"spans": spans}]}]}


def passed(path: Path) -> list[Telemetry]:
    found = read_file(FORMAT, path)
    assert all(isinstance(item, Telemetry) for item in found)
    return [item for item in found if isinstance(item, Telemetry)]


def test_the_examples_of_the_specification_are_passed_to_their_signals(shared: Path) -> None:
    folder = shared / "data" / "otlp" / "opentelemetry-proto" / "examples"
    for name, signal in (
        ("trace", "traces"), ("logs", "logs"), ("events", "logs"), ("metrics", "metrics"),
    ):  # fmt: skip
        (item,) = passed(folder / f"{name}.json")
        assert item.signal == signal
        assert item.body == (folder / f"{name}.json").read_bytes()
        found = check(parse(item.body, signal=item.signal, encoding="json"))
        assert (found.total > 0, found.rejected.number) == (True, 0)


def test_lines_of_a_collectors_file_are_requests(shared: Path) -> None:
    path = shared / "data" / "otlp" / "open-agent-traces" / "test-traces.json"
    items = passed(path)
    assert [item.body for item in items] == path.read_bytes().splitlines()
    spans = [
        span
        for item in items
        for span in spans_of(parse(item.body, signal="traces", encoding="json"))
    ]
    assert len({span.span_id for span in spans}) == len(spans) == 2


def test_a_bad_line_is_told_and_the_same_line_is_sent_once(tmp_path: Path) -> None:
    good = json.dumps(request("a"))
    path = tmp_path / "traces.jsonl.gz"
    text = "\n".join([good, "{broken", good, '{"other": 1}', json.dumps(request("b"))])
    path.write_bytes(gzip.compress(text.encode()))
    found = read_file(FORMAT, path)
    assert [
        (type(item).__name__, item.number if isinstance(item, BadLine) else None) for item in found
    ] == [
        ("Telemetry", None), ("BadLine", 2), ("Finding", None), ("BadLine", 4), ("Telemetry", None),
    ]  # fmt: skip
    assert [f.code for f in found if isinstance(f, Finding)] == ["duplicate_lines"]


def test_a_document_with_two_signals_is_two_requests(tmp_path: Path) -> None:
    both = {**request("a"), "resourceLogs": [{"scopeLogs": []}]}
    (tmp_path / "both.json").write_text(json.dumps(both, indent=1))
    assert [item.signal for item in passed(tmp_path / "both.json")] == ["traces", "logs"]


def test_a_large_document_is_split_between_spans(tmp_path: Path) -> None:
    names = ["x" * 30_000 + str(number) for number in range(700)]
    path = tmp_path / "large.json"
    path.write_text(json.dumps(request(*names)))
    assert path.stat().st_size > 2 * MAX_BODY_BYTES
    items = passed(path)
    assert len(items) >= 3
    assert max(len(item.body) for item in items) <= MAX_BODY_BYTES
    spans = [
        span
        for item in items
        for span in spans_of(parse(item.body, signal="traces", encoding="json"))
    ]
    assert [span.name for span in spans] == names


def test_numbers_that_are_none_are_left_to_the_server(tmp_path: Path) -> None:
    line = json.dumps(request("a"))[:-1] + ', "x": NaN}'
    (tmp_path / "nan.jsonl").write_text(json.dumps(request("b")) + "\n" + line + "\n")
    assert len(passed(tmp_path / "nan.jsonl")) == 2


def test_other_json_is_not_taken_for_otlp(tmp_path: Path) -> None:
    for name, value in (("a", {"resourceSpans": {}}), ("b", [request("x")]), ("c", {"spans": []})):
        (tmp_path / f"{name}.json").write_text(json.dumps(value))
        assert not otlp_json.recognizes(Source(tmp_path / f"{name}.json"))


@settings(max_examples=100, deadline=None)
@given(document=mutilated(request("a", "b")))
def test_a_mutilated_request_is_passed_on_or_told(
    tmp_path_factory: Any, document: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("otlp") / "broken.json"
    path.write_text(json.dumps(document))
    source = Source(path)
    if FORMAT.recognizes(source):
        for item in FORMAT.read(source):
            assert isinstance(item, Telemetry)
            try:
                parse(item.body, signal=item.signal, encoding="json")
            except Invalid:
                continue
