"""Control passing between agents."""

from typing import Literal

import msgspec

HandoffKind = Literal["delegates", "hands_off", "spawns"]


class HandoffHint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one span says about a handoff; either side may be unknown ("") on that span."""

    source: str = ""
    target: str = ""
    kind: HandoffKind = "hands_off"


class Handoff(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    source: str
    target: str
    kind: HandoffKind
    """`delegates`: control returns; `hands_off`: it passes on; `spawns`: it runs beside."""
    at_ns: int
    trace_id: str = ""
    span_id: str = ""
