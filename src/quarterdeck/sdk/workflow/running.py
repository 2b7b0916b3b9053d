"""
A model call along a route: tries, pauses, and the next target when one fails.

Every span that is made inside a try says which one it is and what failed before, whatever library
makes it, so the session shows the fallback.  After a failure that another try may cure there is a
pause: what the provider asks for (`Retry-After`), else one that doubles.

A timeout ends an async call; a sync call can't be interrupted and has to keep to the choice's
`timeout_s` itself.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from opentelemetry.context import attach, detach, get_current
from opentelemetry.context import set_value as with_value

from quarterdeck.sdk.runtime import SESSION_KEY
from quarterdeck.sdk.sending.delivery import seconds_to_wait
from quarterdeck.sdk.workflow.failures import failure_of
from quarterdeck.sdk.workflow.parts import ModelChoice
from quarterdeck.sdk.workflow.permitting import Steps, ask_steps, finish, finish_async, spend_steps
from quarterdeck.sdk.workflow.rules import current_session
from quarterdeck.workflows.manifest import Ask, FailureKind

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.rules import Rules

R = TypeVar("R")

Classify = Callable[[BaseException], FailureKind | None]

FIRST_PAUSE_S = 0.5
MAX_PAUSE_S = 30.0


def run(
    rules: Rules,
    route: str,
    call: Callable[[ModelChoice], R],
    *,
    request: Mapping[str, Any],
    classify: Classify = failure_of,
) -> R:
    """What `call` returns.  Raises its last error where nothing is left to try."""
    choice = finish(first_steps(rules, route, request))
    while True:
        try:
            with _told(choice):
                return call(choice)
        except Exception as error:
            after = finish(_after_steps(rules, choice, classify(error)))
            if after is None:
                raise
            time.sleep(_pause_s(choice, after, error))
            choice = after


async def run_async(
    rules: Rules,
    route: str,
    call: Callable[[ModelChoice], Awaitable[R]],
    *,
    request: Mapping[str, Any],
    classify: Classify = failure_of,
) -> R:
    """The same for coroutines, each ended after the choice's `timeout_s`."""
    choice = await finish_async(first_steps(rules, route, request))
    while True:
        try:
            with _told(choice):
                return await asyncio.wait_for(call(choice), choice.timeout_s)
        except Exception as error:
            after = await finish_async(_after_steps(rules, choice, classify(error)))
            if after is None:
                raise
            await asyncio.sleep(_pause_s(choice, after, error))
            choice = after


def first_steps(rules: Rules, route: str, request: Mapping[str, Any]) -> Steps[ModelChoice]:
    yield from spend_steps(rules, "model", refused=None)
    return rules.choose(route, request)


def _after_steps(
    rules: Rules, choice: ModelChoice, failure: FailureKind | None
) -> Steps[ModelChoice | None]:
    """Where the call goes now; None = nowhere."""
    if failure is None:
        return None
    step = rules.after(choice, failure)
    if step.action == "fail" or step.place is None:
        return None
    if step.action == "ask":
        question = f"{choice.model} failed ({failure}). Go on with another model?"
        answer = yield from ask_steps(
            rules, Ask(question=question), tool="", arguments={}, rule=step.why
        )
        if not answer.is_allowed:
            return None
    yield from spend_steps(rules, "model", refused=None)
    return rules.chosen(step.place, choice, is_retry=step.action == "retry")


def _pause_s(before: ModelChoice, after: ModelChoice, error: Exception) -> float:
    """Another target has not asked anybody to wait."""
    if (before.route, before.model) != (after.route, after.model):
        return 0.0
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    asked = headers.get("retry-after", "") if isinstance(headers, Mapping) else ""
    asked_s = seconds_to_wait(str(asked))
    own_s: float = FIRST_PAUSE_S * 2.0 ** min(before.tries_here - 1, 10)
    return min(MAX_PAUSE_S, own_s if asked_s is None else asked_s)


@contextmanager
def _told(choice: ModelChoice) -> Iterator[None]:
    """Spans made inside carry the try, beside what all spans of the session carry."""
    current = current_session()
    if current is None or choice.tries == 1:
        yield
        return
    mine = copy.copy(current)
    mine.stamp = {**current.stamp, "quarterdeck.attempt": choice.tries}
    if choice.fallback_from:
        mine.stamp["quarterdeck.fallback_from"] = choice.fallback_from
    token = attach(with_value(SESSION_KEY, mine, get_current()))
    try:
        yield
    finally:
        detach(token)
