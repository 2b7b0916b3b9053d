"""
The digest of a workflow version: one name for everything that it says.

SHA-256 of every file's path and bytes and of every pin.  Each text stands behind its length and
each list behind its count, so that no two different versions are written alike; files and pins are
sorted first, so that their order says nothing.  The digest therefore depends on no database, clock
or machine: the same folder and pins have it everywhere.

What a manifest looks like as JSON is no part of it: that is made of the files, and a later release
may make it otherwise.
"""

import hashlib
from collections.abc import Iterable

from quarterdeck.errors import Misconfigured
from quarterdeck.workflows.manifest import Folder, Pin

_PREFIX = "sha256:"
_FORMAT = b"quarterdeck workflow version, format 1"
"""Stands first.  Another way to write files and pins down would have another."""


def digest_of(folder: Folder, pins: Iterable[Pin] = ()) -> str:
    """`sha256:` and 64 hex digits.  A pin that is given twice counts once."""
    written = hashlib.sha256(_text(_FORMAT))
    written.update(_count(len(folder.files)))
    for path, content in sorted((path.encode(), data) for path, data in folder.files.items()):
        written.update(_text(path) + _text(content))
    told = sorted({_pin(pin) for pin in pins})
    written.update(_count(len(told)))
    for one in told:
        written.update(one)
    return _PREFIX + written.hexdigest()


def verify(folder: Folder, pins: Iterable[Pin], *, digest: str, what: str) -> None:
    """
    Raises `Misconfigured`, code `tampered`, where files and pins are not what `digest` names;
    `what` is how the message calls them ("version 3 of fraud-triage").
    """
    found = digest_of(folder, pins)
    if found != digest:
        raise tampered(what, f"its files and pins have the digest {found}, not {digest}")


def tampered(what: str, why: str) -> Misconfigured:
    """Nobody who asks can mend it: what is stored has to be put back by who runs the server."""
    return Misconfigured(
        f"{what} is not what was pushed: {why}",
        hint="It was changed where it is stored. Restore it from a backup, or push the folder "
        "again as a new version.",
        code="tampered",
    )


def file_digest(content: bytes) -> str:
    """64 hex digits: SHA-256 of one file's bytes."""
    return hashlib.sha256(content).hexdigest()


def _pin(pin: Pin) -> bytes:
    # By name: a field that a later release adds is written only where it says something.
    said = ((name, getattr(pin, name)) for name in sorted(pin.__struct_fields__))
    fields = [(name, value) for name, value in said if value not in ("", 0)]
    return _count(len(fields)) + b"".join(
        _text(name.encode()) + _text(str(value).encode("utf-8", "surrogatepass"))
        for name, value in fields
    )


def _text(content: bytes) -> bytes:
    return _count(len(content)) + content


def _count(number: int) -> bytes:
    return number.to_bytes(8, "big")
