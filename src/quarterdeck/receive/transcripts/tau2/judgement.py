"""
What τ²-bench's evaluator says of one simulation: reward, checks, assertions, expected calls.

The reward alone decides the outcome, as in the benchmark.  A check that failed and is no part of
the reward is told as a finding, so that a success is not taken for more than it is.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.expected_calls import Call, Matched, match
from quarterdeck.receive.transcripts.members import (
    listing,
    mapping,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.rewards import REWARD_MISSING, outcome_of, product_finding
from quarterdeck.receive.transcripts.transcript import Entry, ToolCall

_TIMEOUTS = ("max_steps", "timeout")
_AUTHOR = "tau2-bench"


class Judgement:
    """What the evaluator says of one simulation."""

    def __init__(
        self, simulation: Mapping[str, Any], task: Mapping[str, Any], entries: Sequence[Entry]
    ) -> None:
        self._of = mapping(simulation.get("reward_info"))
        self._ended = text(simulation.get("termination_reason"))
        self._reward = told(parse.number, self._of.get("reward"))
        self._basis = [text(name) for name in listing(self._of.get("reward_basis"))]
        self._parts = {
            key: value
            for key, given in mapping(self._of.get("reward_breakdown")).items()
            if (value := told(parse.number, given)) is not None
        }
        checks = records(self._of.get("action_checks"))
        gold = records(mapping(task.get("evaluation_criteria")).get("actions"))
        self.expected_of_user = sum(action.get("requestor") == "user" for action in gold)
        self.calls = (
            Matched(len(checks), sum(check.get("action_match") is True for check in checks))
            if checks
            else match([_expected(action) for action in gold], _made(entries))
        )

    def outcome(self) -> Outcome | None:
        return outcome_of(self._reward, author=_AUTHOR, reason=self._reason())

    def _reason(self) -> str:
        reason = " x ".join(f"{key} {value:g}" for key, value in self._parts.items())
        if note := text(mapping(self._of.get("info")).get("note")):
            reason = note
        elif self._ended and reason:
            reason += f"; ended by {self._ended}"
        return reason

    def scores(self) -> list[Score]:
        found = []
        if self._reward is not None:
            found.append(_score("reward", self._reward))
        found += [_score(f"reward.{key.lower()}", value) for key, value in self._parts.items()]
        for number, assertion in enumerate(records(self._of.get("nl_assertions")), start=1):
            met = assertion.get("met") is True
            words = (text(assertion.get("nl_assertion")), text(assertion.get("justification")))
            found.append(
                Score(
                    name="nl_assertion", scope="session", value=float(met),
                    label="met" if met else "not met", explanation="\n".join(filter(None, words)),
                    judge="llm", author=_AUTHOR, identifier=f"nl_assertion/{number}",
                )
            )  # fmt: skip
        return found

    def findings(self) -> Iterator[Finding]:
        if self._reward is None:
            yield REWARD_MISSING
            return
        yield from product_finding(self._reward, self._parts)
        if self._reward < 1:
            return
        if self._ended in _TIMEOUTS:
            yield Finding(
                code="timeout_and_success",
                message=f"ended by {self._ended}, and reward {self._reward:g}: taken as a success",
            )
        if failed := self._ignored():
            yield Finding(
                code="check_outside_reward",
                message=f"reward {self._reward:g} counts {', '.join(self._basis)} only; "
                f"failed outside it: {failed}",
            )

    def _ignored(self) -> str:
        """Checks that failed and are no part of the reward."""
        unmet = [a for a in records(self._of.get("nl_assertions")) if a.get("met") is False]
        found = []
        if mapping(self._of.get("db_check")).get("db_match") is False and "DB" not in self._basis:
            found.append("the database check")
        if unmet and "NL_ASSERTION" not in self._basis:
            found.append(f"{len(unmet)} assertion(s), {text(unmet[0].get('nl_assertion'))!r}")
        return " and ".join(found)


def _score(name: str, value: float) -> Score:
    return Score(name=name, scope="session", value=value, judge="code", author=_AUTHOR,
                 identifier=name)  # fmt: skip


def _expected(action: Mapping[str, Any]) -> Call:
    compared = action.get("compare_args")
    return Call(
        name=text(action.get("name")),
        arguments=mapping(action.get("arguments")),
        by="user" if action.get("requestor") == "user" else "agent",
        compared=[text(name) for name in compared] if isinstance(compared, list) else None,
    )


def _made(entries: Sequence[Entry]) -> list[Call]:
    return [
        Call(name=entry.tool, arguments=mapping(entry.arguments), by=entry.parent)
        for entry in entries
        if isinstance(entry, ToolCall)
    ]
