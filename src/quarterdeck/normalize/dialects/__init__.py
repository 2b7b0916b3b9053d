"""
All dialects, in order of precedence: the order decides ties of rank, and who adjusts first.

Our own attributes come first, since a user sets them on purpose; frameworks come before the
conventions that they build on, so that the more specific one is named first.
"""

from quarterdeck.normalize.dialect import Dialect
from quarterdeck.normalize.dialects import (
    otel_genai,
    quarterdeck,
)

DIALECTS: tuple[Dialect, ...] = (
    quarterdeck.DIALECT,
    # -- what a sender's own library says about itself
    # -- conventions that many libraries share
    otel_genai.DIALECT,
)
