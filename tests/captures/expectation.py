"""
What a driver did, compared with the session that came out: differences as lines to read.

An expectation is written from the driver (tests/golden/captures), so this file knows nothing of
any library.  Values are compared as they stand, except for the following, because the same fact
has several spellings on the wire:

* A model is its family: `gpt-4o-mini-2024-07-18` answers to `gpt-4o-mini`.
* A Python call's `{"args": [], "kwargs": {...}}` is its keyword arguments; a traced dispatcher's
  `{"name": ..., "args": {...}}` is its inner arguments; JSON text is what it says.
* A result is found if its text is in the recorded one, which often wraps it.
* `{"any_of": [...]}` in an expectation admits what the recorded library leaves open, and
  `{"mentions": text}` asks for a text in arguments that a library spells in its own way.
* A score is its number or its label; `{"value": ..., "judge": ...}` asks for more of it.  One
  expectation holds for all scores of the name, a list names each, in any order.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from quarterdeck.model.messages import Message, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.model.spans import Content, Span

Expected = Mapping[str, Any]


class Found(Protocol):
    """A session that came out: of the stages alone, or as a server shows it."""

    @property
    def session(self) -> Any:
        """With the fields of `quarterdeck.model.sessions.Session`."""
        ...

    @property
    def spans(self) -> Sequence[Span]: ...

    @property
    def steps(self) -> Sequence[Any]: ...

    def content(self, trace_id: str, span_id: str) -> Content: ...


_DATE = re.compile(r"-\d{4}-\d\d-\d\d$")
_COUNTS = (
    "calls",
    "errors",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "calls_without_usage",
)


def differences(expected: Sequence[Expected], sessions: Sequence[Found]) -> list[str]:
    """Empty if the sessions are the expected ones."""
    pairs, lines = _pair(expected, sessions)
    for wanted, found in pairs:
        name = found.session.session_id
        lines.extend(f"{name}: {line}" for line in _session_differences(wanted, found))
    return lines


def _pair(
    expected: Sequence[Expected], sessions: Sequence[Found]
) -> tuple[list[tuple[Expected, Found]], list[str]]:
    """Sessions with an id by it, the others in the order of their first span."""
    lines = []
    named = {one["id"]: one for one in expected if one["id"] is not None}
    by_id = {found.session.session_id: found for found in sessions}
    by_id |= {found.session.external_id: found for found in sessions if found.session.external_id}
    pairs = [(named[name], by_id[name]) for name in named if name in by_id]
    lines += [f"session {name} is missing" for name in named if name not in by_id]
    unnamed = [one for one in expected if one["id"] is None]
    taken = {by_id[name].session.session_id for name in named if name in by_id}
    others = [found for found in sessions if found.session.session_id not in taken]
    if len(unnamed) != len(others):
        told = [
            f"{found.session.session_id} ({found.session.span_count} spans,"
            f" {sorted({span.span_name for span in found.spans})[:3]})"
            for found in others
        ]
        lines.append(f"{len(unnamed)} sessions without a known id expected, got {told}")
    pairs.extend(zip(unnamed, others, strict=False))
    return pairs, lines


def _session_differences(wanted: Expected, found: Found) -> Iterator[str]:
    session = found.session
    plain = {
        "derived": session.derived,
        "user": session.user,
        "traces": len({span.trace_id for span in found.spans if not span.synthetic}),
        "experiment": session.experiment,
        "environment": session.workflow.environment,
        "sub_sessions": list(session.sub_sessions),
        "agents": sorted(agent.agent for agent in session.agents if agent.agent),
        "episodes": {
            "opened": len(session.episodes),
            "recovered": sum(e.recovered_ns is not None for e in session.episodes),
        },
    }
    for name, value in plain.items():
        if name in wanted:
            told = sorted(wanted[name]) if name == "agents" else wanted[name]
            if told != value:
                yield f"{name}: expected {told}, got {value}"
    for tag in wanted.get("tags", ()):
        if tag not in session.tags:
            yield f"tag {tag!r} is missing from {session.tags}"
    agents = {agent.agent: agent for agent in session.agents}
    for name in wanted.get("agents_include", ()):
        if name not in agents:
            yield f"agent {name!r} is missing from {sorted(agents)}"
    for name, calls in wanted.get("model_calls_by_agent", {}).items():
        got = agents[name].model_calls if name in agents else None
        if got != calls:
            yield f"model calls of {name}: expected {calls}, got {got}"
    said = _outputs(found) if wanted.get("says") else ""
    for words in wanted.get("says", ()):
        if words not in said:
            yield f"nobody said {words!r}"
    for name, role in wanted.get("roles", {}).items():
        got_role = agents[name].role if name in agents else None
        if got_role != role:
            yield f"role of {name}: expected {role}, got {got_role!r}"
    yield from _list_differences("retries", wanted.get("retries"), session.retries)
    yield from _score_differences(wanted, session.scores)
    yield from _model_differences(wanted.get("models"), found)
    yield from _tool_differences(
        wanted.get("tool_calls"), found, at_once=wanted.get("tools_at_once", False)
    )
    used = {use.tool: {"calls": use.calls, "errors": use.errors} for use in session.tools}
    if wanted.get("tools", used) != used:
        yield f"tools: expected {wanted['tools']}, got {used}"
    yield from _list_differences("handoffs", wanted.get("handoffs"), session.handoffs)
    yield from _list_differences(
        "interventions", wanted.get("interventions"), session.interventions
    )
    for name, value in wanted.get("outcome", {}).items():
        if value != getattr(session.outcome, name):
            yield f"outcome: expected {wanted['outcome']}, got {session.outcome}"
            break
    if wanted.get("reported_cost_usd") is not None:
        cost = session.cost.reported_usd
        if cost is None or cost.quantize(Decimal("1e-9")) != Decimal(
            wanted["reported_cost_usd"]
        ).quantize(Decimal("1e-9")):
            yield f"reported cost: expected {wanted['reported_cost_usd']}, got {cost}"


def _score_differences(wanted: Expected, scores: Sequence[Any]) -> Iterator[str]:
    got: dict[str, list[Any]] = {}
    for score in scores:
        got.setdefault(score.name, []).append(score)
    all_of, some_of = wanted.get("scores"), wanted.get("scores_include", {})
    for name, told in {**some_of, **(all_of or {})}.items():
        given = got.get(name, [])
        if not _are_scores(told, given):
            yield f"score {name!r}: expected {told}, got {_told_of(given)}"
    for name in sorted(set(got) - set(all_of)) if all_of is not None else ():
        yield f"score {name!r} was not given, got {_told_of(got[name])}"


def _are_scores(wanted: Any, given: Sequence[Any]) -> bool:
    """A list names each one; anything else is what all of them are, one at least."""
    if not isinstance(wanted, list):
        return bool(given) and all(_is_score(wanted, score) for score in given)
    left = list(given)
    for one in wanted:
        fitting = next((score for score in left if _is_score(one, score)), None)
        if fitting is None:
            return False
        left.remove(fitting)
    return not left


def _is_score(wanted: Any, score: Any) -> bool:
    if isinstance(wanted, dict) and "any_of" not in wanted:
        return all(_admits(told, getattr(score, name)) for name, told in wanted.items())
    return _admits(wanted, score.label if isinstance(wanted, str) else score.value)


def _told_of(scores: Sequence[Any]) -> list[Any]:
    return [score.label if score.value is None else score.value for score in scores]


def _model_differences(wanted: Any, found: Found) -> Iterator[str]:
    if wanted is None:
        return
    got: dict[str, dict[str, int]] = {}
    for use in found.session.models:
        row = got.setdefault(_DATE.sub("", use.model), dict.fromkeys(_COUNTS, 0))
        for count in _COUNTS:
            row[count] += getattr(use, count)
    for told in wanted:
        row = got.pop(told["model"], dict.fromkeys(_COUNTS, 0))
        off = {
            count: (told[count], row[count])
            for count in _COUNTS
            if told.get(count) is not None and told[count] != row[count]
        }
        if off:
            yield f"model {told['model']!r} (expected, got): {off}"
    for model, row in got.items():
        yield f"model {model!r} was not called, got {row}"


def _list_differences(
    what: str, wanted: Sequence[Expected] | None, got: Sequence[Any]
) -> Iterator[str]:
    if wanted is None:
        return
    if len(wanted) != len(got):
        yield f"{what}: expected {list(wanted)}, got {list(got)}"
        return
    for told, one in zip(wanted, got, strict=True):
        off = {k: getattr(one, k) for k, v in told.items() if not _admits(v, getattr(one, k))}
        if off:
            yield f"{what}: expected {dict(told)}, got {off}"


def _admits(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and "any_of" in wanted:
        return any(_admits(one, got) for one in wanted["any_of"])
    return bool(wanted == got)


# ------------------------------------------------------------------------------------ tool calls


def _tool_differences(
    wanted: Sequence[Expected] | None, found: Found, *, at_once: bool
) -> Iterator[str]:
    """`at_once`: tools ran beside each other, so that only the order of one tool's calls counts."""
    if wanted is None:
        return
    calls = _performed(found)
    if at_once:
        places = [told["tool"] for told in wanted]
        order = {name: place for place, name in reversed(list(enumerate(places)))}
        wanted = sorted(wanted, key=lambda told: order[told["tool"]])
        calls = sorted(calls, key=lambda call: order.get(call["tool"], len(places)))
    names = [call["tool"] for call in calls]
    expected_names = [told["tool"] for told in wanted]
    if names != expected_names:
        yield f"tool calls: expected {expected_names}, got {names}"
    counted = {use.tool: use.calls for use in found.session.tools}
    if counted != {name: expected_names.count(name) for name in expected_names}:
        yield f"tools of the session: {counted}, expected {expected_names}"
    failed = sum(1 for told in wanted if told.get("error"))
    errors = sum(use.errors for use in found.session.tools)
    if errors != failed:
        yield f"failed tool calls: expected {failed}, the session says {errors}"
    denied = sum(1 for told in wanted if told.get("denied"))
    if sum(use.denied for use in found.session.tools) != denied:
        yield f"refused tool calls: expected {denied}, got {found.session.tools}"
    for number, (told, call) in enumerate(zip(wanted, calls, strict=False)):
        for line in _call_differences(told, call):
            yield f"tool call {number} {told['tool']}: {line}"


def _call_differences(told: Expected, call: Mapping[str, Any]) -> Iterator[str]:
    if "arguments" in told and not _same_arguments(told["arguments"], call["arguments"]):
        yield f"arguments: expected {told['arguments']}, got {call['arguments']!r}"
    if "result" in told and _text(told["result"]) not in _text(call["result"]):
        yield f"result: expected {told['result']!r}, got {call['result']!r}"
    if "agent" in told and told["agent"] != call["agent"]:
        yield f"agent: expected {told['agent']}, got {call['agent']!r}"
    error = told.get("error")
    if error is False and call["failed"]:
        yield f"must not have failed, got {call['error']!r}"
    if error and not call["failed"]:
        yield f"must have failed with {error!r}"
    if isinstance(error, str) and error not in f"{call['error']} {_text(call['result'])}":
        yield f"error: expected {error!r}, got {call['error']!r}"


def _performed(found: Found) -> list[dict[str, Any]]:
    """The session's tool calls in order: its tool steps, or what models asked for and got."""
    asked, answered = _said(found)
    steps = [step for step in found.steps if step.kind == "tool"]
    by_key = {(span.trace_id, span.span_id): span for span in found.spans}
    calls = []
    for step in steps:
        span = by_key[step.trace_id, step.span_id]
        content = found.content(step.trace_id, step.span_id)
        request = asked.get(span.tool_call_id)
        calls.append(
            {
                "tool": step.tool or step.name,
                "arguments": content.input
                if content.input is not None
                else request and request.arguments,
                "result": content.output
                if content.output is not None
                else answered.get(span.tool_call_id),
                "agent": step.agent,
                "failed": step.status == "error",
                "error": " ".join((step.error, *_messages_of(found, span))),
            }
        )
    if steps:
        return calls
    agents = {step.span_id: step.agent for step in found.steps}
    return [
        {
            "tool": request.name,
            "arguments": request.arguments,
            "result": answered[call_id],
            "agent": agents.get(_asker(found, call_id), ""),
            "failed": False,
            "error": "",
        }
        for call_id, request in asked.items()
        if call_id in answered
    ]


def _messages_of(found: Found, span: Span) -> list[str]:
    """What a tool's span, or those right below it, say of an error."""
    near = [one for one in found.spans if one.parent_span_id == span.span_id]
    return [one.error_message for one in (span, *near) if one.error_message]


def _outputs(found: Found) -> str:
    """All that models and agents gave out, as text."""
    lines = []
    for span in found.spans:
        content = found.content(span.trace_id, span.span_id)
        if span.kind == "model" or content.output_messages:
            lines += [str(p.content) for p in _parts(content.output_messages) if _is_text(p)]
        elif span.kind in ("agent", "step") and content.output is not None:
            lines.append(_text(content.output))
    return "\n".join(lines)


def _is_text(part: object) -> bool:
    return isinstance(part, TextPart)


def _asker(found: Found, call_id: str) -> str:
    for span in found.spans:
        if any(request.call_id == call_id for request in span.requested):
            return span.span_id
    return ""


def _said(found: Found) -> tuple[dict[str, ToolCallPart], dict[str, Any]]:
    """Call id -> the request, in order of asking; call id -> the answer."""
    asked: dict[str, ToolCallPart] = {}
    answered: dict[str, Any] = {}
    for span in sorted(found.spans, key=_when):
        content = found.content(span.trace_id, span.span_id)
        for part in _parts((*content.input_messages, *content.output_messages)):
            if isinstance(part, ToolCallPart) and part.id:
                asked.setdefault(part.id, part)
            elif isinstance(part, ToolResultPart) and part.id:
                answered.setdefault(part.id, part.response)
    return asked, answered


def _when(span: Span) -> tuple[int, str]:
    return span.start_ns, span.span_id


def _parts(messages: Iterable[Message]) -> Iterator[Any]:
    for message in messages:
        yield from message.parts


def _same_arguments(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, dict) and "any_of" in wanted:
        return any(_same_arguments(one, got) for one in wanted["any_of"])
    if isinstance(wanted, dict) and "mentions" in wanted:
        return _text(wanted["mentions"]) in _text(got)
    return bool(wanted == _plain(got))


def _plain(arguments: Any) -> Any:
    read = _decoded(arguments)
    if isinstance(read, dict):
        if set(read) == {"args", "kwargs"} and not read["args"]:
            return read["kwargs"]
        if isinstance(read.get("args"), dict):
            return read["args"]
    return read


def _decoded(value: Any) -> Any:
    """JSON text as what it says, at any depth."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _decoded(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: _decoded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_decoded(one) for one in value]
    return value


def _text(value: Any) -> str:
    read = _decoded(value)
    if isinstance(read, str):
        return read
    return json.dumps(read, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
