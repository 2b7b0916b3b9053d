"""Retries, fallbacks, error episodes."""

from decimal import Decimal

from assembly.made import model, session, tool
from quarterdeck.assembly.record import to_json
from quarterdeck.model.sessions import Session


def attempts(made: Session) -> list[tuple[str, str, str, str]]:
    return [(r.kind, r.source, r.target, r.reason) for r in made.retries]


def episodes(made: Session) -> list[tuple[str, str, int, str]]:
    return [(e.operation, e.target, e.errors, e.recovered_by) for e in made.episodes]


def test_the_same_model_with_the_same_input_after_a_failure_is_a_retry() -> None:
    made = session(
        model("a", 0, 1, status="error", error_type="429", input_hash="h", parent="p"),
        model("b", 2, 3, input_hash="h", parent="p"),
    )
    assert attempts(made) == [("retry", "gpt-4o", "gpt-4o", "429")]
    assert made.retries[0].earlier_span_id == "a"
    assert episodes(made) == [("model:gpt-4o", "", 1, "b")]


def test_another_family_after_a_failure_is_a_fallback_and_recovers() -> None:
    made = session(
        model("a", 0, 1, status="error", error_type="503", input_hash="h", parent="p"),
        model("b", 2, 3, input_hash="h", name="claude-4", parent="p"),
    )
    assert attempts(made) == [("fallback", "gpt-4o", "claude-4", "503")]
    assert (made.fallback_count, made.recovered_count) == (1, 1)
    assert made.episodes[0].by_fallback


def test_a_dated_variant_of_the_model_is_no_fallback() -> None:
    made = session(model("a", 0, 1, model_served="gpt-4o-2024-08-06"))
    assert made.retries == ()


def test_a_served_model_of_another_family_is_a_fallback_inside_one_span() -> None:
    made = session(model("a", 0, 1, model_served="claude-4"))
    assert attempts(made) == [("fallback", "gpt-4o", "claude-4", "served")]


def test_another_input_after_a_failure_is_no_retry_and_recovers_nothing() -> None:
    made = session(
        model("a", 0, 1, status="error", input_hash="h", last_message_hash="x", parent="p"),
        model("b", 2, 3, input_hash="i", last_message_hash="y", parent="p"),
    )
    assert made.retries == ()
    assert (made.episode_count, made.recovered_count) == (1, 0)


def test_a_parallel_success_is_no_recovery() -> None:
    made = session(
        model("a", 0, 3, status="error", input_hash="h", parent="p"),
        model("b", 1, 4, input_hash="h", parent="p"),
    )
    assert (made.retries, made.episode_count, made.recovered_count) == ((), 1, 0)


def test_equal_inputs_that_both_succeeded_are_samples_unless_the_first_was_cut_off() -> None:
    first = model("a", 0, 1, input_hash="h", parent="p")
    then = model("b", 2, 3, input_hash="h", parent="p")
    assert session(first, then).retries == ()
    cut_off = model("a", 0, 1, input_hash="h", finish_reasons=("length",), parent="p")
    assert attempts(session(cut_off, then)) == [("retry", "gpt-4o", "gpt-4o", "output")]


def test_an_output_that_was_asked_for_again_was_wasted() -> None:
    made = session(
        model("a", 0, 1, tokens=(1, 1), usd="0.25", input_hash="h", finish_reasons=("length",)),
        model("b", 2, 3, tokens=(1, 1), usd="0.5", input_hash="h"),
    )
    assert made.cost.wasted_usd == Decimal("0.25")


def test_retries_inside_one_span_are_believed() -> None:
    made = session(model("a", 0, 1, resends=2), model("b", 2, 3, attempt=2, parent="p"))
    assert made.retry_count == 3


def test_an_explicit_attempt_number_and_a_visible_first_attempt_are_one_retry() -> None:
    made = session(
        model("a", 0, 1, status="error", attempt=1, parent="p"),
        model("b", 2, 3, attempt=2, parent="p"),
    )
    assert made.retry_count == 1


def test_the_same_tool_with_equal_arguments_after_a_failure_is_a_retry() -> None:
    made = session(
        tool("a", 0, 1, "read", status="error", arguments_hash="x", target="/a"),
        tool("b", 2, 3, "read", arguments_hash="x", target="/a"),
    )
    assert attempts(made) == [("retry", "tool:read", "tool:read", "error")]
    assert episodes(made) == [("tool:read", "/a", 1, "b")]


def test_the_same_tool_on_another_target_recovers_nothing() -> None:
    made = session(
        tool("a", 0, 1, "read", status="error", target="/a"), tool("b", 2, 3, "read", target="/b")
    )
    assert episodes(made) == [("tool:read", "/a", 1, "")]
    assert (made.episode_count, made.recovered_count) == (1, 0)


def test_failures_in_a_row_are_one_episode_and_a_failure_after_recovery_is_another() -> None:
    made = session(
        tool("a", 0, 1, "read", status="error", target="/a"),
        tool("b", 2, 3, "read", status="error", target="/a"),
        tool("c", 4, 5, "read", target="/a"),
        tool("d", 6, 7, "read", status="error", target="/a"),
    )
    assert episodes(made) == [("tool:read", "/a", 2, "c"), ("tool:read", "/a", 1, "")]
    assert (made.episode_count, made.recovered_count) == (2, 1)


def test_a_failure_at_an_unknown_target_is_never_called_recovered() -> None:
    made = session(tool("a", 0, 1, "read", status="error"), tool("b", 2, 3, "read"))
    assert (made.episode_count, made.recovered_count) == (1, 0)


def test_an_interrupted_or_refused_call_is_no_failure() -> None:
    made = session(
        tool("a", 0, 1, "read", status="interrupted", target="/a"),
        tool("b", 0, 1, "read", status="blocked", target="/a"),
    )
    assert made.episode_count == 0


def test_a_retry_tells_what_had_failed() -> None:
    made = session(
        tool("a", 0, 1, "t", status="error", arguments_hash="h",
             error_type="Exception", error_message="gateway timeout"),
        tool("b", 2, 3, "t", arguments_hash="h"),
    )  # fmt: skip
    assert attempts(made) == [("retry", "tool:t", "tool:t", "Exception: gateway timeout")]


def test_an_episode_tells_what_went_wrong_first() -> None:
    made = session(
        tool("a", 0, 1, "t", status="error", target="x", error_type="IO", error_message="no disk"),
        tool("b", 2, 3, "t", status="error", target="x", error_message="no room"),
        tool("c", 4, 5, "t", status="error", target="y"),
    )
    assert [e.reason for e in made.episodes] == ["IO: no disk", ""]
    assert to_json(made)["episodes"][0]["reason"] == "IO: no disk"
    assert to_json(made)["episodes"][1]["reason"] is None
