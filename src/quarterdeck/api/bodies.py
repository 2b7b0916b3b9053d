"""
How much a caller may send, and how an answer is packed.

Bodies are counted as they arrive, whatever Content-Length says.  Answers above a kilobyte are
compressed with zstd or gzip where the caller takes it.
"""

import gzip
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
import zstandard
from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message

_WORTH_PACKING_BYTES = 1024
_ZSTD_LEVEL = 3  # about 400 MB/s on one core; higher levels save 5 % and cost a third more
_GZIP_LEVEL = 5


def limited(request: Request, max_bytes: int) -> Request:
    """The same request, which ends with 413 once more than `max_bytes` have come."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise _too_large(max_bytes)
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise _too_large(max_bytes)
        return message

    return Request(request.scope, receive)


def _too_large(max_bytes: int) -> HTTPException:
    return HTTPException(413, f"the body has more than {max_bytes} bytes")


def answer(
    request: Request, value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """
    `value` as JSON: dicts, lists, numbers, text, msgspec structs.

    Integers beyond 2**53 must already be text: the caller knows which they are.
    """
    return packed(
        request, to_json(value), status=status, media_type="application/json", headers=headers
    )


def packed(
    request: Request,
    body: bytes,
    *,
    media_type: str,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    given = dict(headers or {})
    given["vary"] = "accept-encoding"
    accepted = request.headers.get("accept-encoding", "").lower()
    if len(body) > _WORTH_PACKING_BYTES:
        if "zstd" in accepted:
            body = zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compress(body)
            given["content-encoding"] = "zstd"
        elif "gzip" in accepted:
            body = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
            given["content-encoding"] = "gzip"
    return Response(body, status_code=status, media_type=media_type, headers=given)


def again(made: Response) -> Response:
    """The same answer with headers of its own: it may be on its way to several."""
    headers = {name: value for name, value in made.headers.items() if name != "content-length"}
    return Response(made.body, status_code=made.status_code, headers=headers)


def to_json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, default=msgspec.to_builtins)
    except TypeError:
        # Content of strangers: lone surrogates, integers beyond 64 bits.
        return msgspec.json.encode(_encodable(value))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_encodable(str(key)): _encodable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_encodable(inner) for inner in value]
        case int() if not -(2**63) <= value < 2**64:
            return str(value)
        case msgspec.Struct():
            return _encodable(msgspec.to_builtins(value))
        case _:
            return value
