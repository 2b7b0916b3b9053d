"""
What each agent of the demo is told, and the shape that its answer must have.

A model of this size follows an example better than an instruction, so each has one or two.
None of them is about the demo's own shops.
"""

from quarterdeck.demo.model import Prompt

PLAN = Prompt(
    part="You are the planner. Choose the folder that the task needs and what to count. "
    "Answer in JSON.",
    examples=(
        (
            "Task: How many lamps did the station sell this week?\nFolders: garage, hotel, station",
            '{"folder": "station", "count": "lamps"}',
        ),
    ),
    answer={"folder": {"type": "string"}, "count": {"type": "string", "maxLength": 12}},
)

_NUMBER = {"type": "integer", "minimum": 0, "maximum": 999}

READ = Prompt(
    part="You read a shop's day notes. Answer in JSON.",
    examples=(
        (
            "How many buns were sold?\nNote: A quiet day. We sold 9 buns and gave one away.",
            '{"sold": 9}',
        ),
    ),
    answer={"sold": _NUMBER},
)

READ_CLOSELY = Prompt(
    part=READ.part,
    examples=(
        (
            (
                "Note: 40 people came in. We sold 9 buns and gave one away.\n"
                "Which words of the note tell how many buns were sold?"
            ),
            '{"words": "We sold 9 buns", "sold": 9}',
        ),
    ),
    answer={"words": {"type": "string", "maxLength": 60}, "sold": _NUMBER},
)
"""Quoting first makes a small model look at the right place; it takes three times as long."""

REVIEW = Prompt(
    part="You review reports. A report that differs is done again. Answer in JSON.",
    examples=(
        (
            "2 of 3 days agree with the till. Differ: tuesday.",
            '{"differ": "tuesday", "verdict": "again"}',
        ),
        (
            "3 of 3 days agree with the till. Differ: none.",
            '{"differ": "none", "verdict": "pass"}',
        ),
    ),
    answer={
        "differ": {"type": "string", "maxLength": 60},
        "verdict": {"type": "string", "enum": ["pass", "again"]},
    },
)
