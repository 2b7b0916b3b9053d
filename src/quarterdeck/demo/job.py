"""
The demo's job: a planner, a worker and a reviewer answer one question from a shop's notes.

What they decide is the model's word: which folder, how many were sold on a day, whether a report
goes back.  What is true is not: a report is checked against the till, and the check is the
outcome.  A person has the last word before anything is written.

Everything that Quarterdeck learns, it learns from the calls that begin with `qd.`; take them
out and the job does the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import quarterdeck as qd
from quarterdeck.demo import tools
from quarterdeck.demo.model import Models, Prompt
from quarterdeck.demo.prompts import PLAN, READ, READ_CLOSELY, REVIEW
from quarterdeck.demo.tasks import DAYS, OLD_ENCODING, Task
from quarterdeck.errors import NotFound, QuarterdeckError


class Stage(Protocol):
    """Where the job is watched, and where the person is."""

    def tell(self, who: str, what: str) -> None:
        """`who` did something: a new line."""

    def more(self, what: str) -> None:
        """It goes on: the same line, where it fits."""

    def approves(self, question: str) -> bool:
        """Whether the report may be written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who stands beside the agents.  `asked` is False if they said yes to all beforehand."""

    name: str
    asked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What the till says about a report: its days in three lists."""

    agree: list[str]
    differ: list[str]
    no_note: list[str]

    def __str__(self) -> str:
        return f"{len(self.agree)} of {self.days} days agree with the till"

    @property
    def days(self) -> int:
        return len(self.agree) + len(self.differ) + len(self.no_note)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How one session ended, for the words after the last."""

    session_id: str
    label: str
    reason: str
    recovered: bool = False
    fell_back: bool = False


class Job:
    """
    One session's work on the folders in `shops`, to write the file `report`.

    With `seed` 0 the model says what is likeliest; another seed draws, and draws the same again.
    """

    def __init__(
        self, task: Task, *, shops: Path, report: Path, models: Models, stage: Stage, seed: int
    ) -> None:
        self.task = task
        self._shops = shops
        self._report = report
        self.models = models
        self._stage = stage
        self._seed = seed
        self._temperature = 0.0 if seed == 0 else 0.6
        self.recovered = False
        """A tool failed and worked later."""
        self.is_asking = False
        """The person is at the prompt: their Ctrl-C is the answer there, and told there."""

    def run(self, person: Person) -> tuple[str, str, str]:
        """The outcome: its label, the reason, and who says so."""
        shop, goods = self._plan()
        qd.handoff("worker", source="planner")
        counted: dict[str, int] = {}
        self._count(counted, DAYS, shop, goods, READ)
        qd.handoff("reviewer", source="worker")
        check, again = self._review(counted)
        if again:
            qd.handoff("worker", source="reviewer")
            self._count(counted, check.differ, shop, goods, READ_CLOSELY)
            qd.handoff("reviewer", source="worker")
            check, _ = self._review(counted)
        if 2 * len(check.agree) < check.days:
            return "failure", f"only {check}: not written", "evaluator"
        if goods not in self.task.question:
            return "failure", f"nobody asked for {goods}: not written", "evaluator"
        report = f"{sum(counted.values())} {goods}, {check}"
        if not self._approved(report, person):
            return "abandoned", f"{person.name} did not want the report", "human"
        qd.handoff("worker", source="reviewer")
        with qd.agent("worker", role="worker", input="write the report"):
            tools.write_report(str(self._report), report)
        qd.units(reports=1, days=len(check.agree))
        if len(check.agree) == check.days:
            return "success", str(check), "evaluator"
        return "success_partial", str(check), "evaluator"

    def _plan(self) -> tuple[str, str]:
        """The planner: which shop's folder, and what to count there."""
        with qd.agent("planner", role="planner", input=self.task.question) as planner:
            folders = tools.list_folders(str(self._shops))
            one_of_them = {**PLAN.answer, "folder": {"type": "string", "enum": folders}}
            plan = self._ask(
                replace(PLAN, answer=one_of_them),
                f"Task: {self.task.question}\nFolders: {', '.join(folders)}",
            )
            shop, goods = str(plan["folder"]), str(plan["count"])
            planner.output(f"count {goods} in {shop}")
            self._stage.tell("planner", f"count {goods} in folder {shop}")
        return shop, goods

    def _count(
        self, counted: dict[str, int], days: tuple[str, ...] | list[str], shop: str, goods: str,
        prompt: Prompt,
    ) -> None:  # fmt: skip
        """The worker: a number from each day's note, into `counted`."""
        with qd.agent("worker", role="worker", input=f"count {goods} in {shop}") as worker:
            self._stage.tell("worker", "reads:" if prompt is READ else "looks again:")
            for day in days:
                note = self._note(self._shops / shop / f"{day}.txt")
                if note is None:
                    continue
                asked = (
                    f"How many {goods} were sold?\nNote: {note}"
                    if prompt is READ
                    else f"Note: {note}\nWhich words of the note tell how many {goods} were sold?"
                )
                counted[day] = int(self._ask(prompt, asked)["sold"])
                self._stage.more(f"{day} {counted[day]},")
            total = tools.add(list(counted.values()))
            worker.output(f"{total} {goods}")
            self._stage.more(f"together {total}")

    def _note(self, path: Path) -> str | None:
        """A day's note; None if nobody wrote one.  An old encoding is put right first."""
        try:
            return tools.read_file(str(path))
        except UnicodeDecodeError:
            self._stage.more(f"({path.name} is not UTF-8: converted, and read again)")
            tools.convert_to_utf8(str(path), OLD_ENCODING)
            text = tools.read_file(str(path))
            self.recovered = True
            return text
        except FileNotFoundError:
            self._stage.more(f"({path.name} is not there)")
            return None

    def _review(self, counted: dict[str, int]) -> tuple[Check, bool]:
        """The reviewer: what the till says, and whether the worker is to look again."""
        with qd.agent("reviewer", role="reviewer", input=counted) as reviewer:
            till = self._shops / self.task.shop / "till.csv"
            try:
                check = Check(**tools.check_report(str(till), counted))
            except FileNotFoundError as error:
                self._stage.tell("reviewer", f"finds no {till.parent.name}/{till.name}")
                raise NotFound(
                    f"no till of a {self.task.shop} to check the report against: not written"
                ) from error
            differ = ", ".join(check.differ) or "none"
            said = self._ask(REVIEW, f"{check}. Differ: {differ}.")
            again = said["verdict"] == "again" and bool(check.differ)
            reviewer.output("again" if again else "pass")
            self._stage.tell("reviewer", f"{check}: {'again' if again else 'pass'}")
        return check, again

    def _approved(self, report: str, person: Person) -> bool:
        """
        The person's word.  A yes to everything given beforehand is a rule, and no person's act:
        it is recorded as a guardrail that let the call through, and no wait is claimed.
        """
        question = f"Write this report? {report}"
        if not person.asked:
            with qd.step("rule: --yes", input=question) as rule:
                rule.set("quarterdeck.kind", "guardrail")
                rule.output("every report may be written")
            self._stage.tell("--yes", f"write it: {report}")
            return True
        with qd.approval(question, tool="write_report", by=person.name) as asked:
            self.is_asking = True
            approved = self._stage.approves(question)
            self.is_asking = False
            if approved:
                asked.approved(by=person.name)
                return True
            asked.rejected(by=person.name)
            return False

    def _ask(self, prompt: Prompt, asked: str) -> dict[str, Any]:
        before = self.models.fallbacks
        said = self.models.ask(prompt, asked, seed=self._seed, temperature=self._temperature)
        if self.models.fallbacks > before:
            self._stage.more("(too long for the short context: the long one answers)")
        return said


def run_session(job: Job, *, session_id: str, person: Person) -> Ending:
    """A job as a session.  Ctrl-C is the person's act, ends it as interrupted, and is passed on."""
    fallbacks = job.models.fallbacks
    with qd.session(
        job.task.question, id=session_id, task_type="demo", user=person.name, tags=["demo"]
    ) as session:
        try:
            label, reason, source = job.run(person)
        except KeyboardInterrupt:
            if not job.is_asking:
                qd.stop(by=person.name, reason="Ctrl-C")
            session.outcome("interrupted", reason="stopped with Ctrl-C", source="human")
            raise
        except (OSError, QuarterdeckError) as error:
            label, reason, source = "failure", str(error), "agent"
        session.outcome(label, reason=reason, source=source)
    return Ending(
        session_id=session_id,
        label=label,
        reason=reason,
        recovered=job.recovered,
        fell_back=job.models.fallbacks > fallbacks,
    )
