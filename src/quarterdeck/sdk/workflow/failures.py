"""
Why a model call failed, in the words that fallbacks are written in.

By what clients of all providers have in common: an HTTP status, a code in the error's body, the
class's name.  What is none of these is the program's own error: it is no reason to try elsewhere.
"""

from __future__ import annotations

from typing import Any

from quarterdeck.workflows.manifest import FailureKind

_BY_STATUS: dict[int, FailureKind] = {
    408: "timeout",
    409: "overloaded",
    413: "context_too_long",
    425: "overloaded",
    429: "rate_limited",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}

_BY_CODE: tuple[tuple[str, FailureKind], ...] = (
    ("context_length", "context_too_long"),
    ("context_window", "context_too_long"),
    ("prompt is too long", "context_too_long"),
    ("content_filter", "content_filter"),
    ("content_policy", "content_filter"),
    ("insufficient_quota", "budget_exceeded"),
    ("billing", "budget_exceeded"),
    ("overloaded", "overloaded"),
    ("rate_limit", "rate_limited"),
)
"""What stands in `code`, `type` or the text of a refused request; the first that is found."""

_BY_NAME: tuple[tuple[str, FailureKind], ...] = (
    ("ratelimit", "rate_limited"),
    ("timeout", "timeout"),
    ("connection", "connection"),
    ("connecterror", "connection"),
    ("jsondecode", "invalid_response"),
    ("responsevalidation", "invalid_response"),
)


def failure_of(error: BaseException) -> FailureKind | None:
    """None where the error is not one of a model call, as far as it shows."""
    if not isinstance(error, Exception):
        return None
    status = _status(error)
    told = _told(error) if status is None or 400 <= status < 500 else ""
    by_code = next((kind for word, kind in _BY_CODE if word in told), None)
    if status is not None:
        if by_code is not None:
            return by_code
        if status in _BY_STATUS:
            return _BY_STATUS[status]
        return "server_error" if status >= 500 else None
    if by_code is not None and _has_code(error):
        return by_code
    names = " ".join(kind.__name__.lower() for kind in type(error).__mro__)
    return next((kind for word, kind in _BY_NAME if word in names), None)


def _status(error: Exception) -> int | None:
    for where in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "http_status"):
            found: Any = getattr(where, name, None)
            if type(found) is int and 100 <= found < 600:
                return found
    return None


def _has_code(error: Exception) -> bool:
    return isinstance(getattr(error, "code", None), str) or isinstance(
        getattr(error, "type", None), str
    )


def _told(error: Exception) -> str:
    try:
        parts = (getattr(error, "code", ""), getattr(error, "type", ""), str(error)[:2000])
        return " ".join(part for part in parts if isinstance(part, str)).lower()
    except Exception:  # noqa: BLE001 - a stranger's __str__
        return ""
