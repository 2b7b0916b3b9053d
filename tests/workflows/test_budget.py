"""What a session may still spend."""

from decimal import Decimal
from typing import Any

import msgspec

from quarterdeck.workflows.budget import Spent, ceilings_of, exceeded
from quarterdeck.workflows.manifest import Manifest


def manifest(**budgets: Any) -> Manifest:
    whole = {"name": "w", "agents": {"a": {}}, "budgets": budgets}
    return msgspec.convert(whole, Manifest)


def test_limits_are_inclusive_and_are_met_before_the_call() -> None:
    ceilings = ceilings_of(manifest(session={"tool_calls": 2, "model_calls": 1}), "")
    assert exceeded(ceilings, Spent(tool_calls=1), call="tool") is None
    over = exceeded(ceilings, Spent(tool_calls=2), call="tool")
    assert over is not None
    assert over.words == "the session budget allows tool_calls 2, and 2 are spent"
    assert exceeded(ceilings, Spent(tool_calls=2), call="model") is None
    assert exceeded(ceilings, Spent(model_calls=1), call="model") is not None
    assert exceeded(ceilings, Spent(model_calls=1), call="tool") is None


def test_money_and_tokens_that_are_all_spent_allow_no_model_call_and_still_a_tool() -> None:
    ceilings = ceilings_of(manifest(session={"usd": "0.50", "tokens": 100}), "")
    spent = Spent(usd=Decimal("0.50"), tokens=100)
    assert exceeded(ceilings, spent, call="model") is not None
    assert exceeded(ceilings, spent, call="tool") is None
    assert exceeded(ceilings, Spent(usd=Decimal("0.51")), call="tool") is not None
    assert exceeded(ceilings, Spent(usd=Decimal("0.49"), tokens=99), call="model") is None


def test_a_task_types_budget_counts_beside_the_sessions_and_the_stricter_word_stands() -> None:
    known = manifest(
        session={"tool_calls": 10, "on_exceeded": "stop"},
        tasks={"refund": {"tool_calls": 3, "on_exceeded": "warn"}},
    )
    assert len(ceilings_of(known, "other")) == 1
    ceilings = ceilings_of(known, "refund")
    warned = exceeded(ceilings, Spent(tool_calls=3), call="tool")
    assert warned is not None
    assert (warned.ceiling.source, warned.ceiling.on_exceeded) == ("task refund", "warn")
    stopped = exceeded(ceilings, Spent(tool_calls=10), call="tool")
    assert stopped is not None
    assert stopped.ceiling.on_exceeded == "stop"


def test_a_session_that_takes_too_long_may_call_nothing() -> None:
    ceilings = ceilings_of(manifest(session={"duration_s": 60}), "")
    assert exceeded(ceilings, Spent(duration_s=60.0), call="tool") is None
    for call in ("tool", "model"):
        assert exceeded(ceilings, Spent(duration_s=60.1), call=call) is not None
    assert exceeded((), Spent(duration_s=1e9), call="tool") is None
