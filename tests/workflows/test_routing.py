"""Where a model call goes, and where after a failure."""

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.workflows.manifest import FailureKind, Manifest
from quarterdeck.workflows.routing import CURABLE, Place, Step, next_after, places_of

KINDS: tuple[FailureKind, ...] = get_args(FailureKind)


def manifest(*targets: Any, fallbacks: Any = (), **others: Any) -> Manifest:
    models = {"r": {"targets": targets, "fallbacks": fallbacks}, **others}
    return msgspec.convert({"name": "w", "agents": {"a": {}}, "models": models}, Manifest)


def target(model: str, when: str = "", retries: int = 0) -> dict[str, Any]:
    return {"model": model, "retries": retries} | ({"when": when} if when else {})


def after(of: Manifest, failure: FailureKind, *, at: int = 0, tries: int = 1, **seen: Any) -> Step:
    tried = tuple(Place("r", index) for index in range(at + 1))
    return next_after(
        of, Place("r", at), failure, tries=tries, tried=tried, variables=seen
    )  # fmt: skip


def test_targets_are_taken_in_order_where_their_condition_holds() -> None:
    known = manifest(
        target("small", "request.complexity < 0.3"),
        target("broken", "request.size > 3"),
        target("staging", "environment == 'staging'"),
        target("large"),
    )
    easy = {"request": {"complexity": 0.1, "size": "small"}}
    assert places_of(known, "r", variables=easy) == (Place("r", 0), Place("r", 3))
    assert places_of(known, "r", variables={}) == (Place("r", 3),)
    assert places_of(known, "unknown", variables={}) == ()


def test_a_curable_failure_is_tried_again_as_often_as_the_target_says() -> None:
    known = manifest(target("x", retries=2), target("y"))
    assert after(known, "timeout", tries=1).action == "retry"
    assert after(known, "timeout", tries=2).action == "retry"
    gone = after(known, "timeout", tries=3)
    assert (gone.action, gone.place) == ("next", Place("r", 1))


@pytest.mark.parametrize("failure", [kind for kind in KINDS if kind not in CURABLE])
def test_a_failure_that_no_try_cures_fails_unless_a_fallback_names_it(failure: FailureKind) -> None:
    assert after(manifest(target("x", retries=5), target("y")), failure).action == "fail"
    named = manifest(target("x", retries=5), target("y"), fallbacks=[{"on": [failure]}])
    assert after(named, failure).place == Place("r", 1)


def test_a_fallback_may_retry_fail_ask_or_go_to_another_route() -> None:
    def of(**fallback: Any) -> Manifest:
        said = [{"on": ["server_error"], **fallback}]
        big = {"targets": [target("never", "false"), target("big")]}
        return manifest(target("x"), target("y"), fallbacks=said, big=big)

    assert after(of(action="retry"), "server_error").action == "fail"
    assert after(of(action="fail"), "server_error").action == "fail"
    asked = after(of(action="ask"), "server_error")
    assert (asked.action, asked.place) == ("ask", Place("r", 1))
    assert after(of(route="big"), "server_error").place == Place("big", 1)
    assert after(of(route="big"), "timeout").place == Place("r", 1)


def test_two_routes_that_fall_back_to_each_other_end() -> None:
    there = {"targets": [target("b")], "fallbacks": [{"on": ["timeout"], "route": "r"}]}
    known = manifest(target("a"), fallbacks=[{"on": ["timeout"], "route": "s"}], s=there)
    place, tried = Place("r", 0), [Place("r", 0)]
    step = next_after(known, place, "timeout", tries=1, tried=tried, variables={})
    assert step.place == Place("s", 0)
    tried.append(Place("s", 0))
    last = next_after(known, Place("s", 0), "timeout", tries=1, tried=tried, variables={})
    assert (last.action, last.place) == ("fail", None)


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=5),
    st.lists(st.sampled_from(KINDS), min_size=60, max_size=60),
    st.lists(st.sampled_from(KINDS), max_size=3, unique=True),
)
def test_every_call_ends(
    retries: list[int], failures: list[FailureKind], named: list[FailureKind]
) -> None:
    known = manifest(
        *(target(f"m{at}", retries=count) for at, count in enumerate(retries)),
        fallbacks=[{"on": named}] if named else [],
    )
    place, tries, tried = Place("r", 0), 1, [Place("r", 0)]
    for failure in failures:
        step = next_after(known, place, failure, tries=tries, tried=tried, variables={})
        if step.place is None:
            return
        tries = tries + 1 if step.action == "retry" else 1
        if step.action == "next":
            assert step.place not in tried
            tried.append(step.place)
        place = step.place
    raise AssertionError("60 failures, and it still goes on")
