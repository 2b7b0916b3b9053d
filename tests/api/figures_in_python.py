"""
Random sessions with cases, and their figures by plain Python: lists, loops and combinations.
"""

import random
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from itertools import combinations, product
from typing import Any, NamedTuple

from msgspec import structs

from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import OUTCOME_LABELS, Outcome
from quarterdeck.model.sessions import (
    AgentUse,
    ModelUse,
    Session,
    SessionCost,
    ToolUse,
    WorkflowRef,
)
from quarterdeck.statistics.clusters import (
    ClusterSums,
    clustered_count_interval,
    clustered_positive_interval,
    clustered_rate_interval,
)
from quarterdeck.statistics.intervals import wilson_interval

S = 1_000_000_000
DAY = 86_400 * S
T0 = 20_000 * DAY

Sessions = list[Session]


def made(number: int, chance: random.Random, *, cases: int) -> Session:
    """A session with a little of everything; a trial of one of `cases` more often than not."""
    some = chance.choice
    is_trial = cases > 0 and chance.random() < 0.7
    expected = chance.randint(0, 4) if is_trial and chance.random() < 0.8 else None
    names = chance.sample(["gpt-4o", "claude-4", "tiny"], chance.randint(0, 2))
    tools = chance.sample(["bash", "read"], chance.randint(0, 2))
    started = T0 + chance.randint(0, 2 * DAY)
    cost = some([None, Decimal("0.25"), Decimal(3), Decimal("0.000000001")])
    kinds = {"approval": chance.randint(1, 3)} if chance.random() < 0.3 else {}
    episodes = chance.randint(0, 3)
    return Session(
        session_id=f"s{number}",
        trace_ids=(f"{number:032x}",),
        task_type=some(["refund", "research", ""]),
        tags=tuple(sorted(chance.sample(["vip", "night"], chance.randint(0, 2)))),
        started_ns=started,
        last_seen_ns=started + chance.randint(0, 50) * S,
        outcome=Outcome(label=some([*OUTCOME_LABELS, "success", "success", "failure"])),
        models=tuple(model_use(name, chance) for name in names),
        tools=tuple(
            ToolUse(tool=tool, calls=(calls := chance.randint(1, 9)), errors=chance.randint(0, 1),
                    denied=chance.randint(0, calls - 1) if calls > 1 else 0)
            for tool in tools
        ),
        agents=tuple(
            AgentUse(agent=name, role="", invocations=1, model_calls=chance.randint(0, 3),
                     tool_calls=chance.randint(0, 3), errors=0, cost_usd=some([None, Decimal(1)]))
            for name in chance.sample(["lead", "coder"], chance.randint(0, 2))
        ),
        intervention_kinds=kinds,
        episode_count=episodes,
        recovered_count=chance.randint(0, episodes),
        cost=SessionCost(total_usd=cost, wasted_usd=cost),
        case=f"case/{chance.randrange(cases)}" if is_trial else "",
        workflow=WorkflowRef(name="w", version=chance.choice(("1", "2"))),
        trial=chance.randint(0, 3) if is_trial else None,
        expected_calls=expected,
        matched_calls=None if expected is None else chance.randint(0, expected),
        findings=(Finding(code="nested_run", message="m"),) if chance.random() < 0.2 else (),
    )  # fmt: skip


def model_use(name: str, chance: random.Random) -> ModelUse:
    calls = chance.randint(1, 5)
    return ModelUse(
        model=name, provider="", role="", calls=calls, errors=0, input_tokens=calls * 10,
        output_tokens=calls, cache_read_tokens=0, cache_write_tokens=0, reasoning_tokens=0,
        calls_without_usage=0, cost_usd=chance.choice([None, Decimal("0.5")]),
        unpriced_calls=chance.randint(0, calls),
    )  # fmt: skip


# -- the same in plain Python --------------------------------------------------------------------

VALUES: dict[str, Callable[[Session], list[str]]] = {
    "task_type": lambda s: [s.task_type],
    "outcome": lambda s: [s.outcome.label],
    "case": lambda s: [s.case],
    "tag": lambda s: sorted(set(s.tags)) or [""],
    "finding": lambda s: sorted({f.code for f in s.findings}) or [""],
    "model": lambda s: [use.model for use in s.models] or [""],
    "tool": lambda s: [use.tool for use in s.tools] or [""],
    "agent": lambda s: [use.agent for use in s.agents] or [""],
}

Counted = tuple[float, float] | None
"""What one session adds to x and y; None = it says nothing."""


class Told(NamedTuple):
    value: float | None
    interval: Any


def grouped(
    sessions: Sessions, by: tuple[str, ...], bucket_ns: int
) -> dict[tuple[Any, ...], Sessions]:
    groups: dict[tuple[Any, ...], Sessions] = defaultdict(list)
    for session in sessions:
        bucket = session.started_ns // bucket_ns * bucket_ns if bucket_ns else 0
        for values in product(*(VALUES[name](session) for name in by)):
            groups[(bucket, *values, *[""] * (2 - len(by)))].append(session)
    return groups


def clusters(sessions: Sessions, count: Callable[[Session], Counted]) -> ClusterSums:
    """Sums over cases and over sessions that are no trials."""
    lines: dict[str, list[float]] = {}
    for session in sessions:
        counted = count(session)
        if counted is not None:
            line = lines.setdefault(session.case or f"alone {session.session_id}", [0.0, 0.0])
            line[0] += counted[0]
            line[1] += counted[1]
    pairs = list(lines.values())
    return ClusterSums(
        len(pairs), sum(x for x, _ in pairs), sum(y for _, y in pairs),
        sum(x * x for x, _ in pairs), sum(y * y for _, y in pairs), sum(x * y for x, y in pairs),
    )  # fmt: skip


def known_cost(session: Session) -> float | None:
    return None if session.cost.total_usd is None else float(session.cost.total_usd)


def of_completion(session: Session) -> Counted:
    label = session.outcome.label
    return None if label == "unknown" else (float(label == "success"), 1)


def of_cost(session: Session) -> Counted:
    cost = known_cost(session)
    return None if cost is None else (cost, 1)


def of_success_cost(session: Session) -> Counted:
    cost = known_cost(session)
    return None if cost is None else (cost, float(session.outcome.label == "success"))


def of_tools(session: Session) -> Counted:
    ran = sum(use.calls - use.denied for use in session.tools)
    return (max(0, ran - sum(use.errors for use in session.tools)), ran) if ran else None


def of_expected(session: Session) -> Counted:
    count, matched = session.expected_calls, session.matched_calls
    return (matched or 0, count) if count else None


RATES: dict[str, Callable[[Session], Counted]] = {
    "task_completion_rate": of_completion,
    "unknown_outcome_share": lambda s: (float(s.outcome.label == "unknown"), 1),
    "human_intervention_rate": lambda s: (float(bool(s.intervention_kinds)), 1),
}
CALL_RATES: dict[str, Callable[[Session], Counted]] = {
    "error_recovery_rate": lambda s: (
        (s.recovered_count, s.episode_count) if s.episode_count else None
    ),
    "expected_calls_matched": of_expected,
    "tool_call_accuracy": of_tools,
    "unpriced_share": lambda s: (
        (sum(u.unpriced_calls for u in s.models), calls)
        if (calls := sum(u.calls for u in s.models))
        else None
    ),
}
MEANS: dict[str, Callable[[Session], Counted]] = {
    "cost_per_task": of_cost,
    "cost_per_success": of_success_cost,
    "duration_s": lambda s: ((s.last_seen_ns - s.started_ns) / S, 1),
}


def expected_figures(sessions: Sessions) -> dict[str, Told]:
    """Sessions are independent where no two are of one case, or all are of one."""
    keys = [session.case or session.session_id for session in sessions]
    if len(set(keys)) == 1:
        sessions = [structs.replace(session, case="") for session in sessions]
    has_cases = 1 < len(set(keys)) < len(keys)
    told = {}
    for name, count in (RATES | CALL_RATES | MEANS).items():
        sums = clusters(sessions, count)
        value = sums.x / sums.y if sums.y else None
        if name in MEANS:
            interval = clustered_positive_interval(sums) if sums.y else None
        elif name in RATES and not has_cases:
            interval = wilson_interval(int(sums.x), int(sums.y))
        else:
            interval = clustered_rate_interval(sums)
        told[name] = Told(value, interval)
    acts = clusters(sessions, lambda s: (sum(s.intervention_kinds.values()), 1))
    told["interventions_per_session"] = Told(acts.x / acts.y, clustered_count_interval(acts))
    return told


def expected_passes(sessions: Sessions, k: int) -> tuple[list[float], list[float], int]:
    """Of each case with enough trials the shares of draws; and how many cases have too few."""
    cases: dict[tuple[str, WorkflowRef], list[bool]] = defaultdict(list)
    for session in sessions:
        if session.case:
            by = WorkflowRef(name=session.workflow.name, version=session.workflow.version)
            trials = cases[session.case, by]
            if session.outcome.label != "unknown":
                trials.append(session.outcome.label == "success")
    draws = [list(combinations(one, k)) for one in cases.values() if len(one) >= k]
    every = [sum(map(all, some)) / len(some) for some in draws]
    any_of = [sum(map(any, some)) / len(some) for some in draws]
    return every, any_of, len(cases) - len(draws)
