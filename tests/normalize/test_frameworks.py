"""
What whole runs of frameworks and coding agents come to: one session, counted once.

The golden files under `golden/normalize` and `golden/logs` hold OTLP as the library sends it;
`expected_sessions` (by first span) and `expected_spans` (in time order, for records that become
spans and whose ids are ours) were written down from the reference, not from a run.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from captures.load import Recorded, ReplayedSession, replay
from quarterdeck.model.spans import Span

_GOLDEN = Path(__file__).parent.parent / "golden"
_FILES = sorted(
    path
    for folder in ("normalize", "logs")
    for path in (_GOLDEN / folder).glob("*.json")
    if '"expected_sessions"' in path.read_text()
)


def _sessions(golden: dict[str, Any], *, backwards: bool = False) -> list[ReplayedSession]:
    requests = [
        Recorded(str(number), one["signal"], "json", json.dumps(one["body"]).encode(), b"")
        for number, one in enumerate(golden["requests"])
    ]
    return list(replay(reversed(requests) if backwards else requests))


def _told(value: Any) -> dict[str, Any]:
    # Defaults are left out of the JSON; these two are not empty.
    return {"kind": "step", "status": "unset", **json.loads(msgspec.json.encode(value))}


def _lacks(found: Any, expected: Any, path: str) -> list[str]:
    """Where `found` is not what `expected` names; empty values of all types are equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            line
            for key, value in expected.items()
            for line in _lacks(found.get(key), value, f"{path}.{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(found) == len(expected):
        return [
            line
            for at, value in enumerate(expected)
            for line in _lacks(found[at], value, f"{path}[{at}]")
        ]
    empty: tuple[Any, ...] = ("", [], {}, None, False, 0)
    if found == expected or (expected in empty and found in empty):
        return []
    return [f"{path}: expected {expected!r}, found {found!r}"]


def _decimals(session: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Money as text with as many digits as the expectation has."""
    cost = dict(session.get("cost", {}))
    for name, value in expected.get("cost", {}).items():
        digits = len(value.partition(".")[2])
        cost[name] = f"{float(cost[name]):.{digits}f}" if cost.get(name) is not None else None
    return {**session, "cost": cost}


def _when(span: Span) -> tuple[int, bool, str]:
    return span.start_ns, span.synthetic, span.span_name


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize("backwards", [False, True], ids=["in_order", "backwards"])
def test_a_run_is_the_session_that_the_reference_describes(path: Path, *, backwards: bool) -> None:
    golden = json.loads(path.read_text())
    expected = golden["expected_sessions"]
    replayed = _sessions(golden, backwards=backwards)
    assert len(replayed) == len(expected), [one.session.session_id for one in replayed]
    wrong = [
        line
        for one, wanted in zip(replayed, expected, strict=True)
        for line in _lacks(_decimals(_told(one.session), wanted), wanted, one.session.session_id)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "path", [p for p in _FILES if '"expected_spans"' in p.read_text()], ids=lambda path: path.stem
)
def test_records_become_the_spans_that_the_reference_describes(path: Path) -> None:
    golden = json.loads(path.read_text())
    spans = sorted((s for one in _sessions(golden) for s in one.spans), key=_when)
    expected = golden["expected_spans"]
    assert len(spans) == len(expected), [(s.span_name, s.kind) for s in spans]
    wrong = [
        line
        for at, (span, wanted) in enumerate(zip(spans, expected, strict=True))
        for line in _lacks(_told(span), wanted, f"{at} {span.span_name}")
    ]
    assert not wrong, "\n".join(wrong)
