"""
How a session ended, and who says so.

Success is claimed only from an explicit statement, a person or an evaluator; never from the
absence of errors.
"""

from typing import Literal, get_args

import msgspec

OutcomeLabel = Literal[
    "success", "success_partial", "failure", "abandoned", "interrupted", "unknown"
]
OUTCOME_LABELS: tuple[OutcomeLabel, ...] = get_args(OutcomeLabel)
OutcomeSource = Literal["agent", "human", "evaluator", "rule", ""]


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    label: OutcomeLabel = "unknown"
    source: OutcomeSource = ""
    reason: str = ""
    """The evidence, in words or as the attribute that said so."""
    author: str = ""
    at_ns: int = 0
