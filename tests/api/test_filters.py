"""
The filter language: what it reads, what it refuses, and that the store agrees.
"""

import random
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.conftest import World, bearer
from api.made import conversation, store
from quarterdeck.api.filters import (
    NUMBER_FIELDS,
    WORD_FIELDS,
    Expression,
    from_parameters,
    parse,
    render,
)
from quarterdeck.errors import Invalid, QuarterdeckError
from quarterdeck.model.findings import Finding
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.interventions import Intervention, InterventionKind
from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome
from quarterdeck.model.sessions import (
    AgentUse,
    ModelUse,
    Session,
    SessionCost,
    SessionStatus,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.session_conditions import (
    Condition,
    NumberCondition,
    TextCondition,
    WordCondition,
    conditions_sql,
)
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions

S = 1_000_000_000


def word(field: str, *values: str, negated: bool = False) -> WordCondition:
    return WordCondition(field=field, values=values, negated=negated)


def number(field: str, comparison: Any, value: str, *, negated: bool = False) -> NumberCondition:
    return NumberCondition(
        field=field, comparison=comparison, value=Decimal(value), negated=negated
    )


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("", ()),
        ("  \t ", ()),
        ("outcome:failure", (word("outcome", "failure"),)),
        ("outcome:failure,unknown", (word("outcome", "failure", "unknown"),)),
        ("Outcome:FAILURE", (word("outcome", "failure"),)),
        ("version:14", (word("version", "14"),)),
        ("errors:>3", (number("errors", ">", "3"),)),
        ("cost:>5", (number("cost", ">", "5"),)),
        ("cost:<=$0.25", (number("cost", "<=", "0.25"),)),
        ("errors:0", (number("errors", "=", "0"),)),
        ("duration:>5m", (number("duration", ">", "300"),)),
        ("waited:>=1.5h", (number("waited", ">=", "5400"),)),
        ("human:correction", (word("human", "correction"),)),
        ("tool:bash", (word("tool", "bash"),)),
        ('workflow:"",a', (word("workflow", "", "a"),)),
        ("-tag:test", (word("tag", "test", negated=True),)),
        ("-cost:>5", (number("cost", ">", "5", negated=True),)),
        ('"free text"', (TextCondition(text="free text"),)),
        ('-"free text"', (TextCondition(text="free text", negated=True),)),
        ("free text", (TextCondition(text="free"), TextCondition(text="text"))),
        ('tool:"a b","c,d"', (word("tool", "a b", "c,d"),)),
        (r'task:"say \"hi\" \\"', (word("task", 'say "hi" \\'),)),
        ("env:Prod", (word("environment", "prod"),)),
        ("agent:a:b", (word("agent", "a:b"),)),
        ('"outcome:failure"', (TextCondition(text="outcome:failure"),)),
        ("naïve 日本", (TextCondition(text="naïve"), TextCondition(text="日本"))),
    ],
)
def test_the_language_is_read_as_documented(text: str, expression: Expression) -> None:
    assert parse(text) == expression


@pytest.mark.parametrize(
    ("text", "position", "what"),
    [
        ("colour:red", 1, "colour"),
        ("a  colour:red", 4, "colour"),
        ("outcome:good", 9, "good"),
        ("outcome:", 9, "needs a value"),
        ("tool:a,", 8, "needs a value"),
        ("errors:many", 8, "many"),
        ("errors:", 8, "number"),
        ("cost:5m", 6, "5m"),
        ("cost:-5", 6, "-5"),
        ("cost:1e9", 6, "1e9"),
        ('"open', 1, "never closed"),
        ('task:"open', 6, "never closed"),
        ("-", 2, "missing"),
        ('""', 1, "missing"),
        ('task:"a"b', 9, "can't stand here"),
        ("http://example.org", 1, "http"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_position(
    text: str, position: int, what: str
) -> None:
    with pytest.raises(Invalid) as refused:
        parse(text)
    assert refused.value.code == "bad_query"
    assert f"position {position}:" in refused.value.message
    assert what in refused.value.message


@pytest.mark.parametrize("text", ["x" * 2001, "a " * 31, "tool:" + ",".join("a" * 101)])
def test_a_filter_has_limits(text: str) -> None:
    with pytest.raises(Invalid):
        parse(text)


def test_parameters_become_the_same_conditions() -> None:
    assert from_parameters(
        {"tool": ["a", "b"], "tag": ["x", "y"], "min_cost": ["1"], "max_errors": ["3"]}
    ) == (
        word("tool", "a", "b"),
        word("tag", "x"),
        word("tag", "y"),
        number("cost", ">=", "1"),
        number("errors", "<=", "3"),
    )
    for wrong in ({"colour": ["red"]}, {"min_colour": ["1"]}, {"min_cost": ["cheap"]}):
        with pytest.raises(Invalid):
            from_parameters(wrong)


@given(st.text(max_size=80))
@settings(max_examples=2000, deadline=None)
def test_any_text_is_read_or_refused_never_failed_on(text: str) -> None:
    try:
        expression = parse(text)
    except Invalid:
        return
    assert parse(render(expression)) == expression


# -- the store against an oracle ---------------------------------------------------------------

WORDS = [
    "a",
    "b",
    "bash",
    "x y",
    "o'neil",
    'q"q',
    "back\\slash",
    "{c0:String}",
    "ü",
    "%",
    "_",
    "--",
]
KINDS: tuple[InterventionKind, ...] = ("approval", "correction", "answer")
STATUSES: tuple[SessionStatus, ...] = ("open", "waiting_for_human", "closed")


def make_session(number_: int, chance: random.Random) -> Session:
    some: Callable[[], tuple[str, ...]] = lambda: tuple(chance.sample(WORDS, chance.randint(0, 3)))  # noqa: E731  # one word here
    started = 1_789_990_000 * S + number_ * 60 * S
    status = chance.choice(STATUSES)
    acts = tuple(
        Intervention(kind=chance.choice(KINDS), at_ns=started) for _ in range(chance.randint(0, 2))
    )
    kinds: dict[str, int] = {}
    for act in acts:
        kinds[act.kind] = kinds.get(act.kind, 0) + 1
    ended = started + chance.randint(0, 5) * S
    return Session(
        session_id=f"s{number_}",
        trace_ids=(f"{number_:032x}",),
        task=chance.choice(WORDS),
        task_type=chance.choice(WORDS),
        user=chance.choice(["", *WORDS]),
        workflow=WorkflowRef(
            name=chance.choice(WORDS),
            version=chance.choice(["1", "14", ""]),
            environment=chance.choice(["production", "staging", ""]),
        ),
        tags=some(),
        started_ns=started,
        last_seen_ns=ended,
        ended_ns=ended if status == "closed" else None,
        status=status,
        outcome=Outcome(label=chance.choice(OUTCOME_LABELS)),
        span_count=chance.randint(0, 5),
        step_count=chance.randint(0, 5),
        models=tuple(
            ModelUse(
                model=name, provider="", role="", calls=1, errors=0, input_tokens=2,
                output_tokens=1, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
                calls_without_usage=0, cost_usd=None, unpriced_calls=chance.randint(0, 1),
            )
            for name in some()
        ),
        tools=tuple(
            ToolUse(tool=name, calls=1, errors=chance.randint(0, 1), denied=0) for name in some()
        ),
        agents=tuple(
            AgentUse(
                agent=name, role="", invocations=1, model_calls=0, tool_calls=0, errors=0,
                cost_usd=None,
            )
            for name in some()
        ),
        interventions=acts,
        intervention_kinds=kinds,
        waited_ns=chance.randint(0, 3) * S,
        cost=SessionCost(
            total_usd=chance.choice([None, Decimal("0.5"), Decimal(3), Decimal(5)]),
            wasted_usd=chance.choice([None, Decimal(1)]),
        ),
        quality=chance.choice([None, 0.25, 1.0]),
        experiment=chance.random() < 0.3,
        case=chance.choice(["", *WORDS]),
        trial=chance.choice([None, 0, 1, 2]),
        findings=tuple(Finding(code=code, message="m") for code in some()),
    )  # fmt: skip


def words_of(session: Session, field: str) -> set[str]:
    several = {
        "agent": [use.agent for use in session.agents],
        "model": [use.model for use in session.models],
        "tool": [use.tool for use in session.tools],
        "tag": list(session.tags),
        "human": [*session.intervention_kinds, *(["any"] if session.intervention_kinds else [])],
        "finding": [finding.code for finding in session.findings],
        "failed_tool": [use.tool for use in session.tools if use.errors],
        "unpriced_model": [use.model for use in session.models if use.unpriced_calls],
    }
    if field in ("failed_tool", "unpriced_model"):
        return set(several[field])
    if field in several:
        return set(several[field]) or {""}
    one = {
        "status": session.status,
        "outcome": session.outcome.label,
        "task": session.task,
        "task_type": session.task_type,
        "workflow": session.workflow.name,
        "version": session.workflow.version,
        "environment": session.workflow.environment,
        "user": session.user,
        "session": session.session_id,
        "case": session.case,
        "trial": "" if session.trial is None else str(session.trial),
        "experiment": "true" if session.experiment else "false",
    }
    return {one[field]}


def number_of(session: Session, field: str) -> Decimal | None:
    took = Decimal(session.last_seen_ns - session.started_ns) / S
    known: dict[str, Decimal | int | None] = {
        "errors": 0,
        "cost": session.cost.total_usd,
        "wasted": session.cost.wasted_usd,
        "duration": took,
        "waited": Decimal(session.waited_ns) / S,
        "spans": session.span_count,
        "steps": session.step_count,
        "interventions": sum(session.intervention_kinds.values()),
        "handoffs": 0,
        "retries": 0,
        "tokens": 3 * len(session.models),
        "quality": None if session.quality is None else Decimal(session.quality),
    }
    value = known[field]
    return None if value is None else Decimal(value)


def holds(session: Session, condition: Condition) -> bool:
    match condition:
        case WordCondition():
            found = bool(words_of(session, condition.field) & set(condition.values))
        case NumberCondition():
            value, other = number_of(session, condition.field), condition.value
            found = (
                value is not None
                and {
                    "=": value == other,
                    ">": value > other,
                    ">=": value >= other,
                    "<": value < other,
                    "<=": value <= other,
                }[condition.comparison]
            )
        case TextCondition():
            raise AssertionError("text is in spans, which this oracle does not have")
    return found != condition.negated


def make_condition(chance: random.Random) -> Condition:
    negated = chance.random() < 0.4
    if chance.random() < 0.5:
        field = chance.choice(list(WORD_FIELDS))
        known = WORD_FIELDS[field]
        usual = {"session": [f"s{n}" for n in range(10)], "version": ["1", "14"],
                 "environment": ["production", "staging"], "trial": ["0", "1", "7"]}  # fmt: skip
        values = known or usual.get(field, WORDS)
        some = chance.sample(list(values), chance.randint(1, min(3, len(values))))
        return word(field, *some, negated=negated)
    field = chance.choice(list(NUMBER_FIELDS))
    comparison = chance.choice(["=", ">", ">=", "<", "<="])
    value = chance.choice(["0", "1", "2", "3", "5", "0.5", "0.25", "1000000"])
    return number(field, comparison, value, negated=negated)


def batch_sql(expressions: list[Expression]) -> tuple[str, dict[str, Any]]:
    """One question that answers many expressions, with each one's parameters kept apart."""
    columns, params = [], {}
    for index, expression in enumerate(expressions):
        sql, bound = conditions_sql(expression)
        columns.append(re.sub(r"\{(c\d+):", rf"{{e{index}_\1:", f"(1 {sql})"))
        params.update({f"e{index}_{name}": value for name, value in bound.items()})
    hits = ", ".join(f"toUInt8({column})" for column in columns)
    table = "sessions FINAL WHERE project_id = 'acme'"
    return f"SELECT session_id, [{hits}] FROM {table} ORDER BY session_id", params


def test_the_store_finds_what_an_oracle_finds_for_20000_expressions(
    chdb_database: EventConnection,
) -> None:
    chance = random.Random(11)
    sessions = {one.session_id: one for one in (make_session(n, chance) for n in range(20))}
    rows = [SessionRow(ProjectId("acme"), session, 1) for session in sessions.values()]
    write_sessions(chdb_database, rows)
    found_something = 0
    for _ in range(50):
        expressions = [
            tuple(make_condition(chance) for _ in range(chance.randint(1, 3))) for _ in range(400)
        ]
        for expression in expressions:
            assert parse(render(expression)) == expression
        sql, params = batch_sql(expressions)
        for session_id, hits in chdb_database.rows(sql, params):
            session = sessions[session_id]
            for expression, hit in zip(expressions, hits, strict=True):
                expected = all(holds(session, condition) for condition in expression)
                assert bool(hit) == expected, (render(expression), session)
                found_something += hit
    assert found_something > 10_000


# -- what attackers type -----------------------------------------------------------------------

_BASES = [
    "' OR '1'='1", "' OR 1=1 --", "'; DROP TABLE sessions; --", "') OR ('1'='1", "\\' OR 1=1 --",
    "\\", "\\\\'", "'||(SELECT record FROM sessions)||'", "1 UNION SELECT record FROM sessions",
    "' UNION ALL SELECT * FROM system.tables --", "{c0:String}", "{project_id:String}",
    "{q:String}", "}}' OR 1=1", "${7*7}", "{{7*7}}", "%s%s%s", "%n", "%27%20OR%201=1",
    "'; SELECT * FROM url('http://127.0.0.1:1/', CSV, 'a String') --",
    "' OR file('/etc/passwd', 'LineAsString') --", "remote('127.0.0.1', system.one)",
    "executable('id', 'TabSeparated', 'a String')", "' AND sleep(3) --", "sleepEachRow(3)",
    "\" OR \"\"=\"", "` OR 1=1 --", "/**/OR/**/1=1", "\t' OR 1=1", "\r\n' OR 1=1", "\u02bc OR 1=1",
    "\uff07 OR 1=1", "project_id = 'twin'", "' OR project_id = 'twin' --", "twin", "acme' OR 'twin",
    "*", "%", "_", "%twin%", "[0-9]", "^.*$", "(a+)+$", "null", "NULL", "nan", "inf", "-1", "0x1",
    "1e308", "99999999999999999999", "true", "__proto__", "constructor", "../../etc/passwd",
    "SETTINGS max_memory_usage=1", "FORMAT JSON", "INTO OUTFILE '/tmp/x'", ";;;;",
]  # fmt: skip
_WRAPS = ["{}", '"{}"', "-{}", "tool:{}", 'tool:"{}"', "session:{}", "cost:>{}", "{} {}", "a,{}"]
PAYLOADS = [wrap.replace("{}", base) for base in _BASES for wrap in _WRAPS]


async def test_no_payload_reaches_the_store_as_more_than_a_value(world: World) -> None:
    assert len(PAYLOADS) >= 500
    for project in ("acme", "twin"):
        spans = conversation("s-1", trace=1, secret=f"canary{project}")
        store(world.events, project, spans, now_ns=world.clock())
    places = ["q", "agent", "tool", "user", "session", "sort", "cursor", "since", "status",
              "min_cost", "by", "figure", "tag"]  # fmt: skip
    headers = bearer(world.key("acme"))
    async with world.client(headers=headers) as client:
        for index, payload in enumerate(PAYLOADS):
            place = places[index % len(places)]
            path = "/api/v1/figures" if place in {"by", "figure"} else "/api/v1/sessions"
            tried = [{place: payload}, {"q": payload}][: 1 + (index % 3 == 0)]
            for params in tried:
                answer = await client.get(path, params=params)
                check_harmless(answer, payload)
            if index % 8 == 0:
                safe = quote(payload, safe="")
                check_harmless(await client.get(f"/api/v1/sessions/{safe}"), payload)
        assert len((await client.get("/api/v1/sessions")).json()["sessions"]) == 1


def check_harmless(answer: httpx.Response, payload: str) -> None:
    assert answer.status_code in {200, 400, 404, 422}, (payload, answer.text)
    assert "canarytwin" not in answer.text, payload
    assert "DB::Exception" not in answer.text
    assert "system." not in answer.text.replace(payload, "") or answer.status_code != 200
    if answer.status_code == 200 and "sessions" in answer.json():
        assert len(answer.json()["sessions"]) <= 1


def test_a_field_that_no_table_knows_never_becomes_sql() -> None:
    with pytest.raises(KeyError):
        conditions_sql([word("record) OR (1=1", "x")])
    with pytest.raises((KeyError, QuarterdeckError)):
        conditions_sql([number("1", ">", "1")])
