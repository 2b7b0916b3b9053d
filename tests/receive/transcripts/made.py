"""Transcripts made by hand: what formats would read."""

from decimal import Decimal

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)

S = 1_000_000_000
T0 = 1_760_000_000 * S


def said(role: str, text: str) -> Message:
    return Message(role=role, parts=(TextPart(content=text),))


FIX_A_BUG = Transcript(
    format="made",
    session_id="sess-bug",
    agent="coder",
    task="Fix the rounding in billing",
    task_type="bug_fix",
    user="u-7",
    tags=("billing",),
    case="bugs/17",
    trial=2,
    expected_calls=3,
    matched_calls=2,
    recorded_cost_usd=Decimal("0.0301"),
    outcome=Outcome(label="success_partial", source="evaluator", reason="2 of 3 tests pass"),
    scores=(
        Score(name="grade", scope="session", value=0.5, judge="human", author="u-9"),
        Score(name="failure_step", target_span_id="read", label="wrong file", judge="human"),
    ),
    findings=(
        Finding(code="reward_missing", message="no reward is recorded"),
        Finding(code="nested_run", message="run b is inside run a"),
        Finding(code="nested_run", message="run c is inside run a"),
    ),
    metadata={"cwd": "/srv/billing", "odd": {"kept": [1, None]}},
    entries=(
        ModelCall(
            id="m1", start_ns=T0, end_ns=T0 + 2 * S, model="claude-4", provider="anthropic",
            instructions="You fix bugs.", input=(said("user", "Fix the rounding"),),
            output=(Message(role="assistant", parts=(
                TextPart(content="I look."),
                ToolCallPart(name="read", id="c1", arguments={"path": "billing.py"}),
            )),),
            usage=Usage(input_tokens=1_000, output_tokens=50, cache_read_tokens=800,
                        cache_write_tokens=100, cache_write_1h_tokens=100, web_searches=1),
            recorded_cost_usd=Decimal("0.01"), response_id="msg_1", finish_reason="tool_use",
        ),
        ToolCall(
            id="read", tool="read", call_id="c1", arguments={"path": "billing.py"},
            start_ns=T0 + 2 * S, end_ns=T0 + 3 * S, status="error", error="no such file",
            error_type="FileNotFoundError",
        ),
        ModelCall(
            id="m2", start_ns=T0 + 3 * S, end_ns=T0 + 5 * S, model="claude-4",
            provider="anthropic",
            input=(
                Message(role="assistant", parts=(ToolCallPart(name="read", id="c1"),)),
                Message(role="tool", parts=(ToolResultPart(id="c1", response="no such file"),)),
            ),
            output=(said("assistant", "Then I ask."),),
            usage=Usage(input_tokens=1_100, output_tokens=10),
        ),
        PersonAct(
            id="ask", kind="approval", decision="rejected", by="u-7", call_id="c2", tool="bash",
            question="rm -rf build?", answer="no", start_ns=T0 + 5 * S, end_ns=T0 + 65 * S,
            waited_ns=60 * S,
        ),
        ToolCall(id="bash", tool="bash", call_id="c2", status="blocked", start_ns=T0 + 65 * S),
        AgentRun(id="sub", name="explorer", role="researcher", input="look around"),
        ToolCall(id="ls", parent="sub", tool="ls", call_id="c3", result="a b", status="ok",
                 start_ns=T0 + 66 * S, end_ns=T0 + 70 * S),
        Event(id="compact", name="compaction", output="a summary"),
    ),
)  # fmt: skip
