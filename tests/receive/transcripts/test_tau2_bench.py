"""τ²-bench results: what is read equals what the files hold, counted by other code."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.model.findings import Finding
from quarterdeck.receive.transcripts.formats.tau2_bench import FORMAT
from receive.transcripts.reading import (
    calls,
    codes,
    mutilated,
    raw,
    read_file,
    survives,
    tools,
    transcripts,
)

FILES = (
    "pr__qwen2.5-7b__airline",
    "sierra_model_training__gpt-4.1__airline",
    "sierra_model_training__gpt-4.1__retail",
    "sierra_model_training__gpt-4.1__telecom",
    "submission__gpt-oss-120b_langchain__airline",
)


def path_of(shared: Path, name: str) -> Path:
    return shared / "data" / "tau2_bench" / f"{name}.json.gz"


def messages(simulation: dict[str, Any], role: str) -> list[dict[str, Any]]:
    return [message for message in simulation["messages"] if message["role"] == role]


@pytest.mark.parametrize("name", FILES)
def test_each_simulation_is_a_session_with_the_reward_as_its_outcome(
    shared: Path, name: str
) -> None:
    of = transcripts(FORMAT, path_of(shared, name))
    told = raw(path_of(shared, name))["simulations"]
    labels = {1.0: "success", 0.0: "failure"}
    assert [(t.session_id, t.trial, t.outcome and t.outcome.label) for t in of] == [
        (s["id"], s["trial"], labels[s["reward_info"]["reward"]]) for s in told
    ]
    assert all(t.outcome and t.outcome.source == "evaluator" and t.experiment for t in of)
    domain = raw(path_of(shared, name))["info"]["environment_info"]["domain_name"]
    assert [t.case for t in of] == [f"tau2:{domain}/{s['task_id']}" for s in told]


@pytest.mark.parametrize("name", FILES)
def test_calls_tools_and_errors_are_those_of_the_messages(shared: Path, name: str) -> None:
    of = transcripts(FORMAT, path_of(shared, name))
    for transcript, told in zip(of, raw(path_of(shared, name))["simulations"], strict=True):
        agent = [c for c in calls(transcript) if c.role == ""]
        user = [c for c in calls(transcript) if c.role == "user simulator"]
        rejected = [e for m in told["messages"] for e in m.get("errors") or []]
        # The first message is the harness's greeting: nobody was asked.
        assert len(agent) == len(messages(told, "assistant")) - 1 + len(rejected)
        assert len(user) == len(messages(told, "user"))
        results = messages(told, "tool")
        assert [(t.call_id, t.result, t.status) for t in tools(transcript)] == [
            (r["id"], r["content"], "error" if r["error"] else "ok") for r in results
        ]


@pytest.mark.parametrize("name", FILES)
def test_cost_and_tokens_add_up_to_the_cent_on_both_sides(shared: Path, name: str) -> None:
    for transcript, told in zip(
        transcripts(FORMAT, path_of(shared, name)),
        raw(path_of(shared, name))["simulations"],
        strict=True,
    ):
        for role, side, whole in (
            ("", "assistant", "agent_cost"),
            ("user simulator", "user", "user_cost"),
        ):
            made = [c for c in calls(transcript) if (c.role == role and c.error_type == "")
                    or (".rejected" not in c.id and c.role == role)]  # fmt: skip
            tokens = [
                (u["prompt_tokens"], u["completion_tokens"])
                for m in messages(told, side)
                if (u := m["usage"])
            ]
            assert [
                (c.usage.input_tokens, c.usage.output_tokens) for c in made if c.usage
            ] == tokens
            cost = sum(c.recorded_cost_usd or 0 for c in made)
            assert abs(cost - Decimal(str(told[whole] or 0))) < Decimal("0.0001")
        if "gpt-oss" in name:
            # Every cost in the file is 0 or missing: nobody knew the price.
            assert {c.recorded_cost_usd for c in calls(transcript)} == {None}
            assert transcript.recorded_cost_usd is None
        else:
            assert transcript.recorded_cost_usd is not None
            whole_usd = told["agent_cost"] + told["user_cost"]
            assert float(transcript.recorded_cost_usd) == pytest.approx(whole_usd)


@pytest.mark.parametrize("name", FILES)
def test_gold_actions_are_the_expected_calls(shared: Path, name: str) -> None:
    document = raw(path_of(shared, name))
    gold = {t["id"]: t["evaluation_criteria"]["actions"] or [] for t in document["tasks"]}
    for transcript, told in zip(
        transcripts(FORMAT, path_of(shared, name)), document["simulations"], strict=True
    ):
        assert transcript.expected_calls == len(gold[told["task_id"]])
        checks = told["reward_info"]["action_checks"]
        if checks:
            assert transcript.matched_calls == sum(c["action_match"] for c in checks)


def test_tools_of_the_user_are_on_the_users_side(shared: Path) -> None:
    path = path_of(shared, "sierra_model_training__gpt-4.1__telecom")
    of = [tool.parent for t in transcripts(FORMAT, path) for tool in tools(t)]
    asked = [m["requestor"] for s in raw(path)["simulations"] for m in messages(s, "tool")]
    assert of == ["user" if by == "user" else "agent" for by in asked]
    assert of.count("user") == 482


def test_a_run_that_was_cut_short_is_no_clean_end(shared: Path) -> None:
    found = {
        t.metadata["termination_reason"]: t.status
        for name in FILES
        for t in transcripts(FORMAT, path_of(shared, name))
    }
    assert found == {
        "user_stop": "unset",
        "agent_error": "error",
        "too_many_errors": "error",
        "max_steps": "cancelled",
    }


def test_rejected_answers_are_failed_calls_whose_cost_no_total_has(shared: Path) -> None:
    of = transcripts(FORMAT, path_of(shared, "sierra_model_training__gpt-4.1__telecom"))
    rejected = [c for t in of for c in calls(t) if ".rejected." in c.id]
    assert len(rejected) == 17
    assert {c.status for c in rejected} == {"error"}
    assert sum(c.recorded_cost_usd or 0 for c in rejected) == pytest.approx(Decimal("0.107478"))
    for transcript in of:
        by_id = {c.id: c for c in calls(transcript)}
        for call in rejected:
            if call is by_id.get(call.id):
                again = by_id[call.id.partition(".")[0]]
                assert (call.attempt, again.attempt, call.input) == (1, 2, again.input)
    assert sum("rejected_calls_uncounted" in codes(t) for t in of) == 16


def reusing(simulations: list[Any]) -> int:
    """How many of them have two calls with one id."""
    ids = [
        [call["id"] for m in s["messages"] for call in m.get("tool_calls") or []]
        for s in simulations
    ]
    return sum(len(set(of)) < len(of) for of in ids)


def test_contradictions_are_told(shared: Path) -> None:
    counted: dict[str, dict[str, int]] = {}
    for name in FILES:
        for transcript in transcripts(FORMAT, path_of(shared, name)):
            for code in codes(transcript):
                counted.setdefault(code, {}).setdefault(name, 0)
                counted[code][name] += 1
    qwen, airline, retail, telecom, oss = FILES
    assert counted == {
        "timezone_unknown": {qwen: 50, airline: 20, retail: 40, telecom: 40, oss: 50},
        "check_outside_reward": {qwen: 6, airline: 1, telecom: 13},
        "rejected_calls_uncounted": {airline: 2, retail: 1, telecom: 16},
        "recorded_cost_zero": {oss: 50},
        "duplicate_call_id": {oss: reusing(raw(path_of(shared, oss))["simulations"])},
        "agent_never_acted": {oss: 1},
    }


def test_a_credential_in_the_file_is_told_and_not_imported(shared: Path) -> None:
    path = path_of(shared, "submission__gpt-oss-120b_langchain__airline")
    secret = raw(path)["info"]["agent_info"]["llm_args"]["api_key"]
    found = read_file(FORMAT, path)
    assert [f.code for f in found if isinstance(f, Finding)] == ["secret_recorded"] * 2
    assert not [item for item in found if secret in repr(item)]


def test_a_limit_of_tokens_is_no_credential(tmp_path: Path) -> None:
    document = small()
    document["info"]["agent_info"]["llm_args"] = {"max_tokens": 10, "api_key": "", "seed": 1}
    (tmp_path / "r.json").write_text(json.dumps(document))
    (found,) = read_file(FORMAT, tmp_path / "r.json")
    assert not isinstance(found, Finding)


def small(**changes: Any) -> dict[str, Any]:
    """A result of one simulation, with what `changes` says of it."""
    simulation = {
        "id": "s1", "task_id": "7", "trial": 2, "termination_reason": "user_stop",
        "start_time": "2025-01-01T00:00:00Z", "end_time": "2025-01-01T00:00:09Z",
        "agent_cost": 0.5, "user_cost": 0.25,
        "reward_info": {"reward": 1.0, "reward_basis": ["DB"], "reward_breakdown": {"DB": 1.0}},
        "messages": [
            {"role": "assistant", "content": "Hello"},
            {"role": "user", "content": "Cancel it", "cost": 0.25, "usage": {"prompt_tokens": 3},
             "timestamp": "2025-01-01T00:00:02Z"},
            {"role": "assistant", "cost": 0.5, "timestamp": "2025-01-01T00:00:05Z",
             "tool_calls": [{"id": "c", "name": "cancel", "arguments": {"id": 1}}]},
            {"role": "tool", "id": "c", "content": "done", "requestor": "assistant",
             "timestamp": "2025-01-01T00:00:06Z"},
        ],
    }  # fmt: skip
    gold = [{"name": "cancel", "arguments": {"id": 1}}, {"name": "cancel", "arguments": {"id": 2}}]
    return {
        "info": {"environment_info": {"domain_name": "shop"}, "agent_info": {"llm": "openai/m"}},
        "tasks": [{"id": "7", "evaluation_criteria": {"actions": gold}}],
        "simulations": [{**simulation, **changes}],
    }


@pytest.mark.parametrize(
    ("changes", "label", "code"),
    [
        ({}, "success", None),
        ({"reward_info": None}, None, "reward_missing"),
        ({"termination_reason": "max_steps"}, "success", "timeout_and_success"),
        ({"reward_info": {"reward": 0.4}}, "success_partial", None),
        ({"reward_info": {"reward": 1, "reward_breakdown": {"DB": 0}}}, "success",
         "reward_disagrees"),
        ({"agent_cost": 2.5}, "success", "totals_disagree"),
        ({"user_cost": None}, "success", None),
    ],
)  # fmt: skip
def test_what_a_simulation_says_of_its_end(
    tmp_path: Path, changes: dict[str, Any], label: str | None, code: str | None
) -> None:
    (tmp_path / "r.json").write_text(json.dumps(small(**changes)))
    (transcript,) = transcripts(FORMAT, tmp_path / "r.json")
    assert (transcript.outcome and transcript.outcome.label) == label
    assert codes(transcript) == ({code} if code else set())
    assert (transcript.expected_calls, transcript.matched_calls) == (2, 1)
    assert (transcript.recorded_cost_usd is None) == ("user_cost" in changes)


def test_the_same_simulation_twice_is_read_once(tmp_path: Path) -> None:
    document = small()
    document["simulations"] *= 2
    (tmp_path / "r.json").write_text(json.dumps(document))
    found = read_file(FORMAT, tmp_path / "r.json")
    assert [type(item).__name__ for item in found] == ["Transcript", "Finding"]


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_mutilated_result_raises_nothing_but_invalid(shared: Path, data: st.DataObject) -> None:
    document = raw(path_of(shared, "sierra_model_training__gpt-4.1__telecom"))
    few = {**document, "simulations": document["simulations"][:1], "tasks": document["tasks"][:3]}
    survives(FORMAT, data.draw(mutilated(few)))


@settings(max_examples=100, deadline=None)
@given(document=mutilated(small()))
def test_a_mutilated_small_result_raises_nothing_but_invalid(document: Any) -> None:
    survives(FORMAT, document)
