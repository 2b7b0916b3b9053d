"""Which files a path means: every one that can be read, and a word about every one that can't."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.receive.transcripts.databases import is_database
from quarterdeck.receive.transcripts.files import find
from quarterdeck.receive.transcripts.follow import EVERY_FILE, Watch, files_in
from quarterdeck.receive.transcripts.importing import Importer
from quarterdeck.receive.transcripts.source import Source, decode


def names(folder: Path) -> list[str]:
    return [str(source.path.relative_to(folder)) for source in find([folder])]


def test_a_folder_means_its_regular_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("b/2", "b/10", "c", "a"):
        (tmp_path / name).touch()
    for never in (".git", "node_modules"):
        (tmp_path / never).mkdir()
        (tmp_path / never / "x").touch()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "broken").symlink_to(tmp_path / "none")
    (tmp_path / "d").symlink_to(tmp_path / "c")
    assert names(tmp_path) == ["a", "b/10", "b/2", "c"]
    assert [path.name for path in files_in([(tmp_path, EVERY_FILE)])] == ["a", "10", "2", "c", "d"]


def test_folders_in_each_other_are_walked_however_deep() -> None:
    # Not `tmp_path`: pytest can't remove as many.  A third of what Linux allows in one path.
    depth = 1_300
    with tempfile.TemporaryDirectory() as made:
        deepest = Path(made)
        for _ in range(depth):
            deepest /= "d"
            deepest.mkdir()
        (deepest / "x").touch()
        try:
            assert [source.path for source in find([Path(made)])] == [deepest / "x"]
        finally:
            (deepest / "x").unlink()
            for _ in range(depth):
                deepest.rmdir()
                deepest = deepest.parent


@pytest.mark.parametrize("name", ["pipe", "endless"])
def test_what_is_no_file_and_no_folder_is_refused_and_not_waited_for(
    name: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    with pytest.raises(Invalid, match="neither a file nor a folder"):
        find([tmp_path / name])


def test_what_lies_beside_a_session_is_opened_only_if_it_is_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "endless.jsonl").symlink_to("/dev/zero")
    for name in ("pipe.jsonl", "endless.jsonl"):
        with pytest.raises(OSError, match="not a regular file"):
            Source(tmp_path / name).open()
        assert not is_database(Source(tmp_path / name))


def test_what_is_not_there_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotFound):
        find([tmp_path, tmp_path / "none"])
    with pytest.raises(NotFound):
        find([tmp_path / "file" / "below"])


AS_NOBODY = """
import os, sys
from pathlib import Path
from quarterdeck.receive.transcripts.files import find
from quarterdeck.receive.transcripts.importing import Importer
if os.getuid() == 0:
    os.setuid(65534)
importer = Importer(send=None, placed=lambda _: None)
for source in find([Path(sys.argv[1])]):
    importer.add(source)
for bad in importer.report.bad_lines:
    print(f"{Path(bad.path).name}: {bad.message}")
print("unknown:", importer.report.unknown)
"""


def test_a_file_and_a_folder_that_may_not_be_read_are_told() -> None:
    # Not `tmp_path`: nobody else may enter that.
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "closed").mkdir()
        (folder / "secret.jsonl").touch()
        (folder / "secret.jsonl").chmod(0)
        (folder / "closed").chmod(0)
        told = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, made], capture_output=True, text=True, check=True
        ).stdout
    assert told.splitlines() == [
        f"closed: can't be read: [Errno 13] Permission denied: '{folder / 'closed'}'",
        f"secret.jsonl: can't be read: [Errno 13] Permission denied: '{folder / 'secret.jsonl'}'",
        "unknown: []",
    ]


def test_a_folder_that_goes_away_while_it_is_looked_at_ends_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    watch = Watch(lambda: files_in([(tmp_path / "gone", "*/x"), (tmp_path, "*.jsonl")]))
    assert [changed.path.name for changed in watch.look(now_ns=0)] == ["a.jsonl"]


@pytest.mark.parametrize("content", [b"\x00\x01", b"no JSON at all", b'{"a": 1}\n{"b": 2}\n'])
def test_of_what_can_not_be_one_document_only_the_beginning_is_read(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "film.bin"
    path.write_bytes(content)
    os.truncate(path, 4 * 1024 * 1024)
    source = Source(path)
    assert source.top is None
    assert "document" not in vars(source)


def test_a_document_of_any_length_does_not_take_all_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "large.json"
    path.write_text('{"a": "' + "x" * 2_000 + '"}')
    # The bound itself would take a gigabyte.
    monkeypatch.setattr("quarterdeck.receive.transcripts.source.MAX_DOCUMENT_BYTES", 1_000)
    with pytest.raises(Invalid, match="larger than 1,000 bytes"):
        _ = Source(path).document


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'{"a": "cut \ud83d"}', {"a": "cut \ufffd"}),
        (rb'{"a": "\ude00 cut"}', {"a": "\ufffd cut"}),
        (rb'["\ud83d\ude00"]', ["\U0001f600"]),
        (rb'["\ud83d\ud83d\ude00"]', ["\ufffd\U0001f600"]),
        (rb'["\\ud83d", "\\\ud83d"]', ["\\ud83d", "\\\ufffd"]),
        (rb'["\ud83d", NaN, "NaN"]', ["\ufffd", None, "NaN"]),
    ],
)
def test_a_character_cut_in_half_costs_itself_and_not_the_line(
    written: bytes, read: object
) -> None:
    assert decode(written) == read


def test_a_name_that_is_no_text_is_told(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.jsonl")).write_text("{}\n")
    importer = Importer(send=None, placed=lambda _: None)
    for source in find([tmp_path]):
        importer.add(source)
    (unknown,) = importer.report.unknown
    assert unknown.endswith("/\udcff.jsonl")
