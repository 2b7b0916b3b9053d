"""
Quarterdeck: operations for autonomous AI agents.

    import quarterdeck as qd

    qd.init()
    with qd.session("migrate billing to rust", task_type="code_migration") as session:
        ...  # any framework, any client
        session.outcome("success")

The public names are those below, documented in docs/reference/sdk.md.  They are loaded when they
are first used, so that `import quarterdeck` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from quarterdeck.sdk.instrument import instrumented
    from quarterdeck.sdk.reading.figures import Figures
    from quarterdeck.sdk.reading.verbs import (
        SessionRecord,
        Sessions,
        figures,
        get_session,
        sessions,
    )
    from quarterdeck.sdk.sending.stats import Stats
    from quarterdeck.sdk.starting import flush, init, shutdown, stats
    from quarterdeck.sdk.verbs.carrying import bind, carrier, join
    from quarterdeck.sdk.verbs.human import approval, correction, question, stop, takeover
    from quarterdeck.sdk.verbs.memory import Memory, MemoryEntry, memory
    from quarterdeck.sdk.verbs.session import feedback, outcome, session, units
    from quarterdeck.sdk.verbs.work import agent, handoff, model_call, step, tool
    from quarterdeck.sdk.workflow.loading import load_workflow
    from quarterdeck.sdk.workflow.refusals import BudgetExceeded, ToolDenied
    from quarterdeck.sdk.workflow.workflow import Workflow

__all__ = [
    "BudgetExceeded",
    "Figures",
    "Memory",
    "MemoryEntry",
    "SessionRecord",
    "Sessions",
    "Stats",
    "ToolDenied",
    "Workflow",
    "agent",
    "approval",
    "bind",
    "carrier",
    "correction",
    "feedback",
    "figures",
    "flush",
    "get_session",
    "handoff",
    "init",
    "instrumented",
    "join",
    "load_workflow",
    "memory",
    "model_call",
    "outcome",
    "question",
    "session",
    "sessions",
    "shutdown",
    "stats",
    "step",
    "stop",
    "takeover",
    "tool",
    "units",
]

_HOME = {
    "agent": "verbs.work",
    "approval": "verbs.human",
    "bind": "verbs.carrying",
    "BudgetExceeded": "workflow.refusals",
    "carrier": "verbs.carrying",
    "correction": "verbs.human",
    "feedback": "verbs.session",
    "figures": "reading.verbs",
    "Figures": "reading.figures",
    "flush": "starting",
    "get_session": "reading.verbs",
    "handoff": "verbs.work",
    "init": "starting",
    "instrumented": "instrument",
    "join": "verbs.carrying",
    "load_workflow": "workflow.loading",
    "memory": "verbs.memory",
    "Memory": "verbs.memory",
    "MemoryEntry": "verbs.memory",
    "model_call": "verbs.work",
    "outcome": "verbs.session",
    "question": "verbs.human",
    "session": "verbs.session",
    "SessionRecord": "reading.verbs",
    "sessions": "reading.verbs",
    "Sessions": "reading.verbs",
    "shutdown": "starting",
    "stats": "starting",
    "Stats": "sending.stats",
    "step": "verbs.work",
    "stop": "verbs.human",
    "takeover": "verbs.human",
    "tool": "verbs.work",
    "ToolDenied": "workflow.refusals",
    "units": "verbs.session",
    "Workflow": "workflow.workflow",
}
"""Name -> the file of `quarterdeck.sdk` that has it."""


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"quarterdeck.sdk.{home}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
