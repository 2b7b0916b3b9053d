"""Conditions: what they see, what numbers do, and that nothing escapes from the library."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.workflows.conditions import (
    MAX_EXPRESSION,
    MAX_VALUES,
    PLACES,
    Condition,
    Failed,
    Place,
    compile,  # noqa: A004 - the word of CEL and of the module
    evaluate,
    holds,
    try_out,
)

SESSION = {
    "id": "s-1", "errors": 3, "cost_usd": Decimal("0.25"), "tokens": 1000, "model_calls": 4,
    "tool_calls": 2, "duration_s": 12, "interventions": 0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "place", "variables", "expected"),
    [
        ("args.amount < 50", "permission", {"args": {"amount": 49}}, True),
        ("args.amount < 50", "permission", {"args": {"amount": 49.5}}, True),
        ("args.amount < 50", "permission", {"args": {"amount": 50}}, False),
        ("args.amount == 50", "permission", {"args": {"amount": 50.0}}, True),
        ("args.amount in [50, 60]", "permission", {"args": {"amount": 60.0}}, True),
        ("args.amount < 50.0", "permission", {"args": {"amount": 49}}, True),
        ("args.amount > 1", "permission", {"args": {"amount": 2**70}}, True),
        ("args.path.startsWith('/tmp/')", "permission", {"args": {"path": "/tmp/x"}}, True),
        ("has(args.force) && args.force", "permission", {"args": {}}, False),
        ("args.to.all(x, x.endsWith('@a.org'))", "permission", {"args": {"to": ["b@a.org"]}}, True),
        ("args.path.matches('(a+)+$')", "permission", {"args": {"path": "a" * 5000 + "b"}}, False),
        ("tool == 'bash' && agent != 'x'", "permission", {"tool": "bash", "agent": "y"}, True),
        ("user == ''", "permission", {"user": ""}, True),
        ("user == null", "permission", {}, True),
        ("request.complexity > 1", "route", {"request": {"complexity": 1}}, False),
        ("request.complexity > 0.5", "route", {"request": {"complexity": 1}}, True),
        ("request.complexity == null || request.complexity < 0.5", "route", {}, True),
        ("task.type == 'refund'", "route", {"task": {"type": "refund"}}, True),
        ("environment in ['production']", "route", {"environment": "production"}, True),
        ("session.cost_usd * 2.0 >= 0.5", "escalation", {"session": SESSION}, True),
        ("session.errors + 1 > 3", "escalation", {"session": SESSION}, True),
        ("session.duration_s / 4.0 == 3.0", "escalation", {"session": SESSION}, True),
        ("agent == 'session.foo'", "escalation", {"agent": "session.foo"}, True),
    ],
)
def test_a_condition_holds_or_not(
    expression: str, place: Place, variables: dict[str, Any], expected: bool
) -> None:
    assert holds(expression, place, variables) is expected


@pytest.mark.parametrize(
    ("expression", "place", "said"),
    [
        ("args.amount <", "permission", "ends too early"),
        ("args.amount < 1", "route", "no variable 'args'"),
        ("sesion.errors > 1", "permission", "did you mean session"),
        ("session.erors > 1", "permission", "did you mean errors"),
        ("request.size == 'x'", "escalation", "no variable 'request'"),
        ("x" * (MAX_EXPRESSION + 1), "route", "longer than 2000"),
        ("args.a.all(a, a.all(b, b.all(c, c)))", "permission", "more than 2 times"),
        ("args.a // '\n.all(a, a.all(b, b.all(c, c))) // '", "permission", "more than 2 times"),
        ("\ud800", "route", ""),
        ("", "route", ""),
        ("(" * 1000, "route", ""),
    ],
)
def test_what_is_no_condition_is_told(expression: str, place: Place, said: str) -> None:
    compiled = compile(expression, place)
    assert isinstance(compiled, Failed)
    assert said in compiled.reason
    assert "\n" not in compiled.reason


@pytest.mark.parametrize(
    ("expression", "variables"),
    [
        ("args.amount < 50", {"args": {}}),
        ("args.amount < 50", {"args": {"amount": None}}),
        ("args.amount < 50", {"args": {"amount": "49"}}),
        ("args.amount", {"args": {"amount": 1}}),
        ("args.amount * 2 > 50", {"args": {"amount": 0.5}}),
        ("args.a < 1", {"args": {"a": 0, "b": object()}}),
        ("args.a < 1", {"args": {"a": 0, "b": [0] * (MAX_VALUES + 1)}}),
        ("args.a < 1", {"args": {"a": 0, "b": "x" * 1_000_001}}),
        ("args.a < 1", {"args": {"a": 10**400}}),
        ("args.a < 1", {"args": {"a": float("nan")}}),
        ("args.a < 1", {"args": {"a": Decimal("sNaN")}}),
        ("args.a / 0 > 1", {"args": {"a": 1}}),
    ],
)
def test_what_gives_no_answer_is_told_and_never_holds(
    expression: str, variables: dict[str, Any]
) -> None:
    answer = holds(expression, "permission", variables)
    assert isinstance(answer, Failed)
    assert answer.reason


def test_arguments_that_contain_themselves_are_too_many() -> None:
    args: dict[str, Any] = {"a": 1}
    args["self"] = args
    assert isinstance(holds("args.a == 1", "permission", {"args": args}), Failed)


def test_what_can_never_be_answered_is_found_without_values() -> None:
    tried = {
        "session.cost_usd * 2 > 10": True,
        "session.cost_usd * 2.0 > 10": False,
        "agent": True,
        "session.errors > 2 && task.type == 'x'": False,
    }
    for expression, wrong in tried.items():
        compiled = compile(expression, "escalation")
        assert isinstance(compiled, Condition)
        assert (try_out(compiled) is not None) == wrong, expression


PARTS = [
    "args", "session", "request", "task", ".a", ".errors", "[0]", "['a']", "(", ")", "[", "]", "{",
    "}", " + ", " - ", " * ", " / ", " % ", " < ", " == ", " && ", " || ", "!", " ? ", " : ", "1",
    "1.5", "2u", "'a'", "null", "true", ".all(x, ", ".map(y, ", "x", "size(", "has(", "int(",
    "duration(", "timestamp(", ".matches(", "'('", "-", "9223372036854775807", " in ", "b'a'", ",",
]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=10,
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.sampled_from(PARTS), max_size=14).map("".join) | st.text(max_size=60),
    st.sampled_from(sorted(PLACES)),
    json_values,
)
def test_nothing_escapes(expression: str, place: Place, value: Any) -> None:
    compiled = compile(expression, place)
    if isinstance(compiled, Condition):
        variables = {"args": {"a": value, "x": value}, "session": value, "request": {"size": value}}
        assert isinstance(evaluate(compiled, variables), bool | Failed)
        assert isinstance(try_out(compiled), Failed | None)
