"""Whatever is delivered twice, late, or at the same time is visible once, sums included."""

import asyncio
import random
from pathlib import Path

import httpx
import pytest

from quarterdeck.receive.limits import Held
from receive.receiver import (
    PROJECT,
    Sender,
    balance,
    make_receiver,
    serving,
    trace_request,
)

BATCHES = 2_000
PROTOBUF = {"content-type": "application/x-protobuf"}


async def test_two_thousand_batches_sent_up_to_five_times_count_once(tmp_path: Path) -> None:
    chance = random.Random(5)
    receiver = make_receiver(tmp_path)
    bodies = []
    for number in range(BATCHES):
        request = trace_request(3, trace=number // 4 + 1, first=number * 3 + 1)
        for index, span in enumerate(request.resource_spans[0].scope_spans[0].spans):
            span.attributes.add(key="gen_ai.operation.name").value.string_value = "chat"
            span.attributes.add(key="gen_ai.usage.input_tokens").value.int_value = number + index
        bodies.append(request.SerializeToString())
    deliveries = [body for body in bodies for _ in range(chance.choice((1, 2, 2, 3, 5)))]
    # A reply that is lost leads to the same batch soon after, or much later.
    deliveries.sort(key=lambda _body: chance.random())
    receiver.pipeline.start()
    async with (
        serving(receiver),
        httpx.AsyncClient(timeout=60) as client,
        httpx.AsyncClient(timeout=1e-4) as impatient,
    ):
        gate = asyncio.Semaphore(16)

        async def deliver(body: bytes) -> None:
            async with gate:
                if chance.random() < 0.9:
                    # Nine of ten enter behind the wire: they cost a tenth of the time.
                    with Held(receiver.intake.budget) as held:
                        await receiver.intake.accept(
                            Sender(PROJECT), body, signal="traces", encoding="protobuf",
                            content_encodings=(), held=held,
                        )  # fmt: skip
                    return
                url = f"{receiver.http}/v1/traces"
                if chance.random() < 0.3:
                    # The sender gives up before the answer: it is not known what happened.
                    with pytest.raises((TimeoutError, httpx.HTTPError)):
                        await impatient.post(url, content=body, headers=PROTOBUF)
                answer = await client.post(url, content=body, headers=PROTOBUF)
                assert answer.status_code == 200

        await asyncio.gather(*map(deliver, deliveries))
    receiver.pipeline.stop()
    receiver.pipeline.run_until_empty()
    raws = receiver.store.raws()
    assert len(raws) == BATCHES * 3
    tokens = sum(raw.attributes["gen_ai.usage.input_tokens"] for raw in raws)
    assert tokens == sum(3 * number + 3 for number in range(BATCHES))
    for signal, came, became in balance(receiver):
        assert came == became, signal
    total = receiver.accounting.total
    assert total("quarterdeck_items_total", outcome="stored") == BATCHES * 3
    assert total("quarterdeck_items_total", outcome="duplicate") == (
        total("quarterdeck_received_items_total") - BATCHES * 3
    )
    receiver.close()


@pytest.mark.parametrize("seed", range(50))
def test_versions_of_a_span_in_any_order_leave_the_most_complete_one(
    tmp_path: Path, seed: int
) -> None:
    from quarterdeck.receive.spool import Appended

    chance = random.Random(seed)
    receiver = make_receiver(tmp_path)
    versions = []
    for attributes in range(6):
        request = trace_request(1)
        span = request.resource_spans[0].scope_spans[0].spans[0]
        for number in range(attributes):
            span.attributes.add(key=f"a{number}").value.string_value = "x"
        if attributes == 0:
            span.end_time_unix_nano = 0
            span.attributes.add(key="quarterdeck.partial").value.bool_value = True
        versions += [request.SerializeToString()] * chance.choice((1, 2))
    chance.shuffle(versions)
    for body in versions:
        receiver.spool.submit(Appended("default", "traces", "protobuf", 1, body)).result(10)
        if chance.random() < 0.5:
            receiver.pipeline.run_until_empty()
    receiver.pipeline.run_until_empty()
    [raw] = receiver.store.raws()
    assert len(raw.attributes) == 5
    receiver.close()
