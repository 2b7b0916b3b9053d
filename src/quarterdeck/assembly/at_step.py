"""
One step as the agent stood there: what it was given, what it saw and what had changed, what it
made of it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from quarterdeck.assembly.acts import ReadStep, asked_arguments
from quarterdeck.assembly.inputs import (
    Change,
    ContextPart,
    compare,
    composition,
    news_of,
    whole_input,
)
from quarterdeck.assembly.shown import (
    Field,
    Shown,
    ShownMessage,
    ShownPart,
    as_text,
    bounded,
    fields_of,
    shown_messages,
    shown_parts,
)
from quarterdeck.model.messages import Message, ToolCallPart
from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Content, Span

MAX_MESSAGES = 200
"""Of an input; older ones that were kept are counted.  A screen shows the newest and unfolds."""
OLD_BYTES = 2_000
"""Of a message that was there at the call before: its beginning and end are enough to know it."""
MAX_MEMORIES = 20
_SHORTEST_MEMORY = 20
"""Characters: a shorter recalled text stands in many messages by chance."""
_MAX_DESCRIPTION = 500

_WRITES = ("write", "upsert", "update", "create", "store", "save", "add", "delete", "put", "set",
           "insert", "remember")  # fmt: skip
_READS = ("read", "search", "get", "load", "retrieve", "recall", "query", "list", "fetch")


class SeenMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    change: Change | None
    role: str
    name: str | None
    tokens: int
    parts: tuple[ShownPart, ...]
    before: tuple[ShownPart, ...] | None = None


class Saw(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    compared_with: int | None
    kept: int
    added: int
    removed: int
    changed: int
    messages: tuple[SeenMessage, ...]
    left_out: int


class Window(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    input_tokens: int | None
    cache_read_tokens: int | None
    window_tokens: int | None
    estimated: bool
    parts: tuple[ContextPart, ...]


class Offered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    name: str
    description: str | None


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    offered: tuple[Offered, ...] | None
    chosen: tuple[str, ...]


class MemoryUse(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    step: int
    name: str
    text: Shown | None


class Memory(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    read: tuple[MemoryUse, ...]
    written: tuple[MemoryUse, ...]
    read_count: int
    written_count: int


class Given(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a step was given and gave back; a model call's input is what it saw."""

    fields: tuple[Field, ...] | None
    input: Shown | None
    messages_in: tuple[ShownMessage, ...]
    messages_out: tuple[ShownMessage, ...]
    output: Shown | None
    truncated: bool


def given(step: Step, content: Content, *, asked: Content | None, call_id: str) -> Given | None:
    """None where nothing was recorded.  `asked`: of the model call that asked for a tool call."""
    value, pointer = content.input, "/input"
    if value is None and asked is not None:
        value, pointer = asked_arguments(asked, call_id, step.tool), ""
    is_call = step.kind == "model"
    fields = None if value is None else fields_of(value, pointer)
    shown_input = None if value is None or fields else bounded(as_text(value), pointer)
    output = content.output
    messages_in = () if is_call else shown_messages(content.input_messages, "/input_messages")
    messages_out = shown_messages(content.output_messages, "/output_messages")
    messages = content.output_messages or content.input_messages or content.instructions
    if value is None and output is None and not messages:
        return None
    return Given(
        fields=fields or (() if value == {} else None),
        input=shown_input,
        messages_in=messages_in,
        messages_out=messages_out,
        output=None if output is None else bounded(as_text(output), "/output"),
        truncated=content.truncated,
    )


def what_it_saw(
    content: Content, before: Content | None, *, compared_with: int | None, tokens: Sequence[int]
) -> Saw | None:
    """None where no input was recorded.  `tokens`: of each message, instructions first."""
    now = whole_input(content)
    if not now:
        return None
    was = whole_input(before) if before is not None else ()
    if not was:
        return _all_new(content, now, tokens)
    lines = compare(was, now)
    # The oldest kept ones go first: what changed is what is asked for.
    droppable = [at for at, line in enumerate(lines) if line.change == "kept"]
    dropped = set(droppable[: max(0, len(lines) - MAX_MESSAGES)])
    seen: list[SeenMessage] = []
    for at, (change, is_now, then) in enumerate(lines):
        if at in dropped:
            continue
        message = now[is_now] if is_now is not None else was[then or 0]
        of = content if is_now is not None else before or content
        place = is_now if is_now is not None else then or 0
        whole_bytes = OLD_BYTES if change in ("kept", "removed") else None
        seen.append(
            SeenMessage(
                change=change,
                role=message.role,
                name=message.name or None,
                tokens=tokens[is_now] if is_now is not None else 0,
                parts=_parts(message, of, place, whole_bytes),
                before=_parts(was[then], before or content, then, None)
                if change == "changed" and then is not None
                else None,
            )
        )
    counts = {change: sum(line.change == change for line in lines) for change in _CHANGES}
    return Saw(compared_with=compared_with, messages=tuple(seen), left_out=len(dropped), **counts)


_CHANGES: tuple[Change, ...] = ("kept", "added", "removed", "changed")


def _all_new(content: Content, now: Sequence[Message], tokens: Sequence[int]) -> Saw:
    first = max(0, len(now) - MAX_MESSAGES)
    news = news_of(now)
    return Saw(
        compared_with=None, kept=0, added=0, removed=0, changed=0, left_out=first,
        messages=tuple(
            SeenMessage(
                change=None, role=now[at].role, name=now[at].name or None, tokens=tokens[at],
                parts=_parts(
                    now[at], content, at,
                    None if at in news or at < len(content.instructions) else OLD_BYTES,
                ),
            )
            for at in range(first, len(now))
        ),
    )  # fmt: skip


def _parts(
    message: Message, content: Content, place: int, whole_bytes: int | None
) -> tuple[ShownPart, ...]:
    """`place` counts instructions first; the pointer is into where it stands."""
    instructions = len(content.instructions)
    pointer = (
        f"/instructions/{place}"
        if place < instructions
        else f"/input_messages/{place - instructions}"
    )
    if whole_bytes is None:
        return shown_parts(message, pointer)
    return shown_parts(message, pointer, whole_bytes=whole_bytes)


def window(
    span: Span, content: Content, *, window_tokens: int | None, memories: Sequence[str]
) -> tuple[Window | None, tuple[int, ...]]:
    """What filled the context, and the tokens of each message; None where nothing is known."""
    usage = span.usage
    known = usage.input_tokens if usage is not None else None
    parts, each = composition(content, input_tokens=known, memories=memories)
    if not parts and known is None:
        return None, each
    return (
        Window(
            input_tokens=known,
            cache_read_tokens=usage.cache_read_tokens if usage is not None else None,
            window_tokens=window_tokens,
            estimated=bool(parts),
            parts=parts,
        ),
        each,
    )


def choice(span: Span, content: Content) -> Choice:
    calls = [
        part.name
        for message in content.output_messages
        for part in message.parts
        if isinstance(part, ToolCallPart)
    ]
    offered = tuple(_offered(definition) for definition in content.tool_definitions)
    return Choice(
        offered=offered or None,
        chosen=tuple(calls) or tuple(request.name for request in span.requested),
    )


def _offered(definition: Any) -> Offered:
    """Senders give a function as it is, or within `function`."""
    if isinstance(definition, Mapping):
        inner = definition.get("function")
        told = inner if isinstance(inner, Mapping) else definition
        name = told.get("name") or definition.get("type") or ""
        description = told.get("description")
        return Offered(
            name=str(name) or "unnamed",
            description=str(description)[:_MAX_DESCRIPTION] if description else None,
        )
    return Offered(name=str(definition)[:200] or "unnamed", description=None)


def is_write(span: Span) -> bool:
    """Of a memory step: was something put there?  What does not tell is a reading."""
    words = f"{span.subkind} {span.span_name} {span.name}".lower().replace(".", " ")
    at = {word: words.find(word) for word in (*_WRITES, *_READS) if word in words}
    return bool(at) and min(at, key=lambda word: at[word]) in _WRITES


def memory_used(memories: Mapping[int, ReadStep], names: Mapping[int, str]) -> Memory:
    """`memories`: memory steps by number, those until here, none left out."""
    read: list[MemoryUse] = []
    written: list[MemoryUse] = []
    for number in sorted(memories, reverse=True):
        span, content = memories[number]
        writes = is_write(span)
        value = _recalled(content) if not writes else as_text(content.input) or _recalled(content)
        use = MemoryUse(
            step=number,
            name=names[number],
            text=bounded(value, whole_bytes=OLD_BYTES) if value else None,
        )
        (written if writes else read).append(use)
    return Memory(
        read=tuple(read[:MAX_MEMORIES]),
        written=tuple(written[:MAX_MEMORIES]),
        read_count=len(read),
        written_count=len(written),
    )


def recalled_texts(memories: Mapping[int, ReadStep]) -> list[str]:
    """What was read, to be found again in the messages of a call."""
    texts = (_recalled(told.content) for told in memories.values() if not is_write(told.span))
    return [text for text in texts if len(text) >= _SHORTEST_MEMORY]


def _recalled(content: Content) -> str:
    if content.output is not None:
        return as_text(content.output)
    return "\n".join(
        part.content
        for message in content.output_messages
        for part in message.parts
        if hasattr(part, "content")
    )
