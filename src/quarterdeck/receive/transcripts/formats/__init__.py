"""
Every format that can be imported, in the order in which they are asked.

The order only matters for speed: no two may recognize one file (the contract kit tries all).
"""

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import otlp_json

FORMATS: tuple[Format, ...] = (otlp_json.FORMAT,)
"""Each from the file of its name."""
