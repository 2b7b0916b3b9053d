"""Flue: `flue.turn.*`, `flue.tool.*`, `flue.task.*`, `flue.workflow.*`."""

from quarterdeck.normalize.attributes import session_id
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of

_KINDS = (
    ("flue.tool", Kind("tool")),
    ("flue.turn", Kind("agent", "turn")),
    ("flue.task", Kind("step", "task")),
    ("flue.workflow", Kind("step", "workflow")),
)


def _by_name(name: str) -> Kind | None:
    for prefix, kind in _KINDS:
        if name.startswith(prefix):
            return kind
    return None


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found["kind"] == "step" and not found.get("subkind"):
        # Spans with other names: the group of keys tells what they are.
        for prefix, kind in _KINDS:
            if any(key.startswith(prefix + ".") for key in draft.attributes):
                found["kind"], found["subkind"] = kind.kind, kind.subkind
                break
    if found["kind"] == "agent":
        name = word_of(draft.attributes, "flue.agent.name", "flue.turn.agent")
        if name:
            found["agent"] = name


DIALECT = Dialect(
    name="flue",
    framework="flue",
    recognizes=Recognizes(scopes=("flue", "@flue/"), names=("flue.",), keys=("flue.",)),
    kinds=(KindSource(10, "", read=_by_name, gated=True),),
    sources=(
        Source("session_key", 125, "flue.session.id", session_id),
        Source("session_key", 126, "flue.session_id", session_id),
        Source("tool", 95, "flue.tool.name"),
        Source("tool_call_id", 95, "flue.tool.call_id"),
        Source("workflow", 110, "flue.workflow.name"),
        Source("task", 60, "flue.task.name"),
        Source("model_requested", 160, "flue.turn.model"),
    ),
    contents=(
        ContentSource("arguments", 125, "flue.tool.input"),
        ContentSource("result", 125, "flue.tool.output"),
        ContentSource("input", 130, "flue.turn.input"),
        ContentSource("output", 130, "flue.turn.output"),
        ContentSource("input", 131, "flue.workflow.input"),
        ContentSource("output", 131, "flue.workflow.output"),
    ),
    adjust=_adjust,
)
