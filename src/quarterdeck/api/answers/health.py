"""Whether the server lives and can work."""

from typing import Literal

from quarterdeck.api.answers.answer import Answer


class Alive(Answer):
    status: Literal["ok"]


class Ready(Answer):
    status: Literal["ok"]
    oldest_unprocessed_s: float
    """Age of the oldest acknowledged item that is not stored yet; 0 if there is none."""
