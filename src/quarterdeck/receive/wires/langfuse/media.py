"""
Media that an application put into a trace: taken note of, not stored.

A client asks where to upload; told that there is no need, it uploads nothing and goes on.  Its
reference (`@@@langfuseMedia:…@@@`) stays in the trace.
"""

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.members import text
from quarterdeck.receive.wire import Call, Desk, Reply

_ID_LENGTH = 22
"""Of the SHA-256 in base64: the client computes the same id and compares."""


async def get_upload_url(call: Call, _desk: Desk) -> Reply:
    given = text(call.object().get("sha256Hash"))
    if len(given) < _ID_LENGTH:
        raise Invalid("sha256Hash must be a SHA-256 in base64")
    media_id = given.replace("+", "-").replace("/", "_")[:_ID_LENGTH]
    return Reply(status=201, body={"mediaId": media_id, "uploadUrl": None})


async def get_media(call: Call, _desk: Desk) -> Reply:
    raise NotFound(f"Media {call.path['media_id']!r} is not stored")


async def note_upload(_call: Call, _desk: Desk) -> Reply:
    """Of a client that uploaded before: nothing to do."""
    return Reply(status=204)
