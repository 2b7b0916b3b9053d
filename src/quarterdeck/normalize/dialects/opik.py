"""
Opik: its SDK speaks REST; over OpenTelemetry only distributed trace ids are its own.

The bare `thread_id` is its session.
"""

from quarterdeck.normalize.attributes import session_id
from quarterdeck.normalize.dialect import Dialect, Recognizes, Source

DIALECT = Dialect(
    name="opik",
    recognizes=Recognizes(keys=("opik.",), scopes=("opik",)),
    sources=(
        Source("session_key", 110, "thread_id", session_id),
        Source("join_keys", 10, "opik.trace_id", lambda value: (f"opik:{value}"[:200],)),
    ),
)
