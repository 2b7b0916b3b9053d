"""Files of lines, broken in every way that a crash, a disk or another version may break them."""

import json
import tempfile
from pathlib import Path

from hypothesis import strategies as st

from quarterdeck.errors import Invalid
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.spans import to_spans
from quarterdeck.receive.transcripts.transcript import Transcript
from receive.transcripts.reading import mutilated


@st.composite
def _broken(draw: st.DrawFn, line: str) -> str:
    match draw(st.sampled_from(("mutilated", "cut", "swapped", "dropped", "doubled"))):
        case "mutilated":
            return json.dumps(draw(mutilated(json.loads(line))))
        case "cut":
            return line[: draw(st.integers(0, len(line)))]
        case "swapped":
            return draw(st.sampled_from(("null", "[]", "{}", "17", '"x"', '{"type": 3}')))
        case "doubled":
            return f"{line}\n{line}"
        case _:
            return ""


def lines_survive(of: Format, path: Path, data: st.DataObject, *, name: str = "") -> None:
    """Reading a broken copy of the file raises nothing, and what is read becomes spans."""
    lines = path.read_text().splitlines()
    places = data.draw(st.sets(st.integers(0, len(lines) - 1), min_size=1, max_size=6))
    for place in places:
        lines[place] = data.draw(_broken(lines[place]))
    ending = data.draw(st.sampled_from(("\n", "", "\x00\x00", "\n{")))
    with tempfile.TemporaryDirectory() as folder:
        broken = Path(folder) / (name or path.name)
        broken.write_text("\n".join(lines) + ending)
        source = Source(broken)
        if not of.recognizes(source):
            return
        try:
            for item in of.read(source):
                if isinstance(item, Transcript):
                    to_spans(item, placed_ns=1)
        except Invalid:
            return
