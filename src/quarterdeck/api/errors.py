"""
What an error looks like to a client: the only place where HTTP statuses are chosen.

Every answer that is not a success has one body, `{"error": {"code", "message", "hint"}}`, on
every path, also for what the framework refuses itself (no such path, wrong method, a body
that is not JSON).  What goes wrong inside is logged with a number and told as `internal` with
that number: no stack, no SQL, no path of ours leaves the server.
"""

import logging
import secrets
from http import HTTPStatus
from typing import cast

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    QuarterdeckError,
    TooLarge,
    TryAgain,
    Unauthorized,
)

_LOG = logging.getLogger(__name__)

# Most special first: the first class that fits decides.
_STATUSES: tuple[tuple[type[QuarterdeckError], int], ...] = (
    (NotFound, 404),
    (Conflict, 409),
    (Invalid, 422),
    (Unauthorized, 401),
    (Forbidden, 403),
    (TooLarge, 413),
    (TryAgain, 503),
    (Misconfigured, 500),
)

# Codes that are not their class's own, where a client does better with another status.
CODE_STATUSES = {
    "bad_request": 400,
    "bad_host": 421,
    "too_many_requests": 429,
    "method_not_allowed": 405,
    "example_not_installed": 409,
    "unsupported_media_type": 415,
}

FRAMEWORK_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "bad_request",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
}

_QUOTED_LENGTH = 2000  # an error that quotes a 4 MiB value helps nobody


def status_of(error: QuarterdeckError) -> int:
    if error.code in CODE_STATUSES:
        return CODE_STATUSES[error.code]
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def error_response(error: QuarterdeckError) -> Response:
    status = status_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, TryAgain):
        headers["retry-after"] = str(error.retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED:
        headers["www-authenticate"] = 'Bearer realm="quarterdeck"'
    return _response(status, error.code, error.message, error.hint, headers)


async def answer_ours(_request: Request, error: Exception) -> Response:
    return error_response(cast(QuarterdeckError, error))


async def answer_invalid(_request: Request, error: Exception) -> Response:
    """What pydantic found in a body or a parameter; the value itself is not repeated."""
    first = cast(RequestValidationError, error).errors()[0]
    place = ".".join(str(part) for part in first.get("loc", ()))
    return _response(422, "invalid", f"{place}: {first.get('msg', 'not valid')}", "", {})


async def answer_framework(_request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    code = FRAMEWORK_CODES.get(error.status_code, "bad_request")
    hint = {
        "not_found": "docs/reference/api.md lists every path.",
        "method_not_allowed": "docs/reference/api.md lists the methods of every path.",
    }.get(code, "")
    message = {"not_found": "nothing is here", "method_not_allowed": "not with this method"}
    return _response(
        error.status_code,
        code,
        message.get(code, str(error.detail)),
        hint,
        dict(error.headers or {}),
    )


async def answer_unexpected(_request: Request, error: Exception) -> Response:
    number = secrets.token_hex(4)
    _LOG.error("internal error %s", number, exc_info=error)
    return _response(
        500,
        "internal",
        f"something went wrong inside (number {number})",
        "The server's log has the details under this number.",
        {},
    )


def _response(status: int, code: str, message: str, hint: str, headers: dict[str, str]) -> Response:
    error = {
        "code": code,
        "message": _fit(message),
        "hint": _fit(hint),
    }
    return Response(
        orjson.dumps({"error": error}),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def _fit(text: str) -> str:
    """Cut, and without lone surrogates, which are not JSON."""
    if len(text) > _QUOTED_LENGTH:
        text = text[:_QUOTED_LENGTH] + "…"
    return text.encode("utf-8", "replace").decode("utf-8")
