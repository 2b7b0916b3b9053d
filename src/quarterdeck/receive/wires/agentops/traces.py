"""
A stored trace as `agentops.validation` reads it: its spans, and what they spent.

Tokens are those of model calls, counted once; a cost is only what a sender told.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from quarterdeck.model.instants import to_rfc3339
from quarterdeck.model.spans import RawSpan
from quarterdeck.normalize.normalize import normalize_span

Spans = Sequence[RawSpan]


def shown(trace_id: str, spans: Spans) -> dict[str, Any]:
    return {
        "trace_id": trace_id,
        "spans": [
            {
                "span_id": span.span_id,
                "parent_span_id": span.parent_span_id or None,
                "span_name": span.name,
                "span_kind": normalize_span(span).kind,
                "start_time": to_rfc3339(span.start_ns),
                "end_time": to_rfc3339(span.end_ns) if span.end_ns else None,
                "status_code": ("UNSET", "OK", "ERROR")[span.status_code % 3],
                "span_attributes": span.attributes,
                "resource_attributes": span.resource.attributes,
            }
            for span in spans
        ],
    }


def measured(spans: Spans) -> dict[str, Any]:
    prompt = completion = 0
    cost = Decimal(0)
    failed = 0
    for raw in spans:
        span = normalize_span(raw)
        failed += span.status == "error"
        if span.charge is not None and span.charge.reported_usd is not None:
            cost += span.charge.reported_usd
        if span.kind == "model" and span.usage is not None and not span.usage_is_aggregate:
            prompt += span.usage.input_tokens or 0
            completion += span.usage.output_tokens or 0
    return {
        "span_count": len(spans),
        "fail_tokens": 0,
        "fail_count": failed,
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "total_cost": f"{cost:.6f}",
    }
