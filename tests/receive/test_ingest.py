"""The pipeline stores what is spooled, once, in any order, and sets aside what it can't."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.spans import RawSpan, Span
from quarterdeck.normalize.dialect import NormalizeSettings
from quarterdeck.receive.ingest import Pipeline, Rules
from quarterdeck.receive.otlp_request import Signal
from quarterdeck.receive.spool import Appended
from quarterdeck.storage.events.span_writes import SpanRow
from receive.receiver import PROJECT, Receiver, balance, make_receiver, trace_request


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = make_receiver(tmp_path)
    yield made
    made.close()


def spool(receiver: Receiver, body: bytes, *, items: int, signal: Signal = "traces") -> int:
    receiver.accounting.received(signal, items, size=len(body), redacted=False)
    return receiver.spool.submit(Appended(PROJECT, signal, "protobuf", items, body)).result(10)


def spool_spans(receiver: Receiver, number: int = 1, **given: Any) -> int:
    return spool(receiver, trace_request(number, **given).SerializeToString(), items=number)


def is_balanced(receiver: Receiver) -> bool:
    return all(came == became for _, came, became in balance(receiver))


def log_of_span(content: str, *, span: int = 1) -> bytes:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add(
        trace_id=(1).to_bytes(16), span_id=span.to_bytes(8), time_unix_nano=5,
        event_name="gen_ai.client.inference.operation.details",
    )  # fmt: skip
    record.attributes.add(key="gen_ai.input.messages").value.string_value = content
    return request.SerializeToString()


def test_spooled_spans_are_stored_told_and_forgotten(receiver: Receiver) -> None:
    spool_spans(receiver, 3)
    spool_spans(receiver, 2, first=10)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 5
    assert [span.span_id for _, span in receiver.told] == [
        number.to_bytes(8).hex() for number in (1, 2, 3, 10, 11)
    ]
    assert receiver.spool.state().rows == 0
    assert is_balanced(receiver)


def test_what_is_sent_again_is_visible_once_and_counted(receiver: Receiver) -> None:
    for _ in range(3):
        spool_spans(receiver, 4)
    receiver.pipeline.run_until_empty()
    spool_spans(receiver, 4)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 4
    total = receiver.accounting.total
    assert total("quarterdeck_items_total", outcome="stored") == 4
    assert total("quarterdeck_items_total", outcome="duplicate") == 12
    assert receiver.store.writes == [4, 4]


@pytest.mark.parametrize("log_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_a_log_record_reaches_its_span_whichever_comes_first(
    receiver: Receiver, log_first: bool, together: bool
) -> None:
    steps: list[Callable[[], object]] = [
        lambda: spool(receiver, log_of_span("[]"), items=1, signal="logs"),
        lambda: spool_spans(receiver, 2),
    ]
    for step in steps if log_first else reversed(steps):
        step()
        if not together:
            receiver.pipeline.run_until_empty()
    receiver.pipeline.run_until_empty()
    by_id = {raw.span_id: raw for raw in receiver.store.raws()}
    assert [event.name for event in by_id[(1).to_bytes(8).hex()].events] == [
        "gen_ai.client.inference.operation.details"
    ]
    assert by_id[(2).to_bytes(8).hex()].events == ()
    assert is_balanced(receiver)


def test_records_of_no_use_are_counted_as_ignored(receiver: Receiver) -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "hello"
    metrics = ExportMetricsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="cpu")
    metric.gauge.data_points.add(as_int=1)
    spool(receiver, logs.SerializeToString(), items=1, signal="logs")
    spool(receiver, metrics.SerializeToString(), items=1, signal="metrics")
    receiver.pipeline.run_until_empty()
    for signal in ("logs", "metrics"):
        total = receiver.accounting.total
        assert total("quarterdeck_items_total", signal=signal, outcome="ignored") == 1
    assert receiver.spool.state().rows == 0
    assert is_balanced(receiver)


def test_a_poison_row_is_set_aside_alone_and_the_rest_is_stored(receiver: Receiver) -> None:
    poison = (7).to_bytes(8).hex()

    def refuse(rows: Sequence[SpanRow]) -> None:
        if any(row.raw.span_id == poison for row in rows):
            raise QuarterdeckError("the event store refused: what is this")

    receiver.store.before_write = refuse
    for first in range(1, 11):
        spool_spans(receiver, 1, first=first)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 9
    state = receiver.spool.state()
    assert (state.rows, state.quarantined_rows) == (0, 1)
    assert receiver.accounting.total("quarterdeck_items_total", outcome="quarantined") == 1
    assert is_balanced(receiver)
    receiver.store.before_write = lambda _rows: None
    assert receiver.spool.requeue_quarantined() == 1
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 10


def test_a_row_that_can_not_be_read_is_set_aside(receiver: Receiver) -> None:
    spool(receiver, b"\xff\xff\xff", items=3)
    spool_spans(receiver, 1)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 1
    assert receiver.spool.state().quarantined_items == 3
    assert is_balanced(receiver)


def test_a_store_that_is_away_is_waited_for_and_nothing_is_lost(receiver: Receiver) -> None:
    failures = [
        TryAgain("away"), ConnectionError("away"), TryAgain("away"),
    ]  # fmt: skip

    def fail(_rows: Sequence[SpanRow]) -> None:
        if failures:
            raise failures.pop()

    receiver.store.before_write = fail
    spool_spans(receiver, 5)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 5
    assert receiver.spool.state().quarantined_rows == 0
    assert receiver.accounting.total("quarterdeck_pipeline_retries_total") == 3
    assert receiver.pipeline.progress().last_error == ""


def test_nothing_is_called_poison_while_the_store_is_unwell(receiver: Receiver) -> None:
    left = [6]

    def broken() -> None:
        if left[0] > 0:
            left[0] -= 1
            raise RuntimeError("an engine that says nothing useful")

    receiver.store.before_write = lambda _rows: broken()
    receiver.store.answers = broken
    spool_spans(receiver, 1)
    receiver.pipeline.run_until_empty()
    assert len(receiver.store.spans) == 1
    assert receiver.spool.state().quarantined_rows == 0


def test_a_failure_after_storing_holds_nothing_up(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)

    def fail(_spans: Mapping[ProjectId, Sequence[Span]], _raws: object) -> None:
        raise ValueError("a bug in what follows")

    pipeline = Pipeline(
        spool=receiver.spool, store=receiver.store, on_stored=fail,
        rules_of=lambda _project: Rules(NormalizeSettings(), lambda span: span),
        accounting=receiver.accounting,
    )  # fmt: skip
    spool_spans(receiver, 2)
    pipeline.run_until_empty()
    assert receiver.spool.state().rows == 0
    assert receiver.accounting.total("quarterdeck_pipeline_errors_total") == 1
    assert "a bug in what follows" in pipeline.progress().last_error
    receiver.close()


def test_what_was_spooled_before_a_restart_is_stored_after_it(tmp_path: Path) -> None:
    first = make_receiver(tmp_path)
    spool_spans(first, 6)
    first.close()
    second = make_receiver(tmp_path)
    second.pipeline.run_until_empty()
    assert len(second.store.spans) == 6
    assert second.accounting.total("quarterdeck_recovered_items_total") == 6
    assert is_balanced(second)
    second.close()


def test_the_thread_stores_within_a_second_and_stops_when_asked(receiver: Receiver) -> None:
    receiver.pipeline.start()
    receiver.pipeline.start()
    began = time.monotonic()
    spool_spans(receiver, 3)
    while receiver.spool.state().rows:
        assert time.monotonic() - began < 10
        receiver.spool.wait(0, 0.01)
    assert len(receiver.store.spans) == 3
    assert receiver.pipeline.progress().running
    receiver.pipeline.stop()
    receiver.pipeline.stop()
    assert not receiver.pipeline.progress().running


def test_stopping_while_the_store_is_away_leaves_the_rows_spooled(receiver: Receiver) -> None:
    def away(_rows: Sequence[SpanRow]) -> None:
        raise TryAgain("away")

    receiver.store.before_write = away
    receiver.pipeline.start()
    spool_spans(receiver, 3)
    while not receiver.pipeline.progress().last_error:
        receiver.spool.wait(0, 0.01)
    receiver.pipeline.stop()
    assert receiver.spool.state().items == 3
    assert receiver.pipeline.progress().oldest_age_s > 0


def test_spans_of_what_was_deleted_are_not_stored_and_counted_so(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)

    def unwanted(raw: RawSpan) -> bool:
        return raw.span_id == (2).to_bytes(8).hex()

    rules = Rules(NormalizeSettings(), lambda span: span, unwanted)
    pipeline = Pipeline(
        spool=receiver.spool, store=receiver.store, rules_of=lambda _project: rules,
        on_stored=lambda _spans, _raws: None, accounting=receiver.accounting,
    )  # fmt: skip
    spool_spans(receiver, 3)
    pipeline.run_until_empty()
    assert len(receiver.store.spans) == 2
    assert receiver.accounting.total("quarterdeck_items_total", reason="deleted") == 1
    assert is_balanced(receiver)
    receiver.close()


def test_a_replica_finds_a_record_that_another_stored_in_the_same_moment(tmp_path: Path) -> None:
    receiver = make_receiver(tmp_path)
    pipeline = Pipeline(
        spool=receiver.spool, store=receiver.store, on_stored=lambda _spans, _raws: None,
        rules_of=lambda _project: Rules(NormalizeSettings(), lambda span: span),
        accounting=receiver.accounting, exclusive=False,
    )  # fmt: skip
    other = make_receiver(_made(tmp_path / "other"))
    other.pipeline._store = receiver.store

    def meanwhile(_rows: Sequence[SpanRow]) -> None:
        receiver.store.before_write = lambda _rows: None
        spool(other, log_of_span("[]"), items=1, signal="logs")
        other.pipeline.run_until_empty()

    receiver.store.before_write = meanwhile
    spool_spans(receiver, 1)
    pipeline.run_until_empty()
    [raw] = receiver.store.raws()
    assert len(raw.events) == 1
    receiver.close()
    other.close()


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
