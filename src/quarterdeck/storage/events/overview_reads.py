"""
What the overview is made of, in few questions: the figures of everything, of each workflow version,
task type and model, now and before, in one; what is open; what is usual; what went wrong.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal, NamedTuple

import msgspec

from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.figures_reads import (
    FiguresRow,
    grouped_question,
    has_cases,
    is_one_case,
    money_of,
    of_sessions,
    total_of,
)
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_reads import (
    SessionFilter,
    filter_params,
    filtered_question,
)

_MAX_ROWS = 4_000
"""Groups of figures; a project with more workflow versions than this shows the largest."""
_MAX_SIGNS = 100

Side = Literal["now", "before"]
Kind = Literal["all", "workflow", "task_type", "model"]


class Group(NamedTuple):
    """What a row of figures is of.  `version` of workflows alone; all = ("all", "", "")."""

    kind: Kind
    name: str
    version: str = ""


EVERYTHING = Group("all", "")

Groups = Mapping[Group, FiguresRow]


class OpenSessionsRow(NamedTuple):
    state: str
    """`open` or `waiting_for_human`."""
    of_type: str
    """The task type; "" = none was told."""
    sessions: int
    first_ns: int
    first_id: str
    """The one that began first."""
    quiet_ns: int
    quiet_id: str
    """The one that nothing was heard of for longest."""
    took_ns: list[int]
    """Of the longest 1,000, longest first: from the first to the last span, below 0."""


class UsualDurationsRow(NamedTuple):
    of_type: str
    """"" = of all; else "t:" and the type."""
    sessions: int
    half_ns: int
    """Half of them took at most so long."""
    most_ns: int
    """95 of 100 did."""


class SignsRow(NamedTuple):
    kind: str
    """`failed_tool`, `unpriced_model` or `finding`: fields of the filter language."""
    name: str
    sessions: int
    sessions_before: int
    first_ns: int
    """When the first session of now began."""
    first_id: str
    counted: int
    """Failed calls, calls without a price; of findings, sessions."""


def no_sessions() -> FiguresRow:
    """The row of what has none: the store leaves it out."""
    nothing = {
        name: [0.0] * 4 if name.endswith("_spread") else 0 for name in FiguresRow._fields
    } | {"value_1": "", "value_2": "", "waited_s": 0.0, "duration_s": 0.0, "quality": 0.0}
    unknown = dict.fromkeys(("cost_usd", "wasted_usd"))
    return FiguresRow(**(nothing | unknown))  # type: ignore[arg-type]  # by name, as declared


def overview_figures(
    db: EventConnection, scope: ProjectScope, where: SessionFilter, *, split_ns: int
) -> dict[Side, Groups]:
    """
    Sessions that began before `split_ns` are those of before.

    A session stands in the row of everything, of its workflow version, of its task type, and of
    each of its models; a model's cost and calls are its own.  Clusters are as in `figures`.
    """
    params = {
        **filter_params(scope, where), "bucket_ns": 0, "limit": _MAX_ROWS, "split_ns": split_ns,
    }  # fmt: skip
    rows = _asked(db, scope, where, params, _BY_GROUP)
    found: dict[Side, dict[Group, FiguresRow]] = {"now": {}, "before": {}}
    for row in rows:
        found["now" if row.value_2 == "now" else "before"][_group(row.value_1)] = row
    return {"now": found["now"], "before": found["before"]}


def overview_points(
    db: EventConnection, scope: ProjectScope, where: SessionFilter, *, bucket_ns: int
) -> dict[int, FiguresRow]:
    """Everything, by the bucket that a session began in; buckets without sessions are left out."""
    params = {**filter_params(scope, where), "bucket_ns": bucket_ns, "limit": _MAX_ROWS}
    return {row.bucket_ns: row for row in _asked(db, scope, where, params, _BY_TIME)}


class _Asked(NamedTuple):
    """By what, and for what."""

    value_1: str
    value_2: str
    filled: Mapping[str, str]
    columns: tuple[str, ...]

    def sql(self, where: SessionFilter, *, clustered: bool) -> str:
        return grouped_question(
            where, self.value_1, self.value_2,
            filled=self.filled, clustered=clustered, only=frozenset(self.columns),
        )  # fmt: skip


def _asked(
    db: EventConnection,
    scope: ProjectScope,
    where: SessionFilter,
    params: dict[str, Any],
    asked: _Asked,
) -> list[FiguresRow]:
    """
    Clusters as in `figures`: cases, and of one case alone its sessions.

    In a project with cases some row is nearly always of one alone, so both are asked at once.
    """
    if not has_cases(db, scope):
        return _rows(db, asked.sql(where, clustered=False), params, asked.columns)
    with ThreadPoolExecutor(1) as beside:
        plain = beside.submit(_rows, db, asked.sql(where, clustered=False), params, asked.columns)
        rows = _rows(db, asked.sql(where, clustered=True), params, asked.columns)
        alone = {row[:3]: row for row in plain.result()}
    return [alone.get(row[:3], row) if is_one_case(row) else row for row in rows]


def _rows(
    db: EventConnection, sql: str, params: dict[str, Any], columns: tuple[str, ...]
) -> list[FiguresRow]:
    nothing = no_sessions()
    return [
        nothing._replace(**dict(zip(columns, row, strict=True))) for row in db.rows(sql, params)
    ]


_COLUMNS = (
    "bucket_ns", "value_1", "value_2", "sessions", "successes", "partial_successes", "failures",
    "abandoned", "interrupted", "known_outcomes", "intervened", "waited_s", "episodes",
    "with_episodes", "recovered", "cost_usd", "costed", "costed_successes", "wasted_usd",
    "model_calls", "unpriced_calls", "completion_spread", "unknown_spread", "intervened_spread",
    "cost_spread", "success_cost_spread", "unpriced_spread", "recovery_spread",
)  # fmt: skip
"""What the overview shows something of; the others stay 0."""

_POINT_COLUMNS = (
    "bucket_ns", "value_1", "value_2", "sessions", "successes", "partial_successes", "failures",
    "abandoned", "interrupted", "known_outcomes", "cost_usd", "costed", "model_calls",
    "unpriced_calls", "completion_spread", "unknown_spread", "unpriced_spread",
)  # fmt: skip


_GROUPS = (
    "arrayConcat(['', concat('t:', task_type),"
    # The length first: a name may hold any character that could part it from the version.
    " concat('w:', toString(length(workflow)), ':', workflow, version)],"
    " arrayMap(name -> concat('m:', name), arrayDistinct(emptyArrayToSingle(models))))"
)
_SIDES = "[if(started_ns < {split_ns:Int64}, 'before', 'now')]"


def _own(models: str, everybody: str) -> str:
    return f"if(startsWith(value_1, 'm:'), {models}, {everybody})"


def _filled() -> dict[str, str]:
    name = "substring(value_1, 3)"
    own = {
        "cost": money_of("model_cost", "models", name),
        "calls": total_of("model_calls", "models", name),
        "unpriced": total_of("model_unpriced", "models", name),
    }
    everybody = of_sessions()
    return everybody | {key: _own(sql, everybody[key]) for key, sql in own.items()}


_BY_GROUP = _Asked(_GROUPS, _SIDES, _filled(), _COLUMNS)
_BY_TIME = _Asked("['']", "['']", of_sessions(), _POINT_COLUMNS)


def _group(value: str) -> Group:
    match value[:2]:
        case "t:":
            return Group("task_type", value[2:])
        case "m:":
            return Group("model", value[2:])
        case "w:":
            length, _, rest = value[2:].partition(":")
            raw = rest.encode()
            name, version = raw[: int(length)], raw[int(length) :]
            return Group(
                "workflow", name.decode("utf-8", "replace"), version.decode("utf-8", "replace")
            )
    return EVERYTHING


def open_sessions(
    db: EventConnection, scope: ProjectScope, where: SessionFilter
) -> list[OpenSessionsRow]:
    """Not closed, whenever they began: the filter's time does not count."""
    always = SessionFilter()
    where = msgspec.structs.replace(where, since_ns=always.since_ns, until_ns=always.until_ns)
    params = {**filter_params(scope, where), "limit": _MAX_ROWS}
    sql = filtered_question("open_sessions", where)
    return [OpenSessionsRow(*row) for row in db.rows(sql, params)]


def usual_durations(
    db: EventConnection, scope: ProjectScope, where: SessionFilter
) -> dict[str, UsualDurationsRow]:
    params = {**filter_params(scope, where), "limit": _MAX_ROWS}
    rows = db.rows(filtered_question("usual_durations", where), params)
    return {row[0]: UsualDurationsRow(*row) for row in rows}


def signs(
    db: EventConnection, scope: ProjectScope, where: SessionFilter, *, split_ns: int
) -> list[SignsRow]:
    """Of each kind the 100 in most sessions of now, which began at or after `split_ns`."""
    params = {**filter_params(scope, where), "split_ns": split_ns, "limit": _MAX_SIGNS}
    return [SignsRow(*row) for row in db.rows(filtered_question("signs", where), params)]
