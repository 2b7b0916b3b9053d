"""Who gets the candidate while a release has a share."""

import math

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.workflows.assign import arm_of, bucket_of, sticky_key

TEXT = st.text(max_size=40)
SHARES = st.integers(min_value=0, max_value=10_000)


def test_buckets_are_those_that_any_language_computes_from_the_definition() -> None:
    # printf 'rel_1\0s-1' | sha256sum, as one number, modulo 10,000
    assert bucket_of(release_id="rel_1", key="s-1") == 7190
    assert bucket_of(release_id="rel_2", key="s-1") == 9187
    assert bucket_of(release_id="rel_1", key="") == 1473


def test_a_share_gives_so_many_of_the_keys_as_it_says() -> None:
    keys = 20_000
    for share_bp in (1, 100, 1_000, 2_000, 5_000, 9_999):
        got = sum(
            arm_of(release_id="rel_a", share_bp=share_bp, sticky_by="session", session_id=f"s-{n}")
            == "candidate"
            for n in range(keys)
        )
        share = share_bp / 10_000
        # Five standard deviations of a binomial: once in two million for a fair assignment.
        assert abs(got - keys * share) <= 5 * math.sqrt(keys * share * (1 - share)) + 1, share_bp


def test_two_releases_choose_their_users_independently() -> None:
    both = sum(
        bucket_of(release_id="rel_a", key=f"u-{n}") < 2_000
        and bucket_of(release_id="rel_b", key=f"u-{n}") < 2_000
        for n in range(20_000)
    )
    assert abs(both - 800) <= 5 * math.sqrt(20_000 * 0.04 * 0.96)


@given(release_id=TEXT, key=TEXT, one=SHARES, other=SHARES)
def test_a_larger_share_keeps_who_was_in(release_id: str, key: str, one: int, other: int) -> None:
    small, large = sorted((one, other))
    arms = [
        arm_of(release_id=release_id, share_bp=share, sticky_by="session", session_id=key)
        for share in (small, large)
    ]
    assert arms != ["candidate", "stable"]


@given(release_id=TEXT, share=SHARES, user=st.text(min_size=1), sessions=st.lists(TEXT, min_size=2))
def test_a_user_has_one_arm_in_all_sessions(
    release_id: str, share: int, user: str, sessions: list[str]
) -> None:
    arms = {
        arm_of(
            release_id=release_id, share_bp=share, sticky_by="user", session_id=session, user=user
        )
        for session in sessions
    }
    assert len(arms) == 1


def test_without_a_user_or_a_task_the_session_decides() -> None:
    assert sticky_key(sticky_by="user", session_id="s", user="u", task="t") == "u"
    assert sticky_key(sticky_by="task", session_id="s", user="u", task="t") == "t"
    assert sticky_key(sticky_by="user", session_id="s", task="t") == "s"
    assert sticky_key(sticky_by="task", session_id="s", user="u") == "s"
    assert sticky_key(sticky_by="session", session_id="s", user="u", task="t") == "s"


def test_nothing_to_go_by_and_no_release_give_the_stable_version() -> None:
    whole = {"share_bp": 10_000, "sticky_by": "user"}
    assert arm_of(release_id="rel", session_id="", **whole) == "stable"  # type: ignore[arg-type]  # a dict's values
    assert arm_of(release_id="", session_id="s", **whole) == "stable"  # type: ignore[arg-type]
    assert arm_of(release_id="rel", session_id="s", **whole) == "candidate"  # type: ignore[arg-type]
