"""
How a type checker sees the verbs.  Not run: `make check` reads it, and fails if a type differs.
"""

from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, assert_type

import quarterdeck as qd
from quarterdeck.sdk.verbs.human import HumanAct
from quarterdeck.sdk.verbs.session import Session
from quarterdeck.sdk.verbs.work import Agent, ModelCall, Tool


@qd.tool
def bare(path: str, size: int = 3) -> bytes:
    return path.encode() * size


@qd.tool("named", call_id="c1")
async def awaited(path: str) -> int:
    return len(path)


@qd.agent
async def stream(question: str) -> AsyncIterator[str]:
    yield question


@qd.session(task_type="review")
def whole(ticket: int) -> bool:
    return ticket > 0


def checked() -> None:
    assert_type(bare("a", size=2), bytes)
    calls: list[Callable[[str], Coroutine[Any, Any, int]]] = [awaited]
    assert calls
    assert_type(stream("a"), AsyncIterator[str])
    assert_type(whole(7), bool)
    assert_type(qd.bind(whole)(7), bool)
    assert_type(qd.flush(), bool)
    assert_type(qd.carrier(), dict[str, str])
    with qd.session("task") as session, qd.agent("planner") as agent, qd.tool("read") as tool:
        assert_type(session, Session)
        assert_type(session.id, str)
        assert_type(agent, Agent)
        assert_type(tool, Tool)
    with qd.model_call("m") as call, qd.approval("sure?") as asked:
        assert_type(call, ModelCall)
        assert_type(asked, HumanAct)
