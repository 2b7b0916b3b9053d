"""
A session's sketch: its shape in marks, its last error, its path, and where its words are.

Everything but the words is made of facts.  The words (`asked`, `answered`) are content, which
assembly refuses to fetch: `spans_of_words` tells which spans hold them, whoever has their content
at hand reads it with `asked_in` and `answered_in`.
"""

from typing import NamedTuple

import msgspec

from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_path import Outline, decision_path, outline
from quarterdeck.assembly.tool_use import failure_of, is_denied, plain_name
from quarterdeck.assembly.tree import Node
from quarterdeck.model.messages import Message, TextPart
from quarterdeck.model.sessions import Session
from quarterdeck.model.sketches import Sketch
from quarterdeck.model.spans import Content, Value

MAX_MARKS = 120
"""A list's column is so many pixels wide."""
MAX_WORDS = 300
"""Two lines of a wide list."""

_MARKS = {
    "agent": "a", "model": "m", "tool": "t", "retrieval": "k", "guardrail": "g", "evaluation": "e",
    "memory": "y", "human": "h",
}  # fmt: skip
_LOUDNESS = "xh>rgkytemas"
"""Of the steps in one slice the one whose mark comes first here is shown."""

SpanKey = tuple[str, str]
"""Trace and span."""


class WordKeys(NamedTuple):
    """The spans whose content says what was asked, and what came back last; None = none does."""

    asked: SpanKey | None
    answered: SpanKey | None


_encoder = msgspec.json.Encoder()


def make_sketch(assembly: Assembly, session: Session) -> tuple[Sketch, WordKeys]:
    """The sketch without its words, and where they are.  Linear in the session's spans."""
    told = outline(assembly)
    path = decision_path(assembly, told)
    found = Sketch(
        error=last_error(session),
        shape=shape(told.ordered, session),
        path=_encoder.encode(path).decode("utf-8", "replace"),
        spans=len(assembly),
    )
    return found, spans_of_words(told)


def shape(ordered: list[Node], session: Session) -> str:
    """
    One mark for each slice of the steps, in time order: `x` error, `r` recovered error, `h` person,
    `>` handoff, `a` agent, `m` model, `t` tool, `k` retrieval, `g` guardrail, `e` evaluation,
    `y` memory, `s` another step.  At most as many slices as steps.
    """
    recovered = [
        (e.operation, e.opened_ns, e.recovered_ns) for e in session.episodes if e.recovered_ns
    ]
    marks = [_mark(node, recovered) for node in ordered]
    slices = min(len(marks), MAX_MARKS)
    return "".join(
        min(marks[at * len(marks) // slices : (at + 1) * len(marks) // slices], key=_LOUDNESS.index)
        for at in range(slices)
    )


def _mark(node: Node, recovered: list[tuple[str, int, int]]) -> str:
    span = node.span
    if failure_of(node) is not None or span.status == "error":
        name = span.model_served or span.model_requested
        operation = (
            f"tool:{plain_name(span.tool or span.name)}" if span.kind == "tool" else f"model:{name}"
        )
        at_ns = span.end_ns or span.start_ns
        was = any(op == operation and o <= at_ns <= r for op, o, r in recovered)
        return "r" if was else "x"
    if span.human is not None and not span.human.auto and not span.human.tentative:
        return "h"
    if is_denied(node):
        return "h"
    if span.handoff is not None:
        return ">"
    return _MARKS.get(span.kind, "s")


def last_error(session: Session) -> str:
    """The last that nothing recovered from, else the last; "" without any."""
    if not session.episodes:
        return ""
    lost = [one for one in session.episodes if one.recovered_ns is None]
    last = (lost or session.episodes)[-1]
    name = last.operation.partition(":")[2] or last.operation
    return cut(f"{name}: {last.reason}" if last.reason else f"{name} failed")


def spans_of_words(told: Outline) -> WordKeys:
    """
    Asked: the first model call that tells its input, the first step where none does.  Answered: the
    last model call that gave words and no tool calls, the first step where none did.
    """
    ordered = [node for node in told.ordered if node.agent not in told.played]
    first = next((n for n in ordered if n.span.kind == "model" and n.span.input_hash), None)
    last = next(
        (n for n in reversed(ordered)
         if n.span.kind == "model" and n.span.output_hash and not n.span.requested),
        None,
    )  # fmt: skip
    top = next((n for n in ordered if n.span.kind != "human"), None)
    asked, answered = first or top, last or top
    return WordKeys(
        (asked.span.trace_id, asked.span.span_id) if asked is not None else None,
        (answered.span.trace_id, answered.span.span_id) if answered is not None else None,
    )


def asked_in(content: Content) -> str:
    """The first words of a user in the input; "" if there are none."""
    for message in content.input_messages:
        if message.role == "user" and (words := _words(message)):
            return words
    return _value(content.input)


def answered_in(content: Content) -> str:
    """The last words of the output; "" if there are none."""
    for message in reversed(content.output_messages):
        if words := _words(message):
            return words
    return _value(content.output)


def _words(message: Message) -> str:
    texts = [part.content[: 4 * MAX_WORDS] for part in message.parts if isinstance(part, TextPart)]
    return cut(" ".join(texts))


def _value(value: Value) -> str:
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, dict) and value:
        said = [inner for inner in value.values() if isinstance(inner, str) and inner.strip()]
        return cut(said[0]) if len(said) == 1 else ""
    return ""


def cut(text: str) -> str:
    """One line of at most `MAX_WORDS` characters."""
    line = " ".join(text[: 4 * MAX_WORDS].split())
    return line if len(line) <= MAX_WORDS else line[: MAX_WORDS - 1] + "…"
