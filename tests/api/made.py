"""
Sessions as they come to be: raw spans, normalized, stored, assembled, by the product's own code.
"""

from collections.abc import Sequence
from typing import Any

from quarterdeck.assembly.assemble import assemble
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.sessions import Session
from quarterdeck.model.spans import RawSpan, Resource
from quarterdeck.normalize.normalize import normalize_span
from quarterdeck.storage.events import scores, session_reads, span_reads
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.events.scope import ProjectScope
from quarterdeck.storage.events.session_writes import SessionRow, write_sessions
from quarterdeck.storage.events.span_writes import SpanRow, write_spans

S = 1_000_000_000
T0 = 1_789_990_000_000_000_000
"""Some hours before the tests' clock."""


def trace_of(number: int) -> str:
    return f"{number:032x}"


def span_of(number: int) -> str:
    return f"{number:016x}"


def raw(
    number: int,
    *,
    trace: int = 1,
    parent: int = 0,
    name: str = "step",
    start_ns: int = T0,
    took_ns: int = S,
    status: int = 1,
    **attributes: Any,
) -> RawSpan:
    """Attribute names are written with `__` for a dot."""
    return RawSpan(
        trace_id=trace_of(trace),
        span_id=span_of(number),
        parent_span_id=span_of(parent) if parent else "",
        name=name,
        start_ns=start_ns,
        end_ns=start_ns + took_ns,
        status_code=status,
        attributes={key.replace("__", "."): value for key, value in attributes.items()},
        resource=Resource(attributes={"service.name": "test"}),
    )


def conversation(
    session_id: str, *, trace: int, secret: str = "", start_ns: int = T0, **attributes: Any
) -> list[RawSpan]:
    """An agent, a model call and a tool call; `secret` is in every field that can show it."""
    mark = secret or session_id
    return [
        raw(
            1, trace=trace, name=f"invoke_agent planner {secret}".strip(), start_ns=start_ns,
            took_ns=10 * S, session__id=session_id, gen_ai__operation__name="invoke_agent",
            gen_ai__agent__name=f"planner{secret}", quarterdeck__task=f"task {mark}",
            quarterdeck__task_type=f"type{secret}", user__id=f"user{secret}",
            quarterdeck__environment=f"env{secret}", **attributes,
        ),
        raw(
            2, trace=trace, parent=1, name="chat gpt-4o", start_ns=start_ns + S,
            gen_ai__operation__name="chat", gen_ai__request__model=f"gpt-4o{secret}",
            gen_ai__provider__name="openai", gen_ai__usage__input_tokens=100,
            gen_ai__usage__output_tokens=20,
            gen_ai__input__messages=f'[{{"role":"user","parts":[{{"type":"text",'
            f'"content":"please find {mark}"}}]}}]',
            gen_ai__output__messages='[{"role":"assistant","parts":[{"type":"text",'
            f'"content":"found {mark}"}}],"finish_reason":"stop"}}]',
        ),
        raw(
            3, trace=trace, parent=1, name="execute_tool bash", start_ns=start_ns + 3 * S,
            status=2, gen_ai__operation__name="execute_tool", gen_ai__tool__name=f"bash{secret}",
            gen_ai__tool__call__arguments=f'{{"command":"grep {mark}"}}',
            gen_ai__tool__call__result=f"no {mark} here",
        ),
    ]  # fmt: skip


def store(
    events: EventConnection, project_id: str, raws: Sequence[RawSpan], *, now_ns: int
) -> Session:
    """One session of these spans."""
    project = ProjectId(project_id)
    rows = [SpanRow(project, normalize_span(one), one, now_ns) for one in raws]
    write_spans(events, rows, token="")
    session = assemble([row.span for row in rows], now_ns=now_ns)
    write_sessions(events, [SessionRow(project, session, now_ns)])
    return session


def refresh_session(
    events: EventConnection, project_id: str, session_id: str, *, now_ns: int
) -> None:
    scope = ProjectScope(project_id=ProjectId(project_id))
    known = session_reads.get_session(events, scope, session_id)
    spans = span_reads.session_spans(events, scope, known.trace_ids)
    judged = scores.session_scores(events, scope, [known.session_id])
    session = assemble(spans, now_ns=now_ns, scores=judged.get(known.session_id, []))
    # The clock of the tests stands still; a later row must still count as later.
    version = now_ns + sum(len(given) for given in judged.values())
    write_sessions(events, [SessionRow(scope.project_id, session, version)])
