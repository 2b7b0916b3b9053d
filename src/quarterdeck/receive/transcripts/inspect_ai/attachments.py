"""
Contents that Inspect keeps once and points to: `attachment://<hash>`, before that `tc://<hash>`.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.receive.transcripts.members import mapping

_SCHEMES = ("attachment://", "tc://")

_MAX_DEPTH = 64
"""Nesting of a message; what lies deeper is left as it is."""


def attachments_of(sample: Mapping[str, Any]) -> dict[str, Any]:
    """By hash.  Logs of 2024 keep them in the sample's transcript."""
    return mapping(sample.get("attachments")) or mapping(
        mapping(sample.get("transcript")).get("content")
    )


def resolved(value: Any, attachments: Mapping[str, Any], depth: int = 0) -> Any:
    """With its contents put in; a hash that is not there stays as it is written."""
    if not attachments or depth > _MAX_DEPTH:
        return value
    if isinstance(value, str):
        for scheme in _SCHEMES:
            if value.startswith(scheme):
                return attachments.get(value.removeprefix(scheme), value)
        return value
    if isinstance(value, list):
        return [resolved(item, attachments, depth + 1) for item in value]
    if isinstance(value, dict):
        return {key: resolved(item, attachments, depth + 1) for key, item in value.items()}
    return value
