"""
The recorded traffic of every OTLP client gives the sessions that its driver really performed.

One expectation file per capture, written from reading the driver; what a library's telemetry
does not contain is said there under `absent`.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from captures.expectation import differences
from captures.load import items_of, recorded_requests, replay
from quarterdeck.assembly.assemble import Assembly
from quarterdeck.assembly.decision_tree import decision_tree
from quarterdeck.model.sessions import TreeNode

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "captures"
NOT_OTLP = "not_otlp.json"
CAPTURES = sorted(path.stem for path in GOLDEN.glob("*.json") if path.name != NOT_OTLP)


def expectation(capture: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((GOLDEN / f"{capture}.json").read_text())
    return read


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_capture_gives_the_sessions_that_its_driver_performed(capture: str, shared: Path) -> None:
    requests = recorded_requests(shared / "captures" / capture)
    assert requests
    found = differences(expectation(capture)["sessions"], replay(requests))
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("capture", CAPTURES)
def test_order_and_repetition_of_requests_do_not_show(capture: str, shared: Path) -> None:
    requests = recorded_requests(shared / "captures" / capture)
    once = [one.session for one in replay(requests)]
    assert [one.session for one in replay(requests[::-1])] == once
    assert [one.session for one in replay([*requests, *requests[::-1]])] == once
    assert [one.session for one in replay(requests, backwards=True)] == once


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_viewer_can_stop_at_every_act_and_handoff(capture: str, shared: Path) -> None:
    for one in replay(recorded_requests(shared / "captures" / capture)):
        assert len(one.steps) == one.session.step_count
        shown = {(step.trace_id, step.span_id) for step in one.steps}
        for act in one.session.interventions:
            assert (act.trace_id, act.span_id) in shown, act
        for handoff in one.session.handoffs:
            assert (handoff.trace_id, handoff.span_id) in shown, handoff


@pytest.mark.parametrize("capture", CAPTURES)
def test_a_request_is_decoded_as_the_recorder_decoded_it(capture: str, shared: Path) -> None:
    for request in recorded_requests(shared / "captures" / capture):
        sent = items_of(request.body, signal=request.signal, encoding=request.encoding)
        twin = items_of(request.decoded, signal=request.signal, encoding="json")
        assert len(sent) == len(twin) > 0
        for one, other in zip(sent, twin, strict=True):
            assert _without_paths(one) == _without_paths(other), request.file


def _without_paths(item: msgspec.Struct) -> bytes:
    """As JSON; the recordings' decoded form has other folder names than their bytes."""
    return re.sub(rb"/[\w.@+-]+(?:/[\w.@+-]+)+", b"/PATH", msgspec.json.encode(item))


def test_the_tree_of_a_recorded_run_shows_fallback_tools_retry_sub_agent_and_person(
    shared: Path,
) -> None:
    (one,) = replay(recorded_requests(shared / "captures" / "langsmith"))
    assembly = Assembly()
    assembly.add(one.spans)
    tree = decision_tree(assembly, assembly.session(now_ns=one.session.last_seen_ns))
    assert [(depth, node.kind, node.label) for depth, node in _walk(tree) if depth] == [
        (1, "model", "down-gpt-4o"),
        (1, "fallback", "down-gpt-4o to gpt-4o"),
        (2, "tool", "search_orders"),
        (2, "tool", "lookup_policy"),
        (2, "tool", "issue_refund"),
        (2, "retry", "issue_refund"),
        (1, "agent", "research_subagent"),
        (2, "model", "gpt-4o-mini-2024-07-18"),
        (1, "model", "my-model-7b"),
        (1, "model", "gpt-4o-2024-08-06"),
        (1, "agent", "critic"),
        (2, "model", "gpt-4o-mini-2024-07-18"),
        (1, "human", "human_approval"),
        (1, "end", "unknown"),
    ]


def _walk(node: TreeNode, depth: int = 0) -> Iterator[tuple[int, TreeNode]]:
    yield depth, node
    for child in node.children:
        yield from _walk(child, depth + 1)


def test_every_capture_has_an_expectation_or_carries_no_otlp(shared: Path) -> None:
    without = json.loads((GOLDEN / NOT_OTLP).read_text())
    folders = {path.name for path in (shared / "captures").iterdir() if path.is_dir()}
    assert folders == set(CAPTURES) | set(without)
    for name in without:
        assert not recorded_requests(shared / "captures" / name), name


@pytest.mark.xfail(
    strict=True,
    reason="The SDK leaks its context: three later sessions are children of the failed one, in "
    "its trace. A session is a set of traces here, so all four are one.",
)
def test_agentops_sessions_inside_one_trace_are_separate(shared: Path) -> None:
    sessions = replay(recorded_requests(shared / "captures" / "agentops"))
    assert len(sessions) == len(expectation("agentops")["separate_sessions"])
