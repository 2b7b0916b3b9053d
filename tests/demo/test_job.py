"""
What the job makes of the model's words, with words that are written here.

Whether a report is right is decided by the files, whatever was said; the real model's part is
in test_model.py, and in tests/cli/test_demo.py.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.demo.job import Ending, Job, Person, run_session
from quarterdeck.demo.model import Models, Prompt
from quarterdeck.demo.prompts import READ, READ_CLOSELY, REVIEW
from quarterdeck.demo.tasks import Task, write_shops

BAKERY = Task(shop="bakery", question="How many rolls did the bakery sell this week?")
KIOSK = Task(shop="kiosk", question="How many magazines did the kiosk sell this week?")
RIGHT = {"monday": 41, "tuesday": 38, "wednesday": 52, "thursday": 97, "friday": 64}


class Words(Models):
    """Says what a function of the prompt says."""

    def __init__(self, say: Callable[[Prompt, str], dict[str, Any]]) -> None:
        super().__init__({})
        self._say = say
        self.asked: list[Prompt] = []

    def ask(self, prompt: Prompt, asked: str, *, seed: int, temperature: float) -> dict[str, Any]:
        self.asked.append(prompt)
        return self._say(prompt, asked)


class Room:
    """Keeps what was told, and answers every question the same."""

    def __init__(self, *, says: bool = True, leaves: bool = False) -> None:
        self.lines: list[str] = []
        self.questions: list[str] = []
        self._says = says
        self._leaves = leaves

    def tell(self, who: str, what: str) -> None:
        self.lines.append(f"{who}: {what}")

    def more(self, what: str) -> None:
        self.lines[-1] += f" {what}"

    def approves(self, question: str) -> bool:
        self.questions.append(question)
        if self._leaves:
            raise KeyboardInterrupt
        return self._says


def saying(
    first: dict[str, int],
    *,
    then: dict[str, int] | None = None,
    shop: str = "bakery",
    goods: str = "rolls",
    verdict: str = "again",
) -> Words:
    """A model that counts `first` day by day, and `then` when it looks again."""
    reads, looks_again = iter(first.values()), iter((then or {}).values())

    def say(prompt: Prompt, asked: str) -> dict[str, Any]:
        if prompt is READ:
            return {"sold": next(reads)}
        if prompt is READ_CLOSELY:
            return {"words": "", "sold": next(looks_again)}
        if prompt is REVIEW:
            return {"differ": "", "verdict": verdict}
        return {"folder": shop, "count": goods}

    return Words(say)


def run(
    tmp_path: Path,
    models: Models,
    *,
    room: Room | None = None,
    task: Task = BAKERY,
    asked: bool = True,
) -> Ending:
    write_shops(tmp_path / "shops")
    job = Job(
        task,
        shops=tmp_path / "shops",
        report=tmp_path / "report.md",
        models=models,
        stage=room or Room(),
        seed=0,
    )
    return run_session(job, session_id="s", person=Person(name="ada", asked=asked))


def test_right_counts_that_a_person_lets_through_are_written(tmp_path: Path) -> None:
    room = Room()
    ending = run(tmp_path, saying(RIGHT), room=room)
    assert (ending.label, ending.reason) == ("success", "5 of 5 days agree with the till")
    report = "292 rolls, 5 of 5 days agree with the till"
    assert room.questions == [f"Write this report? {report}"]
    assert (tmp_path / "report.md").read_text() == report


def test_a_no_writes_nothing_and_is_the_outcome(tmp_path: Path) -> None:
    ending = run(tmp_path, saying(RIGHT), room=Room(says=False))
    assert (ending.label, ending.reason) == ("abandoned", "ada did not want the report")
    assert not (tmp_path / "report.md").exists()


def test_a_yes_given_beforehand_asks_nobody(tmp_path: Path) -> None:
    room = Room(says=False)
    assert run(tmp_path, saying(RIGHT), room=room, asked=False).label == "success"
    assert room.questions == []
    assert (tmp_path / "report.md").exists()


def test_the_reviewer_sends_back_the_days_that_differ_once(tmp_path: Path) -> None:
    models = saying({**RIGHT, "tuesday": 18, "friday": 3}, then={"tuesday": 38, "friday": 3})
    ending = run(tmp_path, models)
    assert (ending.label, ending.reason) == ("success_partial", "4 of 5 days agree with the till")
    assert models.asked.count(READ) == 5
    assert models.asked.count(READ_CLOSELY) == 2
    assert models.asked.count(REVIEW) == 2


def test_a_reviewer_that_passes_everything_changes_no_truth(tmp_path: Path) -> None:
    models = saying({**RIGHT, "tuesday": 18}, verdict="pass")
    assert run(tmp_path, models).label == "success_partial"
    assert models.asked.count(READ_CLOSELY) == 0


def test_a_report_that_is_mostly_wrong_is_put_before_nobody(tmp_path: Path) -> None:
    room = Room()
    wrong = dict.fromkeys(RIGHT, 1)
    ending = run(tmp_path, saying(wrong, then=wrong), room=room)
    assert ending.label == "failure"
    assert room.questions == []
    assert not (tmp_path / "report.md").exists()


def test_a_note_that_is_missing_leaves_the_report_partial(tmp_path: Path) -> None:
    models = saying(
        {"monday": 88, "tuesday": 79, "wednesday": 91, "friday": 160},
        shop="kiosk", goods="magazines",
    )  # fmt: skip
    ending = run(tmp_path, models, task=KIOSK)
    assert (ending.label, ending.recovered) == ("success_partial", False)


def test_a_note_in_an_old_encoding_is_recovered(tmp_path: Path) -> None:
    sold = {"monday": 33, "tuesday": 27, "wednesday": 19, "thursday": 45, "friday": 21}
    cafe = Task(shop="cafe", question="How many coffees did the cafe sell this week?")
    ending = run(tmp_path, saying(sold, shop="cafe", goods="coffees"), task=cafe)
    assert (ending.label, ending.recovered) == ("success", True)


def test_a_plan_for_the_wrong_folder_fails_the_check(tmp_path: Path) -> None:
    sold = {"monday": 88, "tuesday": 79, "wednesday": 91, "friday": 160}
    assert run(tmp_path, saying(sold, then=sold, shop="kiosk")).label == "failure"


def test_a_report_of_what_nobody_asked_for_is_not_written(tmp_path: Path) -> None:
    ending = run(tmp_path, saying(RIGHT, goods="pens"))
    assert (ending.label, ending.reason) == ("failure", "nobody asked for pens: not written")


def test_where_there_is_no_till_nothing_can_be_checked_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    cinema = Task(shop="cinema", question="How many rolls did the cinema sell this week?")
    ending = run(tmp_path, saying(RIGHT), task=cinema)
    assert ending.label == "failure"
    assert ending.reason.startswith("no till of a cinema")


def test_ctrl_c_is_passed_on(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, saying(RIGHT), room=Room(leaves=True))
    assert not (tmp_path / "report.md").exists()
