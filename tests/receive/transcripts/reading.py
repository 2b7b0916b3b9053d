"""How the tests of the formats read a file, and break one."""

import copy
import gzip
import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ClientCall,
    ModelCall,
    Telemetry,
    ToolCall,
    Transcript,
)

Item = Transcript | Telemetry | ClientCall | Finding | BadLine


def read_file(of: Format, path: Path) -> list[Item]:
    source = Source(path)
    assert of.recognizes(source), f"{path} is not recognized"
    return list(of.read(source))


@cache
def transcripts(of: Format, path: Path) -> list[Transcript]:
    """All of a file, which has nothing that could not be read."""
    found = read_file(of, path)
    assert not [item for item in found if isinstance(item, BadLine)]
    return [item for item in found if isinstance(item, Transcript)]


@cache
def raw(path: Path) -> Any:
    """The file's JSON, read without the code under test."""
    content = path.read_bytes()
    return json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


def calls(of: Transcript) -> list[ModelCall]:
    return [entry for entry in of.entries if isinstance(entry, ModelCall)]


def tools(of: Transcript) -> list[ToolCall]:
    return [entry for entry in of.entries if isinstance(entry, ToolCall)]


def codes(of: Transcript) -> set[str]:
    return {finding.code for finding in of.findings}


_INSTEAD: tuple[Any, ...] = (
    None, "", "x", -1, 3, 1e308, 10**400, True, [], {}, [None], {"x": None}, [[]],
    "2024-13-45T99:00",
)  # fmt: skip


@st.composite
def mutilated(draw: st.DrawFn, document: Any) -> Any:
    """The document with some values replaced or left out, anywhere in it."""
    broken = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 5))):
        holder, key = None, None
        node = broken
        for _ in range(draw(st.integers(1, 9))):
            keys = list(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                break
            holder, key = node, keys[draw(st.integers(0, len(keys) - 1))]
            node = holder[key]
            if not isinstance(node, dict | list):
                break
        if holder is None:
            continue
        if draw(st.booleans()):
            del holder[key]
        else:
            holder[key] = copy.deepcopy(draw(st.sampled_from(_INSTEAD)))
    return broken


def survives(of: Format, document: Any, *, name: str = "broken.json") -> None:
    """Reading it raises nothing but `Invalid`, and what is read becomes spans."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_text(json.dumps(document))
        source = Source(path)
        if not of.recognizes(source):
            return
        try:
            for item in of.read(source):
                if isinstance(item, Transcript):
                    to_spans(item, placed_ns=1)
        except Invalid:
            return
