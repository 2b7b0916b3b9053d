"""
Every format that can be imported, in the order in which they are asked.

The order only matters for speed: no two may recognize one file (the contract kit tries all).
"""

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import (
    agentrx,
    claude_code,
    openclaw,
    otlp_json,
    tau2_bench,
    who_and_when,
)

FORMATS: tuple[Format, ...] = (
    agentrx.FORMAT,
    claude_code.FORMAT,
    openclaw.FORMAT,
    otlp_json.FORMAT,
    tau2_bench.FORMAT,
    who_and_when.FORMAT,
)
"""Each from the file of its name."""
