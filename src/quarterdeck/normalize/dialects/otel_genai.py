"""
OpenTelemetry's GenAI conventions, all generations at once: before v1.28 to v0.1.0 of the
standalone repository.

No version is ever looked up: most senders declare none, or a wrong one, and deployments
split by a transition switch send both.  Flattened `gen_ai.prompt.N.*` is OpenLLMetry's.
"""

from typing import Any

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.messages import Message
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawEvent, Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    count,
    decode_json,
    flag,
    milliseconds,
    money,
    number,
    object_of,
    seconds,
    session_id,
    text,
    texts,
    word,
    workflow_name,
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
from quarterdeck.normalize.messages import read_messages

_OPERATIONS: dict[str, Kind] = {
    **dict.fromkeys(
        ("chat", "generate_content", "text_completion", "completion", "generate", "llm_call",
         "llm_request"), Kind("model")
    ),
    "embeddings": Kind("model", "embedding"),
    "embedding": Kind("model", "embedding"),
    "decide": Kind("model", "decision"),
    "transcription": Kind("model", "transcription"),
    "speech_generation": Kind("model", "speech"),
    "response": Kind("model"),
    "ai.generatespeech": Kind("model", "speech"),
    "ai.transcribe": Kind("model", "transcription"),
    "ai.streamtranscribe": Kind("model", "transcription"),
    "invoke_agent": Kind("agent"),
    "create_agent": Kind("agent", "create_agent"),
    "agent_call": Kind("agent"),
    "execute_tool": Kind("tool"),
    "tool_call": Kind("tool"),
    "retrieval": Kind("retrieval"),
    "retrieve": Kind("retrieval"),
    "vector_db_retrieve": Kind("retrieval"),
    "rerank": Kind("retrieval", "rerank"),
    "guardrail_check": Kind("guardrail"),
    "guard": Kind("guardrail"),
    "run_guardrail": Kind("guardrail"),
    "apply_guardrail": Kind("guardrail"),
    "agent_handoff": Kind("step", "handoff"),
    "invoke_workflow": Kind("step", "workflow"),
    "handle_conversation_turn": Kind("step", "turn"),
    "plan": Kind("step", "plan"),
    "execute_task": Kind("step", "chain"),
    "fetch_response": Kind("step", "fetch"),
    "execute_event_loop_cycle": Kind("step", "turn"),
    "agent_step": Kind("step", "turn"),
    "user_prompt": Kind("step", "prompt"),
    "system_prompt": Kind("step", "prompt"),
    "schedule_tool_calls": Kind("step"),
}  # fmt: skip


def _operation(spelled: str) -> Kind | None:
    if spelled.endswith(("_memory", "_memory_store")):
        return Kind("memory")
    if spelled.startswith("guardrail"):
        return Kind("guardrail")
    return None


def _memory_name(name: str) -> Kind | None:
    return Kind("memory") if name.startswith("memory.") else None


def _evaluation(draft: Draft, event: RawEvent) -> None:
    """`gen_ai.evaluation.result`: a judgement of the span that carries the event."""
    score = read_evaluation(draft, event.attributes, event.time_ns)
    if score is not None:
        draft.found["scores"] = (*draft.found.get("scores", ()), score)


def read_evaluation(draft: Draft, attributes: dict[str, Value], at_ns: int) -> Score | None:
    name = text(attributes.get("gen_ai.evaluation.name"))
    if name is None:
        draft.problem("gen_ai.evaluation.name", "an evaluation without a name can't be kept")
        return None
    value = None
    try:
        value = number(attributes.get("gen_ai.evaluation.score.value"))
    except Unreadable as unreadable:
        draft.problem("gen_ai.evaluation.score.value", str(unreadable))
    label = attributes.get("gen_ai.evaluation.score.label")
    explanation = attributes.get("gen_ai.evaluation.explanation")
    response = attributes.get("gen_ai.response.id")
    return Score(
        name=name,
        value=value,
        label=label[:200] if isinstance(label, str) else "",
        explanation=explanation[:500] if isinstance(explanation, str) else "",
        target_response_id=response[:200] if isinstance(response, str) else "",
        at_ns=at_ns or draft.raw.end_ns,
    )


def _adjust(draft: Draft) -> None:
    found, attributes = draft.found, draft.attributes
    operation = attributes.get("gen_ai.operation.name")
    operation = operation.strip().lower() if isinstance(operation, str) else ""
    if operation == "invoke_workflow":
        # v0.1.0 puts the workflow's name where the agent's was: it is no agent.
        agent = found.pop("agent", "")
        if agent and "gen_ai.workflow.name" not in attributes:
            found["workflow"] = agent
    elif operation == "fetch_response":
        # Polls a stored response: whatever usage it repeats was spent by another span.
        found.pop("usage", None)
    elif operation == "agent_handoff":
        source = attributes.get("gen_ai.handoff.from_agent")
        target = attributes.get("gen_ai.handoff.to_agent")
        found["handoff"] = HandoffHint(
            source=source if isinstance(source, str) else "",
            target=target if isinstance(target, str) else "",
            kind="hands_off",
        )
    elif operation == "chat" and found["kind"] == "model" and _is_wrapper(draft):
        found["kind"], found["subkind"] = "step", "chain"
    mode = attributes.get("gen_ai.transfer.mode")
    if mode in ("return_to_caller", "pass_control"):
        target = attributes.get("gen_ai.transfer.target.name")
        found["handoff"] = HandoffHint(
            source=found.get("agent", ""),
            target=target if isinstance(target, str) else "",
            kind="delegates" if mode == "return_to_caller" else "hands_off",
        )
    if found["kind"] == "evaluation" and "gen_ai.evaluation.name" in attributes:
        score = read_evaluation(draft, attributes, draft.raw.end_ns)
        if score is not None:
            found.setdefault("scores", (score,))
    if found["kind"] == "guardrail":
        triggered = _triggered(attributes)
        if triggered is not None:
            found["guardrail_triggered"] = triggered
        _guard_result(draft)


def _is_wrapper(draft: Draft) -> bool:
    """A `chat` without model, usage and messages: it only wraps the real call."""
    found = draft.found
    return not (
        found.get("model_requested")
        or found.get("model_served")
        or "usage" in found
        or found.get("response_id")
        or found.get("provider")
        or any(key.startswith(("gen_ai.input", "gen_ai.output")) for key in draft.attributes)
        or draft.raw.events
    )


def _guard_result(draft: Draft) -> None:
    """A guard that passed or failed has judged, in Traceloop's spelling."""
    label = draft.attributes.get("gen_ai.guardrail.status")
    if isinstance(label, str) and label.strip():
        name = draft.attributes.get("gen_ai.guardrail.name")
        draft.found.setdefault(
            "scores",
            (
                Score(
                    name=name[:200] if isinstance(name, str) and name else draft.raw.name[:200],
                    label=label.strip()[:200],
                    judge="code",
                    at_ns=draft.raw.end_ns or draft.raw.start_ns,
                ),
            ),
        )


def _triggered(attributes: dict[str, Value]) -> bool | None:
    spelled = attributes.get("gen_ai.guardrail.triggered")
    if spelled is None:
        state = attributes.get("gen_ai.guardrail.status")
        if isinstance(state, str) and state:
            return state.strip().upper() == "FAILED"
        return None
    try:
        return flag(spelled)
    except Unreadable:
        return None


# -- messages in span events (before v1.37) and in the details event ---------------------------

_EVENT_ROLES = {
    "gen_ai.system.message": "system",
    "gen_ai.user.message": "user",
    "gen_ai.assistant.message": "assistant",
    "gen_ai.tool.message": "tool",
    "gen_ai.choice": "assistant",
}


def _read_message_events(events: list[RawEvent]) -> tuple[Message, ...]:
    """One event per message; the body's fields are attributes, or all in one JSON text."""
    messages: list[Message] = []
    for event in events:
        fields: dict[str, Any] = dict(event.attributes)
        packed = fields.pop("gen_ai.event.content", None) or fields.pop("body", None)
        fields.update(object_of(packed))
        message = decode_json(fields.get("message"))
        if isinstance(message, dict):
            fields = {**fields, **message}
        elif isinstance(message, str | list) and "content" not in fields:
            fields["content"] = message
        fields.pop("message", None)
        role = _EVENT_ROLES.get(event.name, "user")
        fields.setdefault("role", role)
        if role == "tool":
            fields.setdefault("tool_call_id", fields.get("id"))
        messages.extend(read_messages(_known(fields), role).messages)
    return tuple(messages)


def _known(fields: dict[str, Any]) -> dict[str, Any]:
    names = ("role", "content", "tool_calls", "tool_call_id", "finish_reason", "name", "parts")
    return {name: fields[name] for name in names if fields.get(name) is not None}


def _read_old_content(events: list[RawEvent]) -> list[Value] | None:
    for event in events:
        for key in ("gen_ai.prompt", "gen_ai.completion"):
            if key in event.attributes:
                found = decode_json(event.attributes[key])
                return found if isinstance(found, list) else [found]
    return None


_INPUT_EVENTS = (
    "gen_ai.system.message",
    "gen_ai.user.message",
    "gen_ai.assistant.message",
    "gen_ai.tool.message",
)


def _choice_reasons(draft: Draft, event: RawEvent) -> None:
    reason = event.attributes.get("finish_reason")
    if isinstance(reason, str) and reason:
        draft.found.setdefault("finish_reasons", (reason,))


def _exception_event(draft: Draft, event: RawEvent) -> None:
    """`gen_ai.client.operation.exception`, lifted from a log: an `exception` of this span."""
    spelled = event.attributes.get("exception.type")
    if isinstance(spelled, str) and spelled:
        draft.found.setdefault("error_type", spelled[:200])
    message = event.attributes.get("exception.message")
    if isinstance(message, str) and message:
        draft.found.setdefault("error_message", message)


_USAGE = UsageFamily(
    name="gen_ai.usage",
    rank=10,
    keys={
        "input_tokens": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
        "output_tokens": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
        "total_tokens": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
        "cache_read_tokens": (
            "gen_ai.usage.cache_read.input_tokens",
            "gen_ai.usage.cache_read_input_tokens",
            "gen_ai.usage.details.cache_read_tokens",
            "gen_ai.usage.details.cache_read_input_tokens",
            "gen_ai.usage.input_cached_tokens",
        ),
        "cache_write_tokens": (
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
            "gen_ai.usage.cache_write_input_tokens",
            "gen_ai.usage.details.cache_write_tokens",
            "gen_ai.usage.details.cache_creation_input_tokens",
        ),
        "cache_write_5m_tokens": (
            "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
            "gen_ai.usage.cache_creation.5m_input_tokens",
        ),
        "cache_write_1h_tokens": (
            "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
            "gen_ai.usage.cache_creation.1h_input_tokens",
        ),
        "reasoning_tokens": (
            "gen_ai.usage.reasoning.output_tokens",
            "gen_ai.usage.reasoning_tokens",
            "gen_ai.usage.details.reasoning_tokens",
        ),
        "input_audio_tokens": (
            "gen_ai.usage.audio.input_tokens",
            "gen_ai.usage.details.input_audio_tokens",
        ),
        "output_audio_tokens": (
            "gen_ai.usage.audio.output_tokens",
            "gen_ai.usage.details.output_audio_tokens",
        ),
        "web_searches": ("gen_ai.usage.web_search_requests",),
    },
)


DIALECT = Dialect(
    name="otel_genai",
    recognizes=Recognizes(keys=("gen_ai.",)),
    sources=(
        Source("session_key", 20, "session.id", session_id),
        Source("session_key", 30, "gen_ai.conversation.id", session_id),
        Source("conversation_id", 10, "gen_ai.conversation.id", session_id),
        Source("user", 20, "user.id"),
        Source("user", 30, "enduser.id"),
        Source("user", 120, "enduser.pseudo.id"),
        Source("agent", 10, "gen_ai.agent.name"),
        Source("agent_role", 20, "gen_ai.agent.role"),
        Source("role_hint", 50, "gen_ai.agent.description"),
        Source("agent_id", 10, "gen_ai.agent.id"),
        Source("model_requested", 10, "gen_ai.request.model"),
        Source("model_served", 10, "gen_ai.response.model"),
        Source("provider", 10, "gen_ai.provider.name"),
        Source("provider", 20, "gen_ai.system"),
        Source("server_address", 10, "server.address"),
        Source("response_id", 10, "gen_ai.response.id"),
        Source("previous_response_id", 10, "gen_ai.request.previous_response.id"),
        Source("finish_reasons", 10, "gen_ai.response.finish_reasons", texts),
        Source("finish_reasons", 20, "gen_ai.response.finish_reason", texts),
        Source("finish_reasons", 30, "gen_ai.response.stop_reason", texts),
        Source("service_tier", 10, "openai.response.service_tier", word),
        Source("service_tier", 20, "openai.request.service_tier", word),
        Source("service_tier", 30, "gen_ai.openai.response.service_tier", word),
        Source("service_tier", 40, "gen_ai.openai.request.service_tier", word),
        Source("service_tier", 50, "gen_ai.request.service_tier", word),
        Source("service_tier", 15, "anthropic.response.service_tier", word),
        Source("service_tier", 25, "anthropic.request.service_tier", word),
        Source("time_to_first_token_ns", 10, "gen_ai.response.time_to_first_chunk", seconds),
        Source("time_to_first_token_ns", 60, "gen_ai.server.time_to_first_token", milliseconds),
        Source("time_to_first_token_ns", 70, "gen_ai.streaming.time_to_first_token", seconds),
        Source("reported_usd", 30, "gen_ai.usage.cost", money),
        Source("reported_usd", 31, "gen_ai.usage.total_cost", money),
        Source("tool", 10, "gen_ai.tool.name"),
        Source("tool_call_id", 10, "gen_ai.tool.call.id"),
        Source("tool_call_id", 20, "gen_ai.tool.call_id"),
        Source("error_type", 10, "error.type"),
        Source("error_type", 20, "exception.type"),
        Source("error_message", 10, "error.message"),
        Source("resends", 10, "http.request.resend_count", count),
        Source("workflow", 20, "gen_ai.workflow.name", workflow_name),
        Source("workflow_version", 40, "gen_ai.agent.version"),
        Source("task_type", 50, "gen_ai.prompt.name"),
        Source("environment", 20, "deployment.environment.name", word),
        Source("environment", 30, "deployment.environment", word),
    ),
    resource_sources=(
        Source("session_key", 20, "session.id", session_id),
        Source("user", 20, "user.id"),
        Source("user", 30, "enduser.id"),
        Source("agent", 90, "gen_ai.main_agent.name"),
        Source("environment", 20, "deployment.environment.name", word),
        Source("environment", 30, "deployment.environment", word),
        Source("environment", 90, "ENVIRONMENT", word),
        Source("workflow_version", 60, "service.version"),
        Source("workflow_version", 70, "vcs.repository.ref.revision"),
    ),
    kinds=(
        KindSource(1, "gen_ai.operation.name", _OPERATIONS, _operation),
        KindSource(1, "", {}, _memory_name),
    ),
    usages=(_USAGE,),
    contents=(
        ContentSource("instructions", 20, "gen_ai.system_instructions"),
        ContentSource("input_messages", 20, "gen_ai.input.messages"),
        ContentSource("input_messages", 30, read=_read_message_events, events=_INPUT_EVENTS),
        ContentSource("input_messages", 80, "gen_ai.prompt", loose=True),
        ContentSource(
            "input_messages", 85, read=_read_old_content, events=("gen_ai.content.prompt",)
        ),
        ContentSource("output_messages", 20, "gen_ai.output.messages"),
        ContentSource("output_messages", 30, read=_read_message_events, events=("gen_ai.choice",)),
        ContentSource("output_messages", 70, "gen_ai.completion", loose=True),
        ContentSource(
            "output_messages", 75, read=_read_old_content, events=("gen_ai.content.completion",)
        ),
        ContentSource("tool_definitions", 10, "gen_ai.tool.definitions"),
        ContentSource("arguments", 10, "gen_ai.tool.call.arguments"),
        ContentSource("result", 10, "gen_ai.tool.call.result"),
        ContentSource("input", 10, "gen_ai.retrieval.query.text"),
        ContentSource("output", 10, "gen_ai.retrieval.documents"),
        ContentSource("input", 20, "gen_ai.memory.query.text"),
        ContentSource("output", 20, "gen_ai.memory.records"),
        ContentSource("references", 10, "gen_ai.input.messages_ref"),
        ContentSource("references", 20, "gen_ai.output.messages_ref"),
        ContentSource("references", 30, "gen_ai.system_instructions_ref"),
        ContentSource("references", 40, "gen_ai.tool.definitions_ref"),
    ),
    lifts=("gen_ai.client.inference.operation.details",),
    adjust=_adjust,
    on_event={
        "gen_ai.evaluation.result": _evaluation,
        "gen_ai.choice": _choice_reasons,
        "gen_ai.client.operation.exception": _exception_event,
        "gen_ai.execute_tool.exception": _exception_event,
    },
)
