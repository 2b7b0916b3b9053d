"""
What a model call saw, and what had changed since the call before: message by message.

Messages are compared whole.  A message in the place of one of the same role is changed; how its
words differ is for who shows it.
"""

import json
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Literal, NamedTuple

import msgspec

from quarterdeck.model.messages import (
    MediaPart,
    Message,
    ReasoningPart,
    TextPart,
    ToolResultPart,
)
from quarterdeck.model.spans import Content, Value

MAX_ALIGNED = 400
"""Messages between a common beginning and end that are aligned; more are all removed and added.
An agent that rewrites its history keeps some dozens."""
CHARACTERS_A_TOKEN = 4
"""English prose has about four, code three, Chinese one: an estimate, and said to be one."""
_MEDIUM_LENGTH = 3_000
"""As text, what an image weighs: some 750 tokens."""

Change = Literal["kept", "added", "removed", "changed"]
ContextKind = Literal["system", "history", "tool_results", "memory", "tool_definitions"]

_SYSTEM = frozenset({"system", "developer"})


class Seen(NamedTuple):
    change: Change
    now: int | None
    """Position in the input of this call."""
    before: int | None
    """Position in the input of the call before."""


class ContextPart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    what: ContextKind
    tokens: int
    share: float
    items: int


def whole_input(content: Content) -> tuple[Message, ...]:
    """Instructions first: a sender may tell them apart or as the first message."""
    return (*content.instructions, *content.input_messages)


def compare(before: Sequence[Message], now: Sequence[Message]) -> list[Seen]:
    """In the order of `now`; what is gone stands where it stood."""
    old, new = [_key(m) for m in before], [_key(m) for m in now]
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    end = 0
    while end < min(len(old), len(new)) - same and old[-1 - end] == new[-1 - end]:
        end += 1
    lines = [Seen("kept", at, at) for at in range(same)]
    lines += _between(before, now, old, new, (same, len(old) - end, len(new) - end))
    shift = len(old) - len(new)
    lines += [Seen("kept", at, at + shift) for at in range(len(new) - end, len(new))]
    return lines


def _between(
    before: Sequence[Message],
    now: Sequence[Message],
    old: list[str],
    new: list[str],
    span: tuple[int, int, int],
) -> list[Seen]:
    begin, old_end, new_end = span
    if max(old_end, new_end) - begin > MAX_ALIGNED:
        gone = [Seen("removed", None, at) for at in range(begin, old_end)]
        return gone + [Seen("added", at, None) for at in range(begin, new_end)]
    found: list[Seen] = []
    middle = SequenceMatcher(None, old[begin:old_end], new[begin:new_end], autojunk=False)
    for kind, a, a_end, b, b_end in middle.get_opcodes():
        pairs = zip_longest(range(begin + a, begin + a_end), range(begin + b, begin + b_end))
        for was, is_now in pairs:
            if kind == "equal":
                found.append(Seen("kept", is_now, was))
            elif was is None:
                found.append(Seen("added", is_now, None))
            elif is_now is None:
                found.append(Seen("removed", None, was))
            elif before[was].role == now[is_now].role:
                found.append(Seen("changed", is_now, was))
            else:
                found += [Seen("removed", None, was), Seen("added", is_now, None)]
    return found


def _key(message: Message) -> str:
    return _json((message.role, message.name, message.parts))


def _json(value: Value) -> str:
    """Of anything that a sender can send: huge integers and broken Unicode included."""
    return json.dumps(msgspec.to_builtins(value), default=str)


def news_of(messages: Sequence[Message]) -> range:
    """Positions of what was said since the model last answered: after its last message."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "assistant":
            return range(at + 1, len(messages))
    return range(len(messages))


def composition(
    content: Content, *, input_tokens: int | None, memories: Sequence[str] = ()
) -> tuple[tuple[ContextPart, ...], tuple[int, ...]]:
    """
    What the window was filled with, and the tokens of each message of `whole_input`.

    Both are estimated by length; with `input_tokens` the parts add up to it.  `memories` are
    texts that were recalled before: a message that holds one of them is memory.
    """
    lengths: dict[ContextKind, int] = {}
    items: dict[ContextKind, int] = {}
    of_message: list[int] = []
    instructions = len(content.instructions)
    for at, message in enumerate(whole_input(content)):
        total = 0
        for kind, length in _lengths(message, is_system=at < instructions, memories=memories):
            lengths[kind] = lengths.get(kind, 0) + length
            items[kind] = items.get(kind, 0) + 1
            total += length
        of_message.append(total)
    for definition in content.tool_definitions:
        kind = "tool_definitions"
        lengths[kind] = lengths.get(kind, 0) + _length(definition)
        items[kind] = items.get(kind, 0) + 1
    total = sum(lengths.values())
    known = input_tokens if input_tokens is not None else round(total / CHARACTERS_A_TOKEN)
    kinds = sorted(lengths, key=_ORDER.index)
    tokens = shared_out(known, [lengths[kind] for kind in kinds])
    parts = tuple(
        ContextPart(
            what=kind, tokens=count, share=round(count / known, 4) if known else 0.0,
            items=items[kind],
        )
        for kind, count in zip(kinds, tokens, strict=True)
    )  # fmt: skip
    each = tuple(round(known * length / total) if total else 0 for length in of_message)
    return parts, each


_ORDER: tuple[ContextKind, ...] = (
    "system", "history", "tool_results", "memory", "tool_definitions",
)  # fmt: skip


def _lengths(
    message: Message, *, is_system: bool, memories: Sequence[str]
) -> list[tuple[ContextKind, int]]:
    found: list[tuple[ContextKind, int]] = []
    for part in message.parts:
        kind: ContextKind = "history"
        if isinstance(part, TextPart) and any(memory in part.content for memory in memories):
            kind = "memory"
        elif is_system or message.role in _SYSTEM:
            kind = "system"
        elif isinstance(part, ToolResultPart) or message.role == "tool":
            kind = "tool_results"
        if isinstance(part, TextPart | ReasoningPart):
            length = len(part.content)
        elif isinstance(part, MediaPart):
            length = _MEDIUM_LENGTH
        else:
            length = _length(part)
        found.append((kind, length))
    return found


def _length(value: Value) -> int:
    return len(value) if isinstance(value, str) else len(_json(value))


def shared_out(total: int, weights: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to `total`: largest remainders."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    shares = [total * weight // whole for weight in weights]
    rest = sorted(range(len(weights)), key=lambda at: (-(total * weights[at] % whole), at))
    for at in rest[: total - sum(shares)]:
        shares[at] += 1
    return shares
