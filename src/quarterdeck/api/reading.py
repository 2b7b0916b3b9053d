"""
The story of one session, and what its steps saw and gave back.

Steps come from who keeps them; content is read for the steps that are shown and no others.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, cast

from fastapi import Request

from quarterdeck.api.access import Principal
from quarterdeck.api.parts import Parts, scope_of
from quarterdeck.api.sessions import find_session
from quarterdeck.api.spans import read_spans, whole
from quarterdeck.assembly.acts import ReadStep, ShownAct, call_of, shown_act, steps_near
from quarterdeck.assembly.standing import Standing
from quarterdeck.model.interventions import Intervention
from quarterdeck.model.sessions import Session, Step
from quarterdeck.model.spans import Span
from quarterdeck.normalize.normalize import read_content
from quarterdeck.storage.events import span_reads


class KeepsSteps(Protocol):
    def steps(self, parts: Parts, who: Principal, session: Session) -> tuple[Step, ...]:
        """All of the session, by number."""
        ...


def keeper_of(request: Request) -> KeepsSteps:
    return cast(KeepsSteps, request.app.state.stories)


def story_of(kept: KeepsSteps, parts: Parts, who: Principal, session_id: str) -> Standing:
    """Raises `NotFound`.  Blocks."""
    session = find_session(parts, who, session_id)
    return Standing(session, kept.steps(parts, who, session))


def read_steps(
    parts: Parts, who: Principal, steps: Iterable[Step], *, as_sent: bool = False
) -> dict[int, ReadStep]:
    """
    By step number; steps whose span is gone are left out.  Blocks.

    `as_sent`: inputs that were sent as changes stay changes, which spares reading what they
    continue.
    """
    scope = scope_of(parts, who)
    steps = list(steps)
    if not steps:
        return {}
    numbers = {(step.trace_id, step.span_id): step.number for step in steps}
    stored = read_spans(parts, scope, list(numbers))
    raws = [one.raw for one in stored] if as_sent else whole(parts, scope, stored)
    return {
        numbers[one.span.trace_id, one.span.span_id]: ReadStep(one.span, read_content(raw))
        for one, raw in zip(stored, raws, strict=True)
    }


def read_facts(parts: Parts, who: Principal, steps: Sequence[Step]) -> dict[tuple[str, str], Span]:
    """Blocks."""
    keys = [(step.trace_id, step.span_id) for step in steps]
    return span_reads.span_facts(parts.events, scope_of(parts, who), keys) if keys else {}


def acts_of(
    parts: Parts, who: Principal, standing: Standing, acts: Sequence[Intervention]
) -> list[ShownAct]:
    """Each with the call that it is about, whose content is read.  Blocks."""
    near = {step.number: step for act in acts for step in steps_near(standing, act)}
    facts = read_facts(parts, who, list(near.values()))
    calls = [call_of(standing, act, facts) for act in acts]
    wanted: set[int] = set()
    for act, steps in zip(acts, calls, strict=True):
        places = (standing.place_of(act), *steps)
        wanted.update(number for number in places if number is not None)
    told = read_steps(parts, who, [standing.step(n) for n in sorted(wanted)], as_sent=True)
    return [shown_act(standing, act, steps, told) for act, steps in zip(acts, calls, strict=True)]
