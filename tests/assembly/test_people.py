"""What people did, and how long they were waited for."""

from assembly.made import MUCH_LATER_NS, S, agent, model, session, span, tool
from quarterdeck.model.interventions import HumanAct, Intervention
from quarterdeck.model.sessions import Session


def told(made: Session) -> list[tuple[str, str, float | None]]:
    return [
        (a.kind, a.decision, None if a.waited_ns is None else a.waited_ns / S)
        for a in made.interventions
    ]


def test_a_prompt_span_and_a_decision_log_of_one_call_are_one_approval() -> None:
    made = session(
        tool("t", 0, 9, "Bash", tool_call_id="c1"),
        span("h", 1, 5, kind="human", human=HumanAct(decision="approved"), parent="t"),
        span(
            "l", 5, 5, kind="human", synthetic=True,
            human=HumanAct(decision="approved", call_id="c1", tool="Bash", by="alice"),
        ),
    )  # fmt: skip
    assert told(made) == [("approval", "approved", 4.0)]
    assert (made.interventions[0].by, made.interventions[0].tool) == ("alice", "Bash")
    assert made.intervention_kinds == {"approval": 1}


def test_an_automatic_decision_is_no_intervention() -> None:
    made = session(
        tool("t", 0, 9, "Bash", tool_call_id="c1"),
        span("h", 1, 1, kind="human", human=HumanAct(decision="approved", auto=True), parent="t"),
    )
    assert (made.interventions, made.intervention_kinds, made.waited_ns) == ((), {}, 0)


def test_an_interrupt_and_its_resume_in_another_trace_are_one_act() -> None:
    ask = HumanAct(asked="question", question="Which city?")
    made = session(
        span("r1", 0, 2, session_key="s"),
        span("i", 1, 2, status="interrupted", human=ask, parent="r1"),
        span(
            "r2", 61, 70, session_key="s", trace_id="t2",
            human=HumanAct(asked="question", answer="Oslo"),
        ),
    )  # fmt: skip
    assert told(made) == [("answer", "none", 59.0)]
    assert (made.interventions[0].question, made.interventions[0].answer) == ("Which city?", "Oslo")
    assert made.outcome.label == "unknown"


def test_an_unanswered_request_is_pending_and_the_session_waits() -> None:
    ask = span("h", 1, 2, status="interrupted", human=HumanAct(asked="question"), parent="r")
    made = session(span("r", 0, 2), ask, now_ns=3600 * S)
    assert (made.status, made.ended_ns) == ("waiting_for_human", None)
    assert (made.pending_interventions, made.intervention_kinds) == (1, {})
    assert (made.outcome.label, made.outcome.source) == ("interrupted", "rule")


def test_waiting_for_a_person_ends_after_thirty_days() -> None:
    ask = span("h", 1, 2, status="interrupted", human=HumanAct(asked="question"))
    assert session(ask, now_ns=29 * 24 * 3600 * S).status == "waiting_for_human"
    assert session(ask, now_ns=31 * 24 * 3600 * S).status == "closed"


def test_a_requested_call_that_ran_in_a_later_trace_was_approved() -> None:
    made = session(
        span(
            "a", 0, 2, status="interrupted", session_key="s",
            human=HumanAct(call_id="c1", tool="refund"),
        ),
        tool("b", 62, 63, "refund", tool_call_id="c1", trace_id="t2", session_key="s"),
    )  # fmt: skip
    assert told(made) == [("approval", "approved", 60.0)]


def test_a_requested_call_that_a_later_run_leaves_out_was_rejected() -> None:
    made = session(
        span("a", 0, 2, status="interrupted", human=HumanAct(call_id="c1", tool="refund")),
        model("b", 62, 63, trace_id="t2"),
    )
    assert told(made) == [("rejection", "rejected", 60.0)]


def test_an_approval_part_without_id_is_about_the_call_that_ran() -> None:
    made = session(
        model("a", 0, 2, asks=(("refund", "c1"),), session_key="s"),
        agent("r", 62, 70, "support", human=HumanAct(), trace_id="t2", session_key="s"),
        tool("b", 63, 64, "refund", tool_call_id="c1", trace_id="t2", parent="r"),
    )
    assert told(made) == [("approval", "approved", 60.0)]
    assert made.interventions[0].tool == "refund"


def test_a_deferred_call_without_any_word_of_approval_is_no_intervention() -> None:
    made = session(
        model("a", 0, 2, asks=(("refund", "c1"),), session_key="s"),
        tool("b", 63, 64, "refund", tool_call_id="c1", trace_id="t2", session_key="s"),
    )
    assert made.interventions == ()


def test_a_human_span_that_took_time_is_an_answer_with_its_own_wait() -> None:
    made = session(span("h", 1, 31, kind="human", human=HumanAct(asked="question")))
    assert told(made) == [("answer", "none", 30.0)]
    assert made.waited_ns == 30 * S


def test_kinds_follow_what_was_asked_and_decided() -> None:
    def kind(asked: str, decision: str) -> str:
        act = HumanAct(asked=asked, decision=decision, waited_ns=1)  # type: ignore[arg-type]
        return session(span("h", 0, 1, kind="human", human=act)).interventions[0].kind

    assert kind("approval", "approved") == "approval"
    assert kind("approval", "rejected") == "rejection"
    assert kind("approval", "modified") == "correction"
    assert kind("approval", "cancelled") == "stop"
    assert kind("edit", "approved") == "correction"
    assert kind("takeover", "none") == "takeover"
    assert kind("stop", "none") == "stop"


def test_a_request_that_timed_out_is_told_but_nobody_acted() -> None:
    act = HumanAct(decision="timeout", waited_ns=9)
    made = session(span("h", 0, 1, kind="human", human=act))
    assert [a.decision for a in made.interventions] == ["timeout"]
    assert made.intervention_kinds == {}


def test_an_act_tells_where_it_was() -> None:
    act = HumanAct(decision="approved", by="alice", waited_ns=2)
    made = session(
        agent("a", 0, 9, "coder"), span("h", 1, 3, kind="human", human=act, parent="a"),
        now_ns=MUCH_LATER_NS,
    )  # fmt: skip
    assert made.interventions == (
        Intervention(
            kind="approval", at_ns=3 * S, waited_ns=2, decision="approved", by="alice",
            agent="coder", trace_id="t1", span_id="h",
        ),
    )  # fmt: skip
