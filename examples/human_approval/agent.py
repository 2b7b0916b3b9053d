"""
An agent that stops for a person, and goes on later in another process.

`python agent.py ask` ends while the approval is pending: the session waits for a human.
`python agent.py approve` is the resumed run, a trace of its own.  The same `session.id` makes
both one session, and the time in between a wait, not an error.
"""

import sys
import time

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
tracer = provider.get_tracer("example.human_approval")

SESSION = {
    "session.id": "refund-4711",
    "quarterdeck.task": "Refund order 4711",
    "quarterdeck.task_type": "refund",
}
AGENT = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "support"}


def ask() -> None:
    with tracer.start_as_current_span("support run", attributes={**SESSION, **AGENT}):
        question = {
            "quarterdeck.human.kind": "approval",
            "quarterdeck.human.decision": "none",  # nobody has answered yet
            "quarterdeck.human.question": "Refund $212 to the customer?",
            "gen_ai.tool.name": "issue_refund",
            "gen_ai.tool.call.id": "call-1",
        }
        tracer.start_span("approval asked", attributes=question).end()


def approve(by: str) -> None:
    with tracer.start_as_current_span("support run", attributes={**SESSION, **AGENT}) as run:
        answer = {
            "quarterdeck.human.kind": "approval",
            "quarterdeck.human.decision": "approved",
            "quarterdeck.human.by": by,
            "gen_ai.tool.name": "issue_refund",
            "gen_ai.tool.call.id": "call-1",
        }
        tracer.start_span("approval given", attributes=answer).end()
        refund = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "issue_refund",
            "gen_ai.tool.call.id": "call-1",
        }
        with tracer.start_as_current_span("execute_tool issue_refund", attributes=refund):
            time.sleep(0.01)
        run.set_attribute("quarterdeck.outcome", "success")


if __name__ == "__main__":
    ask() if sys.argv[1:] == ["ask"] else approve(by="alice@example.com")
    provider.shutdown()
