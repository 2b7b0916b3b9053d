"""
What a version decides about the session around the call: permissions, limits, model choices.

The values that conditions see and the counters are the session's; outside a session there are
none, and no limit holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from opentelemetry.context import get_current

from quarterdeck.errors import NotFound, TryAgain
from quarterdeck.sdk import runtime
from quarterdeck.sdk.runtime import SESSION_KEY
from quarterdeck.sdk.verbs.session import Current
from quarterdeck.sdk.workflow.counting import Counter
from quarterdeck.sdk.workflow.parts import ModelChoice, Resolved
from quarterdeck.workflows.budget import Ceiling, ceilings_of
from quarterdeck.workflows.decide import Decision, Raised, permission_of, raised_by
from quarterdeck.workflows.manifest import FailureKind, Manifest, Version
from quarterdeck.workflows.routing import Place, Step, next_after, places_of, target_at

if TYPE_CHECKING:
    from quarterdeck.sdk.workflow.fetching import Server


class Rules:
    """Of one version, for whatever session is around."""

    def __init__(self, *, release: Resolved, content: Version, server: Server) -> None:
        self.release = release
        self.content = content
        self.server = server

    @property
    def manifest(self) -> Manifest:
        return self.content.manifest

    def parameters_of(self, tool: str) -> dict[str, Any]:
        """JSON Schema of a tool's arguments; {} where the version has none."""
        found = self.content.tools.get(tool, {}).get("parameters")
        return found if isinstance(found, dict) else {}

    def decide(
        self, tool: str, arguments: Mapping[str, Any], *, agent: str, server: str
    ) -> Decision:
        counter = self.counter()
        return permission_of(
            self.manifest,
            tool,
            agent=agent,
            server=server,
            variables={**self._variables(), "args": dict(arguments)},
            answered=() if counter is None else counter.answered,
        )

    def raised(self, agent: str) -> Raised:
        counter = self.counter()
        return raised_by(
            self.manifest,
            variables={**self._variables(), "agent": agent},
            answered=() if counter is None else counter.answered,
        )

    def counter(self) -> Counter | None:
        """Of the session around; None outside one: a budget is a session's."""
        current = current_session()
        return None if current is None else current.counter

    def ceilings(self) -> tuple[Ceiling, ...]:
        current = current_session()
        return ceilings_of(self.manifest, "" if current is None else current.task_type)

    def _variables(self) -> dict[str, Any]:
        """What conditions see of the session."""
        current = current_session()
        if current is None:
            return {"session": {}, "task": {}, "user": "", "environment": self.release.environment}
        session: dict[str, Any] = {"id": current.id}
        counter: Counter | None = current.counter
        if counter is not None:
            spent = counter.spent()
            session |= {
                "cost_usd": float(spent.usd),
                "tokens": spent.tokens,
                "model_calls": spent.model_calls,
                "tool_calls": spent.tool_calls,
                "duration_s": spent.duration_s,
                "errors": counter.errors,
                "interventions": counter.interventions,
            }
        return {
            "session": session,
            "task": {"type": current.task_type, "text_length": len(current.task)},
            "user": current.user,
            "environment": self.release.environment,
        }

    def choose(self, route: str, request: Mapping[str, Any]) -> ModelChoice:
        if route not in self.manifest.models:
            raise missing("route", route, self.manifest.models)
        places = places_of(self.manifest, route, variables={**self._variables(), **request})
        if not places:
            raise TryAgain(
                f"no target of the route {route!r} may be taken for this call",
                hint="Give it a last target without a condition.",
            )
        choices = [self._choice(place, request) for place in places]
        first = choices[0]
        return replace(first, fallbacks=tuple(choices[1:]), tried=(places[0],))

    def _choice(self, place: Place, request: Mapping[str, Any]) -> ModelChoice:
        target = target_at(self.manifest, place)
        return ModelChoice(
            route=place.route,
            model=target.model,
            provider=target.provider,
            parameters=dict(target.parameters),
            timeout_s=target.timeout_s,
            retries=target.retries,
            adapter=target.adapter if isinstance(target.adapter, str) else "",
            request=request,
            place=place,
        )

    def after(self, choice: ModelChoice, failure: FailureKind) -> Step:
        return next_after(
            self.manifest,
            choice.place,
            failure,
            tries=choice.tries_here,
            tried=choice.tried,
            variables={**self._variables(), **choice.request},
        )

    def chosen(self, place: Place, before: ModelChoice, *, is_retry: bool) -> ModelChoice:
        if is_retry:
            return replace(before, tries=before.tries + 1, tries_here=before.tries_here + 1)
        rest = places_of(
            self.manifest, place.route, variables={**self._variables(), **before.request}
        )
        tried = (*before.tried, place)
        return replace(
            self._choice(place, before.request),
            fallbacks=tuple(
                self._choice(one, before.request)
                for one in rest
                if one not in tried and one.target > place.target
            ),
            tries=before.tries + 1,
            fallback_from=before.model,
            tried=tried,
        )

    def say(self, attributes: Mapping[str, Any]) -> None:
        """On the session's root, where it is open here."""
        current = current_session()
        root = None if current is None else current.open_root()
        if root is not None:
            root.set_attributes(dict(attributes))


def current_session() -> Current | None:
    """Where the SDK runs and a session is around; else None."""
    found: Any = get_current().get(SESSION_KEY)
    return found if runtime.running is not None and isinstance(found, Current) else None


def missing(kind: str, name: str, known: Mapping[str, Any]) -> NotFound:
    there = ", ".join(list(known)[:12]) or "none"
    return NotFound(f"the workflow has no {kind} {name!r}", hint=f"There is {there}.")
