"""
OpenInference (Arize Phoenix): flat dotted keys, JSON in strings, lists by zero-based index.

What single frameworks do with it (LangGraph's interrupts, CrewAI's sequences, the OpenAI
Agents' root) is in their own dialect files.
"""

import re
from decimal import Decimal

import msgspec

from quarterdeck.model.messages import Message, TextPart
from quarterdeck.model.scores import Judge, Score, ScoreScope
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    below,
    decode_json,
    member,
    money,
    number,
    session_id,
    text,
    texts,
    unflatten,
    word,
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

_KINDS = {
    "llm": Kind("model"),
    "embedding": Kind("model", "embedding"),
    "decision": Kind("model", "decision"),
    "retriever": Kind("retrieval"),
    "reranker": Kind("retrieval", "rerank"),
    "tool": Kind("tool"),
    "agent": Kind("agent"),
    "guardrail": Kind("guardrail"),
    "evaluator": Kind("evaluation"),
    "prompt": Kind("step", "prompt", generic=True),
    "chain": Kind("step", "chain", generic=True),
    "unknown": Kind("step", "", generic=True),
}


_EXPERIMENT = re.compile(r"Experiment-[0-9a-f]{16,}|evaluators")
"""The projects that Phoenix's client makes for the tasks and the judges of an experiment."""


def _is_experiment(value: Value) -> bool | None:
    return True if isinstance(value, str) and _EXPERIMENT.fullmatch(value) else None


def _cost_sum(flat: dict[str, Value]) -> Decimal | None:
    """Where there is no total: prompt + completion."""
    prompt, completion = money(flat.get("prompt")), money(flat.get("completion"))
    if prompt is None and completion is None:
        return None
    return (prompt or Decimal(0)) + (completion or Decimal(0))


def _arguments(value: Value) -> Value:
    """`tool.parameters` holds the definition in some libraries, the arguments in others."""
    found = decode_json(value)
    if isinstance(found, dict) and "type" in found and "properties" in found:
        return None
    return found


_SCOPES: tuple[tuple[str, str, ScoreScope], ...] = (
    ("annotations.", "annotation", "span"),
    ("evaluations.", "evaluation", "span"),
    ("trace.annotations.", "annotation", "trace"),
    ("trace.evaluations.", "evaluation", "trace"),
    ("session.annotations.", "annotation", "session"),
    ("session.evaluations.", "evaluation", "session"),
)
_JUDGES: dict[str, Judge] = {"human": "human", "llm": "llm", "code": "code"}


def _adjust(draft: Draft) -> None:
    _scores(draft)
    found = draft.found
    if found["kind"] == "retrieval" and not found.get("model_requested"):
        name = draft.attributes.get("reranker.model_name")
        if isinstance(name, str) and name:
            found["model_requested"] = name[:200]


def _scores(draft: Draft) -> None:
    """Judgements inline, or on a carrier span that has exactly one link to its target."""
    links = draft.raw.links
    link = links[0] if len(links) == 1 and draft.found["kind"] == "evaluation" else None
    scores: list[Score] = []
    for prefix, name, scope in _SCOPES:
        flat = below(draft.attributes, prefix)
        if not flat:
            continue
        tree = unflatten(flat)[0]
        for item in tree if isinstance(tree, list) else list(tree.values()):
            fields = item.get(name) if isinstance(item, dict) else None
            if isinstance(fields, dict):
                score = _score(draft, fields, scope, prefix)
                if score is not None:
                    scores.append(_aimed(score, draft, link.trace_id if link else "",
                                         link.span_id if link else ""))  # fmt: skip
    if scores:
        draft.found["scores"] = (*draft.found.get("scores", ()), *scores[:200])


def _score(draft: Draft, fields: dict[str, Value], scope: ScoreScope, key: str) -> Score | None:
    try:
        name = text(fields.get("name"))
        value = number(fields.get("score"))
        label, explanation = text(fields.get("label")), text(fields.get("explanation"))
        identifier = text(fields.get("identifier")) or ""
    except Unreadable as unreadable:
        draft.problem(key, str(unreadable))
        return None
    if name is None or (value is None and label is None and explanation is None):
        draft.problem(key, "a judgement needs a name and a score, a label or an explanation")
        return None
    judge = str(fields.get("annotator_kind") or "").strip().lower()
    return Score(
        name=name,
        scope=scope,
        value=value,
        label=label or "",
        explanation=explanation or "",
        judge=_JUDGES.get(judge, "unknown"),
        identifier=identifier,
        at_ns=draft.raw.end_ns or draft.raw.start_ns,
    )


def _aimed(score: Score, draft: Draft, trace_id: str, span_id: str) -> Score:
    if score.scope == "session":
        return msgspec.structs.replace(score, target_session_id=draft.found.get("session_key", ""))
    return msgspec.structs.replace(
        score,
        target_trace_id=trace_id,
        target_span_id=span_id if score.scope == "span" else "",
    )


def _prompts(flat: dict[str, Value]) -> tuple[Message, ...] | None:
    """`llm.prompts.N.prompt.text` and `llm.choices.N.completion.text`: plain completions."""
    tree = unflatten(flat)[0]
    found = []
    for item in tree if isinstance(tree, list) else ():
        inner = item.get("prompt") or item.get("completion") if isinstance(item, dict) else None
        spoken = "user" if isinstance(item, dict) and "prompt" in item else "assistant"
        if isinstance(inner, dict) and isinstance(inner.get("text"), str):
            found.append(Message(role=spoken, parts=(TextPart(content=inner["text"]),)))
    return tuple(found) or None


def _documents(flat: dict[str, Value]) -> list[Value] | None:
    tree = unflatten(flat)[0]
    items = tree if isinstance(tree, list) else []
    return [i.get("document", i) if isinstance(i, dict) else i for i in items] or None


def _tools(flat: dict[str, Value]) -> list[Value] | None:
    tree = unflatten(flat)[0]
    found = []
    for item in tree if isinstance(tree, list) else ():
        tool = item.get("tool", item) if isinstance(item, dict) else item
        schema = tool.get("json_schema") if isinstance(tool, dict) else None
        found.append(decode_json(schema) if schema is not None else tool)
    return found or None


DIALECT = Dialect(
    name="openinference",
    recognizes=Recognizes(
        keys=(
            "openinference.", "llm.input_messages.#.", "llm.output_messages.#.", "llm.token_count.",
            "llm.model_name", "annotations.", "evaluations.", "trace.annotations.",
            "trace.evaluations.", "session.annotations.", "session.evaluations.",
            "retrieval.documents.#.", "embedding.", "reranker.", "decision.",
        ),
        scopes=("openinference.", "@arizeai/openinference"),
    ),
    sources=(
        Source("session_key", 60, "metadata",
               member(session_id, "session_id", "conversation_id", "thread_id")),
        Source("user", 80, "metadata", member(text, "user_id")),
        Source("agent", 20, "agent.name"),
        Source("entity_name", 30, "graph.node.id"),
        Source("model_requested", 20, "llm.request.model_name"),
        Source("model_requested", 30, "decision.request.model_name"),
        Source("model_requested", 40, "llm.model_name"),
        Source("model_requested", 90, "embedding.model_name"),
        Source("model_requested", 91, "decision.model_name"),
        Source("model_requested", 110, "llm.invocation_parameters", member(text, "model")),
        Source("model_served", 20, "llm.response.model_name"),
        Source("model_served", 30, "decision.response.model_name"),
        Source("provider", 30, "llm.provider"),
        Source("provider", 40, "llm.system"),
        Source("provider", 45, "decision.provider"),
        Source("provider", 46, "decision.system"),
        Source("finish_reasons", 40, "llm.finish_reason", texts),
        Source("reported_usd", 20, "llm.cost.total", money),
        Source("reported_usd", 21, "llm.cost.", _cost_sum, group=True),
        Source("tool", 20, "tool.name"),
        Source("tool_call_id", 30, "tool.id"),
        Source("tool_call_id", 40, "tool_call.id"),
        Source("task_type", 20, "metadata", member(text, "task_type")),
        Source("environment", 60, "metadata", member(word, "environment")),
        Source("tags", 20, "tag.tags", texts),
    ),
    resource_sources=(Source("experiment", 10, "openinference.project.name", _is_experiment),),
    kinds=(KindSource(3, "openinference.span.kind", _KINDS),),
    usages=(
        UsageFamily(
            name="llm.token_count",
            rank=30,
            keys={
                "input_tokens": ("llm.token_count.prompt",),
                "output_tokens": ("llm.token_count.completion",),
                "total_tokens": ("llm.token_count.total",),
                "cache_read_tokens": (
                    "llm.token_count.prompt_details.cache_read",
                    "llm.token_count.prompt_details.cache_input",
                ),
                "cache_write_tokens": ("llm.token_count.prompt_details.cache_write",),
                "reasoning_tokens": ("llm.token_count.completion_details.reasoning",),
                "input_audio_tokens": ("llm.token_count.prompt_details.audio",),
                "output_audio_tokens": ("llm.token_count.completion_details.audio",),
            },
        ),
        UsageFamily(
            name="decision.token_count",
            rank=70,
            keys={
                "input_tokens": ("decision.token_count.input",),
                "output_tokens": ("decision.token_count.output",),
            },
        ),
    ),
    contents=(
        ContentSource("input_messages", 40, "llm.input_messages.#.", group=True),
        ContentSource("input_messages", 120, "llm.prompts.#.", _prompts, group=True),
        ContentSource("input_messages", 190, "input.value", loose=True),
        ContentSource("output_messages", 40, "llm.output_messages.#.", group=True),
        ContentSource("output_messages", 120, "llm.choices.#.", _prompts, group=True),
        ContentSource("output_messages", 190, "output.value", loose=True),
        ContentSource("arguments", 60, "input.value"),
        ContentSource("arguments", 90, "tool.parameters", _arguments),
        ContentSource("result", 70, "output.value"),
        ContentSource("output", 30, "retrieval.documents.#.", _documents, group=True),
        ContentSource("output", 31, "reranker.output_documents.#.", _documents, group=True),
        ContentSource("tool_definitions", 20, "llm.tools.#.", _tools, group=True),
        ContentSource("metadata", 30, "metadata"),
    ),
    adjust=_adjust,
    adjusts_with=(
        "annotations.", "evaluations.", "trace.annotations.", "trace.evaluations.",
        "session.annotations.", "session.evaluations.", "reranker.model_name",
    ),
)  # fmt: skip
