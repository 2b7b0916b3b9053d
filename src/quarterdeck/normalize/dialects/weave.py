"""Weave (0.54): the GenAI conventions, plus the parent call where a trace continues another."""

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import session_id
from quarterdeck.normalize.dialect import ContentSource, Dialect, Recognizes, Source

_HEX = frozenset("0123456789abcdef")


def _trace(value: Value) -> tuple[str, ...] | None:
    """A trace id, which Weave writes as a UUID."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    found = value.strip().lower().replace("-", "")
    return (found,) if len(found) == 32 and _HEX.issuperset(found) else None


DIALECT = Dialect(
    name="weave",
    recognizes=Recognizes(scopes=("weave",), keys=("weave.",)),
    sources=(
        Source("session_key", 128, "weave.thread_id", session_id),
        Source("session_key", 129, "wandb.thread_id", session_id),
        Source("linked_traces", 50, "weave.parent_call.trace_id", _trace),
        Source("display_name", 95, "weave.display_name"),
        Source("task", 70, "gen_ai.conversation.name"),
    ),
    contents=(ContentSource("references", 50, "weave.content_refs"),),
)
