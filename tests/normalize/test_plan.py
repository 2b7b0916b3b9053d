"""Plans are kept per shape; hostile shapes must not fill memory, nor change any answer."""

from quarterdeck.model.spans import RawEvent, RawSpan
from quarterdeck.normalize import plan
from quarterdeck.normalize.dialects import DIALECTS
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.normalize.plan import Planner


def test_a_growing_conversation_shares_one_plan() -> None:
    planner = Planner(DIALECTS)
    plans = {
        id(planner.plan("s", "n", {f"llm.input_messages.{i}.message.role": "user"
                                   for i in range(size)}).plan)
        for size in range(1, 50)
    }  # fmt: skip
    assert len(plans) == 1


def test_ever_new_shapes_do_not_fill_memory() -> None:
    planner = Planner(DIALECTS[:1])
    for number in range(plan._MAX_PLANS + 50):
        planner.plan("s", "n", {f"key-{number}": 1})
    assert len(planner._exact) <= plan._MAX_PLANS
    assert len(planner._folded) <= plan._MAX_PLANS


def test_shapes_of_very_many_keys_are_not_kept() -> None:
    planner = Planner(DIALECTS[:1])
    planner.plan("s", "n", {f"key-{number}": 1 for number in range(2_000)})
    assert not planner._exact


def test_the_same_keys_of_another_scope_are_another_shape() -> None:
    def model_of(scope: str, name: str) -> str:
        from quarterdeck.model.spans import Resource

        raw = RawSpan(
            trace_id="a" * 32,
            span_id="b" * 16,
            name=name,
            attributes={"model_name": "m"},
            resource=Resource(scope_name=scope),
        )
        return normalize_span(raw).model_requested

    assert model_of("pydantic-ai", "agent run") == "m"
    assert model_of("app", "agent run") == ""


def test_an_evaluation_judges_a_span_of_any_dialect() -> None:
    event = RawEvent(
        name="gen_ai.evaluation.result",
        time_ns=9,
        attributes={"gen_ai.evaluation.name": "ok", "gen_ai.evaluation.score.value": 1},
    )
    raw = RawSpan(trace_id="a" * 32, span_id="b" * 16, events=(event,))
    assert [score.name for score in normalize_span(raw).scores] == ["ok"]


def test_what_could_not_be_decoded_is_told() -> None:
    raw = RawSpan(trace_id="a" * 32, span_id="b" * 16, attributes={"quarterdeck.problem.x": "odd"})
    assert [problem.message for problem in normalize_span(raw).problems] == ["odd"]
