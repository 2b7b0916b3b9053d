"""
Pydantic AI, data formats 1 to 6: OpenTelemetry GenAI plus its own attributes.

Old formats have no operation name on agents and tools, and keep messages as a JSON list of
events in one attribute.  Approvals by deferred tools leave no span: the run's result lists
them, and the tool runs in a later run under the same call id.
"""

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    count,
    decode_json,
    money,
    object_of,
)
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
    UsageFamily,
)


def _name(name: str) -> Kind | None:
    if name in ("agent run", "agent realtime run"):
        return Kind("agent")
    if name.startswith(("running tool:", "running tool ")) or name == "running tool":
        return Kind("tool")
    if name.startswith(("running tools", "running ")):
        return Kind("step", "chain")
    if name.startswith("running output function"):
        return Kind("tool")
    if name.startswith("model request attempt"):
        return Kind("model")
    return None


def _attempt_from_0(value: Value) -> int | None:
    """Counted from 0 here, from 1 in the model."""
    found = count(value)
    return found + 1 if found is not None else None


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    deferral = attributes.get("pydantic_ai.tool.deferral.name")
    if isinstance(deferral, str) and deferral:
        found["status"] = "interrupted"
        if deferral.endswith("ApprovalRequired"):
            found["kind"] = "human"
            found["human"] = _asked(found.get("tool_call_id", ""), found.get("tool", ""))
        else:
            found["subkind"] = "deferred"
    if found["kind"] == "agent":
        _deferred_run(draft)
        if "gen_ai.aggregated_usage.input_tokens" not in attributes and "usage" in found:
            found["usage_is_aggregate"] = True  # formats before 4 repeat the run's total here


def _asked(call_id: str, tool: str) -> HumanAct:
    return HumanAct(asked="approval", decision="none", call_id=call_id, tool=tool)


def _deferred_run(draft: Draft) -> None:
    """A run that ended with requests for approval: its result is the list of them."""
    result = draft.attributes.get("final_result")
    if not isinstance(result, str) or '"approvals"' not in result:
        return
    approvals = object_of(result).get("approvals")
    if not isinstance(approvals, list) or not approvals or not isinstance(approvals[0], dict):
        return
    first = approvals[0]
    call_id, tool = first.get("tool_call_id"), first.get("tool_name")
    draft.found["status"] = "interrupted"
    draft.found["human"] = _asked(
        call_id[:200] if isinstance(call_id, str) else "",
        tool[:200] if isinstance(tool, str) else "",
    )


# -- messages ---------------------------------------------------------------------------------

_OUTPUT = "gen_ai.choice"


def _events(value: Value) -> list[dict[str, Value]]:
    found = decode_json(value)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _event_inputs(value: Value) -> list[Value] | None:
    found = [item for item in _events(value) if item.get("event.name") != _OUTPUT]
    return [_plain(item) for item in found] or None


def _event_outputs(value: Value) -> list[Value] | None:
    return [_plain(i) for i in _events(value) if i.get("event.name") == _OUTPUT] or None


def _plain(item: dict[str, Value]) -> Value:
    message = item.get("message")
    if isinstance(message, dict):
        return message
    plain = {k: v for k, v in item.items() if "." not in k and k != "index"}
    if item.get("event.name") == "gen_ai.tool.message":
        plain.setdefault("tool_call_id", plain.pop("id", ""))
    return plain


DIALECT = Dialect(
    name="pydantic_ai",
    framework="pydantic_ai",
    recognizes=Recognizes(
        keys=("pydantic_ai.", "gen_ai.aggregated_usage.", "all_messages_events"),
        scopes=("pydantic-ai", "pydantic_ai"),
    ),
    sources=(
        Source("agent", 60, "agent_name"),
        Source("model_requested", 101, "model_name", gated=True),
        Source("reported_usd", 40, "operation.cost", money),
        Source("attempt", 20, "pydantic_ai.model_request.attempt", _attempt_from_0),
        # The number of the retry that this failure makes necessary: 1 on the first try.
        Source("attempt", 30, "pydantic_ai.tool.retry.attempt", count),
    ),
    kinds=(KindSource(1, "", {}, _name),),
    usages=(
        UsageFamily(
            name="gen_ai.aggregated_usage",
            rank=90,
            keys={
                "input_tokens": ("gen_ai.aggregated_usage.input_tokens",),
                "output_tokens": ("gen_ai.aggregated_usage.output_tokens",),
                "cache_read_tokens": ("gen_ai.aggregated_usage.cache_read.input_tokens",),
                "cache_write_tokens": (
                    "gen_ai.aggregated_usage.cache_write.input_tokens",
                    "gen_ai.aggregated_usage.cache_creation.input_tokens",
                ),
                "reasoning_tokens": ("gen_ai.aggregated_usage.details.reasoning_tokens",),
            },
            cache="inclusive",
            reasoning="inclusive",
            aggregate=True,
        ),
    ),
    contents=(
        ContentSource("input_messages", 35, "events", _event_inputs, gated=True),
        ContentSource("output_messages", 35, "events", _event_outputs, gated=True),
        ContentSource("input_messages", 150, "pydantic_ai.all_messages"),
        ContentSource("input_messages", 151, "all_messages_events", _event_inputs),
        ContentSource("arguments", 40, "tool_arguments"),
        ContentSource("result", 40, "tool_response"),
        ContentSource("output", 30, "final_result"),
        ContentSource("metadata", 90, "metadata"),
    ),
    adjust=_adjust,
)
