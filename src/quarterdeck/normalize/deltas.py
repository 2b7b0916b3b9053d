"""
Inputs that were sent as changes: LiveKit repeats no message that an earlier call showed, and
neither does an imported transcript.

The full input of such a span is the input of the span named by `lk.input.base_span_id` (or
`quarterdeck.input.base_span_id`), without that one's last `lk.input.dropped_from_base` messages,
followed by its own.  Missing
instructions are the base's.  A base that is not there (not yet, or sampled away) leaves what
the span itself has.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from quarterdeck.model.spans import RawSpan, Value
from quarterdeck.normalize.attributes import Unreadable, count, decode_json, is_hidden

_BASES = ("lk.input.base_span_id", "quarterdeck.input.base_span_id")
_DROPPED = "lk.input.dropped_from_base"
_MESSAGES = "gen_ai.input.messages"
_INSTRUCTIONS = "gen_ai.system_instructions"

_MAX_BASES = 2_000
"""Calls of one conversation, one after another.  A longer chain is a loop or an attack."""

_MAX_ROUNDS = 64
"""Reads of the store for one page of spans.  Each round finds the bases of all spans at once; a
call further from its first one than this shows the last messages only."""

Key = tuple[str, str]
"""Trace id, span id."""


def base_of(raw: RawSpan) -> str:
    """The span id whose input this one continues; "" for a span that has its whole input."""
    for key in _BASES:
        base = raw.attributes.get(key)
        if isinstance(base, str):
            return base.strip().lower()
    return ""


def with_whole_inputs(
    raws: Sequence[RawSpan], fetch: Callable[[Sequence[Key]], Iterable[RawSpan]]
) -> list[RawSpan]:
    """
    The same spans in the same order, those that continue others with their whole input.

    `fetch` reads spans from the store by their keys; it is not called where nothing is a delta.
    """
    known: dict[Key, RawSpan] = {(raw.trace_id, raw.span_id): raw for raw in raws}
    asked: set[Key] = set()
    for _ in range(_MAX_ROUNDS):
        wanted = _missing(known, asked)
        if not wanted:
            break
        asked.update(wanted)
        known.update({(raw.trace_id, raw.span_id): raw for raw in fetch(wanted)})
    return [with_whole_input(raw, _in_trace(known, raw.trace_id)) for raw in raws]


def _missing(known: Mapping[Key, RawSpan], asked: set[Key]) -> list[Key]:
    bases = ((raw.trace_id, base) for raw in known.values() if (base := base_of(raw)))
    return list(dict.fromkeys(k for k in bases if k not in known and k not in asked))


def _in_trace(known: Mapping[Key, RawSpan], trace_id: str) -> Callable[[str], RawSpan | None]:
    return lambda span_id: known.get((trace_id, span_id))


def with_whole_input(raw: RawSpan, find: Callable[[str], RawSpan | None]) -> RawSpan:
    """
    The span with its whole input.  `find` gives a span of the same trace by its id.

    Never raises, as long as `find` does not.
    """
    if not base_of(raw):
        return raw
    chain = [raw]
    seen = {raw.span_id}
    while (base := base_of(chain[-1])) and base not in seen and len(chain) <= _MAX_BASES:
        seen.add(base)
        found = find(base)
        if found is None:
            break
        chain.append(found)
    messages: list[Value] = []
    instructions: Value = None
    for span in reversed(chain):
        kept = len(messages) - _dropped(span)
        del messages[max(kept, 0) :]
        messages += _listed(span.attributes.get(_MESSAGES))
        own = span.attributes.get(_INSTRUCTIONS)
        instructions = instructions if is_hidden(own) else own
    attributes = {**raw.attributes, _MESSAGES: messages}
    if instructions is not None:
        attributes[_INSTRUCTIONS] = instructions
    return msgspec.structs.replace(raw, attributes=attributes)


def _dropped(span: RawSpan) -> int:
    try:
        return count(span.attributes.get(_DROPPED)) or 0
    except Unreadable:
        return 0


def _listed(value: Value) -> list[Value]:
    decoded = decode_json(value)
    return decoded if isinstance(decoded, list) else []
