"""
Where a step holds a text: in its name, what it was given, what it gave back.

Literal and in any case.  A text that a model call only repeats, because all of the conversation
is sent again with every call, is told apart from one that is new there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

from quarterdeck.assembly.acts import ReadStep
from quarterdeck.assembly.inputs import news_of
from quarterdeck.assembly.shown import without_base64
from quarterdeck.model.messages import (
    MediaPart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.sessions import Step

Where = Literal["name", "error", "instructions", "input", "arguments", "output", "result"]

_AROUND = 80
"""Characters beside a hit: a line of a list."""


class Snippet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    where: Where
    text: str
    hit_at: int
    hit_length: int
    hits: int


class Hits(NamedTuple):
    total: int
    repeated: bool
    snippets: tuple[Snippet, ...]


class _Place(NamedTuple):
    where: Where
    text: str
    is_new: bool


def hits_in(step: Step, read: ReadStep | None, text: str) -> Hits | None:
    """None where it is not there."""
    pattern = re.compile(re.escape(text), re.IGNORECASE)
    snippets: dict[Where, Snippet] = {}
    count, is_new = 0, False
    for place in _places(step, read):
        first = pattern.search(place.text)
        if first is None:
            continue
        hits = sum(1 for _ in pattern.finditer(place.text))
        count += hits
        is_new = is_new or place.is_new
        known = snippets.get(place.where)
        if known is None:
            snippets[place.where] = _snippet(place, first, hits)
        else:
            snippets[place.where] = msgspec.structs.replace(known, hits=known.hits + hits)
    return Hits(count, not is_new, tuple(snippets.values())) if count else None


def _snippet(place: _Place, hit: re.Match[str], hits: int) -> Snippet:
    begin, end = max(0, hit.start() - _AROUND), min(len(place.text), hit.end() + _AROUND)
    before, after = "…" if begin else "", "…" if end < len(place.text) else ""
    return Snippet(
        where=place.where,
        text=before + place.text[begin:end] + after,
        hit_at=hit.start() - begin + len(before),
        hit_length=hit.end() - hit.start(),
        hits=hits,
    )


def _places(step: Step, read: ReadStep | None) -> Iterator[_Place]:
    yield _Place("name", step.name, True)
    if step.error:
        yield _Place("error", step.error, True)
    if read is None:
        return
    human, content = read.span.human, read.content
    if human is not None:
        yield _Place("input", human.question, True)
        yield _Place("output", human.answer, True)
    news = news_of(content.input_messages)
    has_earlier = news.start > 0
    for message in content.instructions:
        for _, text in _texts(message, "instructions"):
            yield _Place("instructions", text, not has_earlier)
    for at, message in enumerate(content.input_messages):
        for where, text in _texts(message, "input"):
            yield _Place(where, text, at in news or not has_earlier)
    for message in content.output_messages:
        for where, text in _texts(message, "output"):
            yield _Place(where, text, True)
    given: Where = "arguments" if step.kind == "tool" else "input"
    for text in _leaves(content.input):
        yield _Place(given, text, True)
    made: Where = "result" if step.kind == "tool" else "output"
    for text in _leaves(content.output):
        yield _Place(made, text, True)


def _texts(message: Message, where: Where) -> Iterator[tuple[Where, str]]:
    for part in message.parts:
        match part:
            case TextPart() | ReasoningPart():
                yield where, without_base64(part.content)[0]
            case ToolCallPart():
                inside: Where = "arguments" if where == "output" else where
                yield inside, part.name
                for text in _leaves(part.arguments):
                    yield inside, text
            case ToolResultPart():
                for text in _leaves(part.response):
                    yield where, text
            case MediaPart():
                yield where, without_base64(part.uri)[0]
            case _:
                for text in _leaves(part.value):
                    yield where, text


def _leaves(value: Any) -> Iterator[str]:
    """Texts, numbers and the names of fields.  No recursion: how deep it goes a stranger says."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if one is None:
            continue
        if isinstance(one, str):
            yield without_base64(one)[0]
        elif isinstance(one, Mapping):
            for name, inner in reversed(list(one.items())):
                waiting += (inner, str(name))
        elif isinstance(one, list | tuple):
            waiting.extend(reversed(one))
        else:
            yield str(one)
