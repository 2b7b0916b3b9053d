"""
One SDK called in a loop, timed from the caller's side: started by bench/sdk.py, once a round.

    python sdk_caller.py SDK ADDRESS SPANS BLOCKS

It runs in that SDK's own environment, so it imports nothing but the standard library and the
SDK.  Each span is one model call with ten attributes, made as that SDK's documentation shows.
Everything is at its default, but for what gzip would hide: no SDK is told to compress.

Blocks of spans with a pause between them, as an agent's bursts: a loop without end would measure
how each SDK behaves with a full queue.  It ends as a script ends, without a flush, so that what
the sink then has is what the SDK delivers at exit.

Prints one JSON object: microseconds a span for each block, of wall time and of the calling
thread's CPU, and CPU of the process (all threads) from the first block to the end of the last
pause.  What it takes to exit
is measured from outside.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

INPUT = "what happened with order 4417? " * 8
OUTPUT = "it was refunded " * 8
ATTRIBUTES: dict[str, Any] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 211,
    "gen_ai.usage.output_tokens": 96,
    "session.id": "sess-1",
    "user.id": "u-1",
    "llm.provider": "openai",
    "gen_ai.request.temperature": 0.2,
    "input.value": INPUT,
    "output.value": OUTPUT,
}
PAUSE_S = 0.3

Call = Callable[[], None]


def plain(tracer: Any) -> Call:
    """OpenTelemetry's API, over whichever provider is below it."""

    def call() -> None:
        with tracer.start_as_current_span("chat") as span:
            for key, value in ATTRIBUTES.items():
                span.set_attribute(key, value)

    return call


def otel(address: str) -> tuple[str, Call]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    exporter = OTLPSpanExporter(endpoint=f"{address}/v1/traces")
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return version("opentelemetry-sdk"), plain(provider.get_tracer("bench"))


def ours_otel(address: str) -> tuple[str, Call]:
    """Spans of a framework's instrumentation, through what `qd.init()` set up."""
    from opentelemetry import trace

    import quarterdeck as qd

    qd.init(url=address, instrument=False)
    return version("quarterdeck"), plain(trace.get_tracer("bench"))


def ours(address: str) -> tuple[str, Call]:
    import quarterdeck as qd

    if address:
        qd.init(url=address, instrument=False)

    def call() -> None:
        with qd.model_call("gpt-4o-mini", provider="openai", input=INPUT) as made:
            made.output(OUTPUT)
            made.usage(input_tokens=211, output_tokens=96)
            made.response(id="chatcmpl-1", model="gpt-4o-mini-2024-07-18", finish_reason="stop")

    return version("quarterdeck"), call


def langfuse(address: str) -> tuple[str, Call]:
    os.environ.update(
        LANGFUSE_PUBLIC_KEY="pk-lf-x",
        LANGFUSE_SECRET_KEY="sk-lf-x",
        LANGFUSE_BASE_URL=address,
        LANGFUSE_HOST=address,
    )
    from langfuse import get_client

    client = get_client()
    few = {key: ATTRIBUTES[key] for key in list(ATTRIBUTES)[4:8]}

    def call() -> None:
        with client.start_as_current_observation(
            name="chat", as_type="generation", model="gpt-4o-mini", input=INPUT
        ) as made:
            made.update(
                output=OUTPUT, usage_details={"input": 211, "output": 96}, metadata=few
            )  # fmt: skip

    return version("langfuse"), call


def langsmith(address: str) -> tuple[str, Call]:
    os.environ.update(
        LANGSMITH_TRACING="true",
        LANGSMITH_ENDPOINT=address,
        LANGSMITH_API_KEY="x",
        LANGSMITH_PROJECT="bench",
    )
    from langsmith import traceable

    few = {key: ATTRIBUTES[key] for key in list(ATTRIBUTES)[:8]}

    @traceable(run_type="llm", name="chat", metadata=few)
    def answer(asked: str) -> str:
        return OUTPUT

    return version("langsmith"), lambda: void(answer(INPUT))


def opik(address: str) -> tuple[str, Call]:
    os.environ.update(
        OPIK_URL_OVERRIDE=f"{address}/api",
        OPIK_WORKSPACE="default",
        OPIK_API_KEY="x",
        OPIK_SENTRY_ENABLE="false",
        OPIK_PROJECT_NAME="bench",
    )
    import opik

    few = {key: ATTRIBUTES[key] for key in list(ATTRIBUTES)[:8]}

    @opik.track(type="llm", name="chat", metadata=few)
    def answer(asked: str) -> str:
        return OUTPUT

    return version("opik"), lambda: void(answer(INPUT))


def void(_: object) -> None:
    """A call's answer, dropped."""


SDKS: dict[str, Callable[[str], tuple[str, Call]]] = {
    "otel": otel,
    "quarterdeck-otel": ours_otel,
    "quarterdeck": ours,
    "langfuse": langfuse,
    "langsmith": langsmith,
    "opik": opik,
}


def main() -> None:
    name, address, spans, blocks = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    begun = time.perf_counter()
    sdk_version, call = SDKS[name](address)
    ready_s = time.perf_counter() - begun
    each = spans // blocks
    for _ in range(200):  # warm: lazy imports and first connections are not a span's cost
        call()
    time.sleep(1.5)
    cpu_before = time.process_time()
    walls, callers = [], []
    for _ in range(blocks):
        began, used = time.perf_counter(), time.thread_time()
        for _ in range(each):
            call()
        callers.append((time.thread_time() - used) / each * 1e6)
        walls.append((time.perf_counter() - began) / each * 1e6)
        time.sleep(PAUSE_S)
    cpu_s = time.process_time() - cpu_before
    told = {
        "version": sdk_version,
        "ready_s": ready_s,
        "wall_us": walls,
        "caller_us": callers,
        "cpu_us": cpu_s / (each * blocks) * 1e6,
        "spans": each * blocks + 200,
        "ended_s": time.time(),
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
