"""
Which of two versions of one span wins.

The same rule as the event store's `ver`, on facts instead of raw attributes: complete beats
partial, then more parts (of a span that was made from what a client said bit by bit), then more
facts, then the later end (of open ones: the later sign of life), then the larger encoding.  It is
a total order, so the winner does not depend on the order of arrival.
"""

import msgspec

from quarterdeck.model.spans import Span, has_ended

_encoder = msgspec.json.Encoder(decimal_format="string")


def supersedes(new: Span, old: Span) -> bool:
    """Whether `new` replaces `old`; False for equal versions."""
    return _rank(new) > _rank(old)


def _rank(span: Span) -> tuple[bool, int, int, int, bytes]:
    until_ns = span.end_ns or span.seen_ns or 0
    return has_ended(span), span.parts, _facts(span), until_ns, _encoder.encode(span)


def _facts(span: Span) -> int:
    """How many fields say something: omitted defaults are not encoded."""
    return len(msgspec.to_builtins(span))
