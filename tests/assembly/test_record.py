"""The public JSON form of a session."""

import json
from decimal import Decimal

from assembly.made import S, agent, model, session, span, tool
from quarterdeck.assembly.record import to_json
from quarterdeck.model.interventions import HumanAct
from quarterdeck.model.outcomes import Outcome


def test_the_record_has_the_public_shape() -> None:
    made = session(
        agent(
            "r", 0, 10, "lead", agent_role="planner", session_key="sess_abc123", task="migrate",
            task_type="code_migration", workflow="code-migrator", workflow_version="14",
            workflow_digest="sha256:0", environment="production", units={"lines": 412.0},
            outcome=Outcome(label="success_partial", source="agent", reason="2 left"),
        ),
        model("m", 1, 2, tokens=(30, 4), usd="0.50", provider="openai", parent="r"),
        tool("t", 3, 4, "file_read", status="error", target="/a", parent="r"),
        span("h", 4, 6, kind="human", human=HumanAct(decision="approved"), parent="r"),
        model("n", 7, 8, tokens=(5, 1), provider="openai", parent="r"),
    )  # fmt: skip
    record = to_json(made)
    wanted = {
        "session_id": "sess_abc123", "task": "migrate", "task_type": "code_migration",
        "started_at": "1970-01-01T00:00:00Z", "ended_at": "1970-01-01T00:00:10Z",
        "workflow": {"name": "code-migrator", "version": 14, "digest": "sha256:0",
                     "environment": "production"},
        "tool_calls": [{"tool": "file_read", "calls": 1, "errors": 1, "denied": 0}],
        "error_episodes": 1, "recovered": 0, "status": "closed", "units": {"lines": 412},
        "quality": {"score": None, "parts": {}},
    }  # fmt: skip
    assert {key: record[key] for key in wanted} == wanted
    (use,) = record["models_used"]
    assert (use["model"], use["role"], use["calls"], use["cost_usd"]) == (
        "gpt-4o", "planner", 2, "0.5",
    )  # fmt: skip
    assert record["human_interventions"] == {
        "count": 1, "by_kind": {"approval": 1}, "pending": 0, "waited_s": 2.0,
    }  # fmt: skip
    assert record["outcome"]["label"] == "success_partial"
    assert (record["cost"]["total_usd"], record["cost"]["unpriced_calls"]) == ("0.5", 1)
    assert record["cost"]["unpriced_share"] == 0.5
    assert json.loads(json.dumps(record)) == record


def test_money_is_plain_text_without_an_exponent() -> None:
    dust = to_json(session(model("m", 0, 1, tokens=(1, 1), usd="0.000000001")))
    assert dust["cost"]["total_usd"] == "0.000000001"
    much = to_json(session(model("m", 0, 1, tokens=(1, 1), usd="4000")))
    assert much["cost"]["total_usd"] == "4000"


def test_what_is_unknown_is_null() -> None:
    record = to_json(session(span("r", 0, None), now_ns=S))
    assert record["ended_at"] is record["task"] is record["cost"]["total_usd"] is None
    assert record["outcome"] == {"label": "unknown", "source": None, "reason": None, "author": None}


def test_tokens_and_waits_that_nobody_told_are_null_and_not_zero() -> None:
    silent = to_json(
        session(
            agent("r", 0, 10, "lead"),
            model("m", 1, 2, parent="r"),
            span("h", 4, 4, kind="human", human=HumanAct(decision="approved"), parent="r"),
        )
    )
    (use,) = silent["models_used"]
    assert (use["calls"], use["calls_without_usage"]) == (1, 1)
    assert use["input_tokens"] is use["output_tokens"] is use["reasoning_tokens"] is None
    assert silent["human_interventions"]["count"] == 1
    assert silent["human_interventions"]["waited_s"] is None
    alone = to_json(session(agent("r", 0, 10, "lead")))
    assert alone["human_interventions"]["waited_s"] == 0.0


def test_units_of_work_are_summed_exactly() -> None:
    made = session(*(span(f"s{n}", n, n + 1, units={"pages": 0.1}) for n in range(10)))
    assert made.units == {"pages": 1.0}
    assert Decimal(made.units["pages"]) == 1
