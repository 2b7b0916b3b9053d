"""
Own fixtures of a format, and what each of them tells: a file beside it, `<name>.expected.txt`.

A fixture that ends in `.sql` is the database that it makes.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.transcript import BadLine, Transcript
from receive.transcripts.reading import read_file
from receive.transcripts.stories import story

GOLDEN = Path(__file__).parents[2] / "golden" / "transcripts"
_EXPECTED = ".expected.txt"


def fixtures(of: Format) -> list[str]:
    """Paths below the format's folder, of files that have an expectation."""
    folder = GOLDEN / of.name
    return sorted(
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if expectation(path).is_file() and not path.name.endswith(_EXPECTED)
    )


def expectation(path: Path) -> Path:
    return path.with_name(path.name + _EXPECTED)


def assert_tells(of: Format, fixture: str, tmp_path: Path) -> None:
    path = GOLDEN / of.name / fixture
    assert told(of, path, tmp_path) == expectation(path).read_text()


def told(of: Format, path: Path, tmp_path: Path) -> str:
    """Every session, every finding about the file and every bad line, in order."""
    source = database(path, tmp_path) if path.suffix == ".sql" else path
    lines = []
    for item in read_file(of, source):
        match item:
            case Transcript():
                lines.append(story(item))
                lines += _further(item)
            case BadLine():
                lines.append(f"bad {item.number}: {item.message}\n")
            case Finding():
                lines.append(f"of the file: {item.code}: {item.message}\n")
            case _:
                lines.append(f"{type(item).__name__}\n")
    return "".join(lines)


def _further(of: Transcript) -> list[str]:
    """What a story leaves out: judgements, totals, and who it was for."""
    lines = []
    if of.outcome is not None:
        lines.append(f"outcome {of.outcome.label} by {of.outcome.source}: {of.outcome.reason}\n")
    lines += [
        f"score {s.name} {s.value} {s.label} of {s.target_span_id or s.scope} by {s.judge}\n"
        for s in (*of.scores, *(score for entry in of.entries for score in entry.scores))
    ]
    for entry in of.entries:
        total = getattr(entry, "total", None)
        if total is not None:
            lines.append(f"total {total.model} {total.usage} ${total.recorded_cost_usd}\n")
    case = (of.case, of.trial) if of.case else ""
    marks = (of.user, of.workflow, of.workflow_version, of.environment, of.units, case)
    lines += [f"marks {[mark for mark in marks if mark]}\n"] if any(marks) else []
    return lines


def database(script: Path, folder: Path) -> Path:
    """The SQLite file that the script makes."""
    path = folder / f"{script.stem}.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA synchronous = OFF; BEGIN; {script.read_text()} COMMIT;")
    return path
