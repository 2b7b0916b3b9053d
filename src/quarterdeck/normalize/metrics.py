"""
What a metric point says about a session: tokens or cost that no span and no log record tell.

Metrics are aggregates: panels of whole fleets are not our business, and what spans tell counts
from spans.  A point that names a session becomes a span that carries its usage as an
aggregate, which counts only where the session has no spend of that model from elsewhere.
Reading never raises.
"""

from quarterdeck.model.spans import RawMetric, Value
from quarterdeck.normalize.dialect import Counted, Ignored, MetricReading
from quarterdeck.normalize.dialects import DIALECTS
from quarterdeck.normalize.synthesis import session_of, span_of_metric, word_of

_READERS = tuple(dialect.read_metric for dialect in DIALECTS if dialect.read_metric is not None)

NOT_NEEDED = "not needed by sessions"
_NO_SESSION = "names no session"

_SESSION_KEYS = ("session.id", "gen_ai.conversation.id", "conversation.id")

_GENAI_COUNTERS = {
    "gen_ai.client.inference.usage.input_tokens": "gen_ai.usage.input_tokens",
    "gen_ai.client.inference.usage.output_tokens": "gen_ai.usage.output_tokens",
}
"""The details of these counters (cached, reasoning) are parts of the totals: not added again."""

_GENAI_HISTOGRAM = "gen_ai.client.token.usage"
_OF_TYPE = {"input": "gen_ai.usage.input_tokens", "output": "gen_ai.usage.output_tokens"}


def interpret_metric(metric: RawMetric) -> MetricReading:
    """One reading for one point.  Never raises."""
    for read in _READERS:
        try:
            reading = read(metric)
        except Exception as error:  # noqa: BLE001 - a stranger's point must not stop the batch
            return Ignored(f"unreadable: {type(error).__name__}")
        if reading is not None:
            return reading
    key = _GENAI_COUNTERS.get(metric.name)
    if metric.name == _GENAI_HISTOGRAM:
        key = _OF_TYPE.get(word_of(metric.attributes, "gen_ai.token.type"))
    if key is None:
        return Ignored(NOT_NEEDED)
    session = session_of(metric.attributes, *_SESSION_KEYS)
    if not session:
        return Ignored(_NO_SESSION)
    counted: dict[str, Value] = {key: metric.value}
    return Counted(
        span_of_metric(metric, session=session, source="gen_ai.metrics", attributes=counted)
    )
