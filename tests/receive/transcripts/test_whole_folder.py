"""
Every file of the recorded data through one import: each is counted once, and what is no session is
told as such and raises nothing.
"""

from pathlib import Path

import pytest

from quarterdeck.receive.transcripts.files import find
from quarterdeck.receive.transcripts.importing import Importer
from quarterdeck.receive.transcripts.report import Report


@pytest.fixture(scope="module")
def report(shared: Path) -> Report:
    importer = Importer(send=None, placed=lambda _: None)
    for source in find([shared / "data"]):
        importer.add(source)
    importer.close()
    return importer.report


def _is_no_session(path: Path) -> bool:
    """
    Papers, runs and tables of machine learning, prices, recordings of HTTP, JSON schemas; and of
    the formats' own samples a table without rows, a test's expectation, the source that a sample
    was made from, and items that their recorder keeps as rows of a database.
    """
    folders = {"mlruns", "mlops_nannyml", "prices", "genai_schemas", "omnigent"}
    papers = path.suffix in (".md", ".yaml", ".sql") or path.name.startswith("LICENSE")
    single = {"score_golden.json", "source-v1.jsonl"}
    return papers or bool(folders & {*path.parts}) or path.name in single


def test_every_file_is_counted_once(report: Report, shared: Path) -> None:
    files = [path for path in (shared / "data").rglob("*") if path.is_file()]
    known = sum(counts.files for counts in report.formats.values())
    assert known + len(report.unknown) + len(report.belonging) == len(files)


def test_what_is_no_session_ends_as_not_known_and_nothing_else_does(
    report: Report, shared: Path
) -> None:
    files = {path for path in (shared / "data").rglob("*") if path.is_file()}
    assert {Path(shown) for shown in report.unknown} == {p for p in files if _is_no_session(p)}


def test_sidecars_belong_to_their_sessions(report: Report) -> None:
    names = {Path(shown).name for shown in report.belonging}
    assert {"meta.json", "summary.json", "signals.json", "lm-messages.jsonl"} <= names


def test_what_can_not_be_read_is_told_by_its_file(report: Report) -> None:
    whole = {Path(line.path).name for line in report.bad_lines if line.number == 0}
    assert whole == {"malformed_payload.txt", "log_invalid.txt"}
