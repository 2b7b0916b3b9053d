"""The one form of every answer that is no success."""

from quarterdeck.api.answers.answer import Answer


class Problem(Answer):
    code: str
    """Stable: docs/reference/errors.md lists them."""
    message: str
    hint: str
    """The next step; empty where there is none."""


class ErrorAnswer(Answer):
    error: Problem
