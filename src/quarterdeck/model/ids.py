"""
Identifiers, one type each, so that a trace id can't be passed for a span id.

The model never makes an id: new ones are made at the edge (api, receive).  Trace and span
ids are lower-case hexadecimal of 32 and 16 digits, as OTLP/JSON writes them.
"""

from typing import NewType

ProjectId = NewType("ProjectId", str)
SessionId = NewType("SessionId", str)
TraceId = NewType("TraceId", str)
SpanId = NewType("SpanId", str)

DEFAULT_PROJECT = ProjectId("default")
"""The project of local mode, where no credential names one."""
