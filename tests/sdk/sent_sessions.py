"""
Sessions that a real OpenTelemetry SDK sends to a real server, for whoever reads them.

* `port-billing`: two agents, a priced and an unpriced model, an error that is recovered, an
  approval by a person, a partial success.
* `hostile`: every name and text in it tries to be HTML, or to move a terminal.
* `unknown`: one call of a model that nobody prices, no outcome, no tokens.
* `small-0` … `small-<n>`: nothing but a root, for lists longer than a page.  The first six are
  trials of two cases, three each: `refund` succeeds three times, `cancel` once.
"""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import httpx
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></div><iframe src='//evil.example'>",
    "\x1b[2J\x1b]0;owned\x07 \u202egnp.exe",
    "' onmouseover='alert(1)",
    "&lt;b&gt; &#60;b&#62;",
)
SMALL = 205
"""A page of the API has 200."""
TRIALS = 6


class Sender:
    def __init__(self, server: str, *, key: str = "") -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.provider = TracerProvider(shutdown_on_exit=False)
        self.provider.add_span_processor(
            BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{server}/v1/traces", headers=headers))
        )
        self._tracer = self.provider.get_tracer("tests.sent_sessions")

    @contextmanager
    def span(self, name: str, **attributes: object) -> Iterator[Span]:
        """Underscores in the attributes' names are dots, two are one."""
        spelled = {
            key.replace("__", "\0").replace("_", ".").replace("\0", "_"): value
            for key, value in attributes.items()
        }
        with self._tracer.start_as_current_span(name, attributes=spelled) as span:  # type: ignore[arg-type]
            yield span

    def agent(self, name: str, *, role: str = "") -> AbstractContextManager[Span]:
        return self.span(
            f"invoke_agent {name}",
            gen__ai_operation_name="invoke_agent",
            gen__ai_agent_name=name,
            quarterdeck_role=role,
        )

    def model(self, model: str, *, asked: str, said: str, tokens: tuple[int, int] | None) -> None:
        with self.span(
            f"chat {model}",
            gen__ai_operation_name="chat",
            gen__ai_provider_name="openai",
            gen__ai_request_model=model,
            gen__ai_input_messages=_message("user", asked),
            gen__ai_output_messages=_message("assistant", said),
        ) as span:
            if tokens is not None:
                span.set_attribute("gen_ai.usage.input_tokens", tokens[0])
                span.set_attribute("gen_ai.usage.output_tokens", tokens[1])

    def tool(self, name: str, *, target: str, error: str = "") -> None:
        with self.span(
            f"execute_tool {name}",
            gen__ai_operation_name="execute_tool",
            gen__ai_tool_name=name,
            gen__ai_tool_call_arguments=json.dumps({"path": target}),
        ) as span:
            if error:
                span.set_attribute("error.type", "Failed")
                span.set_status(Status(StatusCode.ERROR, error))


def _message(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def send_billing(sender: Sender) -> None:
    with sender.span(
        "port billing",
        session_id="port-billing",
        user_id="u-7",
        quarterdeck_task="Port the billing module to Rust",
        quarterdeck_task__type="code_migration",
        quarterdeck_workflow_name="code-migrator",
        quarterdeck_workflow_version="14",
        quarterdeck_environment="production",
        quarterdeck_tags=["rust", "nightly"],
        quarterdeck_units_lines=412,
        quarterdeck_outcome="success_partial",
        quarterdeck_outcome_reason="2 of 14 modules left",
    ):
        with sender.agent("planner", role="planner"):
            sender.model("gpt-4o-mini", asked="How?", said="Types first.", tokens=(420, 96))
            with sender.agent("coder", role="coder"):
                sender.model("gpt-4o-mini", asked="Go on.", said="Done.", tokens=(1810, 640))
                sender.tool("run_tests", target="billing", error="2 failed, 12 passed")
                sender.model("house-model-7b", asked="2 fail.", said="Fixed.", tokens=(900, 80))
                sender.tool("run_tests", target="billing")
        with sender.span(
            "approval",
            quarterdeck_human_kind="approval",
            quarterdeck_human_decision="approved",
            quarterdeck_human_by="alice@example.com",
            quarterdeck_human_question="Merge into main?",
            quarterdeck_human_waited__s=412.0,
        ):
            pass


def send_hostile(sender: Sender) -> None:
    every = " ".join(HOSTILE)
    with sender.span(
        every,
        session_id="hostile",
        user_id=HOSTILE[0],
        quarterdeck_task=every,
        quarterdeck_task__type=HOSTILE[1],
        quarterdeck_workflow_name=HOSTILE[2],
        quarterdeck_tags=list(HOSTILE),
        quarterdeck_outcome="failure",
        quarterdeck_outcome_reason=every,
        **{"quarterdeck_units_" + HOSTILE[0]: 3},
    ):
        for text in HOSTILE:
            with sender.agent(text, role=text):
                sender.model(text, asked=text, said=text, tokens=(1, 1))
                sender.tool(text, target=text, error=text)
        with sender.span(
            HOSTILE[1],
            quarterdeck_human_kind=HOSTILE[0],
            quarterdeck_human_decision=HOSTILE[1],
            quarterdeck_human_by=HOSTILE[2],
            quarterdeck_human_question=every,
            quarterdeck_human_answer=every,
        ):
            pass


def send_unknown(sender: Sender) -> None:
    with sender.span("ask", session_id="unknown"):
        sender.model("house-model-7b", asked="?", said="!", tokens=None)


def _trial(number: int) -> dict[str, object]:
    case, trial = divmod(number, TRIALS // 2)
    return {
        "quarterdeck_case": ("refund", "cancel")[case],
        "quarterdeck_trial": trial,
        "quarterdeck_outcome": "success" if number < 4 else "abandoned",
    }


def send_all(server: str, *, small: int = SMALL) -> None:
    """Returns when the server shows them all."""
    sender = Sender(server)
    send_billing(sender)
    send_hostile(sender)
    send_unknown(sender)
    for number in range(small):
        with sender.span(
            "small",
            session_id=f"small-{number}",
            quarterdeck_task__type="small",
            **(_trial(number) if number < TRIALS else {}),
        ):
            pass
    assert sender.provider.force_flush(30_000)
    sender.provider.shutdown()
    wait_for(server, "port-billing", spans=9)
    wait_for(server, "hostile", spans=2 + 3 * len(HOSTILE))
    wait_for(server, "unknown", spans=2)
    wait_for(server, f"small-{small - 1}", spans=1)


def wait_for(server: str, session_id: str, *, spans: int) -> None:
    """Until the record counts so many spans; at most 20 s."""
    deadline = time.monotonic() + 20
    said = ""
    while time.monotonic() < deadline:
        answer = httpx.get(f"{server}/api/v1/sessions/{session_id}", trust_env=False)
        said = answer.text
        if answer.status_code == 200 and answer.json()["span_count"] >= spans:
            return
        time.sleep(0.05)
    raise AssertionError(f"{session_id} never had {spans} spans: {said}")
