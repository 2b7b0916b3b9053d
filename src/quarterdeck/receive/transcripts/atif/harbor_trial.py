"""
A trial's `result.json`, as Harbor writes it above the folder of the agent's trajectory.

Harbor judges the work even where the agent ran out of time, so a trial can have an exception and
a full reward: the reward decides, and both are told.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.members import mapping, text, told
from quarterdeck.receive.transcripts.rewards import REWARD_MISSING, outcome_of
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import Status

_AUTHOR = "harbor"
NAME = "result.json"


class Trial(NamedTuple):
    case: str
    task_type: str
    status: Status
    error: str
    outcome: Outcome | None
    scores: tuple[Score, ...]
    findings: tuple[Finding, ...]


def is_result(document: Any) -> bool:
    return isinstance(document, dict) and {"trial_name", "verifier_result"} <= {*document}


def trial_of(source: Source) -> Trial | None:
    """The trial whose trajectory `source` is; None where no result lies beside or above it."""
    for place in (NAME, f"../{NAME}"):
        beside = source.beside(place)
        if beside is not None and is_result(beside.top):
            return _read(beside.top)
    return None


def _read(result: Mapping[str, Any]) -> Trial:
    rewards = {
        name: reward
        for name, given in mapping(mapping(result.get("verifier_result")).get("rewards")).items()
        if (reward := told(parse.number, given)) is not None
    }
    # One reward of another name is as good as the one called `reward`.
    reward = rewards.get("reward", next(iter(rewards.values()), None))
    exception = mapping(result.get("exception_info"))
    kind = text(exception.get("exception_type"))
    timed_out = "timeout" in kind.lower()
    findings = []
    if reward is None:
        findings.append(REWARD_MISSING)
    elif reward >= 1 and timed_out:
        findings.append(
            Finding(
                code="timeout_and_success",
                message=f"the agent was stopped by {kind}, and the reward is {reward:g}: "
                "taken as a success",
            )
        )
    task, suite = text(result.get("task_name")), text(result.get("source"))
    return Trial(
        case="harbor:" + "/".join(filter(None, (suite, task))) if task else "",
        task_type=suite or "harbor",
        status="cancelled" if timed_out else "error" if kind else "unset",
        error=": ".join(filter(None, (kind, text(exception.get("exception_message"))))),
        outcome=outcome_of(reward, author=_AUTHOR, reason=f"stopped by {kind}" if kind else ""),
        scores=tuple(
            Score(name=name, scope="session", value=value, judge="code", author=_AUTHOR,
                  identifier=name)
            for name, value in rewards.items()
        ),
        findings=tuple(findings),
    )  # fmt: skip
