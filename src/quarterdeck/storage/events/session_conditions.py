"""
Conditions on sessions that `SessionFilter`'s fixed fields can't say: not, greater than, both.

A condition names a field of the closed tables below and holds plain values.  Its SQL is a
template of ours with numbered parameters; the values are bound, so whatever somebody types
stays a value.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, assert_never

import msgspec

from quarterdeck.storage.events.connection import question
from quarterdeck.storage.events.span_reads import search_params, search_question

Comparison = Literal["=", ">", ">=", "<", "<="]


class WordCondition(msgspec.Struct, frozen=True, kw_only=True, tag="word"):
    """The field has (one of) the values; for fields that hold several, any of them is one.  The
    value "" is that of a session that has none."""

    field: str
    values: tuple[str, ...]
    negated: bool = False


class NumberCondition(msgspec.Struct, frozen=True, kw_only=True, tag="number"):
    """An unknown number (an unpriced cost) satisfies no comparison, so every negated one."""

    field: str
    comparison: Comparison
    value: Decimal
    """Seconds for durations."""
    negated: bool = False


class TextCondition(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """One span of the session holds all words of it, or it is the session's id."""

    text: str
    negated: bool = False


Condition = WordCondition | NumberCondition | TextCondition

_ONE = {
    "status": "status",
    "outcome": "outcome",
    "task": "task",
    "task_type": "task_type",
    "workflow": "workflow",
    "version": "version",
    "environment": "environment",
    "user": "user_id",
    "session": "session_id",
    "case": "case_id",
    "trial": "ifNull(toString(trial), '')",
    "experiment": "if(experiment = 1, 'true', 'false')",
}
_SEVERAL = {
    "agent": "agents",
    "model": "models",
    "tool": "tools",
    "tag": "tags",
    "human": "human_kinds",
    "finding": "findings",
    "failed_tool": "arrayFilter((name, errors) -> errors > 0, tools, tool_errors)",
    "unpriced_model": "arrayFilter((name, calls) -> calls > 0, models, model_unpriced)",
}
_NAMELESS_TOO = {"failed_tool", "unpriced_model"}
"""Of these "" is the one without a name, and not that there is none."""
ANY_HUMAN = "any"


class _Number(NamedTuple):
    sql: str
    type: str = "Decimal(38, 9)"
    scale: int = 1


_NS = 1_000_000_000
_NUMBERS = {
    "errors": _Number("episodes"),
    "cost": _Number("cost_usd"),
    "wasted": _Number("wasted_usd"),
    "duration": _Number("if(ended_ns > 0, ended_ns, last_seen_ns) - started_ns", scale=_NS),
    "waited": _Number("waited_ns", scale=_NS),
    "spans": _Number("span_count"),
    "steps": _Number("step_count"),
    "interventions": _Number("interventions"),
    "handoffs": _Number("handoffs"),
    "retries": _Number("retries"),
    "tokens": _Number("arraySum(model_input) + arraySum(model_output)"),
    "quality": _Number("quality", type="Float64"),
}
_OPERATORS: Mapping[Comparison, str] = {
    "=": "=", ">": ">", ">=": ">=", "<": "<", "<=": "<=",
}  # fmt: skip

_SEARCH_PARAM = re.compile(r"\{(q|words|longest|parts):")


def conditions_sql(conditions: Sequence[Condition]) -> tuple[str, dict[str, Any]]:
    """
    `AND …` lines for a WHERE on `sessions`, and what they bind; "" for none.

    Raises `KeyError` for a field that is in no table: readers of strangers' text check first.
    """
    lines: list[str] = []
    params: dict[str, Any] = {}
    for number, condition in enumerate(conditions):
        sql = _one_sql(condition, f"c{number}", params)
        lines.append(f"  AND {'NOT ' if condition.negated else ''}({sql})")
    return "\n".join(lines), params


def _one_sql(condition: Condition, name: str, params: dict[str, Any]) -> str:
    match condition:
        case WordCondition():
            return _word_sql(condition, name, params)
        case NumberCondition():
            number = _NUMBERS[condition.field]
            value = condition.value * number.scale
            params[name] = float(value) if number.type == "Float64" else value
            operator = _OPERATORS[condition.comparison]
            return f"ifNull({number.sql} {operator} {{{name}:{number.type}}}, 0)"
        case TextCondition():
            return _text_sql(condition, name, params)
        case _:
            assert_never(condition)


def _word_sql(condition: WordCondition, name: str, params: dict[str, Any]) -> str:
    values = list(condition.values)
    if condition.field in _ONE:
        params[name] = values
        return f"has({{{name}:Array(String)}}, {_ONE[condition.field]})"
    column = _SEVERAL[condition.field]
    if condition.field == "human" and ANY_HUMAN in values:
        return "interventions > 0"
    params[name] = values
    some = f"hasAny({column}, {{{name}:Array(String)}})"
    has_none = "" in values and condition.field not in _NAMELESS_TOO
    return f"{some} OR empty({column})" if has_none else some


def _text_sql(condition: TextCondition, name: str, params: dict[str, Any]) -> str:
    """The search of `session_search.sql`, with parameters of its own."""
    given = {"q": condition.text.strip(), **search_params(condition.text)}
    for key, value in given.items():
        params[f"{name}_{key}"] = value
    sql = (
        search_question(question("session_search"), condition.text)
        .strip()
        .removeprefix("AND")
        .strip()
    )
    return _SEARCH_PARAM.sub(lambda match: f"{{{name}_{match.group(1)}:", sql)
