"""
Braintrust: JSON in `braintrust.*` attributes, whole or one member per key.

Scores sit on a span of type `score`, and judge the span above it; in an experiment they judge
the whole trial.  Agents are tasks and functions: only metadata, or a name that says so, tells
them from other steps.
"""

import re
from collections.abc import Mapping
from typing import Any

from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import (
    Unreadable,
    below,
    decode_json,
    member,
    money,
    number,
    object_of,
    seconds,
    session_id,
    text,
    texts,
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
from quarterdeck.normalize.tools import verdict_of

_KINDS = {
    "llm": Kind("model"),
    "tool": Kind("tool"),
    "score": Kind("evaluation"),
    "eval": Kind("step", "evaluation", generic=True),
    "task": Kind("step", "", generic=True),
    "function": Kind("step", "", generic=True),
    "automation": Kind("step", "", generic=True),
    "preprocessor": Kind("step", "", generic=True),
    "review": Kind("step", "review", generic=True),
}
_AGENT_NAME = re.compile(r"^agent_run(?: \[(?P<named>.+)\])?$|[ _-](?i:agent)$|[a-z]Agent$")
"""Names of tasks that are agents: `agent_run [planner]`, `research_agent`, `Claude Agent`."""
_REVIEW = "review"


def _kind(spelled: str) -> Kind | None:
    kind = object_of(spelled).get("type")
    return _KINDS.get(kind.strip().lower()) if isinstance(kind, str) else None


def _usage(value: Value) -> Mapping[str, Any] | None:
    metrics = object_of(value)
    found = {
        "input_tokens": metrics.get("prompt_tokens"),
        "output_tokens": metrics.get("completion_tokens"),
        "total_tokens": metrics.get("tokens"),
        "cache_read_tokens": metrics.get("prompt_cached_tokens"),
        "cache_write_tokens": metrics.get("prompt_cache_creation_tokens"),
        "reasoning_tokens": metrics.get("completion_reasoning_tokens"),
    }
    return {name: amount for name, amount in found.items() if amount is not None}


def _adjust(draft: Draft) -> None:
    if draft.found["kind"] == "step":
        _read_step(draft)
    _read_scores(draft)


def _type_of(draft: Draft) -> str:
    """What Braintrust calls the span, in lower case."""
    told = draft.attributes.get("braintrust.span_attributes.type")
    if told is None:
        told = object_of(draft.attributes.get("braintrust.span_attributes")).get("type")
    return told.strip().lower() if isinstance(told, str) else ""


def _read_step(draft: Draft) -> None:
    """A person's review, or an agent."""
    found, told = draft.found, _type_of(draft)
    if told == _REVIEW:
        found["kind"] = "human"
        output = _first(draft, "braintrust.output_json", "braintrust.output")
        decision, by = verdict_of(decode_json(output))
        found.setdefault("human", HumanAct(asked="approval", decision=decision, by=by))
    elif told in ("task", "function"):
        name = found.get("display_name") or draft.raw.name
        named = _AGENT_NAME.search(name)
        if found.get("agent") or found.get("agent_role") or named is not None:
            found["kind"] = "agent"
            found["agent"] = found.get("agent") or (named and named["named"]) or name


def _first(draft: Draft, *keys: str) -> Value:
    return next((draft.attributes[key] for key in keys if key in draft.attributes), None)


def _read_scores(draft: Draft) -> None:
    scores = object_of(draft.attributes.get("braintrust.scores"))
    scores = {**below(draft.attributes, "braintrust.scores."), **scores}
    if not scores:
        return
    expected = _first(draft, "braintrust.expected", "braintrust.expected_json")
    if expected is not None and "braintrust.row_id" not in draft.attributes:
        draft.found["experiment"] = True
    # A score span judges its parent; scores on any other span are that span's own.
    is_judging = draft.found["kind"] == "evaluation"
    in_trial = is_judging and bool(draft.found.get("experiment"))
    target = draft.raw.parent_span_id if is_judging and not in_trial else ""
    made = []
    for name, value in list(scores.items())[:100]:
        try:
            amount = number(value)
        except Unreadable as unreadable:
            draft.problem("braintrust.scores", f"{name}: {unreadable}")
            continue
        if amount is not None:
            made.append(
                Score(
                    name=str(name)[:200],
                    scope="session" if in_trial else "span",
                    value=amount,
                    target_trace_id=draft.raw.trace_id if target else "",
                    target_span_id=target,
                    judge="code" if is_judging else "unknown",
                    identifier=str(draft.attributes.get("braintrust.row_id") or "")[:200],
                    at_ns=draft.raw.end_ns or draft.raw.start_ns,
                )
            )
    draft.found["scores"] = (*draft.found.get("scores", ()), *made)


def _in_experiment(value: Value) -> bool | None:
    """`experiment_id:…` or `experiment_name:…` of `braintrust.parent`."""
    parent = text(value)
    return True if parent is not None and parent.startswith("experiment_") else None


def _tools(value: Value) -> Value:
    return object_of(value).get("tools")


_METRICS = "braintrust.metrics."

DIALECT = Dialect(
    name="braintrust",
    recognizes=Recognizes(keys=("braintrust.",)),
    sources=(
        Source("session_key", 62, "braintrust.metadata", member(session_id, "session_id",
               "conversation_id", "thread_id")),
        Source("session_key", 63, "braintrust.metadata.session_id", session_id),
        Source("user", 82, "braintrust.metadata", member(text, "user_id")),
        Source("user", 83, "braintrust.metadata.user_id"),
        Source("model_requested", 105, "braintrust.metadata", member(text, "model")),
        Source("model_requested", 106, "braintrust.metadata.model"),
        Source("provider", 75, "braintrust.metadata", member(text, "provider")),
        Source("display_name", 40, "braintrust.span_attributes", member(text, "name")),
        Source("task_type", 29, "braintrust.metadata", member(text, "task_type")),
        Source("environment", 67, "braintrust.metadata", member(word, "environment")),
        Source("tags", 80, "braintrust.tags", texts),
        Source("display_name", 41, "braintrust.span_attributes.name"),
        Source("agent", 75, "braintrust.metadata", member(text, "agent_name")),
        Source("agent", 76, "braintrust.metadata.agent_name"),
        Source("agent_role", 65, "braintrust.metadata", member(text, "agent_role")),
        Source("agent_role", 66, "braintrust.metadata.agent_role"),
        Source("tool_call_id", 75, "braintrust.metadata", member(text, "tool_call_id")),
        Source("tool_call_id", 76, "braintrust.metadata.tool_call_id"),
        Source("reported_usd", 60, "braintrust.metrics", member(money, "estimated_cost")),
        Source("reported_usd", 61, "braintrust.metrics.estimated_cost", money),
        Source("time_to_first_token_ns", 60, "braintrust.metrics", member(seconds,
               "time_to_first_token")),
        Source("time_to_first_token_ns", 61, "braintrust.metrics.time_to_first_token", seconds),
        Source("experiment", 60, "braintrust.parent", _in_experiment),
    ),
    resource_sources=(Source("experiment", 60, "braintrust.parent", _in_experiment),),
    kinds=(
        KindSource(10, "braintrust.span_attributes", {}, _kind),
        KindSource(10, "braintrust.span_attributes.type", _KINDS),
    ),
    usages=(
        UsageFamily(
            name="braintrust.metrics",
            rank=80,
            keys={
                "input_tokens": (_METRICS + "prompt_tokens",),
                "output_tokens": (_METRICS + "completion_tokens",),
                "total_tokens": (_METRICS + "tokens",),
                "cache_read_tokens": (_METRICS + "prompt_cached_tokens",),
                "cache_write_tokens": (_METRICS + "prompt_cache_creation_tokens",),
                "reasoning_tokens": (_METRICS + "completion_reasoning_tokens",),
            },
        ),
        UsageFamily(
            name="braintrust.metrics (JSON)", rank=81, key="braintrust.metrics", read=_usage
        ),
    ),
    contents=(
        ContentSource("input_messages", 140, "braintrust.input_json", loose=True),
        ContentSource("input_messages", 141, "braintrust.input", loose=True),
        ContentSource("output_messages", 140, "braintrust.output_json", loose=True),
        ContentSource("output_messages", 141, "braintrust.output", loose=True),
        ContentSource("arguments", 100, "braintrust.input_json"),
        ContentSource("arguments", 101, "braintrust.input"),
        ContentSource("result", 100, "braintrust.output_json"),
        ContentSource("result", 101, "braintrust.output"),
        ContentSource("metadata", 60, "braintrust.metadata"),
        ContentSource("tool_definitions", 100, "braintrust.metadata", read=_tools),
    ),
    adjust=_adjust,
)  # fmt: skip
