"""
Opik's threads: sessions by another name.

Their scores are judgements of the session; closing one ends the session, until something new
comes.  What one thread of two projects says is one session: the thread's id is the session's.
"""

from typing import Any

from quarterdeck.model.ids import public_id
from quarterdeck.model.scores import Score
from quarterdeck.receive.wire import Call, Desk, Fragment, Judgement, Reading, Reply
from quarterdeck.receive.wires.opik import known
from quarterdeck.receive.wires.opik.spans import JUDGES, THREAD
from quarterdeck.receive.wires.opik.tracing import list_of, project_of, text_of


async def close(call: Call, desk: Desk) -> Reply:
    body = call.object()
    many = body.get("thread_ids")
    threads = many if isinstance(many, list) and many else [text_of(body, "thread_id")]
    project = project_of(body)
    await desk.keep(
        Reading(
            fragments=tuple(
                Fragment(
                    object=f"{THREAD}{project}:{thread}"[:400],
                    kind=known.CLOSE,
                    body={"thread_id": str(thread), "project_name": project},
                    at_ns=call.received_ns,
                )
                for thread in threads
            )
        )
    )
    return Reply(status=204)


async def reopen(call: Call, _desk: Desk) -> Reply:
    """Nothing to keep: a closed session is open as soon as something comes."""
    text_of(call.object(), "thread_id")
    return Reply(status=204)


async def score(call: Call, desk: Desk) -> Reply:
    given = list_of(call.object(), "scores")
    judgements = tuple(_judgement(body, call.received_ns) for body in given)
    await desk.keep(Reading(judgements=judgements))
    return Reply(status=204)


async def unscore(call: Call, desk: Desk) -> Reply:
    body = call.object()
    names = body.get("names")
    told = [{**body, "name": name} for name in (names if isinstance(names, list) else [])]
    judgements = tuple(_judgement(one, call.received_ns, taken_back=True) for one in told)
    await desk.keep(Reading(judgements=judgements))
    return Reply(status=204)


def _judgement(body: dict[str, Any], at_ns: int, *, taken_back: bool = False) -> Judgement:
    value = body.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        value = None
    score = Score(
        name=text_of(body, "name"),
        scope="session",
        target_session_id=public_id(text_of(body, "thread_id")),
        value=None if value is None else float(value),
        label=str(body.get("category_name") or "")[:200],
        explanation=str(body.get("reason") or ""),
        judge=JUDGES.get(str(body.get("source")), "unknown"),
        author=str(body.get("author") or "")[:200],
        at_ns=at_ns,
    )
    return Judgement(score=score, given_ns=at_ns, taken_back=taken_back)
