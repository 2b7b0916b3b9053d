"""
The answers of `/demo`: is the example installed, does it run, and what has it said?
"""

from typing import Literal

from quarterdeck.api.answers.answer import Answer, Instant


class DemoAnswer(Answer):
    installed: bool
    install: list[str]
    """Commands that install what is missing; empty: nothing is."""
    command: str
    """What does the same at a terminal."""
    state: Literal["never", "running", "ended", "failed"]
    """Of this process's last run."""
    started_at: Instant | None
    ended_at: Instant | None
    sessions: int
    """Sessions of the example in this project."""
    q: str
    """The filter that shows them."""
    lines: list[str]
    """What it said so far, the last 200 lines."""


class DemoDeletedAnswer(Answer):
    sessions: int
    """How many went."""
