"""The table of facts: counted in the raw files, and found by the importers."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.receive.transcripts.formats import FORMATS
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import ModelCall, ToolCall, Transcript
from receive.transcripts.benchmark_facts import FACTS, FINDINGS, JUDGED_STEPS, Fact, sessions

BY_FILES = {fact.files: fact for fact in FACTS}
TAU2 = [fact for fact in FACTS if fact.task_type.startswith("tau2:")]


def paths(shared: Path, fact: Fact) -> list[Path]:
    found = sorted((shared / "data").glob(fact.files))
    assert found, fact.files
    return found


def documents(shared: Path, fact: Fact) -> Iterator[Any]:
    for path in paths(shared, fact):
        content = path.read_bytes()
        yield json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)


@cache
def imported(shared: Path, fact: Fact) -> tuple[Transcript, ...]:
    found = []
    for path in paths(shared, fact):
        source = Source(path)
        (known,) = [of for of in FORMATS if of.recognizes(source)]
        found += [item for item in known.read(source) if isinstance(item, Transcript)]
    return tuple(found)


# ------------------------------------------------------------------- counted without our code


@pytest.mark.parametrize("fact", TAU2, ids=lambda fact: fact.files)
def test_facts_of_tau2_are_in_the_raw_files(shared: Path, fact: Fact) -> None:
    (document,) = documents(shared, fact)
    simulations = document["simulations"]
    assert fact.sessions == fact.known == len(simulations)
    assert fact.cases == len({s["task_id"] for s in simulations})
    assert {s["trial"] for s in simulations} == {0}
    assert fact.successes == sum(s["reward_info"]["reward"] == 1.0 for s in simulations)
    messages = [m for s in simulations for m in s["messages"]]
    said = sum(m["role"] in ("assistant", "user") for m in messages) - len(simulations)
    rejected = sum(len(m.get("errors") or []) for m in messages)
    assert fact.model_calls == said + rejected
    results = [m for m in messages if m["role"] == "tool"]
    assert fact.tool_calls == len(results)
    assert fact.tool_errors == sum(m["error"] for m in results)
    gold = {t["id"]: len(t["evaluation_criteria"]["actions"] or []) for t in document["tasks"]}
    assert fact.expected_calls == sum(gold[s["task_id"]] for s in simulations)
    checks = [c for s in simulations for c in s["reward_info"]["action_checks"] or []]
    unchecked = sum(
        gold[s["task_id"]] for s in simulations if not s["reward_info"]["action_checks"]
    )
    matched = sum(c["action_match"] for c in checks)
    assert matched <= fact.matched_calls <= matched + unchecked
    told = [s[side] for s in simulations for side in ("agent_cost", "user_cost")]
    if fact.recorded_usd is None:
        assert not any(told)
    else:
        assert float(fact.recorded_usd) == pytest.approx(sum(told))


def test_facts_of_team_logs_are_in_the_raw_files(shared: Path) -> None:
    who = BY_FILES["who_and_when/Algorithm-Generated/*.json.gz"]
    logs = list(documents(shared, who))
    assert (who.sessions, who.known) == (len(logs), len(logs))
    assert who.cases == len({log["question_ID"] for log in logs})
    assert who.successes == sum(log["is_correct"] for log in logs)
    codes = [
        message["content"].split(" ")[1]
        for log in logs
        for message in log["history"]
        if message["content"].startswith("exitcode: ")
    ]
    assert (who.tool_calls, who.tool_errors) == (len(codes), sum(c != "0" for c in codes))
    rx = BY_FILES["agentrx/magentic-one/trajectories/*.json.gz"]
    info = json.loads(
        gzip.decompress(
            (shared / "data/agentrx/magentic-one/trajectories_info.json.gz").read_bytes()
        )
    )
    annotated = [task for tasks in info.values() for task in tasks]
    assert rx.sessions == rx.known == rx.cases == len(set(annotated))
    assert len(logs) + len(annotated) == JUDGED_STEPS


def test_facts_of_tau_and_swe_agent_are_in_the_raw_files(shared: Path) -> None:
    tau = BY_FILES["agentrx/tau-retail/*.json.gz"]
    runs = list(documents(shared, tau))
    roles = Counter(m["role"] for run in runs for m in run["traj"])
    assert (tau.sessions, tau.cases) == (len(runs), len({run["task_id"] for run in runs}))
    assert (tau.model_calls, tau.tool_calls) == (roles["assistant"], roles["tool"])
    assert tau.successes == sum(run["reward"] for run in runs)
    assert tau.expected_calls == sum(len(run["info"]["task"]["actions"]) for run in runs)
    swe = BY_FILES["sweagent/*.traj.gz"]
    stats = [run["info"]["model_stats"] for run in documents(shared, swe)]
    assert (swe.sessions, swe.model_calls) == (3, sum(s["api_calls"] for s in stats))
    assert float(swe.recorded_usd or 0) == pytest.approx(sum(s["instance_cost"] for s in stats))


def test_facts_of_atif_are_in_the_raw_files(shared: Path) -> None:
    atif = BY_FILES["atif/*.json"]
    found = []
    for top in documents(shared, atif):
        own = [top] if "steps" in top else list(top.values())
        found += own + [child for of in own for child in of.get("subagent_trajectories", [])]
    steps = [
        step
        for document in found
        for step in document["steps"]
        if step["source"] == "agent" and not step.get("is_copied_context")
    ]
    assert atif.model_calls == sum(step.get("llm_call_count") != 0 for step in steps)
    assert atif.tool_calls == sum(len(step.get("tool_calls") or []) for step in steps)
    # A run in a file of its own: no sub-agent, and no continuation of another.
    runs = [
        d
        for d in found
        if d.get("session_id")
        and "child" not in d["session_id"]
        and "parent_session_id" not in d["agent"].get("extra", {})
        and "continuation_index" not in d["agent"].get("extra", {})
    ]
    assert atif.sessions == len(runs)
    whole = sum(Decimal(str(d["final_metrics"].get("total_cost_usd", 0))) for d in runs)
    (begun,) = [d for d in found if "continued_trajectory_ref" in d]
    (ended,) = [d for d in found if "continuation_index" in d["agent"].get("extra", {})]
    whole += Decimal(str(ended["final_metrics"]["total_cost_usd"]))
    whole -= Decimal(str(begun["final_metrics"]["total_cost_usd"]))
    assert round(whole, 7) == Decimal(atif.recorded_usd or 0)


# ---------------------------------------------------------------------- found by the importers


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact.files)
def test_importing_finds_the_facts(shared: Path, fact: Fact) -> None:
    of = imported(shared, fact)
    main = [t for t in of if not t.part]
    entries = [entry for t in of for entry in t.entries]
    tools = [entry for entry in entries if isinstance(entry, ToolCall)]
    outcomes = {t.session_id: t.outcome.label for t in of if t.outcome is not None}
    costs = [t.recorded_cost_usd for t in main if t.recorded_cost_usd is not None]
    found = fact._replace(
        sessions=len({t.session_id for t in of}),
        cases=len({t.case for t in main if t.case}),
        known=len(outcomes),
        successes=sum(label == "success" for label in outcomes.values()),
        model_calls=sum(isinstance(entry, ModelCall) for entry in entries),
        tool_calls=len(tools),
        tool_errors=sum(tool.status == "error" for tool in tools),
        expected_calls=sum(t.expected_calls or 0 for t in of),
        matched_calls=sum(t.matched_calls or 0 for t in of),
        recorded_usd=f"{round(sum(costs, Decimal(0)), 7).normalize():f}" if costs else None,
    )
    assert found == fact
    if fact.task_type:
        assert {(t.task_type, t.workflow_version) for t in main} == {(fact.task_type, fact.version)}


def test_importing_finds_every_contradiction(shared: Path) -> None:
    counted: Counter[str] = Counter()
    judged = 0
    for fact in FACTS:
        for of in imported(shared, fact):
            counted.update({finding.code for finding in of.findings})
            judged += len({s.target_span_id for s in of.scores if s.target_span_id})
    assert counted == FINDINGS
    assert judged == JUDGED_STEPS


def test_all_sessions_have_different_ids(shared: Path) -> None:
    ids = {(t.format, t.session_id) for fact in FACTS for t in imported(shared, fact)}
    assert len(ids) == sessions() == 1891
