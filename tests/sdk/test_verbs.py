"""Verbs become spans as docs/reference/sdk.md says; the user's code runs as without them."""

import asyncio
import inspect
import json
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace

import quarterdeck as qd
from sdk.receiver import Received, Receiver, receiving, recording


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def told(receiver: Receiver, tmp_path: Path) -> Iterator[Receiver]:
    receiver.accepted.clear()
    with recording(receiver.url, tmp_path / "spool"):
        yield receiver


def spans(receiver: Receiver) -> dict[str, Received]:
    assert qd.flush()
    return {span.name: span for span in receiver.spans()}


def test_a_session_is_a_trace_whose_spans_all_carry_its_id(told: Receiver) -> None:
    tracer = trace.get_tracer_provider()
    with (
        qd.session(
            "port it", task_type="port", user="u-7", tags=["night"], case="c-1", trial=0
        ) as session,
        qd.agent("planner", role="planner") as agent,
    ):
        agent.output("a plan")
        with qd.tool("read", arguments={"path": "a.py"}, call_id="call-1") as tool:
            tool.result({"lines": 3})
        with qd.model_call("m-1", provider="openai", input="hello") as call:
            call.output("hi")
            call.usage(input_tokens=5, output_tokens=2, cached_tokens=1)
            call.response(id="r-1", model="m-1-2026", finish_reason="stop")
        with qd.step("check") as step:
            step.set("files", 3)
    assert tracer is trace.get_tracer_provider()
    found = spans(told)
    assert set(found) == {
        "session", "invoke_agent planner", "execute_tool read", "chat m-1", "check",
    }  # fmt: skip
    assert {span.attributes["session.id"] for span in found.values()} == {session.id}
    assert {span.attributes["user.id"] for span in found.values()} == {"u-7"}
    assert len({span.trace_id for span in found.values()}) == 1
    root, planner = found["session"], found["invoke_agent planner"]
    assert root.parent_id == ""
    assert planner.parent_id == root.span_id
    assert found["execute_tool read"].parent_id == planner.span_id
    assert root.attributes == {
        "quarterdeck.kind": "session",
        "quarterdeck.task": "port it",
        "quarterdeck.task_type": "port",
        "quarterdeck.tags": ["night"],
        "quarterdeck.case": "c-1",
        "quarterdeck.trial": 0,
        "session.id": session.id,
        "user.id": "u-7",
    }
    assert planner.attributes["quarterdeck.role"] == "planner"
    assert "a plan" in planner.attributes["gen_ai.output.messages"]
    tool_said = found["execute_tool read"].attributes
    assert json.loads(tool_said["gen_ai.tool.call.arguments"]) == {"path": "a.py"}
    assert json.loads(tool_said["gen_ai.tool.call.result"]) == {"lines": 3}
    assert tool_said["gen_ai.tool.call.id"] == "call-1"
    model_said = found["chat m-1"].attributes
    assert model_said["gen_ai.usage.cache_read.input_tokens"] == 1
    assert model_said["gen_ai.response.finish_reasons"] == ["stop"]
    assert model_said["gen_ai.response.model"] == "m-1-2026"
    assert found["check"].attributes["files"] == 3


def test_what_is_said_of_a_session_stands_on_its_root(told: Receiver) -> None:
    with qd.session("t", tags=["a"]) as session:
        qd.units(lines=400)
        session.units(lines=12, files=1.5)
        session.tag("b", "a")
        qd.outcome("success_partial", reason="2 left")
        qd.feedback("helpful", value=1, comment="fine", by="alice")
    root = spans(told)["session"]
    assert root.attributes["quarterdeck.units.lines"] == 412
    assert root.attributes["quarterdeck.units.files"] == 1.5
    assert root.attributes["quarterdeck.tags"] == ["a", "b"]
    assert root.attributes["quarterdeck.outcome"] == "success_partial"
    assert root.attributes["quarterdeck.outcome.source"] == "agent"
    assert root.attributes["quarterdeck.outcome.reason"] == "2 left"
    assert root.events == (
        (
            "quarterdeck.score",
            {
                "name": "helpful", "value": 1.0, "explanation": "fine", "judge": "human",
                "scope": "session", "author": "alice", "identifier": "alice",
            },
        ),
    )  # fmt: skip


def test_what_is_said_after_the_end_is_a_span_of_the_same_session(told: Receiver) -> None:
    with qd.session("t") as session:
        pass
    session.outcome("failure")
    found = spans(told)
    said = found["said of the session"]
    assert said.attributes["quarterdeck.outcome"] == "failure"
    assert said.attributes["session.id"] == session.id
    assert said.trace_id == found["session"].trace_id
    assert "quarterdeck.outcome" not in found["session"].attributes


def test_sessions_below_one_span_are_traces_of_their_own(told: Receiver) -> None:
    with qd.step("batch"):
        with qd.session("one") as one:
            pass
        with qd.session("two") as two, qd.session("inner", id=two.id):
            pass
    assert qd.flush()
    roots = [span for span in told.spans() if span.attributes["quarterdeck.kind"] == "session"]
    assert {span.attributes["session.id"] for span in roots} == {one.id, two.id}
    assert len({span.trace_id for span in told.spans()}) == 3
    (inner,) = [
        span
        for span in told.spans()
        if span.name == "session" and span.attributes["quarterdeck.kind"] == "step"
    ]
    assert inner.attributes["session.id"] == two.id
    assert inner.parent_id


@pytest.mark.parametrize("error", [ValueError("no such file"), KeyError("k"), SystemExit(3)])
def test_an_exception_passes_through_and_marks_the_span(
    told: Receiver, error: BaseException
) -> None:
    with pytest.raises(type(error)) as raised, qd.session("t"), qd.tool("read"):
        raise error
    assert raised.value is error
    found = spans(told)
    for name in ("session", "execute_tool read"):
        assert found[name].status == 2
        assert found[name].attributes["error.type"] == type(error).__name__
        assert str(error) in found[name].status_message
        assert found[name].events[0][0] == "exception"
    assert "quarterdeck.outcome" not in found["session"].attributes


@pytest.mark.parametrize("error", [KeyboardInterrupt(), asyncio.CancelledError()])
def test_being_stopped_is_no_error(told: Receiver, error: BaseException) -> None:
    with pytest.raises(type(error)), qd.step("work"):
        raise error
    work = spans(told)["work"]
    assert work.status == 0
    assert work.attributes["error.type"] == type(error).__name__
    assert work.events == ()


def test_leaving_by_sys_exit_without_a_code_is_no_error(told: Receiver) -> None:
    with pytest.raises(SystemExit), qd.step("work"):
        raise SystemExit
    work = spans(told)["work"]
    assert (work.status, work.events) == (0, ())


def test_a_decorated_function_records_arguments_and_result(told: Receiver) -> None:
    class Files:
        @qd.tool
        def read(self, path: str, *more: str, size: int = 3) -> dict[str, int]:
            """Reads."""
            return {"read": size}

        @qd.tool("list_files")
        @staticmethod
        def listed(path: str) -> list[str]:
            return [path]

        @qd.tool
        @classmethod
        def name(cls) -> str:
            return cls.__name__

    assert Files().read("a", "b", size=4) == {"read": 4}
    assert Files().listed("x") == ["x"]
    assert Files.name() == "Files"
    assert Files.read.__doc__ == "Reads."
    assert list(inspect.signature(Files.read).parameters) == ["self", "path", "more", "size"]
    found = spans(told)
    said = found["execute_tool read"].attributes
    assert json.loads(said["gen_ai.tool.call.arguments"]) == {
        "path": "a",
        "args": ["b"],
        "size": 4,
    }
    assert json.loads(said["gen_ai.tool.call.result"]) == {"read": 4}
    assert "execute_tool list_files" in found


async def test_an_async_function_stays_one_and_its_tasks_are_inside(told: Receiver) -> None:
    @qd.tool
    async def fetch(url: str) -> int:
        await asyncio.sleep(0)
        return len(url)

    @qd.agent("lead", role="lead")
    async def lead(urls: list[str]) -> int:
        return sum(await asyncio.gather(*(fetch(url) for url in urls)))

    assert inspect.iscoroutinefunction(lead)
    async with qd.session("t") as session:
        assert await lead(["a", "bb"]) == 3
    assert qd.flush()
    tools = [span for span in told.spans() if span.name == "execute_tool fetch"]
    (agent,) = [span for span in told.spans() if span.name == "invoke_agent lead"]
    assert {span.parent_id for span in tools} == {agent.span_id}
    assert {span.attributes["session.id"] for span in tools} == {session.id}
    assert '"a"' in agent.attributes["gen_ai.input.messages"].replace("\\", "")


def test_a_generator_is_current_only_while_it_runs(told: Receiver) -> None:
    @qd.tool
    def stream(count: int) -> Generator[str, str | None, str]:
        for number in range(count):
            with qd.step("inside"):
                pass
            got = yield str(number)
            assert got in (None, "sent")
        return "end"

    assert inspect.isgeneratorfunction(stream)
    outside = trace.get_current_span()
    running: Any = stream(3)
    assert next(running) == "0"
    assert trace.get_current_span() is outside
    assert running.send("sent") == "1"
    assert next(running) == "2"
    with pytest.raises(StopIteration) as stopped:
        next(running)
    assert stopped.value.value == "end"
    assert qd.flush()
    (tool,) = [span for span in told.spans() if span.name == "execute_tool stream"]
    inside = [span for span in told.spans() if span.name == "inside"]
    assert [span.parent_id for span in inside] == [tool.span_id] * 3
    assert tool.attributes["gen_ai.tool.call.result"] == "012"


def test_a_generator_that_is_closed_or_thrown_into_behaves_as_itself(told: Receiver) -> None:
    seen: list[str] = []

    @qd.step("steps")
    def steps() -> Iterator[int]:
        try:
            yield 1
            yield 2
        except ValueError:
            seen.append("thrown")
            yield 3
        finally:
            seen.append("closed")

    first: Any = steps()
    next(first)
    first.close()
    second: Any = steps()
    next(second)
    assert second.throw(ValueError("x")) == 3
    with pytest.raises(RuntimeError, match="passes"):
        second.throw(RuntimeError("passes"))
    assert seen == ["closed", "thrown", "closed"]
    assert qd.flush()
    assert sorted(span.status for span in told.spans()) == [0, 2]


async def test_an_async_generator_is_traced_to_its_end(told: Receiver) -> None:
    @qd.agent
    async def answer(question: str) -> AsyncIterator[str]:
        for piece in (question, "!"):
            async with qd.step("inside"):
                yield piece

    assert inspect.isasyncgenfunction(answer)
    assert [piece async for piece in answer("so")] == ["so", "!"]
    async for _ in answer("left"):
        break
    assert qd.flush()
    agents = [span for span in told.spans() if span.name == "invoke_agent answer"]
    assert any("so!" in span.attributes["gen_ai.output.messages"] for span in agents)
    assert {span.status for span in told.spans()} == {0}


def test_people_are_spans_that_waited(told: Receiver) -> None:
    with qd.approval("Refund?", tool="refund", call_id="c-1") as asked:
        asked.approved(by="alice")
    with qd.question("Which?", by="bob") as asked:
        asked.answered("the first")
    with qd.approval("Open?", call_id="c-2"):
        pass
    with pytest.raises(TimeoutError), qd.approval("Late?"):
        raise TimeoutError
    with qd.approval("Told?", decision="rejected", answer="no", by="eve", waited_s=12) as told_act:
        told_act.approved(by="nobody")
    qd.correction(before="a", after="b", by="alice", reason="wrong")
    qd.takeover(by="alice")
    qd.stop(by="alice", reason="enough")
    assert qd.flush()
    acts = [
        (
            span.attributes["quarterdeck.human.kind"],
            span.attributes.get("quarterdeck.human.decision"),
            span.attributes.get("quarterdeck.human.question"),
            span.attributes.get("quarterdeck.human.answer"),
            span.attributes.get("quarterdeck.human.by"),
        )
        for span in told.spans()
    ]
    assert acts == [
        ("approval", "approved", "Refund?", None, "alice"),
        ("question", None, "Which?", "the first", "bob"),
        ("approval", "none", "Open?", None, None),
        ("approval", "timeout", "Late?", None, None),
        ("approval", "rejected", "Told?", "no", "eve"),
        ("correction", "modified", "a", "b", "alice"),
        ("takeover", None, None, "took over", "alice"),
        ("stop", "cancelled", None, "enough", "alice"),
    ]
    assert {span.attributes["quarterdeck.kind"] for span in told.spans()} == {"human"}
    first, told_span = told.spans()[0], told.spans()[4]
    assert 0 < first.attributes["quarterdeck.human.waited_s"] < 5
    assert told_span.attributes["quarterdeck.human.waited_s"] == 12
    assert told_span.start_ns == told_span.end_ns


def test_a_handoff_names_both_sides(told: Receiver) -> None:
    with qd.agent("planner"):
        qd.handoff("coder")
        qd.handoff("reviewer", source="coder")
    assert qd.flush()
    assert [
        (s.attributes.get("quarterdeck.handoff.from"), s.attributes["quarterdeck.handoff.to"])
        for s in told.spans()
        if s.name == "handoff"
    ] == [(None, "coder"), ("coder", "reviewer")]


def test_content_stays_here_when_it_is_not_to_be_captured(
    receiver: Receiver, tmp_path: Path
) -> None:
    qd.shutdown()

    @qd.tool
    def secretive(word: str) -> str:
        return word * 2

    def agent_work() -> None:
        secretive("the-secret")
        with qd.agent("a", input="the-secret") as agent:
            agent.output("the-secret")
        with qd.model_call("m", input="the-secret") as call:
            call.output("the-secret")
        with qd.approval("the-secret") as asked:
            asked.modified(to="the-secret", by="alice")
        qd.correction(before="the-secret", after="the-secret")
        raise ValueError("the-secret")

    with recording(receiver.url, tmp_path / "other", capture_content=False):
        with pytest.raises(ValueError, match="the-secret"), qd.session("public task"):
            agent_work()
        assert qd.flush()
    assert len(receiver.spans()) == 6
    assert "the-secret" not in repr(receiver.spans())
    assert "public task" in repr(receiver.spans())


def test_without_init_verbs_do_nothing_and_code_runs(receiver: Receiver) -> None:
    qd.shutdown()

    @qd.tool
    def double(number: int) -> int:
        return number * 2

    with qd.session("t") as session, qd.agent("a") as agent:
        agent.output(1)
        session.outcome("success")
        session.units(lines=1)
        assert double(4) == 8
        assert trace.get_current_span() is trace.INVALID_SPAN
    assert session.id == ""
    assert qd.carrier() == {}
    assert qd.bind(double) is double
    assert qd.flush() is True
    with pytest.raises(ValueError, match="mine"), qd.step("x"):
        raise ValueError("mine")


def test_a_thread_needs_bind_and_then_is_inside(told: Receiver) -> None:
    def work() -> None:
        with qd.step("work"):
            pass

    with qd.session("t") as session:
        bound = qd.bind(work)
        threads = [threading.Thread(target=bound) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert qd.flush()
    inside = [span for span in told.spans() if span.name == "work"]
    assert [span.attributes["session.id"] for span in inside] == [session.id] * 4
