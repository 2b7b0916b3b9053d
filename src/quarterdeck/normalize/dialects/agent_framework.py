"""
Microsoft Agent Framework (1.23): agents over the GenAI conventions, workflows with their own.

`workflow.build` is a trace of its own that no session shows.  Agents carry the sum of their
calls' usage.  There is no session attribute: without a project key each run is a session, and
an approval joins two runs by its tool call id.  Approvals are visible only with content on: a
part `function_approval_request` in one run's output, `function_approval_response` in the next
one's input.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import flag_of, word_of

_KINDS = {
    "workflow.build": Kind("step", "workflow"),
    "workflow.run": Kind("step", "workflow"),
    "message.send": Kind("step", "messaging"),
}


def _by_name(name: str) -> Kind | None:
    if name.startswith("executor.process"):
        return Kind("step", "executor")
    if name.startswith("edge_group.process"):
        return Kind("step", "messaging")
    return _KINDS.get(name)


def _adjust(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    if name == "workflow.build":
        found["ghost"] = True
    elif name.startswith("executor.process"):
        if word_of(draft.attributes, "executor.type").startswith("RequestInfo"):
            found["kind"] = "human"
            found["human"] = HumanAct(asked="question")
    elif name.startswith("edge_group.process"):
        _read_edge(draft)
    elif found["kind"] == "agent":
        if "usage" in found:
            found["usage_is_aggregate"] = True
        _read_approval(draft)


def _read_edge(draft: Draft) -> None:
    source = word_of(draft.attributes, "message.source_id")
    target = word_of(draft.attributes, "message.target_id")
    status = word_of(draft.attributes, "edge_group.delivery_status").lower()
    if source and target and status in ("", "delivered"):
        draft.found["handoff"] = HandoffHint(source=source, target=target, kind="hands_off")


def _read_approval(draft: Draft) -> None:
    """A request in the output waits; a response in the input answers an earlier request."""
    asked = _part(draft.attributes.get("gen_ai.output.messages"), "function_approval_request")
    if asked is not None:
        call = _call(asked)
        draft.found["human"] = HumanAct(
            asked="approval",
            call_id=word_of(call, "call_id", "id"),
            tool=word_of(call, "name"),
        )
        draft.found["status_word"] = "interrupted"
        return
    answered = _part(draft.attributes.get("gen_ai.input.messages"), "function_approval_response")
    if answered is not None:
        approved = flag_of(answered, "approved")
        call = _call(answered)
        draft.found["human"] = HumanAct(
            asked="approval",
            decision="none" if approved is None else "approved" if approved else "rejected",
            call_id=word_of(call, "call_id", "id"),
            tool=word_of(call, "name"),
        )


def _call(part: dict[str, Value]) -> dict[str, Value]:
    """The function call that a part is about: inside it, or the part itself."""
    inner = part.get("function_call")
    return inner if isinstance(inner, dict) else part


def _part(messages: Value, wanted: str) -> dict[str, Value] | None:
    """The last part of this type in a list of messages, which is mostly text: look first."""
    if isinstance(messages, str):
        if wanted not in messages:
            return None
        messages = decode_json(messages)
    if not isinstance(messages, list):
        return None
    for message in reversed(messages):
        parts = message.get("parts") if isinstance(message, dict) else None
        for part in reversed(parts) if isinstance(parts, list) else ():
            if isinstance(part, dict) and wanted in (part.get("type"), part.get("generic_type")):
                return part
    return None


DIALECT = Dialect(
    name="agent_framework",
    framework="agent_framework",
    recognizes=Recognizes(
        scopes=("agent_framework",),
        names=("workflow.build", "executor.process", "edge_group.process"),
        keys=("executor.id", "edge_group.", "workflow.definition"),
    ),
    kinds=(KindSource(5, "", read=_by_name, gated=True),),
    sources=(
        Source("display_name", 50, "executor.id", gated=True),
        Source("workflow", 50, "workflow.name", gated=True),
    ),
    adjust=_adjust,
)
