"""
Realistic agent sessions made in this process, as fast as the store can take them.

Same seed, same spans.  A session is 20 to 60 spans in one to three traces; text comes from a
vocabulary of 3,000 words by rank, so it compresses as prose does.  1.8 kB a span on average as
OTLP.  Every 2,000th text holds the word `zebrafinch`.
"""

import random
from collections.abc import Iterator
from decimal import Decimal

from quarterdeck.model.interventions import Intervention
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.sessions import (
    AgentUse,
    ErrorEpisode,
    ModelUse,
    Session,
    SessionCost,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.model.spans import RawEvent, RawSpan, Resource, Span
from quarterdeck.model.tool_calls import ToolRequest
from quarterdeck.model.usage import Charge, Usage

NEEDLE = "zebrafinch"
BASE_NS = 1_795_305_600_000_000_000
MODELS = (
    ("gpt-4o-mini", "openai", Decimal("0.00000015"), Decimal("0.0000006")),
    ("gpt-4o", "openai", Decimal("0.0000025"), Decimal("0.00001")),
    ("claude-3-5-sonnet-20241022", "anthropic", Decimal("0.000003"), Decimal("0.000015")),
)
TOOLS = (
    "search_flights", "get_order", "run_sql", "read_file", "web_search", "update_ticket", "bash",
    "send_email",
)  # fmt: skip
AGENTS = ("support-triage", "coder", "researcher", "billing")
TASK_TYPES = ("support", "refund", "code_migration", "research")
_SYLLABLES = [
    "ka",
    "re",
    "mi",
    "to",
    "sa",
    "lo",
    "ven",
    "dur",
    "al",
    "qui",
    "pos",
    "tra",
    "ne",
    "ba",
    "shi",
    "cor",
    "un",
    "des",
    "for",
    "ge",
    "int",
    "el",
]


class Maker:
    def __init__(
        self,
        *,
        seed: int = 7,
        base_ns: int = BASE_NS,
        scale: float = 0.55,
        size: tuple[int, int] = (20, 60),
    ) -> None:
        """`scale` of texts: 0.55 is 1.8 kB a span as OTLP; `size`: spans a session, inclusive."""
        self.random = random.Random(seed)
        self.base_ns = base_ns
        self.scale = scale
        self.size = size
        pick = self.random
        words = sorted(
            {
                "".join(pick.choices(_SYLLABLES, k=pick.choice((1, 2, 2, 3, 3, 4))))
                for _ in range(4000)
            }
        )
        pick.shuffle(words)
        weights = [1 / (rank + 3) for rank in range(len(words))]
        self.pool = " ".join(pick.choices(words, weights, k=400_000))
        self.resource = Resource(
            attributes={
                "service.name": "bench-agents", "service.version": "1.4.2",
                "deployment.environment.name": "bench", "host.name": "node-7",
                "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry",
                "telemetry.sdk.version": "1.45.2", "openinference.project.name": "bench",
            },
            scope_name="openinference.instrumentation.openai",
            scope_version="0.1.40",
        )  # fmt: skip

    def text(self, size: int) -> str:
        pick = self.random
        size = max(8, int(size * self.scale * pick.lognormvariate(-0.18, 0.6)))
        start = pick.randrange(len(self.pool) - 20_000)
        text = self.pool[start : start + size]
        if pick.random() < 1 / 2000:
            text = f"{text[: size // 2]} {NEEDLE} {text[size // 2 :]}"
        return text.replace(" ", "\n", 2)

    def sessions(self, *, gap_ns: int = 1_000_000_000) -> Iterator[list[tuple[RawSpan, Span]]]:
        at_ns = self.base_ns
        while True:
            yield self.session(at_ns)
            at_ns += int(gap_ns * self.random.uniform(0.5, 1.5))

    def session(self, at_ns: int, *, spans: int = 0, key: str = "") -> list[tuple[RawSpan, Span]]:
        pick = self.random
        total = spans or pick.randint(*self.size)
        turns = 1 if spans else pick.choice((1, 1, 2, 3))
        agent = pick.choice(AGENTS)
        key = key or f"sess-{pick.getrandbits(48):012x}"
        made: list[tuple[RawSpan, Span]] = []
        for turn in range(turns):
            count = total // turns if turn else total - total // turns * (turns - 1)
            at_ns = self._trace(made, key, agent, turn, count, at_ns) + 5_000_000_000
        return made

    def _trace(
        self,
        made: list[tuple[RawSpan, Span]],
        key: str,
        agent: str,
        turn: int,
        count: int,
        at_ns: int,
    ) -> int:
        pick = self.random
        trace_id = f"{pick.getrandbits(128):032x}"
        root = f"{pick.getrandbits(64):016x}"
        now_ns = at_ns + 2_000_000
        left = count - 1
        children: list[tuple[RawSpan, Span]] = []
        while left > 0:
            step = f"{pick.getrandbits(64):016x}"
            begun_ns = now_ns
            now_ns += 1_000_000
            size = min(left, pick.randint(2, 6))
            for nth in range(size - 1):
                kind = (
                    "model"
                    if nth == 0
                    else pick.choices(("tool", "model", "retrieval"), (6, 3, 1))[0]
                )
                took_ns = int(pick.lognormvariate(20.3 if kind == "model" else 18.5, 0.6))
                span_id = f"{pick.getrandbits(64):016x}"
                children.append(
                    self.span(trace_id, span_id, step, kind, now_ns, took_ns, key, agent, turn)
                )
                now_ns += took_ns + 500_000
            children.append(
                self.span(
                    trace_id, step, root, "step", begun_ns, now_ns - begun_ns, key, agent, turn
                )
            )
            left -= size
        made.append(self.span(trace_id, root, "", "agent", at_ns, now_ns - at_ns, key, agent, turn))
        made.extend(children)
        return now_ns

    def span(
        self, trace_id: str, span_id: str, parent: str, kind: str, start_ns: int, took_ns: int,
        key: str, agent: str, turn: int,
    ) -> tuple[RawSpan, Span]:  # fmt: skip
        pick = self.random
        user = f"user-{hash(key) % 211:03d}"
        attributes: dict[str, object] = {
            "openinference.span.kind": kind.upper(), "session.id": key, "user.id": user,
            "gen_ai.conversation.id": key, "gen_ai.agent.name": agent,
            "metadata": f'{{"turn": {turn}, "release": "2026.11.{turn + 3}"}}',
        }  # fmt: skip
        events: tuple[RawEvent, ...] = ()
        facts: dict[str, object] = {}
        name, status = "step", "ok"
        if kind == "model":
            model, provider, price_in, price_out = MODELS[min(2, int(pick.expovariate(1.1)))]
            read, written = pick.randint(200, 6000), pick.randint(20, 900)
            asked, answer = self.text(1500), self.text(500)
            name = f"chat {model}"
            cost = read * price_in + written * price_out
            attributes |= {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider,
                "gen_ai.request.model": model, "gen_ai.response.model": model,
                "gen_ai.request.temperature": 0.2, "gen_ai.request.max_tokens": 4096,
                "gen_ai.usage.input_tokens": read, "gen_ai.usage.output_tokens": written,
                "gen_ai.response.finish_reasons": ["stop"],
                "gen_ai.response.id": f"chatcmpl-{pick.getrandbits(64):016x}",
                "llm.model_name": model, "llm.provider": provider, "llm.system": provider,
                "llm.token_count.prompt": read, "llm.token_count.completion": written,
                "llm.token_count.total": read + written, "llm.cost.total": float(cost),
                "llm.input_messages.0.message.role": "system",
                "llm.input_messages.0.message.content": "You are a careful agent.",
                "llm.input_messages.1.message.role": "user",
                "llm.input_messages.1.message.content": asked,
                "llm.output_messages.0.message.role": "assistant",
                "llm.output_messages.0.message.content": answer,
                "llm.invocation_parameters": '{"temperature": 0.2, "max_tokens": 4096}',
                "input.value": asked[: len(asked) // 3], "input.mime_type": "text/plain",
                "output.value": answer, "output.mime_type": "text/plain",
            }  # fmt: skip
            facts = {
                "model_requested": model, "model_served": model, "provider": provider,
                "usage": Usage(input_tokens=read, output_tokens=written),
                "charge": Charge(usd=cost, computed_usd=cost, source="genai_prices",
                                 price_version="2026-11-01", price_rule=f"{provider}:{model}"),
                "response_id": attributes["gen_ai.response.id"], "finish_reasons": ("stop",),
                "input_hash": f"{pick.getrandbits(64):016x}",
                "last_message_hash": f"{pick.getrandbits(64):016x}",
                "output_hash": f"{pick.getrandbits(64):016x}",
                "requested": (ToolRequest(name=pick.choice(TOOLS)),),
            }  # fmt: skip
        elif kind == "tool":
            tool = pick.choice(TOOLS)
            name = f"execute_tool {tool}"
            call_id = f"call_{pick.getrandbits(48):012x}"
            attributes |= {
                "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool,
                "gen_ai.tool.call.id": call_id, "tool.name": tool,
                "tool.description": f"Runs {tool}",
                "input.value": f'{{"query": "{self.text(120)}", "limit": 10}}',
                "input.mime_type": "application/json",
                "output.value": f'{{"rows": "{self.text(700)}"}}',
                "output.mime_type": "application/json",
            }  # fmt: skip
            facts = {
                "tool": tool, "tool_call_id": call_id, "target": self.text(20),
                "arguments_hash": f"{pick.getrandbits(64):016x}",
            }  # fmt: skip
            if pick.random() < 0.06:
                status = "error"
                facts |= {"error_type": "ToolError", "error_message": "timed out"}
                events = (
                    RawEvent(
                        name="exception", time_ns=start_ns + took_ns,
                        attributes={
                            "exception.type": "ToolError", "exception.message": "timed out",
                            "exception.stacktrace": "Traceback (most recent call last):\n"
                            + self.text(300),
                        },
                    ),
                )  # fmt: skip
        elif kind == "retrieval":
            name = "retrieve kb"
            attributes |= {"gen_ai.operation.name": "retrieve", "input.value": self.text(80)}
            for nth in range(3):
                attributes[f"retrieval.documents.{nth}.document.content"] = self.text(350)
                attributes[f"retrieval.documents.{nth}.document.id"] = f"doc-{pick.randrange(9999)}"
                attributes[f"retrieval.documents.{nth}.document.score"] = round(pick.random(), 4)
        else:
            name = f"invoke_agent {agent}" if kind == "agent" else "step"
            attributes |= {
                "gen_ai.operation.name": "invoke_agent" if kind == "agent" else "chain",
                "input.value": self.text(250), "output.value": self.text(350),
                "input.mime_type": "text/plain", "output.mime_type": "text/plain",
            }  # fmt: skip
        raw = RawSpan(
            trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=name,
            otlp_kind=3 if kind == "model" else 1, start_ns=start_ns, end_ns=start_ns + took_ns,
            status_code=2 if status == "error" else 1, attributes=attributes, events=events,
            resource=self.resource,
        )  # fmt: skip
        span = Span(
            trace_id=trace_id, span_id=span_id, parent_span_id=parent, name=name, span_name=name,
            kind=kind, start_ns=start_ns, end_ns=start_ns + took_ns, status=status,
            scope="openinference.instrumentation.openai", framework="openai",
            dialects=("otel_genai", "openinference"), agent=agent, user=user, session_key=key,
            conversation_id=key, environment="bench", task_type="support",
            **facts,
        )  # type: ignore[arg-type]  # fmt: skip
        return raw, span


def summarize(spans: list[Span]) -> Session:
    """A session as assembly would make it, as far as the store's columns go.  Not for figures."""
    first = min(spans, key=lambda span: span.start_ns)
    ended_ns = max(span.end_ns or 0 for span in spans)
    models: dict[str, list[Span]] = {}
    tools: dict[str, list[Span]] = {}
    for span in spans:
        if span.kind == "model":
            models.setdefault(span.model_served, []).append(span)
        if span.kind == "tool":
            tools.setdefault(span.tool, []).append(span)
    cost = {
        name: sum((call.charge.usd or Decimal(0) for call in calls if call.charge), Decimal(0))
        for name, calls in models.items()
    }
    errors = [span for span in spans if span.status == "error"]
    chance = random.Random(first.session_key)
    outcome = chance.choice(("success", "success", "success", "failure", "unknown", "unknown"))
    return Session(
        session_id=first.session_key,
        trace_ids=tuple(dict.fromkeys(span.trace_id for span in spans)),
        task="answer the customer's question about an order",
        task_type=chance.choice(TASK_TYPES),
        user=first.user,
        workflow=WorkflowRef(
            name=first.agent, version=str(chance.randint(1, 14)), environment="bench"
        ),
        tags=tuple(chance.sample(("batch", "urgent", "vip", "night"), k=chance.randint(0, 2))),
        started_ns=first.start_ns,
        last_seen_ns=ended_ns,
        ended_ns=ended_ns,
        status="closed",
        outcome=Outcome(label=outcome, source="agent" if outcome != "unknown" else ""),
        span_count=len(spans),
        step_count=len(spans),
        error_spans=len(errors),
        models=tuple(
            ModelUse(
                model=name, provider=calls[0].provider, role="", calls=len(calls), errors=0,
                input_tokens=sum((c.usage.input_tokens or 0) for c in calls if c.usage),
                output_tokens=sum((c.usage.output_tokens or 0) for c in calls if c.usage),
                cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
                calls_without_usage=0, cost_usd=cost[name], unpriced_calls=0,
            )
            for name, calls in models.items()
        ),
        tools=tuple(
            ToolUse(tool=name, calls=len(calls), denied=0,
                    errors=sum(call.status == "error" for call in calls))
            for name, calls in tools.items()
        ),
        agents=(
            AgentUse(
                agent=first.agent, role="", invocations=1, errors=len(errors),
                model_calls=sum(map(len, models.values())),
                tool_calls=sum(map(len, tools.values())),
                cost_usd=sum(cost.values(), Decimal(0)),
            ),
        ),
        interventions=tuple(
            Intervention(kind="approval", at_ns=ended_ns, decision="approved", by="u-1")
            for _ in range(chance.choice((0, 0, 0, 1, 2)))
        ),
        episodes=tuple(
            ErrorEpisode(
                operation=f"tool:{span.tool}", target=span.target, opened_ns=span.start_ns,
                trace_id=span.trace_id, span_id=span.span_id, errors=1,
                recovered_ns=span.end_ns if chance.random() < 0.5 else None,
            )
            for span in errors
        ),
        cost=SessionCost(
            total_usd=sum(cost.values(), Decimal(0)), computed_usd=sum(cost.values(), Decimal(0)),
            priced_calls=sum(map(len, models.values())),
        ),
        dialects=first.dialects,
    )  # fmt: skip
