"""
What is running: the tracer, the options and the sender of this process, or nothing.

The verbs are functions of the module `quarterdeck`, so what they act on is of the process: a
global, on purpose, and the only one beside the rim's counts.  `starting.py` sets it; everything
else reads it.  None means that the verbs do nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from opentelemetry.context import create_key

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

    from quarterdeck.sdk.options import Options
    from quarterdeck.sdk.sending.outbox import Outbox
    from quarterdeck.sdk.sending.sender import Sender

SESSION_KEY = create_key("quarterdeck-session")
"""Where an OpenTelemetry context holds the current session."""

SCOPE_NAME = "quarterdeck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    tracer: Tracer
    options: Options
    outbox: Outbox
    sender: Sender
    provider: Any
    is_ours: bool
    """Whether the provider was made here, without a sampler and with our processor alone."""


running: Running | None = None
