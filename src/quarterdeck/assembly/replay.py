"""
Watching a recorded session: its steps, a page at a time, each with what was said.

Nothing is executed here: a rerun is `testing`'s business.  Content is read only for the frames
asked for, through a function that the caller passes.
"""

from collections.abc import Callable, Sequence

import msgspec

from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Content

ReadContent = Callable[[Sequence[tuple[str, str]]], dict[tuple[str, str], Content]]
"""(trace, span) pairs -> their content; absent where a span is gone."""


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One step with its content; `content` is None where it can no longer be read."""

    step: Step
    content: Content | None = None


def frames(
    steps: Sequence[Step], read: ReadContent, *, since: int = 1, limit: int = 50
) -> tuple[Frame, ...]:
    """Steps number `since` and following, at most `limit`, in order."""
    page = steps[max(0, since - 1) : max(0, since - 1) + max(0, limit)]
    contents = read([(step.trace_id, step.span_id) for step in page]) if page else {}
    return tuple(
        Frame(step=step, content=contents.get((step.trace_id, step.span_id))) for step in page
    )
