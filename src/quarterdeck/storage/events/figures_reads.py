"""
The counts and sums behind every rate and total, by time and by up to two dimensions.

Plain counts and sums (and sums of squares) only: what is divided by what, and how sure that is,
is decided where it is shown.  Nothing here is a rate, so nothing here lacks its count.

Sums of squares are over clusters: the trials of one case together, every other session alone.
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal, NamedTuple, get_args

from quarterdeck.errors import Invalid
from quarterdeck.storage.events.connection import EventConnection, question
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import (
    SessionFilter,
    filter_params,
    filtered_question,
)

Dimension = Literal[
    "task_type", "workflow", "version", "environment", "agent", "model", "tool", "user",
    "outcome", "status", "case", "tag", "finding",
]  # fmt: skip
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_ONE = {
    "": "['']",
    "task_type": "[toString(task_type)]",
    "workflow": "[toString(workflow)]",
    "version": "[toString(version)]",
    "environment": "[toString(environment)]",
    "user": "[user_id]",
    "outcome": "[toString(outcome)]",
    "status": "[toString(status)]",
    "case": "[toString(case_id)]",
}
_SEVERAL = {
    "agent": "agents", "model": "models", "tool": "tools", "tag": "tags", "finding": "findings",
}  # fmt: skip
"""Dimensions of which a session may have several values, and the column that lists them."""

_OWN = frozenset({"agent", "model", "tool"})
"""Those of them whose values have costs and calls of their own within a session."""

_NO_COUNT = "CAST(NULL, 'Nullable(Int64)')"
_NO_MONEY = "CAST(NULL, 'Nullable(Decimal(18, 9))')"
_CLUSTERED = (
    "n", "succeeded", "partly", "failures", "abandoned", "interrupted", "known", "intervened",
    "acts", "waited_s", "opened", "erring", "mended", "retries", "handoffs", "took_s", "judged",
    "quality", "cost", "money", "costed", "costed_wins", "wasted", "calls", "unpriced", "all_calls",
    "without_price", "read_tokens", "written_tokens", "used", "failed", "refused", "ran", "fine",
    "wanted", "made", "testing", "span_count",
)  # fmt: skip
"""Columns of a session in `figures.sql`, which a case adds up over its trials."""
_SUMS = ("calls", "unpriced", "read_tokens", "written_tokens", "used", "failed", "refused")


_MAX_ROWS = 10_000
"""A year by hour is 8,760 buckets; more rows than this is a question that nobody reads."""


Spread = list[float]
"""
[clusters that tell, sum of x * x, of y * y, of x * y], over what clusters add up to for the
figure x / y.
"""


class FiguresRow(NamedTuple):
    """
    One bucket and value.  With `by` agent, model or tool the costs, tokens and calls are that
    value's own; None = can't be told for that dimension, or nothing of it was known.
    """

    bucket_ns: int
    """Start of the time bucket; 0 when not asked for."""
    value_1: str
    """"" = the sessions have none, or no dimension was asked for."""
    value_2: str
    sessions: int
    cases: int
    """Distinct cases that the sessions are trials of; 0 = there is no trial among them."""
    successes: int
    partial_successes: int
    failures: int
    abandoned: int
    interrupted: int
    known_outcomes: int
    """Sessions whose outcome is not `unknown`: what a completion rate divides by."""
    intervened: int
    """Sessions with at least one intervention."""
    interventions: int
    waited_s: float
    episodes: int
    with_episodes: int
    """Sessions with at least one episode."""
    recovered: int
    retries: int
    handoffs: int
    duration_s: float
    judged: int
    """Sessions with a quality score."""
    quality: float
    cost_usd: Decimal | None
    costed: int
    """Sessions with a known cost: what a mean cost divides by."""
    costed_successes: int
    """Successes with a known cost: what a cost per success divides by."""
    wasted_usd: Decimal | None
    model_calls: int | None
    unpriced_calls: int | None
    input_tokens: int | None
    output_tokens: int | None
    tool_calls: int | None
    tool_errors: int | None
    tool_denied: int | None
    expected_calls: int
    matched_calls: int
    tests: int
    """Sessions of which a test told the calls that it expected."""
    spans: int
    """Of the whole sessions, also with a dimension."""
    completion_spread: Spread
    unknown_spread: Spread
    intervened_spread: Spread
    acts_spread: Spread
    cost_spread: Spread
    success_cost_spread: Spread
    unpriced_spread: Spread
    recovery_spread: Spread
    tool_spread: Spread
    """x: calls that ran and did not err; y: calls that ran."""
    expected_spread: Spread
    duration_spread: Spread
    quality_spread: Spread


class CaseTrialsRow(NamedTuple):
    bucket_ns: int
    value_1: str
    value_2: str
    trials: int
    """Those whose outcome is known."""
    successes: int
    cases: int
    """How many cases have so many of both."""


def figures(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
    *,
    by: tuple[Dimension, ...] = (),
    bucket_ns: int = 0,
) -> list[FiguresRow]:
    """
    By bucket, then by number of sessions, most first; at most 10,000 rows.

    Clusters are cases; where a row is of one case alone, its sessions.  A session belongs to the
    bucket in which it began; buckets count from 1970, so those of a week begin on a Thursday.
    Raises `Invalid` for more than two or unknown dimensions.
    """
    params = _params(scope, where, by, bucket_ns)
    # Without a case every cluster is one session, and the sessions need to be read once only.
    clustered = "case" not in by and has_cases(db, scope)
    sql = figures_question(where, by, clustered=clustered)
    rows = [FiguresRow(*row) for row in db.rows(sql, params)]
    if not clustered or not any(map(is_one_case, rows)):
        return rows
    sql = figures_question(where, by, clustered=False)
    by_session = {row[:3]: FiguresRow(*row) for row in map(tuple, db.rows(sql, params))}
    return [by_session.get(row[:3], row) if is_one_case(row) else row for row in rows]


def has_cases(db: EventConnection, scope: ProjectScope) -> bool:
    """Whether any session of the project is a trial."""
    return bool(db.rows(question("has_cases"), scope.params()))


def is_one_case(row: FiguresRow) -> bool:
    """
    All sessions are trials of one case.  There is no spread between cases to see, and what is
    asked is how that one case does: given the case, its trials are independent.
    """
    return row.sessions > 1 and row.unknown_spread[0] == 1


def has_clusters(row: FiguresRow) -> bool:
    """Whether some of the sessions were added up by case: then these are what is independent."""
    return row.unknown_spread[0] < row.sessions


def case_trials(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter = SessionFilter(),  # noqa: B008 - frozen
    *,
    by: tuple[Dimension, ...] = (),
    bucket_ns: int = 0,
) -> list[CaseTrialsRow]:
    """How the trials of the cases went, in the same groups as `figures`.  Raises as it does."""
    params = _params(scope, where, by, bucket_ns)
    return [CaseTrialsRow(*row) for row in db.rows(case_trials_question(where, by), params)]


def _params(
    scope: ProjectScope, where: SessionFilter, by: tuple[Dimension, ...], bucket_ns: int
) -> dict[str, Any]:
    if len(by) > 2 or len(set(by)) != len(by) or any(name not in DIMENSIONS for name in by):
        raise Invalid(
            f"can't group by {list(by)!r}", hint=f"At most two of {', '.join(DIMENSIONS)}."
        )
    if bucket_ns < 0:
        raise Invalid(f"not a time bucket: {bucket_ns!r}")
    return {**filter_params(scope, where), "bucket_ns": bucket_ns, "limit": _MAX_ROWS}


def figures_question(
    where: SessionFilter, by: tuple[Dimension, ...], *, clustered: bool = True
) -> str:
    """
    `figures.sql` for these dimensions.  The texts put in come from the tables here.

    Without `clustered` every session is a cluster: the same where none is a trial.
    """
    value_1, value_2 = (_values(name) for name in (*by, "", "")[:2])
    own = [(name, nth) for nth, name in enumerate(by, start=1) if name in _OWN]
    if not own:
        filled = of_sessions()
    elif len(own) == 1:
        name, nth = own[0]
        filled = {"agent": _of_agents, "model": _of_models, "tool": _of_tools}[name](f"value_{nth}")
    else:
        filled = {}
    return grouped_question(where, value_1, value_2, filled=filled, clustered=clustered)


def grouped_question(
    where: SessionFilter,
    value_1: str,
    value_2: str,
    *,
    filled: Mapping[str, str],
    clustered: bool,
    only: frozenset[str] = frozenset(FiguresRow._fields),
) -> str:
    """
    `figures.sql` by two arrays of text, each a piece of SQL of ours: a session counts once for
    each value.  `filled` says what is added up where; what it leaves out is NULL.  `only` these
    columns are asked for, in the order of `FiguresRow`: what the engine plans takes longest.
    """
    sql = filtered_question("figures", where)
    sql = sql.replace("{value_1}", value_1).replace("{value_2}", value_2)
    head, _, rest = sql.partition("{sessions}")
    sessions, _, tail = rest.partition("{end}")
    head = _with_columns(head, only)
    if clustered:
        used = set(_USED.findall(head)) | {"n"}
        sessions = _by_cluster(sessions, [name for name in _CLUSTERED if name in used])
    else:
        sessions = sessions.replace("{which}", "")
    sql = head + sessions + tail
    for money in ("wasted", "cost"):
        sql = sql.replace(f"{{{money}}}", filled.get(money, _NO_MONEY))
    for count in _SUMS:
        sql = sql.replace(f"{{{count}}}", filled.get(count, _NO_COUNT))
    return sql


_COLUMN = re.compile(r" AS (\w+),?$")
_USED = re.compile(r"\bc\.(\w+)")


def _with_columns(head: str, only: frozenset[str]) -> str:
    """The SELECT up to its FROM, one column a line, with those of its columns alone."""
    lines = head.strip().splitlines()
    wanted = [
        line.rstrip(",")
        for line in lines[1:-1]
        if (match := _COLUMN.search(line)) is None or match[1] in only
    ]
    return "\n".join((lines[0], ",\n".join(wanted), lines[-1], ""))


def _by_cluster(sessions: str, columns: Sequence[str]) -> str:
    """
    Trials added up by case, all others as they are: they need no table of a million sessions.
    """
    key = "bucket_ns, value_1, value_2"
    alone = sessions.replace("{which}", "AND case_id = ''")
    trials = sessions.replace("{which}", "AND case_id != ''")
    sums = ", ".join(f"sum(s.{name}) AS {name}" for name in columns)
    return f"""
    SELECT {key}, case_id, {", ".join(columns)} FROM ({alone})
    UNION ALL
    SELECT {key}, any(s.case_id) AS case_id, {sums} FROM ({trials}) AS s GROUP BY {key}, cluster
    """


def case_trials_question(where: SessionFilter, by: tuple[Dimension, ...]) -> str:
    return _of_groups("case_trials", where, by)


def _of_groups(name: str, where: SessionFilter, by: tuple[Dimension, ...]) -> str:
    sql = filtered_question(name, where)
    sql = sql.replace("{value_1}", _values(by[0] if by else ""))
    return sql.replace("{value_2}", _values(by[1] if len(by) > 1 else ""))


def _values(dimension: str) -> str:
    if dimension in _ONE:
        return _ONE[dimension]
    words = f"arrayMap(word -> toString(word), {_SEVERAL[dimension]})"
    return f"emptyArrayToSingle(arrayDistinct({words}))"


def of_sessions() -> dict[str, str]:
    return {
        "wasted": "wasted_usd",
        "cost": "cost_usd",
        "calls": _total("model_calls"),
        "unpriced": _total("model_unpriced"),
        "read_tokens": _total("model_input"),
        "written_tokens": _total("model_output"),
        "used": _total("tool_calls"),
        "failed": _total("tool_errors"),
        "refused": _total("tool_denied"),
    }


def _of_models(value: str) -> dict[str, str]:
    return {
        "cost": money_of("model_cost", "models", value),
        "calls": total_of("model_calls", "models", value),
        "unpriced": total_of("model_unpriced", "models", value),
        "read_tokens": total_of("model_input", "models", value),
        "written_tokens": total_of("model_output", "models", value),
    }


def _of_tools(value: str) -> dict[str, str]:
    return {
        "used": total_of("tool_calls", "tools", value),
        "failed": total_of("tool_errors", "tools", value),
        "refused": total_of("tool_denied", "tools", value),
    }


def _of_agents(value: str) -> dict[str, str]:
    return {
        "cost": money_of("agent_cost", "agents", value),
        "calls": total_of("agent_models", "agents", value),
        "used": total_of("agent_tools", "agents", value),
    }


def _total(counts: str) -> str:
    return f"toNullable(toInt64(arraySum(sessions.{counts})))"


def total_of(counts: str, names: str, value: str) -> str:
    own = f"arrayMap((count, name) -> count * (name = {value}), sessions.{counts}, {names})"
    return f"toNullable(toInt64(arraySum({own})))"


def money_of(amounts: str, names: str, value: str) -> str:
    """NULL if no amount of the value is known."""
    own = f"arrayFilter((amount, name) -> name = {value} AND isNotNull(amount), {amounts}, {names})"
    total = f"arraySum(arrayMap(amount -> assumeNotNull(amount), {own}))"
    return f"if(empty({own}), NULL, toNullable(toDecimal64({total}, 9)))"
