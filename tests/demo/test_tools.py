"""The agents' tools do what they say to real files, also where nothing is recorded."""

from pathlib import Path

import pytest

from quarterdeck.demo import tools


def test_a_report_is_compared_day_by_day(tmp_path: Path) -> None:
    till = tmp_path / "till.csv"
    till.write_text("day,sold\nmonday,41\ntuesday,38\nwednesday,52\n")
    assert tools.check_report(str(till), {"monday": 41, "tuesday": 83}) == {
        "agree": ["monday"],
        "differ": ["tuesday"],
        "no_note": ["wednesday"],
    }


def test_a_note_in_an_old_encoding_is_refused_until_it_is_converted(tmp_path: Path) -> None:
    note = tmp_path / "monday.txt"
    note.write_bytes("Café open.".encode("cp1252"))
    with pytest.raises(UnicodeDecodeError):
        tools.read_file(str(note))
    assert tools.convert_to_utf8(str(note), "cp1252") == "10 characters"
    assert tools.read_file(str(note)) == "Café open."


def test_a_report_makes_its_folder(tmp_path: Path) -> None:
    assert tools.write_report(str(tmp_path / "reports" / "a.md"), "5 rolls") == 7
    assert (tmp_path / "reports" / "a.md").read_text() == "5 rolls"


def test_folders_are_listed_sorted_and_files_are_none(tmp_path: Path) -> None:
    for name in ("kiosk", "bakery"):
        (tmp_path / name).mkdir()
    (tmp_path / "till.csv").write_text("")
    assert tools.list_folders(str(tmp_path)) == ["bakery", "kiosk"]


def test_numbers_are_added() -> None:
    assert tools.add([33, 27, 19]) == 79
