"""
Attachments: files beside rows, uploaded to an address that the server gives.

They are not stored: there is no store for files yet.  The client is not told to fail, since its
`flush` would raise into the application; the row keeps the reference, and its session says that
the file behind it is not here.  Reading one back is refused.
"""

import secrets
from collections.abc import Iterator
from typing import Any

from quarterdeck.errors import NotFound
from quarterdeck.receive.wire import Call, Desk, Reply

_MAX_NODES = 2000
"""Objects and lists of a row that are looked at for references: hundreds of messages."""
_CONTAINERS = (dict, list)
_MAX_NAMED = 5


async def give_address(call: Call, _desk: Desk) -> Reply:
    """The bytes come without a key, as they would to a bucket."""
    told = call.object().get("content_type")
    content_type = told if isinstance(told, str) and told else "application/octet-stream"
    return Reply(
        body={
            "signedUrl": f"{call.base_url}/attachment/forgotten/{secrets.token_hex(8)}",
            "headers": {"Content-Type": content_type},
        }
    )


async def forget(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={})


async def note_status(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={})


async def show(call: Call, _desk: Desk) -> Reply:
    raise NotFound(f"attachment {call.one('key')[:80]!r} is not stored on this server")


def missing_files(*values: Any) -> str:
    """What to say of files that these values refer to; "" = of none."""
    names = [name for value in values for name in _names_in(value)]
    if not names:
        return ""
    shown = ", ".join(names[:_MAX_NAMED]) + (", …" if len(names) > _MAX_NAMED else "")
    count = "1 attachment is" if len(names) == 1 else f"{len(names)} attachments are"
    return f"{count} not stored on this server: {shown}"


def _names_in(value: Any) -> Iterator[str]:
    waiting, seen = [value], 0
    while waiting and seen < _MAX_NODES:
        seen += 1
        one = waiting.pop()
        if type(one) is dict:
            if one.get("type") == "braintrust_attachment":
                yield str(one.get("filename") or one.get("key") or "file")[:100]
                continue
            one = one.values()
        elif type(one) is not list:
            continue
        waiting.extend(inner for inner in one if type(inner) in _CONTAINERS)
