"""
What the benchmark results in ../shared/data hold: counts and sums of the raw files.

`test_benchmark_facts.py` counts them in the raw files without our code, and holds the importers
against them; whoever imports the same data into a server can hold its figures against them.  In
none of the data is a case tried twice, so pass^1 is the share of successes, and no other k exists.
"""

from decimal import Decimal
from typing import NamedTuple


class Fact(NamedTuple):
    """One set of runs: what a query for `task_type` and `version` should find."""

    files: str
    """A glob below ../shared/data."""
    task_type: str
    version: str
    """The workflow's version; "" = none."""
    sessions: int
    cases: int
    """Different tasks."""
    known: int
    """Sessions whose outcome is told."""
    successes: int
    model_calls: int
    tool_calls: int
    tool_errors: int
    expected_calls: int
    matched_calls: int
    recorded_usd: str | None
    """What the files say that the sessions cost; None = nothing, or a 0 that means unknown."""


FACTS = (
    Fact("tau2_bench/pr__qwen2.5-7b__airline.json.gz", "tau2:airline", "qwen2.5:7b",
         50, 50, 50, 9, 1366, 344, 79, 148, 62, "1.033752"),
    Fact("tau2_bench/sierra_model_training__gpt-4.1__airline.json.gz", "tau2:airline", "gpt-4.1",
         20, 20, 20, 10, 344, 148, 1, 61, 36, "1.0112"),
    Fact("tau2_bench/sierra_model_training__gpt-4.1__retail.json.gz", "tau2:retail", "gpt-4.1",
         40, 40, 40, 34, 767, 299, 12, 186, 164, "2.37558"),
    Fact("tau2_bench/sierra_model_training__gpt-4.1__telecom.json.gz", "tau2:telecom", "gpt-4.1",
         40, 40, 40, 18, 1526, 689, 0, 162, 122, "5.424768"),
    Fact("tau2_bench/submission__gpt-oss-120b_langchain__airline.json.gz",
         "tau2:airline", "gpt-oss-120b", 50, 50, 50, 19, 1144, 847, 16, 148, 76, None),
    Fact("agentrx/tau-retail/*.json.gz", "tau:retail", "",
         7, 7, 7, 0, 109, 63, 5, 58, 41, None),
    Fact("agentrx/magentic-one/trajectories/*.json.gz", "magentic_one", "",
         10, 10, 10, 0, 0, 0, 0, 0, 0, None),
    Fact("who_and_when/Algorithm-Generated/*.json.gz", "who_and_when", "",
         60, 60, 60, 0, 0, 101, 33, 0, 0, None),
    Fact("sweagent/*.traj.gz", "swe_agent", "", 3, 3, 0, 0, 22, 22, 3, 0, 0, "1.8251"),
    Fact("atif/*.json", "", "", 11, 0, 3, 3, 40, 26, 1, 0, 0, "0.0990875"),
    Fact("bfcl/result/claude-3-haiku-20240307-FC/simple.json.gz", "bfcl:simple",
         "claude-3-haiku-20240307-FC", 400, 400, 400, 387, 400, 0, 0, 400, 387, None),
    Fact("bfcl/result/claude-3-haiku-20240307-FC/multiple_function.json.gz",
         "bfcl:multiple_function", "claude-3-haiku-20240307-FC",
         200, 200, 200, 185, 200, 0, 0, 200, 185, None),
    Fact("bfcl/result/claude-3-haiku-20240307-FC/parallel_function.json.gz",
         "bfcl:parallel_function", "claude-3-haiku-20240307-FC",
         200, 200, 200, 1, 200, 0, 0, 539, 192, None),
    Fact("bfcl/result/gpt-4o-2024-08-06-FC/simple.json.gz", "bfcl:simple",
         "gpt-4o-2024-08-06-FC", 400, 400, 400, 369, 400, 0, 0, 400, 369, None),
    Fact("bfcl/result/gpt-4o-2024-08-06-FC/multiple_function.json.gz", "bfcl:multiple_function",
         "gpt-4o-2024-08-06-FC", 200, 200, 200, 181, 200, 0, 0, 200, 184, None),
    Fact("bfcl/result/gpt-4o-2024-08-06-FC/parallel_function.json.gz", "bfcl:parallel_function",
         "gpt-4o-2024-08-06-FC", 200, 200, 200, 186, 200, 0, 0, 539, 511, None),
)  # fmt: skip

FINDINGS = {
    "agent_never_acted": 1,
    "answer_without_conclusion": 4,
    "check_outside_reward": 20,
    "cost_implausible": 7,
    "duplicate_call_id": 28,
    "expected_call_unknown": 2,
    "judgement_misplaced": 3,
    "model_disagrees": 10,
    "nested_run": 2,
    "outcome_disagrees": 5,
    "part_missing": 1,
    "recorded_cost_zero": 50,
    "rejected_calls_uncounted": 19,
    "reward_disagrees": 1,
    "timezone_unknown": 200,
    "totals_disagree": 2,
    "trial_is_task": 7,
    "usage_totals_only": 3,
}
"""Sessions of all of them that have a finding of each code, without `times_unknown`."""

JUDGED_STEPS = 70
"""Steps on which people saw a failure begin: 60 of Who&When, 10 of AgentRx."""


def sessions() -> int:
    return sum(fact.sessions for fact in FACTS)


def recorded_usd() -> Decimal:
    return sum((Decimal(fact.recorded_usd or 0) for fact in FACTS), Decimal(0))
