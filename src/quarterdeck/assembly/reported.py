"""
Acts of people that no span shows, reported afterwards as scores named `intervention`.
"""

from collections.abc import Iterable
from typing import get_args

from quarterdeck.model.instants import NS_PER_S
from quarterdeck.model.interventions import Intervention, InterventionKind
from quarterdeck.model.scores import Score

INTERVENTION_SCORE = "intervention"
"""A score of this name, whose label is a kind of intervention, reports an act of a person."""

_KINDS: dict[str, InterventionKind] = {kind: kind for kind in get_args(InterventionKind)}


def reported_acts(scores: Iterable[Score]) -> list[Intervention]:
    """
    One act per score and identifier.  The value is the time waited in seconds, if known;
    scores whose label is no kind of intervention are left out.
    """
    acts: dict[str, Intervention] = {}
    for score in scores:
        kind = _KINDS.get(score.label)
        if score.name != INTERVENTION_SCORE or kind is None:
            continue
        acts[score.identifier or f"{score.author}@{score.at_ns}"] = Intervention(
            kind=kind,
            at_ns=score.at_ns,
            waited_ns=None if score.value is None else round(score.value * NS_PER_S),
            by=score.author,
            answer=score.explanation,
        )
    return list(acts.values())
