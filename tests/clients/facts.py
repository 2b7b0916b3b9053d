"""
Expected facts: read from `expected/`, counted, and compared with what came out of one run.

The sessions' vocabulary is that of `captures/expectation.py`; this file adds what is not in a
session: what the driver printed, prompts, datasets and experiments.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from captures.expectation import Found, differences
from clients.kept import Kept

EXPECTED = Path(__file__).resolve().parent / "expected"
GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "captures"

Facts = Mapping[str, Any]


class NotDescribedError(Exception):
    """Nobody has written down yet what must come out of this run."""


def facts_of(client: str, run: str, *, recorded: str = "") -> Facts | None:
    """
    What must come out of a run of a driver; with `recorded`, of its recording of that label.

    None where a recording is left out.  Raises `NotDescribedError`.
    """
    path = EXPECTED / f"{client}.json"
    told = json.loads(path.read_text()) if path.exists() else {}
    facts: Facts | None = told.get("runs", {}).get(run)
    if "same_as" in told:
        golden = json.loads((GOLDEN / f"{told['same_as']}.json").read_text())
        facts = {"sessions": golden["sessions"], **({} if recorded else facts or {})}
    if recorded and recorded in told.get("recorded", {}):
        changed = told["recorded"][recorded]
        return None if changed is None else {**(facts or {}), **changed}
    if facts is None:
        raise NotDescribedError(f"{path.name} says nothing of the run {run!r}")
    return _with_changes(facts)


def _with_changes(facts: Facts) -> Facts:
    """`changes`: facts of single sessions, by id or by place, that are otherwise as told
    elsewhere."""
    changes = facts.get("changes", {})
    sessions = [
        {**one, **changes.get(one["id"] or str(place), {})}
        for place, one in enumerate(facts.get("sessions", ()))
    ]
    rest = {name: value for name, value in facts.items() if name not in ("changes", "sessions")}
    return {**rest, "sessions": sessions} if "sessions" in facts else rest


def without_prints(facts: Facts) -> Facts:
    """For a recording, of which no driver printed anything."""
    return {name: value for name, value in facts.items() if not name.startswith("prints")}


def count(facts: Facts) -> int:
    """How many facts a run is held to: each told key, and each entry of a list or a mapping."""
    total = 0
    for name, value in facts.items():
        if name in ("sessions", "prompts", "datasets", "experiments"):
            total += sum(_count_row(row) for row in value) or 1
        else:
            total += _count_value(value)
    return total


def _count_row(row: Facts) -> int:
    return sum(_count_value(value) for value in row.values())


def _count_value(value: Any) -> int:
    return max(len(value), 1) if isinstance(value, list | dict) else 1


def missing(facts: Facts, sessions: Sequence[Found], kept: Kept) -> list[str]:
    """What the server should show and does not, a line each."""
    lines = list(differences(facts["sessions"], sessions)) if "sessions" in facts else []
    lines += _prompts(facts.get("prompts", ()), kept)
    lines += _datasets(facts.get("datasets", ()), kept)
    lines += _experiments(facts.get("experiments", ()), kept)
    return lines


def troubling(facts: Facts, troubles: Counter[str]) -> list[str]:
    """What went wrong during a run, but for the calls that nobody claims to answer."""
    told = facts.get("unsupported", ())
    lines = [
        f"{what}, {times} times: not answered, or not understood"
        for what, times in sorted(troubles.items())
        if what not in told
    ]
    return lines + [
        f"{call!r} should not be answered, and is" for call in told if not troubles[call]
    ]


def not_printed(facts: Facts, printed: str) -> Iterator[str]:
    """What the driver should have printed, and what it should not have, a line each."""
    wanted = facts.get("prints", ())
    for text in wanted:
        if text not in printed:
            yield f"the driver did not print {text!r}"
    for text in facts.get("prints_not", ("Traceback (most recent call last)",)):
        if text in printed:
            around = printed[max(0, printed.index(text) - 100) :][:600]
            yield f"the driver printed {text!r}: {around}"


def _prompts(wanted: Sequence[Facts], kept: Kept) -> Iterator[str]:
    for told in wanted:
        prompt = kept.prompts.get(told["name"])
        if prompt is None:
            yield f"prompt {told['name']!r} is missing from {sorted(kept.prompts)}"
            continue
        for key, value in told.items():
            got = prompt[key] if key in prompt else prompt["content"]
            if key == "labels":
                got = {label: got.get(label) for label in value}
            fits = str(value) in str(got) if key == "mentions" else got == value
            if not fits:
                yield f"prompt {told['name']!r}: {key} expected {value!r}, got {got!r}"


def _datasets(wanted: Sequence[Facts], kept: Kept) -> Iterator[str]:
    for told in wanted:
        cases = kept.datasets.get(told["name"])
        if cases is None:
            yield f"dataset {told['name']!r} is missing from {sorted(kept.datasets)}"
            continue
        if len(cases) != told.get("cases", len(cases)):
            yield f"dataset {told['name']!r}: expected {told['cases']} cases, got {len(cases)}"
        for case in told.get("includes", ()):
            if not any(all(one.get(key) == case[key] for key in case) for one in cases):
                yield f"dataset {told['name']!r}: no case {case} in {cases}"


def _experiments(wanted: Sequence[Facts], kept: Kept) -> Iterator[str]:
    for told in wanted:
        found = next((one for one in kept.experiments if _named(told["name"], one["name"])), None)
        if found is None:
            names = [one["name"] for one in kept.experiments]
            yield f"experiment {told['name']!r} is missing from {names}"
            continue
        for key in ("dataset", "runs"):
            if key in told and found[key] != told[key]:
                yield f"experiment {told['name']!r}: {key} expected {told[key]}, got {found[key]}"
        for name, value in told.get("scores", {}).items():
            got = found["scores"].get(name)
            if got is None or abs(got - value) > 1e-6:
                yield f"experiment {told['name']!r}: {name} expected {value}, got {got}"


def _named(wanted: str, name: str) -> bool:
    """Some clients add a random end to an experiment's name: `exp-*` admits it."""
    if wanted.endswith("*"):
        return name.startswith(wanted.removesuffix("*"))
    return name == wanted
