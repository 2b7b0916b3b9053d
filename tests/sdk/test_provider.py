"""The SDK beside OpenTelemetry that is there already."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

import quarterdeck as qd
from sdk.receiver import Receiver, receiving, recording


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def test_exporters_that_are_there_go_on_beside(receiver: Receiver, tmp_path: Path) -> None:
    theirs = InMemorySpanExporter()
    provider = TracerProvider(
        resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False
    )
    provider.add_span_processor(BatchSpanProcessor(theirs))
    framework = provider.get_tracer("some.framework")
    with recording(
        receiver.url, tmp_path, tracer_provider=provider, workflow="w", environment="staging"
    ):
        with (
            qd.session("t", user="u-1") as session,
            framework.start_as_current_span("framework work") as span,
        ):
            span.set_attribute("own", 1)
        with framework.start_as_current_span("outside"):
            pass
        assert qd.flush()
        provider.force_flush()
    assert sorted(span.name for span in theirs.get_finished_spans()) == [
        "framework work", "outside", "session",
    ]  # fmt: skip
    (seen_by_them,) = [s for s in theirs.get_finished_spans() if s.name == "framework work"]
    assert seen_by_them.attributes is not None
    assert seen_by_them.attributes["session.id"] == session.id
    ours = receiver.span("framework work")
    assert ours.attributes == {"session.id": session.id, "user.id": "u-1", "own": 1}
    assert ours.parent_id == receiver.span("session").span_id
    assert ours.resource["service.name"] == "shop"
    assert ours.scope == "some.framework"
    root = receiver.span("outside")
    assert "session.id" not in root.attributes
    assert root.attributes["quarterdeck.workflow.name"] == "w"
    assert root.attributes["quarterdeck.environment"] == "staging"


def test_a_session_id_that_a_framework_sets_itself_stays(
    receiver: Receiver, tmp_path: Path
) -> None:
    with recording(receiver.url, tmp_path) as provider:
        tracer = provider.get_tracer("framework")
        with qd.session("t"):
            tracer.start_span("own", attributes={"session.id": "theirs"}).end()
        assert qd.flush()
    assert receiver.span("own").attributes["session.id"] == "theirs"


@pytest.mark.parametrize("sampler", [ALWAYS_OFF, ParentBased(TraceIdRatioBased(0.0))])
def test_an_application_that_samples_loses_nothing_here_and_gains_nothing_there(
    receiver: Receiver, tmp_path: Path, sampler: ParentBased
) -> None:
    theirs = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(theirs))
    before = provider.get_tracer("framework")
    with recording(receiver.url, tmp_path, tracer_provider=provider):
        for _ in range(5):
            with qd.session("t"), before.start_as_current_span("inner"), qd.tool("x"):
                pass
        assert qd.flush()
        provider.force_flush()
    assert len(receiver.spans()) == 15
    assert theirs.get_finished_spans() == ()


def test_the_library_does_not_tell_of_its_own_requests(receiver: Receiver, tmp_path: Path) -> None:
    """What suppresses an instrumentation is set in the thread that sends."""
    from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, get_value

    from quarterdeck.sdk.sending.delivery import Answer, Delivery

    seen: list[object] = []

    class Watched(Delivery):
        def send(self, body: bytes, *, timeout_s: float = 10.0) -> Answer:
            seen.append(get_value(_SUPPRESS_INSTRUMENTATION_KEY))
            return super().send(body, timeout_s=timeout_s)

    with recording(receiver.url, tmp_path):
        from quarterdeck.sdk import runtime

        assert runtime.running is not None
        runtime.running.sender._requests._delivery = Watched(url=receiver.url, api_key="")
        with qd.step("x"):
            pass
        assert qd.flush()
        assert get_value(_SUPPRESS_INSTRUMENTATION_KEY) is None
    assert set(seen) == {True}


def run(text: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", text, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_provider_one_is_made_and_is_the_global_one(
    receiver: Receiver, tmp_path: Path
) -> None:
    run(
        """
import sys
from opentelemetry import trace
early = trace.get_tracer("framework.early")
import quarterdeck as qd
qd.init(url=sys.argv[1], spool_dir=sys.argv[2], instrument=False, service_name="svc",
        environment="test", workflow="w", workflow_version="3")
qd.init(url="http://other.invalid")  # runs already
with qd.session("t", id="s-1"), early.start_as_current_span("early"):
    trace.get_tracer("late").start_span("late").end()
""",
        receiver.url,
        str(tmp_path),
    )
    assert {span.name for span in receiver.spans()} == {"session", "early", "late"}
    for span in receiver.spans():
        assert span.attributes["session.id"] == "s-1"
        assert span.resource["service.name"] == "svc"
        assert span.resource["quarterdeck.environment"] == "test"
        assert span.resource["quarterdeck.workflow.version"] == "3"


def test_init_after_shutdown_begins_anew_on_the_same_provider(
    receiver: Receiver, tmp_path: Path
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    for number in range(3):
        with recording(receiver.url, tmp_path, tracer_provider=provider), qd.step(str(number)):
            pass
        with qd.step("between"):
            pass
        provider.get_tracer("x").start_span("between").end()
    assert sorted(span.name for span in receiver.spans()) == ["0", "1", "2"]


def test_a_provider_that_is_shut_down_has_sent_everything(
    receiver: Receiver, tmp_path: Path
) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    with recording(receiver.url, tmp_path, tracer_provider=provider):
        with qd.step("last"):
            pass
        provider.shutdown()
    assert receiver.span("last")


def test_switched_off_it_touches_nothing(receiver: Receiver, tmp_path: Path) -> None:
    said = run(
        """
import sys
from opentelemetry import trace
import quarterdeck as qd
qd.init(url=sys.argv[1], spool_dir=sys.argv[2], enabled=False)
with qd.session("t") as session:
    session.outcome("success")
print(type(trace.get_tracer_provider()).__name__, qd.stats().sent)
""",
        receiver.url,
        str(tmp_path),
    )
    assert said.split()[:2] == ["ProxyTracerProvider", "0"]
    assert receiver.requests == []
    assert list(tmp_path.iterdir()) == []
