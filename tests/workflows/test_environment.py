"""What an environment runs after a move."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.workflows.environment import (
    Asked,
    Happened,
    Kind,
    Refusal,
    State,
    next_state,
    stable_stack,
)


class Environment:
    """Moves one after the other, as the records keep them."""

    def __init__(self) -> None:
        self.state: State | None = None
        self.history: list[Happened] = []
        self.releases = 0

    def ask(self, kind: Kind, version: int | None = None, **more: Any) -> State | Refusal:
        if kind == "canary":
            self.releases += 1
            more["release_id"] = f"rel_{self.releases}"
        after = next_state(
            self.state, Asked(kind=kind, version=version, **more), tuple(self.history)
        )
        if isinstance(after, State):
            self.state = after
            self.history.append(Happened(kind=kind, stable=after.stable))
        return after

    def must(self, kind: Kind, version: int | None = None, **more: Any) -> State:
        after = self.ask(kind, version, **more)
        assert isinstance(after, State), after
        return after

    def refused(self, kind: Kind, version: int | None = None, **more: Any) -> str:
        after = self.ask(kind, version, **more)
        assert isinstance(after, Refusal), after
        return after.name


@pytest.fixture
def running() -> Environment:
    made = Environment()
    made.must("release", 13)
    return made


@pytest.fixture
def canary(running: Environment) -> Environment:
    running.must("canary", 14, share_bp=1_000, sticky_by="user", auto=True, rule={"level": 0.05})
    return running


def test_a_release_gives_everything_to_one_version(running: Environment) -> None:
    assert running.state == State(stable=13)
    assert running.must("release", 14) == State(stable=14)


def test_two_rollbacks_go_two_back_and_a_third_has_nothing() -> None:
    made = Environment()
    for version in (11, 12, 13):
        made.must("release", version)
    assert made.must("rollback").stable == 12
    assert made.must("rollback").stable == 11
    assert made.refused("rollback") == "nothing_earlier"


def test_after_a_rollback_the_next_release_has_what_was_rolled_back_to_before_it() -> None:
    made = Environment()
    for version in (11, 12):
        made.must("release", version)
    made.must("rollback")
    made.must("release", 13)
    assert made.must("rollback").stable == 11


def test_a_rollback_of_a_canary_returns_to_the_stable_version_and_the_next_one_goes_on() -> None:
    made = Environment()
    made.must("release", 12)
    made.must("release", 13)
    made.must("canary", 14, share_bp=2_000)
    assert made.must("rollback") == State(stable=13)
    assert made.must("rollback") == State(stable=12)


def test_a_promotion_is_rolled_back_to_what_was_stable_beside_it(canary: Environment) -> None:
    assert canary.must("promote") == State(stable=14)
    assert canary.must("rollback") == State(stable=13)


def test_a_canary_keeps_what_it_began_with_while_its_share_grows(canary: Environment) -> None:
    before = canary.state
    after = canary.must("share", share_bp=2_500)
    assert after == State(
        stable=13, candidate=14, share_bp=2_500, sticky_by="user", release_id="rel_1", auto=True,
        rule={"level": 0.05},
    )  # fmt: skip
    # Less exposure is never refused.
    assert canary.must("share", share_bp=1_000) == before
    assert canary.refused("share", share_bp=1_000) == "same_share"
    assert not canary.must("share", share_bp=1_000, auto=False).auto


def test_a_held_release_is_resumed_promoted_or_rolled_back_and_nothing_else(
    canary: Environment,
) -> None:
    held = canary.must("hold")
    assert (held.held, held.share_bp) == (True, 1_000)
    assert canary.refused("hold") == "held"
    assert canary.refused("share", share_bp=5_000) == "held"
    resumed = canary.must("resume", auto=False)
    assert (resumed.held, resumed.auto) == (False, False)
    assert canary.refused("resume") == "not_held"
    canary.must("hold")
    assert canary.must("promote") == State(stable=14)


def test_what_would_change_nothing_is_refused(canary: Environment) -> None:
    assert canary.refused("release", 14) == "canary_runs"
    assert canary.refused("release", 13) == "canary_runs"
    assert canary.refused("canary", 13, share_bp=10) == "already_runs"
    assert canary.refused("canary", 14, share_bp=10) == "already_candidate"
    assert canary.refused("canary", 15, share_bp=10) == "canary_runs"
    canary.must("rollback")
    assert canary.refused("release", 13) == "already_runs"
    for kind in ("hold", "resume", "promote"):
        assert canary.refused(kind) == "no_canary"
    assert canary.refused("share", share_bp=5) == "no_canary"


def test_a_release_of_a_third_version_ends_the_canary(canary: Environment) -> None:
    assert canary.must("release", 15) == State(stable=15)
    assert canary.must("rollback") == State(stable=13)


def test_a_canary_needs_something_beside_it() -> None:
    assert Environment().refused("canary", 1, share_bp=100) == "nothing_runs"
    assert Environment().refused("rollback") == "nothing_earlier"
    assert Environment().refused("promote") == "no_canary"


@pytest.mark.parametrize(
    ("kind", "told", "name"),
    [
        ("release", {}, "incomplete"),
        ("canary", {"version": 2}, "incomplete"),
        ("canary", {"share_bp": 100}, "incomplete"),
        ("share", {}, "incomplete"),
        ("release", {"version": 2, "share_bp": 100}, "not_for_this"),
        ("rollback", {"version": 2}, "not_for_this"),
        ("share", {"share_bp": 100, "sticky_by": "user"}, "not_for_this"),
        ("hold", {"auto": False}, "not_for_this"),
        ("canary", {"version": 2, "share_bp": 0}, "share"),
        ("canary", {"version": 2, "share_bp": 10_000}, "share"),
        ("share", {"share_bp": -1}, "share"),
    ],
)
def test_a_request_says_what_its_kind_needs_and_nothing_else(
    running: Environment, kind: Kind, told: dict[str, Any], name: str
) -> None:
    assert running.refused(kind, **told) == name
    assert running.state == State(stable=13)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(
            ["release", "release", "canary", "share", "hold", "resume", "promote", "rollback"]
        ),
        st.integers(1, 4),
        st.integers(1, 9_999),
    ),
    max_size=40,
)


@given(moves=MOVES)
def test_any_moves_keep_one_stack_of_stable_versions(moves: list[tuple[Kind, int, int]]) -> None:
    """Beside a model that is nothing but the stack and the candidate."""
    made = Environment()
    stack: list[int] = []
    candidate: int | None = None
    for kind, version, share_bp in moves:
        takes = {
            "release": {"version": version},
            "canary": {"version": version, "share_bp": share_bp},
            "share": {"share_bp": share_bp},
        }.get(kind, {})
        before = made.state
        after = made.ask(kind, **takes)
        if isinstance(after, Refusal):
            assert made.state == before
            continue
        match kind:
            case "release":
                assert [version] != stack[-1:]
                assert version != candidate
                stack.append(version)
                candidate = None
            case "canary":
                assert version != stack[-1]
                candidate = version
            case "promote":
                assert candidate is not None
                stack.append(candidate)
                candidate = None
            case "rollback":
                if candidate is None:
                    stack.pop()
                candidate = None
        assert (after.stable, after.candidate) == (stack[-1], candidate)
        assert stable_stack(made.history) == stack
        assert bool(after.share_bp) == (candidate is not None) == bool(after.release_id)
        assert candidate is not None or not (after.auto or after.held or after.rule)
        assert after != before


@given(moves=MOVES)
def test_rollbacks_in_a_row_go_down_the_stack_to_the_first(
    moves: list[tuple[Kind, int, int]],
) -> None:
    made = Environment()
    for kind, version, _ in moves:
        if kind in ("release", "rollback"):
            made.ask(kind, version if kind == "release" else None)
    stack = stable_stack(made.history)
    seen = []
    while isinstance(after := made.ask("rollback"), State):
        seen.append(after.stable)
    assert seen == stack[-2::-1]
