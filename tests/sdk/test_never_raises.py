"""No verb raises into the agent, whatever it is given."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quarterdeck as qd
from quarterdeck.sdk import runtime
from sdk.receiver import recording


class Hostile:
    """Raises from everything that a value can be asked."""

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = __str__
    __len__: Any = __str__
    __iter__: Any = __str__
    __bool__: Any = __str__
    __float__: Any = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    __hash__: Any = None

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def cyclic() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


ODD: dict[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "cyclic": cyclic,
    "surrogate": lambda: "\ud800 lone surrogate",
    "long": lambda: "x" * 300_000,
    "huge": lambda: 2**20_000,
    "nan": lambda: float("nan"),
    "none": lambda: None,
    "bytes": lambda: b"\xff",
    "function": lambda: print,
    "map": lambda: {1: {2}},
    "error": lambda: ValueError(Hostile()),
}

VALUES = st.one_of(
    st.none(),
    st.text(),
    st.just("\ud800 lone surrogate"),
    st.just("x" * 300_000),
    st.integers(),
    st.floats(),
    st.binary(),
    st.builds(Hostile),
    st.builds(cyclic),
    st.just(float("nan")),
    st.just(2**200),
    st.lists(st.integers() | st.text(), max_size=3),
    st.dictionaries(st.text() | st.integers(), st.text() | st.none(), max_size=3),
    st.just(print),
    st.just(object()),
    st.just(ValueError("x")),
)

VERBS: dict[str, Callable[[Callable[[], Any]], Any]] = {
    "session": lambda v: qd.session(
        v(), id=v(), task_type=v(), user=v(), tags=v(), case=v(), trial=v(), workflow=v(),
        workflow_version=v(), environment=v(),
    ),
    "agent": lambda v: qd.agent(v(), role=v(), input=v()),
    "tool": lambda v: qd.tool(v(), arguments=v(), call_id=v()),
    "model_call": lambda v: qd.model_call(v(), provider=v(), input=v(), role=v()),
    "step": lambda v: qd.step(v(), input=v()),
    "approval": lambda v: qd.approval(v(), tool=v(), call_id=v(), by=v()),
    "told": lambda v: qd.approval(v(), decision=v(), answer=v(), by=v(), waited_s=v()),
    "question": lambda v: qd.question(v(), by=v(), answer=v(), waited_s=v()),
    "correction": lambda v: qd.correction(before=v(), after=v(), by=v(), reason=v()),
    "takeover": lambda v: qd.takeover(by=v(), reason=v()),
    "stop": lambda v: qd.stop(by=v(), reason=v()),
    "handoff": lambda v: qd.handoff(v(), source=v()),
    "outcome": lambda v: qd.outcome(v(), reason=v(), source=v()),
    "units": lambda v: qd.units(lines=v(), files=v()),
    "feedback": lambda v: qd.feedback(v(), value=v(), label=v(), comment=v(), by=v()),
    "bind": lambda v: qd.bind(v()),
    "join": lambda v: qd.join(v()),
    "join a carrier": lambda v: qd.join({"traceparent": v(), "quarterdeck-session": v()}),
}  # fmt: skip

HANDLES: dict[str, Callable[[Any, Callable[[], Any]], Any]] = {
    "set": lambda h, v: h.set(v(), v()),
    "output": lambda h, v: h.output(v()),
    "result": lambda h, v: h.result(v()),
    "usage": lambda h, v: h.usage(input_tokens=v(), output_tokens=v(), cached_tokens=v()),
    "response": lambda h, v: h.response(id=v(), model=v(), finish_reason=v()),
    "outcome": lambda h, v: h.outcome(v(), reason=v(), source=v()),
    "units": lambda h, v: h.units(a=v()),
    "tag": lambda h, v: h.tag(v(), v()),
    "feedback": lambda h, v: h.feedback(v(), value=v(), label=v(), comment=v(), by=v()),
    "approved": lambda h, v: h.approved(by=v()),
    "rejected": lambda h, v: h.rejected(by=v(), reason=v()),
    "modified": lambda h, v: h.modified(by=v(), to=v()),
    "answered": lambda h, v: h.answered(v(), by=v()),
}


pytestmark = pytest.mark.filterwarnings(
    # Span ids come from `random`, between two draws.
    "ignore::hypothesis.errors.HypothesisDeprecationWarning"
)


@pytest.fixture(scope="module", autouse=True)
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with recording("http://127.0.0.1:9", Path(tmp_path_factory.mktemp("spool"))):
        yield


def use(made: Any, draw: Callable[[], Any]) -> None:
    """As a block with all that its handle has, then as a decorator."""
    if not hasattr(type(made), "__enter__"):
        return
    with made as handle:
        for name, call in HANDLES.items():
            if hasattr(type(handle), name):
                call(handle, draw)
    for name, call in HANDLES.items():
        if hasattr(type(made), name):
            call(made, draw)
    if callable(made):
        assert made(lambda *given: len(given))(draw(), draw()) == 2
        assert made(5) == 5


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("verb", VERBS)
def test_an_odd_value_everywhere(verb: str, odd: str) -> None:
    with qd.session("around"):
        use(VERBS[verb](ODD[odd]), ODD[odd])
    VERBS[verb](ODD[odd])


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data(), verb=st.sampled_from(sorted(VERBS)))
def test_any_arguments_to_any_verb_and_its_handle(data: st.DataObject, verb: str) -> None:
    def draw() -> Any:
        return data.draw(VALUES)

    with qd.session("around"):
        made = VERBS[verb](draw)
        use(made, draw)
    VERBS[verb](draw)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(value=VALUES)
def test_a_decorated_tool_returns_what_it_returned_and_raises_what_it_raised(value: Any) -> None:
    @qd.tool
    def give(given: Any) -> Any:
        return given

    @qd.agent
    def fail(given: Any) -> Any:
        raise LookupError(given)

    assert give(value) is value
    with pytest.raises(LookupError):
        fail(value)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(data=st.data())
def test_init_flush_and_shutdown_take_anything(data: st.DataObject) -> None:
    """It runs already, so that only the reading of arguments is tried."""

    def draw() -> Any:
        return data.draw(VALUES)

    qd.init(
        url=draw(), api_key=draw(), service_name=draw(), environment=draw(), workflow=draw(),
        workflow_version=draw(), instrument=False, capture_content=draw(), spool_dir=draw(),
    )  # fmt: skip
    qd.flush(data.draw(st.sampled_from([0, -1, float("nan"), "x", None])))  # type: ignore[arg-type]
    assert qd.stats().sent == 0


def test_what_was_passed_over_is_counted() -> None:
    qd.tool(Hostile())  # type: ignore[call-overload]
    with qd.tool("x", arguments=Hostile()) as tool:
        tool.set("y", Hostile())
    assert any(name.startswith("Tool") for name in qd.stats().errors), qd.stats().errors


def test_a_session_begins_also_where_no_thread_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the end of Python, or of what the system allows."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with recording("http://127.0.0.1:9", tmp_path):
        assert runtime.running is not None
        monkeypatch.setattr(runtime.running.sender, "_thread", None)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            with qd.session("t", id="s-1"):
                assert qd.carrier()["quarterdeck-session"] == "s-1"
