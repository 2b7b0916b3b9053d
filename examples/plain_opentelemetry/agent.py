"""
An agent that reports with nothing but OpenTelemetry.

A planner asks a coder to port one module; the coder's first test run fails and the second
passes.  The model is a stand-in, so this runs without any provider's key.  Where spans go is
read from the standard variable OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("example.plain_opentelemetry")

MODEL = "gpt-4o-mini"


@contextmanager
def agent(name: str, role: str) -> Iterator[Span]:
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": name,
        "quarterdeck.role": role,
    }
    with tracer.start_as_current_span(f"invoke_agent {name}", attributes=attributes) as span:
        yield span


def ask_model(question: str, answer: str, *, tokens: tuple[int, int]) -> str:
    """A model call: here both sides are known beforehand."""
    with tracer.start_as_current_span(f"chat {MODEL}") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "chat",
                "gen_ai.provider.name": "openai",
                "gen_ai.request.model": MODEL,
                "gen_ai.response.model": f"{MODEL}-2024-07-18",
                "gen_ai.usage.input_tokens": tokens[0],
                "gen_ai.usage.output_tokens": tokens[1],
                "gen_ai.input.messages": message("user", question),
                "gen_ai.output.messages": message("assistant", answer),
            }
        )
    return answer


def message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def run_tests(target: str, *, passes: bool) -> None:
    """A tool call; a failed one carries the error."""
    with tracer.start_as_current_span("execute_tool run_tests") as span:
        span.set_attributes(
            {
                "gen_ai.operation.name": "execute_tool",
                "gen_ai.tool.name": "run_tests",
                "gen_ai.tool.call.arguments": json.dumps({"target": target}),
            }
        )
        if passes:
            span.set_attribute("gen_ai.tool.call.result", "14 passed")
            return
        span.set_attribute("error.type", "TestsFailed")
        span.set_status(Status(StatusCode.ERROR, "2 failed, 12 passed"))


def main() -> None:
    attributes = {
        "session.id": "port-billing-1",
        "user.id": "u-7",
        "quarterdeck.task": "Port the billing module to Rust",
        "quarterdeck.task_type": "code_migration",
    }
    with tracer.start_as_current_span("port billing", attributes=attributes) as session:
        with agent("planner", "planner"):
            plan = ask_model(
                "How to port billing?", "Types first, then rounding.", tokens=(420, 96)
            )
            with agent("coder", "coder"):
                ask_model(plan, "Ported total() and round_half_even().", tokens=(1810, 640))
                run_tests("billing", passes=False)
                ask_model("2 tests fail on rounding.", "Fixed the rounding.", tokens=(2460, 310))
                run_tests("billing", passes=True)
        session.set_attributes(
            {
                "quarterdeck.units.lines": 412,
                "quarterdeck.outcome": "success",
                "quarterdeck.outcome.reason": "all 14 tests pass",
            }
        )
    provider.shutdown()


if __name__ == "__main__":
    main()
