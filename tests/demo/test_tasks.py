"""The demo's files are what its story says, on disk."""

import csv
from pathlib import Path

import pytest

from quarterdeck.demo.tasks import DAYS, OLD_ENCODING, TASKS, write_shops


@pytest.fixture
def shops(tmp_path: Path) -> Path:
    write_shops(tmp_path / "shops")
    return tmp_path / "shops"


def test_every_shop_has_a_till_of_five_days(shops: Path) -> None:
    for shop in shops.iterdir():
        with (shop / "till.csv").open(newline="") as till:
            assert tuple(row["day"] for row in csv.DictReader(till)) == DAYS


def test_one_note_is_in_an_old_encoding_and_the_others_are_utf_8(shops: Path) -> None:
    unreadable = []
    for note in sorted(shops.glob("*/*.txt")):
        try:
            note.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            unreadable.append(f"{note.parent.name}/{note.name}")
    assert unreadable == ["cafe/monday.txt"]
    assert (shops / "cafe" / "monday.txt").read_text(encoding=OLD_ENCODING).startswith("Café")


def test_one_note_was_never_written(shops: Path) -> None:
    missing = [
        f"{shop.name}/{day}"
        for shop in sorted(shops.iterdir())
        for day in DAYS
        if not (shop / f"{day}.txt").exists()
    ]
    assert missing == ["kiosk/thursday"]


def test_one_task_has_no_folder(shops: Path) -> None:
    assert [task.shop for task in TASKS if not (shops / task.shop).is_dir()] == ["cinema"]
