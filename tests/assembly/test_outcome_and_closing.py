"""How a session ended, on whose word, and when it is over."""

import pytest

from assembly.made import S, agent, model, session, span
from quarterdeck.assembly.outcome import what_failed
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.sessions import Session


def told(made: Session) -> tuple[str, str]:
    return made.outcome.label, made.outcome.source


def test_the_absence_of_errors_is_not_success() -> None:
    assert told(session(span("r", 0, 9, status="ok"))) == ("unknown", "")


def test_a_failed_root_is_a_failure_by_rule() -> None:
    made = session(span("r", 0, 9, status="error", error_type="Timeout"))
    assert told(made) == ("failure", "rule")
    assert "Timeout" in made.outcome.reason


def test_a_failure_by_rule_tells_the_error_and_its_message_once() -> None:
    both = session(span("r", 0, 9, status="error", error_type="Timeout", error_message="after 9 s"))
    assert both.outcome.reason == "the root span failed: Timeout: after 9 s"
    once = session(span("r", 0, 9, status="error", error_type="E", error_message="E: gone\n  at x"))
    assert once.outcome.reason == "the root span failed: E: gone at x"


@pytest.mark.parametrize(
    ("error_type", "message", "told"),
    [
        ("openai.BadRequestError", "BadRequestError: too long", "BadRequestError: too long"),
        ("E", "E('x')Traceback (most recent call last):\n File", "E('x')"),
        ("E", "Traceback (most recent call last):\n File", "E"),
        ("", "m" * 300, "m" * 199 + "…"),
        ("_OTHER", "", "_OTHER"),
    ],
)
def test_an_error_is_told_in_one_short_line(error_type: str, message: str, told: str) -> None:
    failed = span("r", 0, 9, status="error", error_type=error_type, error_message=message)
    assert what_failed(failed) == told


def test_a_failed_inner_span_is_not_a_failed_session() -> None:
    made = session(span("r", 0, 9, status="ok"), span("s", 1, 2, status="error", parent="r"))
    assert told(made) == ("unknown", "")


def test_the_last_trace_decides_by_rule() -> None:
    made = session(
        span("a", 0, 1, status="error", session_key="s"),
        span("b", 2, 3, status="ok", trace_id="t2", session_key="s"),
    )
    assert told(made) == ("unknown", "")


def test_what_was_told_beside_a_trace_does_not_hide_how_its_root_ended() -> None:
    """A client that tells of a trace by itself makes a root more, maybe of the same start."""
    failed = span("a", 5, 9, status="error", error_type="Timeout")
    beside = span("z", 5, 9, kind="session", synthetic=True, session_key="s")
    assert told(session(failed, beside)) == ("failure", "rule")
    assert told(session(beside)) == ("unknown", "")


def test_a_last_call_that_was_cut_off_is_a_failure_by_rule() -> None:
    made = session(span("r", 0, 9), model("m", 1, 2, finish_reasons=("length",), parent="r"))
    assert told(made) == ("failure", "rule")


def test_what_the_agent_says_beats_the_rule() -> None:
    says = Outcome(label="success_partial", source="agent", reason="2 of 14 left")
    made = session(span("r", 0, 9, status="error", outcome=says))
    assert (told(made), made.outcome.reason) == (("success_partial", "agent"), "2 of 14 left")


def test_a_person_beats_an_evaluator_and_an_evaluator_the_agent() -> None:
    root = span("r", 0, 9, outcome=Outcome(label="success", source="agent"))
    judge = Score(name="outcome", scope="session", label="failure", judge="llm", at_ns=99)
    alice = Score(
        name="outcome", scope="session", label="success_partial", judge="human", author="alice",
        at_ns=1,
    )  # fmt: skip
    assert told(session(root)) == ("success", "agent")
    assert told(session(root, scores=[judge])) == ("failure", "evaluator")
    corrected = session(root, scores=[judge, alice])
    assert (told(corrected), corrected.outcome.author) == (("success_partial", "human"), "alice")


def test_the_later_correction_of_a_person_wins() -> None:
    def says(label: str, at_ns: int) -> Score:
        return Score(
            name="outcome", scope="session", label=label, judge="human", author="a", at_ns=at_ns
        )

    root = span("r", 0, 9)
    assert told(session(root, scores=[says("success", 2), says("failure", 1)]))[0] == "success"
    assert len(session(root, scores=[says("success", 2), says("failure", 1)]).scores) == 1


def test_a_score_of_another_name_states_no_outcome() -> None:
    taste = Score(name="taste", scope="session", label="success", judge="human")
    assert told(session(span("r", 0, 9), scores=[taste])) == ("unknown", "")


def test_a_session_is_open_until_it_ended_and_was_quiet_for_a_minute() -> None:
    root = span("r", 0, 9)
    assert session(root, now_ns=60 * S).status == "open"
    done = session(root, now_ns=69 * S)
    assert (done.status, done.ended_ns) == ("closed", 9 * S)


def test_a_session_with_a_missing_parent_or_an_open_span_stays_open_until_it_is_idle() -> None:
    for waits in (span("c", 0, 9, parent="r"), span("r", 0, None), span("r", 0, 9, partial=True)):
        assert session(waits, now_ns=1000 * S).status == "open"
        assert session(waits, now_ns=1900 * S).status == "closed"


def test_a_session_span_that_ended_closes_the_session_at_once() -> None:
    whole = span("s", 0, 9, kind="session")
    assert session(whole, now_ns=9 * S).status == "closed"
    assert session(whole, span("x", 10, 11, trace_id="t2"), now_ns=12 * S).status == "open"


def test_new_data_opens_a_closed_session_again() -> None:
    first = agent("a", 0, 9, "coder", session_key="s")
    assert session(first, now_ns=500 * S).status == "closed"
    later = agent("b", 490, 495, "coder", session_key="s", trace_id="t2")
    assert session(first, later, now_ns=500 * S).status == "open"


def test_the_idle_time_is_a_setting() -> None:
    waits = span("r", 0, None)
    assert session(waits, now_ns=100 * S, idle_after_ns=50 * S).status == "closed"
