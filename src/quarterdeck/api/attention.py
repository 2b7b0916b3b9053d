"""
What somebody should look at now: each thing with how many sessions it is about, one sentence, and
the filter that shows them.

Nothing here is a guess: a task type is named where its difference is one at a confidence that
holds for all of them together, a session is long against the closed ones of its own type, an
error is new where it was in none of the sessions before.  The names in a sentence are the
senders' own and shown as text.
"""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from quarterdeck.api.behind import View, is_in, number
from quarterdeck.api.measures import CONFIDENCE, FIGURES, completion, difference
from quarterdeck.api.overview_figures import terms_of
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.storage.events.overview_reads import (
    EVERYTHING,
    Groups,
    OpenSessionsRow,
    SignsRow,
    UsualDurationsRow,
)
from quarterdeck.storage.records.approvals import Waiting

_MAX_OF_A_KIND = 3
"""More of one kind would hide the others; the screen of that kind has the rest."""
_MIN_CLOSED = 20
"""Closed sessions of a task type, below which none of it is called long: 95 of 100 of few is all
of them."""
_MIN_NEW = 3
"""Sessions with a new error: one or two happen every day."""
_MIN_BEFORE = 10
"""Sessions before, without which everything would be new."""
_MANY_UNKNOWN = 0.5
"""Of the sessions: the completion rate is then one of the lesser part."""
_SHOWN = 100
"""Characters of a sender's name in a sentence."""


class Seen(NamedTuple):
    """What the overview found out."""

    now: Groups
    before: Groups
    view: View
    compares_periods: bool
    opened: Sequence[OpenSessionsRow]
    usual: Mapping[str, UsualDurationsRow]
    signs: Sequence[SignsRow]
    refused: int
    """Requests refused in the last hour that this caller may know of."""
    approvals: Waiting | None = None


def needs(seen: Seen) -> list[dict[str, Any]]:
    """Most pressing first."""
    return [
        *_approvals(seen), *_waiting(seen), *_refused(seen), *_worse(seen), *_long(seen),
        *_new_errors(seen), *_unpriced(seen), *_findings(seen), *_unknown(seen),
    ]  # fmt: skip


def _item(kind: str, count: int, sentence: str, **more: Any) -> dict[str, Any]:
    nothing = dict.fromkeys(("subject", "difference", "since", "session_id", "behind"))
    return {"kind": kind, "count": count, "sentence": sentence, **nothing, **more}


def _approvals(seen: Seen) -> Iterator[dict[str, Any]]:
    if seen.approvals is None:
        return
    total, first = seen.approvals
    calls = f"{total} {_verb(total, 'call waits', 'calls wait')}"
    yield _item(
        "approval", total,
        f"{calls} for an approval, longest one of {_name(first.tool)}.",
        subject=first.tool or None, since=to_rfc3339(first.asked_ns), session_id=first.session_id,
    )  # fmt: skip


def _waiting(seen: Seen) -> Iterator[dict[str, Any]]:
    rows = [row for row in seen.opened if row.state == "waiting_for_human"]
    count = sum(row.sessions for row in rows)
    if not count:
        return
    quiet = min(rows, key=lambda row: (row.quiet_ns, row.quiet_id))
    view = seen.view.always().that(is_in("status", "waiting_for_human"))
    yield _item(
        "waiting", count,
        f"{_sessions(count)} {_verb(count, 'waits', 'wait')} for a person.",
        since=to_rfc3339(quiet.quiet_ns), session_id=quiet.quiet_id, behind=view.behind(count),
    )  # fmt: skip


def _refused(seen: Seen) -> Iterator[dict[str, Any]]:
    if seen.refused:
        requests = _verb(seen.refused, "request was", "requests were")
        yield _item(
            "refused_intake", seen.refused,
            f"{seen.refused} {requests} refused in the last hour; nothing of them was kept.",
        )  # fmt: skip


def _worse(seen: Seen) -> Iterator[dict[str, Any]]:
    """The chance of one false alarm among all task types together is 5 in 100."""
    groups = [g for g in seen.now if g.kind == "task_type" and g in seen.before]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(groups))
    found = []
    for group in groups:
        now, before = (completion(s[group], confidence=confidence) for s in (seen.now, seen.before))
        told = difference(FIGURES["task_completion_rate"], now, before)
        if told is not None and told["verdict"] == "worse":
            found.append((told["value"], group, told, now, before))
    for _, group, told, now, before in sorted(found, key=lambda one: one[:2])[:_MAX_OF_A_KIND]:
        row = seen.now[group]
        yield _item(
            "task_type_worse", row.known_outcomes,
            f"Completion of {_name(group.name)} fell from {_percent(before.value)} of"
            f" {before.n} to {_percent(now.value)} of {now.n} sessions.",
            subject=group.name, difference=told,
            behind=seen.view.that(
                *terms_of(group), is_in("outcome", "unknown", negated=True)
            ).behind(row.known_outcomes),
        )  # fmt: skip


def _long(seen: Seen) -> Iterator[dict[str, Any]]:
    found = []
    for row in seen.opened:
        usual = seen.usual.get(f"t:{row.of_type}")
        if row.state != "open" or usual is None or usual.sessions < _MIN_CLOSED:
            continue
        count = sum(-took > usual.most_ns for took in row.took_ns)
        if count:
            found.append((count, row, usual))
    for count, row, usual in sorted(found, key=lambda one: (-one[0], one[1].of_type)):
        view = seen.view.always().that(
            is_in("status", "open"),
            is_in("task_type", row.of_type),
            number("duration", ">", Decimal(usual.most_ns) / NS_PER_S),
        )
        yield _item(
            "long_running", count,
            f"{_sessions(count)} of {_name(row.of_type)} {_verb(count, 'runs', 'run')} longer than"
            f" 95 of 100 of its {usual.sessions} closed ones did.",
            subject=row.of_type or None, behind=view.behind(count),
        )  # fmt: skip


def _new_errors(seen: Seen) -> Iterator[dict[str, Any]]:
    before = seen.before.get(EVERYTHING)
    if not seen.compares_periods or before is None or before.sessions < _MIN_BEFORE:
        return
    rows = [one for one in seen.signs if one.kind == "failed_tool"]
    new = [one for one in rows if not one.sessions_before and one.sessions >= _MIN_NEW]
    for one in new[:_MAX_OF_A_KIND]:
        yield _item(
            "new_errors", one.sessions,
            f"Calls of {_name(one.name)} failed in {_sessions(one.sessions)}, and in none of the"
            f" {before.sessions} before.",
            **_of_sign(seen, one),
        )  # fmt: skip


def _unpriced(seen: Seen) -> Iterator[dict[str, Any]]:
    for one in [one for one in seen.signs if one.kind == "unpriced_model"][:_MAX_OF_A_KIND]:
        calls = _verb(one.counted, "call", "calls")
        yield _item(
            "unpriced_model", one.sessions,
            f"No price is known of {_name(one.name)}: {one.counted} {calls} in"
            f" {_sessions(one.sessions)} cost an unknown amount.",
            **_of_sign(seen, one),
        )  # fmt: skip


def _findings(seen: Seen) -> Iterator[dict[str, Any]]:
    for one in [one for one in seen.signs if one.kind == "finding"][:_MAX_OF_A_KIND]:
        yield _item(
            "data_finding", one.sessions,
            f"The data of {_sessions(one.sessions)} {_verb(one.sessions, 'has', 'have')} the"
            f" finding {_name(one.name)}.",
            **_of_sign(seen, one),
        )  # fmt: skip


def _of_sign(seen: Seen, one: SignsRow) -> dict[str, Any]:
    return {
        "subject": one.name or None,
        "since": to_rfc3339(one.first_ns),
        "session_id": one.first_id,
        "behind": seen.view.that(is_in(one.kind, one.name)).behind(one.sessions),
    }


def _unknown(seen: Seen) -> Iterator[dict[str, Any]]:
    row = seen.now.get(EVERYTHING)
    if row is None or not row.sessions:
        return
    unknown = row.sessions - row.known_outcomes
    if unknown >= _MANY_UNKNOWN * row.sessions:
        yield _item(
            "unknown_outcomes", unknown,
            f"Nobody told how {unknown} of {_sessions(row.sessions)} ended.",
            behind=seen.view.that(is_in("outcome", "unknown")).behind(unknown),
        )  # fmt: skip


def _sessions(count: int) -> str:
    return f"{count} {_verb(count, 'session', 'sessions')}"


def _verb(count: int, one: str, several: str) -> str:
    return one if count == 1 else several


def _percent(value: Any) -> str:
    return f"{100 * float(value):.0f} %"


def _name(text: str) -> str:
    """Quoted, so that control characters and the ends of the name are seen."""
    if not text:
        return "one without a name"
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "…")
