"""
Identifiers, one type each, so that a trace id can't be passed for a span id.

The model never makes an id: new ones are made at the edge (api, receive).  Trace and span
ids are lower-case hexadecimal of 32 and 16 digits, as OTLP/JSON writes them.
"""

import re
from hashlib import sha256
from typing import NewType

ProjectId = NewType("ProjectId", str)
SessionId = NewType("SessionId", str)
TraceId = NewType("TraceId", str)
SpanId = NewType("SpanId", str)

DEFAULT_PROJECT = ProjectId("default")
"""The project of local mode, where no credential names one."""

_PUBLIC_ID = re.compile(r"(?!\.{1,2}\Z)[A-Za-z0-9._:@~+=-]{1,256}")
"""`.` and `..` are steps of a path: no client would send them."""


def public_id(external_id: str) -> str:
    """A session's id as sent if a URL can carry it, else `sess_` and 24 hex digits of its
    SHA-256."""
    if _PUBLIC_ID.fullmatch(external_id):
        return external_id
    return "sess_" + sha256(external_id.encode("utf-8", "surrogatepass")).hexdigest()[:24]
