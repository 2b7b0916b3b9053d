"""
Approvals: tool calls and steps that wait for a person, and what was decided.

The first decision stands: whoever comes second is told who was quicker.  A request ends at
`expires_ns` whatever its row says, so no job has to run for it, and two replicas agree.

Refused: other content under an id that exists, and a decision on what is over.
"""

from collections.abc import Collection, Mapping
from typing import Any, Literal, NamedTuple, get_args

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.engine import RowMapping
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict, Invalid, NotFound, TryAgain
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.projects import require_project
from quarterdeck.storage.records.storable import (
    Page,
    actor_of,
    canonical,
    is_id,
    json_of,
    name_of,
    text_of,
    time_of,
)
from quarterdeck.storage.records.workflow_tables import APPROVALS

State = Literal["waiting", "approved", "rejected", "changed", "expired", "cancelled"]
"""`changed` is approved, with other arguments."""
STATES: tuple[State, ...] = get_args(State)
Default = Literal["allow", "deny"]

_ID_LENGTH = 64
_MOST_VERSION = 2**31 - 1


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What a person is asked, as the agent told it."""

    session_id: str
    trace_id: str = ""
    span_id: str = ""
    agent: str = ""
    tool: str = ""
    question: str = ""
    arguments: dict[str, Any] = {}
    rule: str = ""
    workflow: str = ""
    version: int | None = None
    environment: str = ""
    default: Default = "deny"
    """What holds when nobody answers."""


class Approval(Question, frozen=True, kw_only=True):
    approval_id: str
    state: State
    """As of the instant that it was read at."""
    asked_ns: int
    expires_ns: int
    """From this instant on it is no longer waited for."""
    decided_ns: int | None = None
    """When it was decided or cancelled."""
    decided_by: str = ""
    reason: str = ""
    changed_arguments: dict[str, Any] | None = None
    """What the person made of the arguments; None where they stayed."""


class Asked(NamedTuple):
    approval: Approval
    created: bool


class Key(NamedTuple):
    project_id: str
    approval_id: str


def ask(
    records: Records,
    *,
    project_id: str,
    approval_id: str,
    question: Question,
    timeout_s: float,
    now_ns: int,
) -> Asked:
    """
    A request, and whether it is new.  The same one sent again is answered as it stands by now.

    Raises `NotFound` for the project, `Invalid` for an id or name that can't be kept, `Conflict`
    where the id is another question's.
    """
    values = _values(question)
    values["approval_id"] = name_of("approval id", approval_id, longest=_ID_LENGTH)
    values["asked_ns"] = time_of(now_ns)
    values["expires_ns"] = time_of(now_ns + round(timeout_s * 1_000_000_000))
    for _ in range(2):
        try:
            with records.writing() as connection:
                require_project(connection, project_id)
                row = _row(connection, project_id, approval_id)
                if row is not None:
                    return Asked(_same(row, question, now_ns=now_ns), created=False)
                connection.execute(
                    insert(APPROVALS).values(
                        project_id=project_id, state="waiting", decided_by="", reason="", **values
                    )
                )
                made = _must_find(connection, project_id, approval_id)
                return Asked(_approval(made, now_ns=now_ns), created=True)
        except IntegrityError:
            continue  # the same request came in at another replica between our look and insert
    raise TryAgain(f"approval {approval_id!r} is being asked for by others")


def find(records: Records, *, project_id: str, approval_id: str, now_ns: int) -> Approval:
    """Raises `NotFound`."""
    with records.reading() as connection:
        return _approval(_must_find(connection, project_id, approval_id), now_ns=now_ns)


def list_some(
    records: Records,
    *,
    project_id: str,
    now_ns: int,
    states: Collection[State] = (),
    session_id: str = "",
    limit: int = 100,
    offset: int = 0,
) -> Page[Approval]:
    """Newest first; no `states` means any."""
    where = [APPROVALS.c.project_id == project_id]
    if states:
        where.append(or_(*(_in_state(state, now_ns) for state in states)))
    if session_id:
        where.append(APPROVALS.c.session_id == session_id)
    order = (APPROVALS.c.asked_ns.desc(), APPROVALS.c.approval_id)
    query = select(APPROVALS).where(*where).order_by(*order).limit(limit).offset(offset)
    with records.reading() as connection:
        total = connection.execute(
            select(func.count()).select_from(APPROVALS).where(*where)
        ).scalar_one()
        rows = connection.execute(query).mappings().all()
        return Page([_approval(row, now_ns=now_ns) for row in rows], total)


class Waiting(NamedTuple):
    total: int
    first: Approval
    """The one that waits longest."""


def waiting(records: Records, *, project_id: str, now_ns: int) -> Waiting | None:
    """What waits for a person now; None for nothing."""
    where = (APPROVALS.c.project_id == project_id, _in_state("waiting", now_ns))
    with records.reading() as connection:
        total = connection.execute(
            select(func.count()).select_from(APPROVALS).where(*where)
        ).scalar_one()
        query = select(APPROVALS).where(*where).order_by(APPROVALS.c.asked_ns).limit(1)
        row = connection.execute(query).mappings().first()
        return Waiting(total, _approval(row, now_ns=now_ns)) if row is not None else None


def not_waiting(records: Records, keys: Collection[Key], *, now_ns: int) -> set[Key]:
    """Those of the requests that are decided, over, or unknown."""
    wanted = set(keys)
    if not wanted:
        return set()
    query = select(APPROVALS.c.project_id, APPROVALS.c.approval_id).where(
        APPROVALS.c.project_id.in_({key.project_id for key in wanted}),
        APPROVALS.c.approval_id.in_({key.approval_id for key in wanted}),
        _in_state("waiting", now_ns),
    )
    with records.reading() as connection:
        return wanted - {Key(*row) for row in connection.execute(query)}


def decide(
    records: Records,
    *,
    project_id: str,
    approval_id: str,
    decision: Literal["approve", "reject"],
    arguments: dict[str, Any] | None = None,
    reason: str = "",
    by: str,
    now_ns: int,
) -> Approval:
    """
    The decision, if it is the first one in time.  `arguments` replace those that were asked about;
    equal ones are no change.

    Raises `NotFound`; `Invalid` for a rejection with arguments; `Conflict` where it was decided,
    cancelled or over before.
    """
    if decision == "reject" and arguments is not None:
        raise Invalid("a rejected call has no arguments", hint="Leave `arguments` out.")
    with records.writing() as connection:
        before = _approval(_must_find(connection, project_id, approval_id), now_ns=now_ns)
        state: State = "approved" if decision == "approve" else "rejected"
        changed = None
        if arguments is not None and canonical(arguments) != canonical(before.arguments):
            state, changed = "changed", json_of(arguments)
        end = {
            "state": state,
            "decided_ns": time_of(now_ns),
            "decided_by": actor_of(by),
            "reason": text_of(reason),
            "changed_arguments": changed,
        }
        if _end(connection, project_id, approval_id, end, now_ns=now_ns):
            return _approval(_must_find(connection, project_id, approval_id), now_ns=now_ns)
        now = _approval(_must_find(connection, project_id, approval_id), now_ns=now_ns)
        raise Conflict(told_over(now))


def cancel(
    records: Records, *, project_id: str, approval_id: str, by: str, reason: str = "", now_ns: int
) -> Asked:
    """
    The agent waits no longer.  What was decided before stays, and is the answer; `created` tells
    whether this call ended it.  Raises `NotFound`.
    """
    end = {
        "state": "cancelled",
        "decided_ns": time_of(now_ns),
        "decided_by": actor_of(by),
        "reason": text_of(reason),
    }
    with records.writing() as connection:
        _must_find(connection, project_id, approval_id)
        ended = _end(connection, project_id, approval_id, end, now_ns=now_ns)
        row = _must_find(connection, project_id, approval_id)
        return Asked(_approval(row, now_ns=now_ns), created=ended)


def forget_sessions(
    records: Records,
    *,
    project_id: str,
    session_ids: Collection[str],
    trace_ids: Collection[str] = (),
) -> None:
    """Takes away what was asked in these sessions, or in these traces."""
    of_them = or_(APPROVALS.c.session_id.in_(session_ids), APPROVALS.c.trace_id.in_(trace_ids))
    with records.writing() as connection:
        connection.execute(delete(APPROVALS).where(APPROVALS.c.project_id == project_id, of_them))


def delete_older(records: Records, *, project_id: str, before_ns: int) -> int:
    """Takes away what was over before that; how many."""
    old = (APPROVALS.c.project_id == project_id, APPROVALS.c.expires_ns < before_ns)
    with records.writing() as connection:
        return connection.execute(delete(APPROVALS).where(*old)).rowcount


def told_over(approval: Approval) -> str:
    """Why nothing can be decided any more, in one sentence."""
    if approval.state == "expired":
        at, holds = to_rfc3339(approval.expires_ns), f"its default holds: {approval.default}"
        return f"approval {approval.approval_id!r} expired at {at}; {holds}"
    at = to_rfc3339(approval.decided_ns or 0)
    return (
        f"approval {approval.approval_id!r} was {approval.state} by {approval.decided_by!r} at {at}"
    )


# --------------------------------------------------------------------------------- rows


def _values(question: Question) -> dict[str, Any]:
    """Columns.  Raises `Invalid` for what can't be kept."""
    if not question.session_id or len(question.session_id) > 500:
        raise Invalid(
            f"not a session id: {question.session_id[:80]!r}", hint="Use 1 to 500 characters."
        )
    if question.version is not None and not 0 < question.version <= _MOST_VERSION:
        raise Invalid(f"not a version: {question.version}")
    values: dict[str, Any] = {}
    for name in Question.__struct_fields__:
        value = getattr(question, name)
        if isinstance(value, str):
            value = text_of(value)
            kept = APPROVALS.c[name].type
            if isinstance(kept, String) and kept.length and len(value) > kept.length:
                raise Invalid(f"{name} has more than {kept.length} characters")
        values[name] = json_of(value) if name == "arguments" else value
    return values


def _same(row: RowMapping, question: Question, *, now_ns: int) -> Approval:
    """Raises `Conflict` if the row is another question's."""
    there = _approval(row, now_ns=now_ns)
    asked = (text_of(question.session_id), text_of(question.tool), canonical(question.arguments))
    if (there.session_id, there.tool, canonical(there.arguments)) != asked:
        raise Conflict(
            f"approval {there.approval_id!r} is another question's",
            hint="Make a new id for each question, and keep it when you ask again.",
        )
    return there


def _end(
    connection: Connection,
    project_id: str,
    approval_id: str,
    values: Mapping[str, Any],
    *,
    now_ns: int,
) -> bool:
    """Whether it still waited.  The condition is in the statement: of two at once one is first."""
    done = connection.execute(
        update(APPROVALS)
        .where(_is(project_id, approval_id), _in_state("waiting", now_ns))
        .values(**values)
    )
    return done.rowcount == 1


def _must_find(connection: Connection, project_id: str, approval_id: str) -> RowMapping:
    row = _row(connection, project_id, approval_id) if is_id(approval_id) else None
    if row is None:
        raise NotFound(
            f"no approval {approval_id!r} in this project",
            hint="quarterdeck approvals list tells the ids; --state all those decided too.",
        )
    return row


def _row(connection: Connection, project_id: str, approval_id: str) -> RowMapping | None:
    query = select(APPROVALS).where(_is(project_id, approval_id))
    return connection.execute(query).mappings().first()


def _is(project_id: str, approval_id: str) -> ColumnElement[bool]:
    return and_(APPROVALS.c.project_id == project_id, APPROVALS.c.approval_id == approval_id)


def _in_state(state: State, now_ns: int) -> ColumnElement[bool]:
    """`expired` is a row that waits after its time."""
    match state:
        case "waiting":
            return and_(APPROVALS.c.state == "waiting", APPROVALS.c.expires_ns > now_ns)
        case "expired":
            return and_(APPROVALS.c.state == "waiting", APPROVALS.c.expires_ns <= now_ns)
        case _:
            return APPROVALS.c.state == state


def _approval(row: RowMapping, *, now_ns: int) -> Approval:
    values = {name: row[name] for name in Approval.__struct_fields__}
    if values["state"] == "waiting" and values["expires_ns"] <= now_ns:
        values["state"] = "expired"
    return Approval(**values)
