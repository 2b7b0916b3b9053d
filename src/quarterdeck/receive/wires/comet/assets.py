"""
Files of a run: their names, and the text of small ones.

A larger file, or one that is no text, is refused: Quarterdeck keeps what was said of a
run, and no models, images or checkpoints.  The SDK says so in its log and goes on.
"""

from typing import Any

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.comet.spans import EXPERIMENT

_MAX_TEXT = 256 * 1024
"""Bytes: sources and samples of text are some kB, and a span must stay readable."""
_TOLD = ("assetId", "fileName", "type", "step", "extension", "context", "groupingName")


async def upload(call: Call, desk: Desk) -> Reply:
    key = call.one("experimentId") or call.one("experimentKey")
    if not 0 < len(key) <= 200:
        raise Invalid("experimentId must be a text of at most 200 characters")
    file = next((part for part in call.parts if part.name in ("file", "link")), None)
    text = _text_of(file.data) if file is not None else None
    if file is None or text is None:
        size = len(file.data) if file is not None else 0
        raise NotFound(
            f"files of text up to {_MAX_TEXT} bytes are kept;"
            f" {call.one('fileName')[:200]!r} has {size} and was not",
            code="unsupported",
        )
    body: dict[str, Any] = {name: call.one(name) for name in _TOLD if call.one(name)}
    metadata = next((part for part in call.parts if part.name == "metadata"), None)
    if metadata is not None:
        body["metadata"] = metadata.json if metadata.json is not None else _text_of(metadata.data)
    body |= {"size": len(file.data), "text": text}
    fragment = Fragment(object=EXPERIMENT + key, kind="asset", body=body)
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body={"msg": "ok", "code": 200, "assetId": call.one("assetId")})


def _text_of(data: bytes) -> str | None:
    """None for what is too large, or no text."""
    if len(data) > _MAX_TEXT or b"\x00" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None
