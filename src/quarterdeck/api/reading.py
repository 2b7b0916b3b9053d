"""
The story of one session, and what its steps saw and gave back.

Steps come from who keeps them; content is read for the steps that are shown, and for the calls
that they continue.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import Any, Protocol, cast

from fastapi import Request, Response

from quarterdeck.api.access import Principal
from quarterdeck.api.bodies import again, answer
from quarterdeck.api.chains import Chain
from quarterdeck.api.parts import Parts, scope_of
from quarterdeck.api.spans import read_spans, whole
from quarterdeck.api.stories import Stood
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

    def stood(self, parts: Parts, who: Principal, session_id: str) -> Stood:
        """The session with its steps.  Raises `NotFound`.  Blocks."""
        ...

    def packed(self, key: Hashable) -> Response | None: ...

    def keep_packed(self, key: Hashable, made: Response) -> None: ...


def keeper_of(request: Request) -> KeepsSteps:
    return cast(KeepsSteps, request.app.state.stories)


def story_of(kept: KeepsSteps, parts: Parts, who: Principal, session_id: str) -> Standing:
    """Raises `NotFound`.  Blocks."""
    return kept.stood(parts, who, session_id).standing


def answered(
    request: Request,
    parts: Parts,
    who: Principal,
    session_id: str,
    make: Callable[[Parts, Principal, Standing], dict[str, Any]],
) -> Response:
    """
    What `make` tells of the whole session; as it was packed for whoever asked before, as long as
    nothing of the session has expired or changed.  Raises `NotFound`.  Blocks.
    """
    kept = keeper_of(request)
    stood = kept.stood(parts, who, session_id)
    accepted = request.headers.get("accept-encoding", "").lower()
    of = (make.__module__, make.__name__, who.project_id, stood.standing.session.session_id)
    key = (*of, stood.revision, "zstd" in accepted, "gzip" in accepted)
    if stood.is_whole and (known := kept.packed(key)) is not None:
        return again(known)
    made = answer(request, make(parts, who, stood.standing))
    if stood.is_whole:
        kept.keep_packed(key, made)
    return again(made)


def read_steps(
    parts: Parts,
    who: Principal,
    steps: Iterable[Step],
    *,
    as_sent: bool = False,
    chain: Chain | None = None,
    continued: Collection[int] = (),
) -> dict[int, ReadStep]:
    """
    By step number; steps whose span is gone are left out.  Blocks.

    `as_sent`: inputs that were sent as changes stay changes, which spares reading what they
    continue.  `chain`: makes those of the steps `continued` whole, and no others.
    """
    scope = scope_of(parts, who)
    steps = list(steps)
    if not steps:
        return {}
    numbers = {(step.trace_id, step.span_id): step.number for step in steps}
    stored = read_spans(parts, scope, list(numbers))
    if chain is not None:
        wanted = [one for one in stored if numbers[one.raw.trace_id, one.raw.span_id] in continued]
        made = {(raw.trace_id, raw.span_id): raw for raw in chain.whole(parts, scope, wanted)}
        raws = [made.get((one.raw.trace_id, one.raw.span_id), one.raw) for one in stored]
    else:
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
