"""
A file of JSON lines, each an object; what is none becomes a `BadLine` and the rest is read.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.source import UNREADABLE, Source, decode
from quarterdeck.receive.transcripts.transcript import BadLine


class Record(NamedTuple):
    number: int
    """The line's, from 1."""
    value: dict[str, Any]


def read_records(source: Source) -> Iterator[Record | BadLine | Finding]:
    """
    In the order of the file.  A last line without an end that is no JSON is one that was being
    written when the recorder stopped: a finding, not an error.
    """
    try:
        yield from _records(source)
    except UNREADABLE as error:
        # A packed file cut short: what came before is read.
        yield Finding(code="truncated_file", message=f"the file ends early: {error}")


def _records(source: Source) -> Iterator[Record | BadLine | Finding]:
    for line in source.lines():
        try:
            value = decode(line.text)
        except Invalid as error:
            if line.ended:
                yield BadLine(source.shown, line.number, error.message)
            else:
                yield Finding(
                    code="truncated_file",
                    message=f"line {line.number}, the last, is cut off and was left out",
                )
            continue
        if isinstance(value, dict):
            yield Record(line.number, value)
        else:
            what = type(value).__name__
            yield BadLine(source.shown, line.number, f"expected an object, got a {what}")
