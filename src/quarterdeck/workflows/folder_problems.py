"""
What is wrong with a workflow's folder, and where.

A problem is told by file, line and column, as a compiler does, so that an editor can go there.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

import msgspec

Severity = Literal["error", "warning"]
Path = tuple[str | int, ...]
"""Of a value in a file: names and positions, from the root."""

MAX_PROBLEMS = 200
"""Of one severity in one file.  Who has more starts with these; a hostile folder can't make a
million."""
QUOTED = 80
"""Characters of a user's text that a message quotes: enough to know it again."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to mend."""

    file: str
    """Path in the folder."""
    line: int
    """From 1."""
    column: int
    """From 1, in characters."""
    path: str
    """In the file: `agents.triage.tools[1]`; "" is the whole file."""
    message: str
    """Ends without a period; may quote what stands there, shortened."""
    hint: str = ""
    """The next step; "" where the message says it."""
    severity: Severity = "error"
    """A folder with an error is not accepted; a warning is only told."""


class Mark(NamedTuple):
    """A place in a file, both from 1."""

    line: int
    column: int


START = Mark(1, 1)


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed file: what it says, and where it says it."""

    value: Any
    """As JSON has it: dicts with text keys, lists, texts, numbers, bools, None."""
    values: Mapping[Path, Mark]
    """Where each value begins."""
    keys: Mapping[Path, Mark]
    """Where the key of each value stands."""


EMPTY = Tree(value={}, values={}, keys={})


class Report:
    """Collects the problems of one file.  Keeps `MAX_PROBLEMS` of them, the first."""

    def __init__(self, file: str, tree: Tree = EMPTY) -> None:
        self.file = file
        self.tree = tree
        self.problems: list[Problem] = []

    def error(self, path: Path, message: str, hint: str = "") -> None:
        """Something at the value of `path`, or at the nearest thing around it that stands there."""
        self._add(self._mark(path, self.tree.values), path, message, hint, "error")

    def error_of_key(self, path: Path, message: str, hint: str = "") -> None:
        """Something about the name at `path`, not about its value."""
        self._add(self._mark(path, self.tree.keys), path, message, hint, "error")

    def warn(self, path: Path, message: str, hint: str = "") -> None:
        self._add(self._mark(path, self.tree.values), path, message, hint, "warning")

    def warn_of_key(self, path: Path, message: str, hint: str = "") -> None:
        self._add(self._mark(path, self.tree.keys), path, message, hint, "warning")

    def error_at(self, mark: Mark, message: str, hint: str = "") -> None:
        """Something at a place of the file that has no path: a syntax error."""
        self._add(mark, (), message, hint, "error")

    def _mark(self, path: Path, marks: Mapping[Path, Mark]) -> Mark:
        if path in marks:
            return marks[path]
        # A thing that is not there (a missing field) is told at the name of what lacks it.
        for length in range(len(path), -1, -1):
            found = self.tree.keys.get(path[:length]) or self.tree.values.get(path[:length])
            if found:
                return found
        return START

    def _add(self, mark: Mark, path: Path, message: str, hint: str, severity: Severity) -> None:
        if sum(problem.severity == severity for problem in self.problems) < MAX_PROBLEMS:
            self.problems.append(
                Problem(
                    file=self.file,
                    line=mark.line,
                    column=mark.column,
                    path=shown_path(path),
                    message=message,
                    hint=hint,
                    severity=severity,
                )
            )


def shown_path(path: Path) -> str:
    """`agents.triage.tools[1]`."""
    shown = ""
    for part in path:
        if isinstance(part, int):
            shown += f"[{part}]"
        elif part and all(char.isalnum() or char in "_-" for char in part):
            shown += f".{part}" if shown else part
        else:
            shown += f"[{quoted(part)}]"
    return shown


def quoted(value: Any) -> str:
    """A user's value in a message: one line, without control characters, shortened."""
    text = repr(value)
    return text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest of the known names, or with the first few of them; "" if none."""
    # A name of a megabyte is no misspelling, and comparing it takes long.
    names = list(known)
    near = difflib.get_close_matches(name[:QUOTED], names[:500], n=1)
    if near:
        return f"did you mean {near[0]}?"
    shown = ", ".join(names[:12])
    return f"there is {shown}{', …' if len(names) > 12 else ''}" if names else ""
