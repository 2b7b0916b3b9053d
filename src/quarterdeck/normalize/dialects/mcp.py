"""
Model Context Protocol: client and server spans around one tool call.

`mcp.session.id` is the transport's session and never ours.  An elicitation is a question to a
person.
"""

from quarterdeck.model.interventions import HumanAct
from quarterdeck.normalize.attributes import object_of
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)


def _asks(spelled: str) -> Kind | None:
    return Kind("human", "mcp") if spelled == "elicitation/create" else None


def _method(spelled: str) -> Kind | None:
    if spelled == "tools/call":
        return Kind("tool", "mcp")
    return Kind("step", "mcp", generic=True) if spelled else None


_ACTIONS = {"accept": "approved", "decline": "rejected", "cancel": "cancelled"}


def _adjust(draft: Draft) -> None:
    found, raw = draft.found, draft.raw
    if found["kind"] == "tool":
        found.setdefault("subkind", "mcp")
        if found.get("tool", "").startswith("tools/call "):
            found["tool"] = found["tool"].removeprefix("tools/call ").strip()
    elif found["kind"] == "human" and "human" not in found:
        result = object_of(draft.attributes.get("mcp.response.value"))
        action = _ACTIONS.get(str(result.get("action", "")).lower(), "none")
        waited = raw.end_ns - raw.start_ns if raw.end_ns else 0
        found["human"] = HumanAct(
            asked="question",
            decision=action,  # type: ignore[arg-type]  # the table's values are decisions
            waited_ns=waited if waited > 0 else None,
        )


DIALECT = Dialect(
    name="mcp",
    recognizes=Recognizes(keys=("mcp.",)),
    sources=(Source("display_name", 70, "mcp.resource.uri"),),
    kinds=(
        KindSource(0, "mcp.method.name", {}, _asks),
        KindSource(11, "mcp.method.name", {}, _method),
    ),
    contents=(
        ContentSource("arguments", 120, "mcp.request.argument"),
        ContentSource("result", 120, "mcp.response.value"),
    ),
    adjust=_adjust,
)
