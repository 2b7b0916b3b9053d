"""
From a tool call to a permit: limits first, then the manifest's word, then a person's.

A call that is not let through raises, and is a span that says so: the session counts it as denied.
A person who is asked is a span too, with the time that it took; an answer is an intervention, and
nobody's answer is none.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.context import get_current
from opentelemetry.trace import get_current_span

from quarterdeck.errors import Invalid
from quarterdeck.sdk.rim import notice
from quarterdeck.sdk.runtime import SESSION_KEY, Running
from quarterdeck.sdk.verbs.human import HumanAct, approval
from quarterdeck.sdk.verbs.session import Current
from quarterdeck.sdk.verbs.work import Tool
from quarterdeck.sdk.workflow.arguments import violations
from quarterdeck.sdk.workflow.asking import Answer, Asked, Question, waited
from quarterdeck.sdk.workflow.parts import Permit
from quarterdeck.sdk.workflow.refusals import BudgetExceeded, ToolDenied
from quarterdeck.workflows.budget import Excess
from quarterdeck.workflows.decide import Decision
from quarterdeck.workflows.manifest import Ask

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.rules import Rules

R = TypeVar("R")

Steps = Generator[Asked, Answer, R]
"""
A piece of work that may have to wait for a person: it gives the question and takes the answer.

So the same lines serve a thread that waits and an event loop that must not.
"""


def finish(steps: Steps[R]) -> R:
    """Run to the end, waiting in this thread."""
    try:
        asked = next(steps)
        while True:
            try:
                answer = asked.wait()
            except BaseException as error:  # noqa: BLE001 - Ctrl-C: told to the span, raised again
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


async def finish_async(steps: Steps[R]) -> R:
    """The same, waiting beside the event loop."""
    try:
        asked = next(steps)
        while True:
            try:
                answer = await waited(asked)
            except BaseException as error:  # noqa: BLE001 - a cancelled task: as above
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: R = stop.value
        return result


class GuardedTool(Tool):
    """A tool call with what was decided about it."""

    __slots__ = ("_told",)

    def __init__(
        self, name: str, *, arguments: object, call_id: str, told: Mapping[str, Any]
    ) -> None:
        super().__init__(name, arguments=arguments, call_id=call_id or None)
        self._told = told

    def _again(self, name: str) -> GuardedTool:
        return GuardedTool(
            str(self._name or name),
            arguments=self._arguments,
            call_id=str(self._call_id or ""),
            told=self._told,
        )

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        name, attributes = super()._begin(running)
        attributes.update(self._told)
        return name, attributes


class InvalidArguments(Invalid):
    """Arguments that the tool's schema does not take.  The text is for the model."""


def permit_steps(
    rules: Rules,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    agent: str,
    server: str,
    call_id: str,
) -> Steps[Permit]:
    """
    Raises `ToolDenied`, `BudgetExceeded` and `InvalidArguments`; each is recorded as a call that
    was not made.
    """
    call_id = call_id or _new_call_id()
    decision = rules.decide(tool, arguments, agent=agent, server=server)
    refused = Refusing(tool=tool, arguments=arguments, call_id=call_id, decision=decision)
    for said in decision.failed:
        notice("condition", f"{tool}: {said}")
    if decision.permission == "deny" and not decision.failed:
        raise refused.denied(decision.why)
    schema = rules.parameters_of(tool)
    wrong = violations(schema, arguments) if schema else []
    if wrong:
        # Before a condition that could not be checked: that is why it could not.
        raise refused.invalid(wrong)
    if decision.permission == "deny":
        raise refused.denied(decision.why)
    permit = Permit(tool=tool, arguments=dict(arguments), call_id=call_id, decision=decision)
    if decision.ask is not None:
        permit = yield from _ask_about(rules, permit, agent=agent, refused=refused)
        if permit.is_changed:
            # A person may agree to what is asked about, and to nothing that is denied.
            again = rules.decide(tool, permit.arguments, agent=agent, server=server)
            if again.permission == "deny":
                raise refused.denied(again.why, by=permit.by)
            wrong = violations(schema, permit.arguments) if schema else []
            if wrong:
                raise refused.invalid(wrong)
    yield from spend_steps(rules, "tool", refused=refused)
    return permit


def refuse_unfit(
    rules: Rules,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    agent: str,
    server: str,
    call_id: str,
    why: str,
) -> None:
    """Raises what stands in the way of a call that the function can't take: `why`, where neither
    the version nor the schema says more; "" raises nothing then.  Nobody is asked about it."""
    decision = rules.decide(tool, arguments, agent=agent, server=server)
    call_id = call_id or _new_call_id()
    refused = Refusing(tool=tool, arguments=arguments, call_id=call_id, decision=decision)
    if decision.permission == "deny" and not decision.failed:
        raise refused.denied(decision.why)
    schema = rules.parameters_of(tool)
    wrong = (violations(schema, arguments) if schema else []) or ([why] if why else [])
    if wrong:
        raise refused.invalid(wrong)


def _new_call_id() -> str:
    return f"call_{uuid.uuid4().hex[:24]}"


class Refusing:
    """Makes the errors of one call, and the span that tells of each."""

    def __init__(
        self, *, tool: str, arguments: Mapping[str, Any], call_id: str, decision: Decision
    ) -> None:
        self.tool = tool
        self._arguments = arguments
        self._call_id = call_id
        self._decision = decision

    def denied(self, why: str, *, by: str = "") -> ToolDenied:
        text = f"{self.tool} was not called: {why}."
        self._record(text, "blocked")
        return ToolDenied(text, tool=self.tool, rule=self._decision.rule, by=by)

    def over_budget(self, excess: Excess) -> BudgetExceeded:
        text = f"{self.tool} was not called: {excess.words}."
        self._record(text, "blocked")
        return BudgetExceeded(text, limit=excess.ceiling.limit)

    def invalid(self, wrong: list[str]) -> InvalidArguments:
        text = (
            f"{self.tool} was not called: its arguments do not fit its schema. "
            f"{'; '.join(wrong)}. Correct them and call it again."
        )
        self._record(text, "error")
        return InvalidArguments(text)

    def _record(self, text: str, status: str) -> None:
        told = {**told_of(self._decision), "quarterdeck.status": status}
        if status == "error":
            told["error.type"] = "invalid_arguments"
        if status == "blocked":
            told["quarterdeck.permission"] = "deny"
        with GuardedTool(
            self.tool, arguments=self._arguments, call_id=self._call_id, told=told
        ) as span:
            span.result(text)


def told_of(decision: Decision) -> dict[str, Any]:
    """A decision as attributes of the tool's span."""
    told: dict[str, Any] = {"quarterdeck.permission": decision.permission}
    if decision.rule:
        told["quarterdeck.permission.rule"] = decision.rule[:500]
    if decision.failed:
        told["quarterdeck.permission.failed"] = [one[:500] for one in decision.failed]
    return told


def spend_steps(rules: Rules, call: Any, *, refused: Refusing | None) -> Steps[None]:
    """One more call of this kind, within the session's limits.  Raises `BudgetExceeded`."""
    counter = rules.counter()
    if counter is None:
        return
    excess = counter.take(rules.ceilings(), call=call)
    while excess is not None:
        limit = excess.ceiling.limit
        if excess.ceiling.on_exceeded == "warn":
            if limit not in counter.warned:
                counter.warned.add(limit)
                rules.say({"quarterdeck.budget.exceeded": limit})
                notice(f"budget {limit}", f"{excess.words}; it goes on, as the manifest says")
            return
        if excess.ceiling.on_exceeded == "ask":
            answer = yield from ask_steps(
                rules,
                Ask(question=f"Go on? {excess.words[0].upper()}{excess.words[1:]}."),
                tool="",
                arguments={},
                rule=f"budget: {limit} {excess.ceiling.amount:f}",
            )
            if answer.is_allowed:
                counter.waived.add(limit)
                excess = counter.take(rules.ceilings(), call=call)
                continue
        rules.say({"quarterdeck.budget.exceeded": limit})
        if refused is not None:
            raise refused.over_budget(excess)
        raise BudgetExceeded(f"the model was not called: {excess.words}.", limit=limit)


def escalate_steps(rules: Rules, *, agent: str) -> Steps[bool]:
    """Whether somebody had to be asked.  Raises `ToolDenied` where it does not go on."""
    raised = rules.raised(agent)
    if not raised.indexes:
        return False
    answer = yield from ask_steps(
        rules,
        raised.ask
        if raised.ask.question
        else Ask(
            question="Should the agent go on?",
            timeout_s=raised.ask.timeout_s,
            default=raised.ask.default,
        ),
        tool="",
        arguments={},
        rule=raised.rule,
        agent=agent,
    )
    if not answer.is_allowed:
        raise ToolDenied(
            f"The session stops here: {_why_not(answer)}.", tool="", rule=raised.rule, by=answer.by
        )
    counter = rules.counter()
    if counter is not None:
        counter.answered.update(raised.indexes)
    return True


def _ask_about(rules: Rules, permit: Permit, *, agent: str, refused: Refusing) -> Steps[Permit]:
    decision = permit.decision
    ask = decision.ask or Ask()
    answer = yield from ask_steps(
        rules,
        ask,
        tool=permit.tool,
        arguments=permit.arguments,
        rule=decision.rule or "permission: ask",
        agent=agent,
        call_id=permit.call_id,
    )
    if not answer.is_allowed:
        raise refused.denied(_why_not(answer), by=answer.by)
    counter = rules.counter()
    if counter is not None:
        counter.answered.update(decision.escalations)
    changed = permit.arguments if answer.arguments is None else answer.arguments
    return Permit(
        tool=permit.tool,
        arguments=changed,
        call_id=permit.call_id,
        decision=decision,
        is_changed=changed != permit.arguments,
        by=answer.by,
    )


def ask_steps(
    rules: Rules,
    ask: Ask,
    *,
    tool: str,
    arguments: Mapping[str, Any],
    rule: str,
    agent: str = "",
    call_id: str = "",
) -> Steps[Answer]:
    """A person's answer, as a span with the time that it took."""
    text = ask.question or f"May {agent or 'the agent'} call {tool}?"
    with approval(text, tool=tool or None, call_id=call_id or None) as act:
        asked = Asked(
            rules.server,
            Question(
                question=text,
                tool=tool,
                arguments=arguments,
                timeout_s=ask.timeout_s,
                default=ask.default,
                about={**_where(rules), "agent": agent[:400], "rule": rule},
            ),
        )
        try:
            answer = yield asked
        except asyncio.CancelledError:
            act.timed_out()  # nobody waits for an answer any longer
            raise
        _tell(act, answer)
    return answer


def _where(rules: Rules) -> dict[str, Any]:
    """Where the question stands: the session, and the span of the question itself."""
    current: Any = get_current().get(SESSION_KEY)
    context = get_current_span().get_span_context()
    release = rules.release
    about: dict[str, Any] = {
        # The API needs one; without a session the question stands for itself.
        "session_id": current.id[:500] if isinstance(current, Current) else "no-session",
        "workflow": release.workflow[:100],
        "environment": release.environment[:100],
    }
    if release.version:
        about["version"] = release.version
    if context.is_valid:
        about["trace_id"] = f"{context.trace_id:032x}"
        about["span_id"] = f"{context.span_id:016x}"
    return about


def _tell(act: HumanAct, answer: Answer) -> None:
    by = answer.by or None
    match answer.ending:
        case "approved":
            act.approved(by=by)
        case "changed":
            act.modified(by=by, to=answer.arguments)
        case "rejected":
            act.rejected(by=by, reason=answer.reason or None)
        case "expired" | "unreachable":
            act.timed_out()
            act.set("quarterdeck.human.default", "allow" if answer.is_allowed else "deny")
            if answer.ending == "unreachable":
                act.set("quarterdeck.human.unreachable", True)
        case "cancelled":
            # By the agent, in another process: no person decided anything.
            act.timed_out()


def _why_not(answer: Answer) -> str:
    reason = f": {answer.reason}" if answer.reason else ""
    match answer.ending:
        case "rejected":
            return f"{answer.by or 'a person'} said no{reason}"
        case "unreachable":
            return "a person has to be asked first, and nobody could be reached in time"
        case "cancelled":
            return f"the question was taken back{reason}"
        case _:
            return "a person was asked, and nobody answered in time"
