"""
Do limits of the OpenTelemetry SDK cut spans short before they are sent?

Instrumentors write a message as several attributes each, so an agent's spans reach limits that
other programs never see; what is beyond is dropped without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from quarterdeck.sdk.diagnosis.check import Check, ok, warn

USUAL_ATTRIBUTES = 128
"""The specification's default: a model call with 30 messages in OpenInference has some 100."""

COUNTS = (
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
)
LENGTHS = ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT")


def check_limits(environment: Mapping[str, str]) -> Iterator[Check]:
    found = [*_counts(environment), *_lengths(environment)]
    yield from found
    if not found:
        yield ok("limits", "no limit is set below the usual; values are sent whole")


def _counts(environment: Mapping[str, str]) -> Iterator[Check]:
    for name in COUNTS:
        limit = _number(environment.get(name, ""))
        if limit is not None and limit < USUAL_ATTRIBUTES:
            what = "attributes" if "ATTRIBUTE" in name else "events and links"
            yield warn(
                "limits",
                f"{name}={limit}: of a span's {what} the rest is dropped before it is sent",
                f"unset {name}",
            )


def _lengths(environment: Mapping[str, str]) -> Iterator[Check]:
    for name in LENGTHS:
        limit = _number(environment.get(name, ""))
        if limit is not None:
            yield warn(
                "limits",
                f"{name}={limit}: longer values, so most messages, are cut",
                f"unset {name}",
            )


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isdigit() and len(text) < 10 else None
