"""
What two model calls saw, compared: messages added, removed, changed, tools offered, system prompt.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from quarterdeck.assembly.diff import align
from quarterdeck.model.messages import (
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.spans import Content, Value

MAX_LISTED = 50
"""Messages of each kind; a call after a thousand turns may differ in all of them."""
_PREVIEW = 300
_BEFORE = 80
"""Characters shown before the first difference."""

_encoder = msgspec.json.Encoder(order="sorted")


def seen_differently(a: Content | None, b: Content | None) -> dict[str, Any]:
    """The `InputDifference` of an answer without its steps and models."""
    if a is None or b is None:
        return _nothing(is_known=False)
    told = _nothing(is_known=bool(a.input_messages and b.input_messages))
    system_a, system_b = _system(a), _system(b)
    if system_a != system_b:
        told["system_prompt"] = _changed(0, "system", system_a, system_b)
    _messages(_spoken(a), _spoken(b), told)
    _tools(a.tool_definitions, b.tool_definitions, told)
    differs = ("only_a", "only_b", "changed", "system_prompt", "tools_only_a", "tools_only_b",
               "tools_changed")  # fmt: skip
    told["equal"] = told["known"] and not any(told[name] for name in differs)
    return told


def _nothing(*, is_known: bool) -> dict[str, Any]:
    return {
        "known": is_known, "equal": False, "same_messages": 0, "only_a": [], "only_b": [],
        "changed": [], "system_prompt": None, "tools_only_a": [], "tools_only_b": [],
        "tools_changed": [],
    }  # fmt: skip


def _spoken(content: Content) -> list[Message]:
    return [message for message in content.input_messages if message.role != "system"]


def _system(content: Content) -> str:
    said = [*content.instructions, *(m for m in content.input_messages if m.role == "system")]
    return "\n".join(text_of(message) for message in said)


def _messages(a: Sequence[Message], b: Sequence[Message], told: dict[str, Any]) -> None:
    ours = [(message.role, text_of(message)) for message in a]
    theirs = [(message.role, text_of(message)) for message in b]
    runs = align(ours, theirs).runs
    if runs and runs[0].kind == "equal":
        told["same_messages"] = runs[0].a_to
    for run in runs:
        if run.kind == "equal":
            continue
        gone, come = ours[run.a_from : run.a_to], theirs[run.b_from : run.b_to]
        pairs = min(len(gone), len(come))
        for at in range(pairs):
            if gone[at][0] == come[at][0]:
                told["changed"].append(
                    _changed(run.a_from + at, gone[at][0], gone[at][1], come[at][1])
                )
            else:
                told["only_a"].append(_seen(*gone[at]))
                told["only_b"].append(_seen(*come[at]))
        told["only_a"].extend(_seen(*one) for one in gone[pairs:])
        told["only_b"].extend(_seen(*one) for one in come[pairs:])
    for name in ("only_a", "only_b", "changed"):
        del told[name][MAX_LISTED:]


def _tools(a: Sequence[Value], b: Sequence[Value], told: dict[str, Any]) -> None:
    ours, theirs = _by_name(a), _by_name(b)
    told["tools_only_a"] = sorted(ours.keys() - theirs.keys())[:MAX_LISTED]
    told["tools_only_b"] = sorted(theirs.keys() - ours.keys())[:MAX_LISTED]
    both = ours.keys() & theirs.keys()
    told["tools_changed"] = sorted(name for name in both if ours[name] != theirs[name])[:MAX_LISTED]


def _by_name(definitions: Sequence[Value]) -> dict[str, bytes]:
    named: dict[str, bytes] = {}
    for one in definitions:
        inner = one.get("function", one) if isinstance(one, dict) else {}
        name = inner.get("name") if isinstance(inner, dict) else None
        if isinstance(name, str):
            named[name] = _encoder.encode(one)
    return named


def _seen(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "preview": text[:_PREVIEW], "characters": len(text)}


def _changed(position: int, role: str, a: str, b: str) -> dict[str, Any]:
    at = next(
        (n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
    first = max(0, at - _BEFORE)
    return {
        "position": position,
        "role": role,
        "a": a[first : first + _PREVIEW],
        "b": b[first : first + _PREVIEW],
        "differs_at": at,
    }


def text_of(message: Message) -> str:
    texts: list[str] = []
    for part in message.parts:
        match part:
            case TextPart() | ReasoningPart():
                texts.append(part.content)
            case ToolCallPart():
                texts.append(f"{part.name}({_plain(part.arguments)})")
            case ToolResultPart():
                texts.append(_plain(part.response))
            case _:
                texts.append(f"[{type(part).__name__.removesuffix('Part').lower()}]")
    return "\n".join(texts)


def _plain(value: Value) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _encoder.encode(value).decode("utf-8", "replace")
