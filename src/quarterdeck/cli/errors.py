"""
Exit codes, chosen here and nowhere else.

| code | means |
|---|---|
| 0 | done |
| 1 | a fault of ours, or of the server: not the caller's |
| 2 | the command line itself is wrong (an unknown option, a missing argument) |
| 3 | the thing named does not exist |
| 4 | no credential, an unknown one, or one that may not do this |
| 5 | the input can never succeed as it stands |
| 6 | it exists already, or has moved on |
| 7 | nobody answered, or not now: the same command may succeed later |
| 8 | the operator must change a setting first |
| 130 | interrupted from the keyboard |

An error is told on standard error as what was wrong and what to do next, never as a
traceback: `QUARTERDECK_TRACEBACK=1` shows one, for a report.
"""

from __future__ import annotations

import os
import sys

from quarterdeck.cli.terminal import printable
from quarterdeck.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Misconfigured,
    NotFound,
    QuarterdeckError,
    TooLarge,
    TryAgain,
    Unauthorized,
)

FAULT = 1
INTERRUPTED = 130

EXIT_CODES: tuple[tuple[type[QuarterdeckError], int], ...] = (
    (NotFound, 3),
    (Unauthorized, 4),
    (Forbidden, 4),
    (Invalid, 5),
    (TooLarge, 5),
    (Conflict, 6),
    (TryAgain, 7),
    (Misconfigured, 8),
)


def exit_code(error: QuarterdeckError) -> int:
    """The first row whose class fits; `FAULT` for a bare `QuarterdeckError`."""
    return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), FAULT)


def tell(error: QuarterdeckError) -> int:
    """Print `error` for a person on standard error and return the exit code."""
    if os.environ.get("QUARTERDECK_TRACEBACK") == "1":
        raise error
    print(f"quarterdeck: {printable(error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  {printable(error.hint)}", file=sys.stderr)
    return exit_code(error)
