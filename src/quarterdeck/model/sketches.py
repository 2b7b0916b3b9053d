"""
A session in a few hundred bytes: what a list shows of it, and the decisions that it took.

Kept beside the session's record and not in it: a list reads fifty sketches, a task's tree
thousands of paths, and neither needs the record for that.
"""

from typing import Literal

import msgspec

DecisionKind = Literal[
    "tool", "parallel", "handoff", "human", "answer", "agent", "model", "retrieval",
    "guardrail", "memory", "step",
]  # fmt: skip


class Choice(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What was decided, after normalizing: equal choices of two sessions are one node."""

    kind: DecisionKind
    what: str = ""
    """The tool, the agent, what a person was asked to do."""
    target: str = ""
    """The *class* of what it was about (`cargo test`, `*.py`), never the thing itself."""
    result: str = ""
    """`ok`, `error`, `blocked`; of a person the decision."""


class Decision(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A choice at its place in a session, with all its repetitions in a row."""

    choice: Choice
    members: tuple[Choice, ...] = ()
    """Of a parallel choice: the different things that ran at once, sorted."""
    rounds: int = 1
    """How often it was taken before the session went on to something new."""
    step: int = 0
    """The first step of it."""
    cost_n: int = 0
    """Known cost of the session up to and with the first round, in billionths of a dollar."""
    waited_ns: int = 0
    """For a person, all rounds."""
    said: tuple[str, ...] = ()
    """What a person answered in words, shortened, one for each round; "" = not told."""


class Path(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """All decisions of a session, in order."""

    decisions: tuple[Decision, ...] = ()
    is_cut: bool = False
    """There were more than are kept."""


class Sketch(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    asked: str = ""
    """The beginning of what was asked first; "" = not told."""
    answered: str = ""
    """The beginning of what came back last."""
    error: str = ""
    """The last error that nothing recovered from, else the last error."""
    shape: str = ""
    """At most 120 marks, in order; `assembly/sketch.py` tells which."""
    path: str = ""
    """JSON of `Path`; "" = not yet read."""
    spans: int = 0
    """How many spans the session had when shape and path were made; 0 = not yet."""


NO_SKETCH = Sketch()
