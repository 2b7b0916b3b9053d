"""
The main job, from outside: agents report by three protocols, people read one session.

One server process as `quarterdeck up` starts it.  OpenTelemetry's SDK and its exporters send: a
planner over HTTP with protobuf, a coder over gRPC, and over HTTP with JSON the request for an
approval, which is answered in a trace of its own.  The command line reads.  Nothing is imported
from the server, and what is asked for is asked again until a deadline.
"""

import base64
import gzip
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as OverGrpc
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as OverHttp
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode

from cli.real_server import serving

SESSION = "port-tax-7"
TASK = "Port the tax module"
WITHIN_S = 20.0
"""It takes less than a second; a machine that runs everything else at once is given more."""

pytestmark = pytest.mark.real_server


class OverJson(SpanExporter):
    """OTLP/JSON, compressed: ids in hex, as the specification has them."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        told = _ids_in_hex(MessageToDict(encode_spans(spans)))
        request = urllib.request.Request(
            self._endpoint,
            data=gzip.compress(json.dumps(told).encode()),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return SpanExportResult.SUCCESS if answer.status == 200 else SpanExportResult.FAILURE


def _ids_in_hex(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: base64.b64decode(inner).hex()
                if key in ("traceId", "spanId", "parentSpanId")
                else _ids_in_hex(inner)
                for key, inner in value.items()
            }
        case list():
            return [_ids_in_hex(inner) for inner in value]
        case _:
            return value


@dataclass
class Agents:
    """The program that is watched: what it did is kept here until it is sent."""

    http: SpanExporter
    grpc: SpanExporter
    json: SpanExporter

    def __post_init__(self) -> None:
        self._done = InMemorySpanExporter()
        provider = TracerProvider(resource=Resource.create({"service.name": "porters"}))
        provider.add_span_processor(SimpleSpanProcessor(self._done))
        self.tracer = provider.get_tracer("journey")
        self.sent: list[tuple[SpanExporter, tuple[ReadableSpan, ...]]] = []

    def send(self, exporter: SpanExporter) -> None:
        """All that ended since the last time."""
        spans = self._done.get_finished_spans()
        self._done.clear()
        assert exporter.export(spans) is SpanExportResult.SUCCESS
        self.sent.append((exporter, spans))

    def send_everything_again(self) -> None:
        for exporter, spans in reversed(self.sent):
            assert exporter.export(spans) is SpanExportResult.SUCCESS

    def agent(self, name: str, **attributes: str) -> Any:
        return self.tracer.start_as_current_span(
            f"invoke_agent {name}",
            attributes={
                "gen_ai.operation.name": "invoke_agent",
                "gen_ai.agent.name": name,
                "session.id": SESSION,
                **attributes,
            },
        )

    def model_call(self, question: str, answer: str, tokens: tuple[int, int]) -> None:
        with self.tracer.start_as_current_span("chat gpt-4o-mini") as span:
            span.set_attributes(
                {
                    "gen_ai.operation.name": "chat",
                    "gen_ai.provider.name": "openai",
                    "gen_ai.request.model": "gpt-4o-mini",
                    "gen_ai.input.messages": _says("user", question),
                    "gen_ai.output.messages": _says("assistant", answer),
                    "gen_ai.usage.input_tokens": tokens[0],
                    "gen_ai.usage.output_tokens": tokens[1],
                }
            )

    def tool_call(self, tool: str, *, result: str = "", error: str = "", call_id: str = "") -> None:
        with self.tracer.start_as_current_span(f"execute_tool {tool}") as span:
            span.set_attribute("gen_ai.operation.name", "execute_tool")
            span.set_attribute("gen_ai.tool.name", tool)
            span.set_attribute("gen_ai.tool.call.arguments", '{"target": "tax"}')
            if call_id:
                span.set_attribute("gen_ai.tool.call.id", call_id)
            if error:
                span.set_attribute("error.type", "TestsFailed")
                span.set_status(Status(StatusCode.ERROR, error))
            else:
                span.set_attribute("gen_ai.tool.call.result", result)

    def person(self, **told: str) -> None:
        attributes = {f"quarterdeck.human.{key}": value for key, value in told.items()}
        attributes |= {"gen_ai.tool.name": "merge", "gen_ai.tool.call.id": "call-merge"}
        self.tracer.start_span("approval", attributes=attributes).end()


def _says(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journey") / "data"


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    with serving(data) as address:
        yield address


@pytest.fixture
def agents(server: str, data: Path) -> Iterator[Agents]:
    told = re.search(r"OTLP/gRPC is at (\S+)", data.with_suffix(".log").read_text())
    assert told is not None
    made = Agents(
        http=OverHttp(endpoint=f"{server}/v1/traces", compression=Compression.Gzip),
        grpc=OverGrpc(endpoint=f"http://{told[1]}", insecure=True),
        json=OverJson(f"{server}/v1/traces"),
    )
    yield made
    made.http.shutdown()
    made.grpc.shutdown()


@pytest.fixture
def ask(server: str) -> Callable[..., str]:
    told = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))}
    told |= {"QUARTERDECK_URL": server, "COLUMNS": "120"}

    def command_line(*arguments: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "quarterdeck.cli.main", *arguments],
            env=told, check=True, timeout=60, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip

    return command_line


def until(
    ask: Callable[..., str], wanted: Callable[[dict[str, Any]], object], *, session: str = SESSION
) -> dict[str, Any]:
    """The session as the list has it, once it is as wanted."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        listed = json.loads(ask("sessions", "list", "--json"))["sessions"]
        row: dict[str, Any] = next((r for r in listed if r["session_id"] == session), {})
        if row and wanted(row):
            return row
        assert time.monotonic() < deadline, row or listed
        time.sleep(0.1)


def test_agents_report_by_three_protocols_and_people_read_one_session(
    agents: Agents, ask: Callable[..., str]
) -> None:
    # It is there while it runs: the planner's own span has not ended.
    with agents.agent(
        "planner", **{"quarterdeck.task": TASK, "quarterdeck.task_type": "port"}
    ) as run:
        agents.model_call("Port tax.", "1. code 2. test 3. merge", (120, 40))
        agents.tracer.start_span("read the ticket", attributes={"session.id": SESSION}).end()
        agents.send(agents.http)
        row = until(ask, lambda row: row["models_used"])
        assert (row["status"], row["missing_parents"]) == ("open", 1)
        run.set_attribute("quarterdeck.handoff.to", "coder")
    agents.send(agents.http)

    with agents.agent("coder"):
        agents.model_call("Do step 1.", "Ported.", (900, 300))
        agents.tool_call("run_tests", error="2 failed: test_rounding")
        agents.model_call("2 failed.", "Fixed.", (1500, 200))
        agents.tool_call("run_tests", result="14 passed")
    agents.send(agents.grpc)

    with agents.agent("planner"):
        agents.person(kind="approval", decision="none", question="Merge it?")
    agents.send(agents.json)
    waiting = until(ask, lambda row: row["status"] == "waiting_for_human")
    assert waiting["human_interventions"]["pending"] == 1
    assert "nobody has answered yet" in ask("sessions", "show", SESSION)

    with agents.agent(
        "planner",
        **{"quarterdeck.outcome": "success", "quarterdeck.outcome.reason": "merged, tests pass"},
    ):
        agents.person(kind="approval", decision="approved", by="alice@example.com")
        agents.tool_call("merge", result="merged", call_id="call-merge")
    agents.send(agents.json)
    done = until(ask, lambda row: row["outcome"]["label"] == "success")

    agents.send_everything_again()
    probe = agents.tracer.start_span("probe", attributes={"session.id": "after-everything"})
    probe.end()
    agents.send(agents.grpc)
    until(ask, lambda row: row["span_count"] == 1, session="after-everything")
    again = until(ask, lambda row: row["status"] in ("open", "closed"))
    told_by_the_clock = ("status", "ended_at")
    assert {k: v for k, v in again.items() if k not in told_by_the_clock} == {
        k: v for k, v in done.items() if k not in told_by_the_clock
    }

    _tells_what_happened(json.loads(ask("sessions", "show", SESSION, "--json")))
    _page_tells_the_story(ask("sessions", "show", SESSION, "--tree"))
    _replay_goes_through_it(ask("sessions", "replay", SESSION))
    assert TASK in ask("sessions", "list", "--agent", "coder", "--human", "approval")


def _tells_what_happened(record: dict[str, Any]) -> None:
    assert (record["task"], record["task_type"]) == (TASK, "port")
    assert len(record["trace_ids"]) == 4
    assert record["missing_parents"] == record["open_spans"] == record["problem_count"] == 0
    models = [(m["role"], m["calls"], m["input_tokens"], m["output_tokens"], m["unpriced_calls"])
              for m in record["models_used"]]  # fmt: skip
    assert sorted(models) == [("coder", 2, 2400, 500, 0), ("planner", 1, 120, 40, 0)]
    # 2,520 in at $0.15 and 540 out at $0.60 a million.
    assert record["cost"]["total_usd"] == "0.000702"
    tools = {t["tool"]: (t["calls"], t["errors"], t["denied"]) for t in record["tool_calls"]}
    assert tools == {"run_tests": (2, 1, 0), "merge": (1, 0, 0)}
    assert [(h["from"], h["to"]) for h in record["handoffs"]] == [("planner", "coder")]
    assert (record["error_episodes"], record["recovered"]) == (1, 1)
    assert record["episodes"][0]["reason"] == "TestsFailed: 2 failed: test_rounding"
    assert record["human_interventions"]["by_kind"] == {"approval": 1}
    act = record["interventions"][0]
    assert (act["by"], act["question"], act["decision"], act["tool"], act["pending"]) == (
        "alice@example.com", "Merge it?", "approved", "merge", False,
    )  # fmt: skip
    assert act["waited_s"] > 0
    outcome = record["outcome"]
    assert (outcome["label"], outcome["source"], outcome["reason"]) == (
        "success", "agent", "merged, tests pass",
    )  # fmt: skip


def _page_tells_the_story(page: str) -> None:
    for said in (
        TASK,
        "✓ success, says the agent: merged, tests pass",
        "planner → coder",
        "approval of merge by alice@example.com  waited",
        "? Merge it?",
        "Errors: 1 episode, 1 recovered",
        "TestsFailed: 2 failed: test_rounding",
        "retry run_tests",
        "end success",
    ):
        assert said in page


def _replay_goes_through_it(steps: str) -> None:
    story = [
        "user: Port tax.",
        "assistant: 1. code 2. test 3. merge",
        "assistant: Ported.",
        "TestsFailed: 2 failed: test_rounding",
        "assistant: Fixed.",
        "out: 14 passed",
        "out: merged",
    ]
    places = [steps.find(said) for said in story]
    assert -1 not in places, steps
    assert places == sorted(places)
