"""Spans and sessions for the store's tests: small, with every field that the store touches."""

from decimal import Decimal

from quarterdeck.model.ids import ProjectId
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.outcomes import Outcome, OutcomeLabel
from quarterdeck.model.sessions import (
    AgentUse,
    ErrorEpisode,
    ModelUse,
    Session,
    SessionCost,
    SessionStatus,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.model.spans import RawEvent, RawLink, RawSpan, Resource, Span
from quarterdeck.model.usage import Charge, Usage
from quarterdeck.storage.events.span_writes import SpanRow

T0 = 1_795_305_600_000_000_000
S = 1_000_000_000

RESOURCE = Resource(attributes={"service.name": "shop", "pid": 7}, scope_name="lib")


def trace(number: int) -> str:
    return f"{number:032x}"


def span_id(number: int) -> str:
    return f"{number:016x}"


def row(
    number: int,
    *,
    trace_id: str = trace(1),
    project: str = "default",
    start_ns: int | None = None,
    end_ns: int | None = -1,
    text: str = "hello",
    partial: bool = False,
    extra: dict[str, object] | None = None,
    usd: str = "0.25",
    received_ns: int = T0,
) -> SpanRow:
    """Span `number`, a second after the one before."""
    began = T0 + number * S if start_ns is None else start_ns
    ended = began + S if end_ns == -1 else end_ns
    raw = RawSpan(
        trace_id=trace_id,
        span_id=span_id(number),
        parent_span_id=span_id(1) if number != 1 else "",
        name="chat gpt",
        otlp_kind=3,
        start_ns=began,
        end_ns=ended or 0,
        status_code=1,
        status_message="fine",
        attributes={"gen_ai.prompt": text, "n": number, "ratio": 0.5, "on": True, "none": None,
                    "list": ["a", 1], **(extra or {})},
        events=(RawEvent(name="choice", time_ns=began, attributes={"k": "v"}),),
        links=(RawLink(trace_id=trace(99), span_id=span_id(98)),),
        dropped_attributes=1,
        resource=RESOURCE,
    )  # fmt: skip
    span = Span(
        trace_id=trace_id,
        span_id=span_id(number),
        parent_span_id=raw.parent_span_id,
        name="gpt",
        span_name=raw.name,
        kind="model",
        start_ns=began,
        end_ns=ended,
        status="ok",
        partial=partial,
        agent="coder",
        model_served="gpt-4o",
        provider="openai",
        usage=Usage(input_tokens=10, output_tokens=5),
        charge=Charge(usd=Decimal(usd)),
    )
    return SpanRow(ProjectId(project), span, raw, received_ns)


def session(
    number: int,
    *,
    session_id: str = "",
    trace_ids: tuple[str, ...] = (),
    outcome: OutcomeLabel = "success",
    status: SessionStatus = "closed",
    task_type: str = "refund",
    user: str = "ann",
    agent: str = "coder",
    models: tuple[tuple[str, str | None], ...] = (("gpt-4o", "0.50"),),
    tool: str = "bash",
    tags: tuple[str, ...] = ("vip",),
    usd: str | None = "0.50",
    acts: int = 1,
    errors: int = 1,
    environment: str = "production",
    version: str = "3",
    experiment: bool = False,
) -> Session:
    """Session `number`, begun `number` minutes after T0."""
    started = T0 + number * 60 * S
    return Session(
        session_id=session_id or f"s{number}",
        trace_ids=trace_ids or (trace(number),),
        task="give the money back",
        task_type=task_type,
        user=user,
        workflow=WorkflowRef(name="shop", version=version, environment=environment),
        tags=tags,
        started_ns=started,
        last_seen_ns=started + (10 + number) * S,
        ended_ns=started + (10 + number) * S if status == "closed" else None,
        status=status,
        outcome=Outcome(label=outcome),
        span_count=number,
        models=tuple(
            ModelUse(
                model=name, provider="openai", role="", calls=2, errors=0, input_tokens=100,
                output_tokens=20, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
                calls_without_usage=0, cost_usd=None if cost is None else Decimal(cost),
                unpriced_calls=0 if cost else 2,
            )
            for name, cost in models
        ),
        tools=(ToolUse(tool=tool, calls=4, errors=1, denied=1),),
        agents=(
            AgentUse(agent=agent, role="", invocations=1, model_calls=2, tool_calls=4, errors=1,
                     cost_usd=None if usd is None else Decimal(usd)),
        ),
        interventions=tuple(
            Intervention(kind="approval", at_ns=started, decision="approved") for _ in range(acts)
        ),
        episodes=tuple(
            ErrorEpisode(operation=f"tool:{tool}", target="x", opened_ns=started, trace_id="t",
                         span_id="s", errors=1, recovered_ns=started + 1 if nth == 0 else None)
            for nth in range(errors)
        ),
        cost=SessionCost(total_usd=None if usd is None else Decimal(usd), priced_calls=2),
        experiment=experiment,
    )  # fmt: skip
