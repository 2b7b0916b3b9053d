"""Tokens and money are counted once, whoever tells them."""

from decimal import Decimal

from assembly.made import agent, model, session, span
from quarterdeck.model.sessions import Session
from quarterdeck.model.usage import Charge, Usage


def counted(made: Session) -> list[tuple[str, int, int, int]]:
    return [(u.model, u.calls, u.input_tokens, u.output_tokens) for u in made.models]


def test_a_callback_over_a_provider_span_is_one_call() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10), usd="0.5"),
        model("b", 1, 3, tokens=(100, 10), usd="0.5", parent="a"),
    )
    assert counted(made) == [("gpt-4o", 1, 100, 10)]
    assert made.cost.total_usd == Decimal("0.5")


def test_nested_spans_with_one_response_id_are_one_call_though_their_tokens_differ() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10), response_id="r"),
        model("b", 1, 3, tokens=(90, 12), response_id="r", parent="a"),
    )
    assert counted(made) == [("gpt-4o", 1, 90, 12)]


def test_a_nested_call_of_another_family_is_a_call_of_its_own() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10)),
        model("b", 1, 3, tokens=(100, 10), name="claude-4", parent="a"),
    )
    assert counted(made) == [("claude-4", 1, 100, 10), ("gpt-4o", 1, 100, 10)]


def test_two_attempts_inside_one_model_span_are_two_calls_and_the_outer_is_none() -> None:
    made = session(
        model("a", 0, 9, tokens=(100, 10)),
        model("b", 1, 3, tokens=(100, 0), status="error", parent="a"),
        model("c", 4, 8, tokens=(100, 10), parent="a"),
    )
    assert counted(made) == [("gpt-4o", 2, 200, 10)]


def test_a_wrapper_without_tokens_is_no_call() -> None:
    made = session(model("a", 0, 4), model("b", 1, 3, tokens=(7, 3), parent="a"))
    assert counted(made) == [("gpt-4o", 1, 7, 3)]


def test_a_nested_span_without_tokens_is_the_call_around_it() -> None:
    made = session(model("a", 0, 4, tokens=(7, 3)), model("b", 1, 3, parent="a"))
    assert counted(made) == [("gpt-4o", 1, 7, 3)]


def test_two_libraries_beside_each_other_are_one_call_and_cache_details_win() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10), scope="x", parent="p"),
        span(
            "b", 0.1, 4, kind="model", model_requested="gpt-4o", scope="y", parent="p",
            usage=Usage(input_tokens=100, output_tokens=10, cache_read_tokens=80),
        ),
    )  # fmt: skip
    assert counted(made) == [("gpt-4o", 1, 100, 10)]
    assert made.models[0].cache_read_tokens == 80


def test_parallel_samples_of_one_library_with_equal_tokens_are_two_calls() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10), scope="x", parent="p"),
        model("b", 0, 4, tokens=(100, 10), scope="x", parent="p"),
    )
    assert counted(made) == [("gpt-4o", 2, 200, 20)]


def test_a_constant_response_id_does_not_fold_calls_that_follow_each_other() -> None:
    made = session(
        model("a", 0, 1, tokens=(5, 1), response_id="fake"),
        model("b", 2, 3, tokens=(5, 1), response_id="fake"),
    )
    assert counted(made) == [("gpt-4o", 2, 10, 2)]


def test_a_log_and_a_span_of_one_request_count_once_with_the_cost_of_the_log() -> None:
    log = span(
        "l", 3, 3, kind="model", model_requested="gpt-4o", response_id="r", synthetic=True,
        usage=Usage(input_tokens=100, output_tokens=10),
        charge=Charge(usd=Decimal("0.7"), reported_usd=Decimal("0.7")),
    )  # fmt: skip
    made = session(model("a", 0, 4, tokens=(100, 10), usd="0.5", response_id="r"), log)
    assert counted(made) == [("gpt-4o", 1, 100, 10)]
    assert made.cost.total_usd == made.cost.reported_usd == Decimal("0.7")


def test_an_agents_total_is_not_added_to_its_calls() -> None:
    made = session(
        agent("a", 0, 9, "coder", usage=Usage(input_tokens=300, output_tokens=30)),
        model("b", 1, 3, tokens=(100, 10), parent="a"),
        model("c", 4, 6, tokens=(200, 20), parent="a"),
    )
    assert counted(made) == [("gpt-4o", 2, 300, 30)]


def test_an_agents_total_counts_when_no_call_below_it_was_sent() -> None:
    made = session(
        agent(
            "a", 0, 9, "cli", model_requested="claude-4",
            usage=Usage(input_tokens=300, output_tokens=30),
        )
    )  # fmt: skip
    assert counted(made) == [("claude-4", 1, 300, 30)]


def test_an_agents_total_stands_in_for_calls_that_told_no_tokens() -> None:
    made = session(
        agent("a", 0, 9, "crew", usage=Usage(input_tokens=300, output_tokens=30)),
        model("b", 1, 3, parent="a"),
    )
    assert [(u.model, u.calls, u.input_tokens) for u in made.models] == [
        ("", 0, 300), ("gpt-4o", 1, 0),
    ]  # fmt: skip


def test_of_nested_totals_the_innermost_counts() -> None:
    usage = Usage(input_tokens=300, output_tokens=30)
    made = session(
        agent("a", 0, 9, "crew", usage=usage), agent("b", 1, 8, "coder", usage=usage, parent="a")
    )
    assert counted(made) == [("", 1, 300, 30)]


def test_a_usage_span_beside_a_call_with_tokens_does_not_count() -> None:
    made = session(
        model("a", 0, 4, tokens=(100, 10), parent="p"),
        span("b", 4, 4, kind="step", usage=Usage(input_tokens=100, output_tokens=10), parent="p"),
    )
    assert counted(made) == [("gpt-4o", 1, 100, 10)]


def test_totals_made_from_metrics_count_only_if_nothing_else_does() -> None:
    metric = span(
        "m", 5, 5, kind="model", model_requested="gpt-4o", synthetic=True, usage_is_aggregate=True,
        usage=Usage(input_tokens=900, output_tokens=90), trace_id="t2",
    )  # fmt: skip
    assert counted(session(metric)) == [("gpt-4o", 1, 900, 90)]
    assert counted(session(metric, model("a", 0, 4, tokens=(100, 10)))) == [("gpt-4o", 1, 100, 10)]


def test_an_unknown_price_is_unknown_and_counted() -> None:
    made = session(
        model("a", 0, 1, tokens=(5, 1)), model("b", 2, 3, tokens=(5, 1), usd="0.000000000001")
    )
    assert made.cost.unpriced_calls == 1
    assert made.cost.priced_calls == 1
    assert made.cost.total_usd == Decimal("1e-12")
    assert session(model("a", 0, 1, tokens=(5, 1))).cost.total_usd is None


def test_a_failed_call_without_tokens_is_not_unpriced() -> None:
    made = session(model("a", 0, 1, status="error"))
    assert (made.cost.unpriced_calls, made.models[0].errors) == (0, 1)


def test_failed_attempts_are_waste_and_of_a_failed_session_all_is() -> None:
    first = model("a", 0, 1, tokens=(5, 1), usd="0.25", status="error", parent="r")
    then = model("b", 2, 3, tokens=(5, 1), usd="0.5", parent="r")
    assert session(span("r", 0, 9), first, then).cost.wasted_usd == Decimal("0.25")
    failed = session(span("r", 0, 9, status="error"), first, then)
    assert failed.cost.wasted_usd == Decimal("0.75")


def test_calls_belong_to_the_nearest_agent_and_its_role() -> None:
    made = session(
        agent("a", 0, 9, "lead", agent_role="planner"),
        span("s", 0, 9, parent="a"),
        agent("b", 1, 5, "worker", parent="s"),
        model("m", 2, 3, tokens=(1, 1), parent="b"),
        model("n", 6, 7, tokens=(2, 2), parent="s"),
    )
    assert [(u.role, u.input_tokens) for u in made.models] == [("planner", 2), ("worker", 1)]
    assert [(a.agent, a.role, a.invocations, a.model_calls) for a in made.agents] == [
        ("lead", "planner", 1, 1), ("worker", "", 1, 1),
    ]  # fmt: skip


def test_an_agent_wrapped_in_itself_ran_once() -> None:
    made = session(agent("a", 0, 9, "lead"), agent("b", 0, 9, "lead", parent="a"))
    assert [(a.agent, a.invocations) for a in made.agents] == [("lead", 1)]
    assert made.step_count == 1
    assert made.handoffs == ()


def test_ghosts_count_for_nothing() -> None:
    made = session(model("a", 0, 1, tokens=(5, 1), ghost=True), span("r", 0, 2))
    assert (made.span_count, made.models, made.step_count) == (1, (), 0)


# What LangChain's callbacks and an instrumented client below them look like: the client's span is
# made in the current context, which the callbacks leave alone.


def test_a_framework_and_the_client_below_it_are_one_call_though_they_have_other_parents() -> None:
    made = session(
        agent("root", 0, 9, "planner"),
        span("chain", 1, 5, kind="step", scope="langchain", parent="root"),
        model("framework", 1, 5, tokens=(100, 10), usd="0.5", scope="langchain", parent="chain"),
        model("client", 2, 4, tokens=(100, 10), usd="0.5", scope="openai", parent="root"),
    )
    assert counted(made) == [("gpt-4o", 1, 100, 10)]
    assert made.cost.total_usd == Decimal("0.5")


def test_a_framework_and_two_libraries_on_its_client_are_one_call() -> None:
    made = session(
        span("root", 0, 9),
        span("chain", 1, 5, kind="step", scope="langchain", parent="root"),
        model("framework", 1, 5, tokens=(100, 10), scope="langchain", parent="chain"),
        model("outer", 2, 4, tokens=(100, 10), scope="openllmetry", parent="root"),
        model("inner", 2.5, 3.5, tokens=(100, 10), scope="openinference", parent="outer"),
    )
    assert counted(made) == [("gpt-4o", 1, 100, 10)]


def test_parallel_calls_with_equal_tokens_that_two_libraries_tell_are_as_many_as_each_tells() -> (
    None
):
    made = session(
        span("root", 0, 9),
        *(model(f"framework{n}", 1 + n / 10, 5 + n / 10, tokens=(100, 10), scope="langchain",
                parent=f"chain{n}") for n in range(3)),
        *(model(f"client{n}", 2 + n / 10, 4 + n / 10, tokens=(100, 10), scope="openai",
                parent="root") for n in range(3)),
    )  # fmt: skip
    assert counted(made) == [("gpt-4o", 3, 300, 30)]


def test_two_agents_with_equal_tokens_at_the_same_time_are_two_calls() -> None:
    made = session(
        agent("one", 0, 9, "one"),
        agent("other", 0, 9, "other"),
        model("a", 1, 5, tokens=(100, 10), scope="x", parent="one", span_name="chat"),
        model("b", 2, 4, tokens=(100, 10), scope="x", parent="other", span_name="responses"),
    )
    assert counted(made) == [("gpt-4o", 1, 100, 10), ("gpt-4o", 1, 100, 10)]


def test_calls_of_two_libraries_that_only_overlap_are_two_calls() -> None:
    made = session(
        span("root", 0, 9),
        model("a", 1, 4, tokens=(100, 10), scope="x", parent="root"),
        model("b", 3, 6, tokens=(100, 10), scope="y", parent="root"),
    )
    assert counted(made) == [("gpt-4o", 2, 200, 20)]


def test_a_call_that_failed_or_told_no_tokens_is_one_call_too_though_two_libraries_tell_it() -> (
    None
):
    made = session(
        span("root", 0, 19),
        span("chain", 1, 15, kind="step", scope="langchain", parent="root"),
        model("framework1", 1, 5, scope="langchain", parent="chain", status="error"),
        model("client1", 2, 4, scope="openai", parent="root", status="error"),
        model("framework2", 6, 10, scope="langchain", parent="chain"),
        model("client2", 7, 9, scope="openai", parent="root"),
    )
    assert counted(made) == [("gpt-4o", 2, 0, 0)]
    assert made.models[0].errors == 1


def test_calls_of_one_library_without_tokens_are_as_many_as_it_tells() -> None:
    made = session(
        span("root", 0, 9),
        model("a", 1, 5, scope="x", parent="root", span_name="chat"),
        model("b", 1, 5, scope="x", parent="root", span_name="responses"),
        model("c", 2, 4, scope="x", parent="root", span_name="chat"),
    )
    assert counted(made) == [("gpt-4o", 3, 0, 0)]
