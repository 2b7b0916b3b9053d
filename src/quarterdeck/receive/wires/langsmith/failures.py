"""
A run's `error`: one text with the exception's repr and its traceback, Python's or JavaScript's.

    PaymentError('payment gateway timeout (HTTP 504)')\\n\\nTraceback (most recent call last): …
    Error: payment gateway timeout\\n    at …

The text is cut, never evaluated.
"""

import re
from typing import NamedTuple

_TRACEBACK = "Traceback (most recent call last)"
_PYTHON = re.compile(r"([A-Za-z_][\w.]{0,199})\((.*)\)", re.DOTALL)
_JAVASCRIPT = re.compile(r"([A-Z]\w{0,199}): (.*)", re.DOTALL)
_FRAME = re.compile(r"\n\s+at ")


class Failure(NamedTuple):
    type: str
    """"" where the text does not begin with an exception."""
    message: str
    stacktrace: str


def read_failure(error: str) -> Failure:
    said, marked, trace = error.partition(_TRACEBACK)
    if not marked:
        frame = _FRAME.search(error)
        if frame is not None:
            said, trace = error[: frame.start()], error[frame.start() :]
    said = said.strip()
    stacktrace = marked + trace
    found = _PYTHON.fullmatch(said)
    if found is not None:
        return Failure(found[1], _unquoted(found[2]), stacktrace)
    found = _JAVASCRIPT.fullmatch(said)
    if found is not None:
        return Failure(found[1], found[2].strip(), stacktrace)
    return Failure("", said, stacktrace)


def _unquoted(argument: str) -> str:
    """The words of an exception with one text; any other arguments as they are written."""
    argument = argument.strip().removesuffix(",")
    quote = argument[:1]
    inner = argument[1:-1]
    if quote not in ("'", '"') or len(argument) < 2 or not argument.endswith(quote):
        return argument
    if quote in inner.replace("\\" + quote, ""):
        return argument
    return inner.replace("\\" + quote, quote).replace("\\n", "\n").replace("\\\\", "\\")
