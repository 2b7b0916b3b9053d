"""
τ²-bench results: one file for each run, with its tasks and a simulation for each task and trial.

A simulation is a session between two language models: the agent that is tested and the one that
plays its user.  Both are model calls; the simulated user's have the role `user simulator`, so its
cost stands apart, and its turns are no interventions.  The loop is sequential, so what happened
at a message took the time since the message before it.

An attempt that the harness rejected (text and tool calls at once, or nothing) survives only as
text in `errors`: it is a failed model call with the cost that the text tells.  `llm_args` are not
imported: real files hold API keys there.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.usage import Usage
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.amounts import shown_usd
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import TIMEZONE_UNKNOWN, instant_ns, names_zone
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.model_names import Model, litellm_model
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.tau2.exchange import AGENT, USER, USER_SIMULATOR, Exchange
from quarterdeck.receive.transcripts.tau2.judgement import Judgement
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    BadLine,
    Entry,
    ModelCall,
    Read,
    Status,
    Transcript,
)

NAME = "tau2_bench"
_STOPPED: dict[str, Status] = {
    "max_steps": "cancelled", "timeout": "cancelled",
    "agent_error": "error", "user_error": "error", "too_many_errors": "error",
}  # fmt: skip


_SECRET = re.compile(r"key$|token$|secret|password|authorization", re.IGNORECASE)
"""Names of arguments that hold credentials; `max_tokens` does not."""


def recognizes(source: Source) -> bool:
    if not source.has_keys("info", "tasks", "simulations"):
        return False
    return "environment_info" in mapping(source.top["info"])


def read(source: Source) -> Read:
    document = mapping(source.document)
    if not isinstance(document.get("simulations"), list):
        raise Invalid(f"{source.shown}: no list of simulations", hint="Is it a τ²-bench result?")
    info = mapping(document.get("info"))
    yield from _secrets(info)
    tasks = {identifier(task.get("id")): task for task in records(document.get("tasks"))}
    seen: dict[str, str] = {}
    for place, simulation in enumerate(document["simulations"], start=1):
        if not isinstance(simulation, dict) or not isinstance(simulation.get("messages"), list):
            yield BadLine(source.shown, place, "expected a simulation with a list of messages")
            continue
        content = content_id(NAME, simulation)
        session_id = identifier(simulation.get("id")) or content
        if session_id in seen:
            again = seen[session_id] == content
            yield _duplicate(place, session_id, again=again)
            if again:
                continue
            session_id = content
        seen[session_id] = content
        task = mapping(tasks.get(identifier(simulation.get("task_id"))))
        yield _Simulation(simulation, task, info, session_id).transcript()


def _secrets(info: Mapping[str, Any]) -> Iterator[Finding]:
    """Told without the value, which nobody should see a second time."""
    for owner in ("agent_info", "user_info"):
        arguments = mapping(mapping(info.get(owner)).get("llm_args"))
        if any(_SECRET.search(name) and value for name, value in arguments.items()):
            yield Finding(
                code="secret_recorded",
                message=f"info.{owner}.llm_args of the file holds a credential: it was not "
                "imported, and should be revoked",
            )


def _duplicate(place: int, session_id: str, *, again: bool) -> Finding:
    what = "the same again: it was read once" if again else "other content: both are kept"
    return Finding(
        code="duplicate_id", message=f"simulation {place} has the id {session_id!r} of an earlier"
        f" one, and {what}",
    )  # fmt: skip


class _Simulation:
    """One simulation on its way to a transcript."""

    def __init__(
        self,
        simulation: Mapping[str, Any],
        task: Mapping[str, Any],
        info: Mapping[str, Any],
        session_id: str,
    ) -> None:
        self._of = simulation
        self._task = task
        self._session_id = session_id
        self._agent = mapping(info.get("agent_info"))
        self._user = mapping(info.get("user_info"))
        self._environment = mapping(info.get("environment_info"))
        self._models = {AGENT: _model(self._agent), USER: _model(self._user)}
        self._messages = records(simulation.get("messages"))
        self._entries: list[Entry] = []
        self._exchange = Exchange(
            self._entries,
            self._models,
            policy=text(self._environment.get("policy")),
            began_ns=instant_ns(simulation.get("start_time")),
        )

    def transcript(self) -> Transcript:
        self._entries += (
            AgentRun(id=AGENT, name=text(self._agent.get("implementation")) or AGENT, role=AGENT),
            AgentRun(id=USER, name=text(self._user.get("implementation")) or USER_SIMULATOR,
                     role=USER_SIMULATOR, input=self._scenario()),
        )  # fmt: skip
        for place, message in enumerate(self._messages):
            self._exchange.hear(place, message)
        judged = Judgement(self._of, self._task, self._entries)
        ended = text(self._of.get("termination_reason"))
        domain = text(self._environment.get("domain_name"))
        case = "/".join(filter(None, (domain, identifier(self._of.get("task_id")))))
        return Transcript(
            format=NAME,
            session_id=self._session_id,
            entries=self._entries,
            task=self._asked(),
            task_type=f"tau2:{domain}" if domain else "tau2",
            workflow=text(self._agent.get("implementation")),
            workflow_version=self._models[AGENT].name,
            case=f"tau2:{case}" if case else "",
            trial=told(parse.count, self._of.get("trial")),
            experiment=True,
            started_ns=instant_ns(self._of.get("start_time")),
            ended_ns=instant_ns(self._of.get("end_time")),
            status=_STOPPED.get(ended, "unset"),
            error=f"ended by {ended}" if ended in _STOPPED else "",
            outcome=judged.outcome(),
            scores=judged.scores(),
            expected_calls=judged.calls.expected,
            matched_calls=judged.calls.matched,
            recorded_cost_usd=self._recorded_cost(),
            findings=(*self._exchange.findings, *self._own_findings(), *judged.findings()),
            metadata=present(
                {
                    "termination_reason": ended,
                    "reason_for_call": self._instructions().get("reason_for_call"),
                    "purpose": mapping(self._task.get("description")).get("purpose"),
                    "seed": self._of.get("seed"),
                    "expected_calls_of_user": judged.expected_of_user,
                }
            ),
        )

    def _instructions(self) -> dict[str, Any]:
        return mapping(mapping(self._task.get("user_scenario")).get("instructions"))

    def _scenario(self) -> Any:
        return present(mapping(self._task.get("user_scenario"))) or None

    def _asked(self) -> str:
        said = (text(m.get("content")) for m in self._messages if m.get("role") == "user")
        return next((words for words in said if words), "")

    def _recorded_cost(self) -> Decimal | None:
        """Of both sides; None where one is not told, or known to be wrong."""
        if any(self._exchange.zero_costs.values()):
            return None
        costs = [told(parse.money, self._of.get(name)) for name in ("agent_cost", "user_cost")]
        known = [cost for cost in costs if cost is not None]
        return sum(known, Decimal(0)) if len(known) == len(costs) else None

    def _own_findings(self) -> Iterator[Finding]:
        """Contradictions of the recording itself; those of its judgement are `Judgement`'s."""
        times = [self._of.get("start_time"), *(m.get("timestamp") for m in self._messages)]
        if any(time and not names_zone(time) for time in times):
            yield TIMEZONE_UNKNOWN
        if self._exchange.went_back:
            yield Finding(
                code="times_backwards",
                message=f"{self._exchange.went_back} messages are dated before the one that they "
                "follow: the file's order is kept",
            )
        if self._exchange.reused_ids:
            yield Finding(
                code="duplicate_call_id",
                message=f"{self._exchange.reused_ids} tool calls have the id of an earlier call: "
                "results are joined to calls in their order",
            )
        if usd := sum(self._exchange.rejected):
            yield Finding(
                code="rejected_calls_uncounted",
                message=f"the harness rejected {len(self._exchange.rejected)} answers of the model,"
                f" which cost {shown_usd(usd)} USD: agent_cost and user_cost leave them out",
            )
        yield from self._cost_findings()
        if not any(isinstance(e, ModelCall) and e.parent == AGENT for e in self._entries):
            yield Finding(
                code="agent_never_acted",
                message="the simulated user ended the conversation before the agent said anything:"
                " the reward says nothing about the agent",
            )

    def _cost_findings(self) -> Iterator[Finding]:
        for side, name in ((AGENT, "agent_cost"), (USER, "user_cost")):
            calls = [e for e in self._entries if isinstance(e, ModelCall) and e.parent == side
                     and ".rejected." not in e.id]  # fmt: skip
            costs = [c.recorded_cost_usd for c in calls if c.recorded_cost_usd is not None]
            whole = told(parse.money, self._of.get(name))
            if whole is not None and costs and abs(sum(costs) - whole) > Decimal("0.000001"):
                yield Finding(
                    code="totals_disagree",
                    message=f"{name} is {shown_usd(whole)} USD, its {len(costs)} messages cost "
                    f"{shown_usd(sum(costs))} USD",
                )
            if zeros := self._exchange.zero_costs[side]:
                tokens = sum(_tokens(call.usage) for call in calls)
                yield Finding(
                    code="recorded_cost_zero",
                    message=f"a cost of 0 is recorded for {zeros} calls of "
                    f"{self._models[side].name!r} with {tokens} tokens: its recorder knew no "
                    "price, so it is taken as not told",
                )


def _model(of: Mapping[str, Any]) -> Model:
    hosted_at = text(mapping(of.get("llm_args")).get("base_url"))
    return litellm_model(text(of.get("llm")), elsewhere=bool(hosted_at))


def _tokens(usage: Usage | None) -> int:
    return 0 if usage is None else (usage.input_tokens or 0) + (usage.output_tokens or 0)


FORMAT = Format(NAME, "τ²-bench", recognizes, read)
