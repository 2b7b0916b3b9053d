"""
What kind of thing a span is.

All sources of all dialects give candidates; the first specific one by rank wins, else the
first generic one ("some step"), else what the attributes suggest, else `step`.
"""

from quarterdeck.normalize.dialect import Draft, Kind
from quarterdeck.normalize.plan import KindPlan, Plan

_STEP = Kind("step", "", True)


def choose_kind(draft: Draft, plan: Plan) -> tuple[Kind, str]:
    """The kind, and the key that told it."""
    generic: tuple[Kind, str] | None = None
    attributes = draft.attributes
    for entry in plan.kinds:
        kind = _read(entry, attributes.get(entry.key) if entry.key else draft.raw.name)
        if kind is None:
            continue
        if not kind.generic:
            return kind, entry.key
        if generic is None:
            generic = kind, entry.key
    guess = suggested(draft, plan)
    if guess is not None and (generic is None or not guess.generic):
        return guess, "heuristic"
    return generic or (_STEP, "")


def _read(entry: KindPlan, value: object) -> Kind | None:
    if type(value) is not str:
        return None
    spelled = value.strip().lower()
    kind = entry.source.values.get(spelled)
    if kind is None and entry.source.read is not None:
        kind = entry.source.read(spelled)
    return kind


def suggested(draft: Draft, plan: Plan) -> Kind | None:
    """Rank 11: no attribute names the kind, but some occur only in one."""
    found = draft.found
    model = found.get("model_requested") or found.get("model_served")
    if plan.names_tool and not model:
        return Kind("tool")
    if model and plan.may_be_model:
        return Kind("model")
    name = draft.raw.name.lower()
    if not model and "agent" in name and found.get("agent"):
        return Kind("agent")
    return plan.suggestion or _by_name(name)


def _by_name(name: str) -> Kind | None:
    if name.startswith("invoke_agent ") or name.endswith(".agent"):
        return Kind("agent")
    if name.startswith("execute_tool ") or name.endswith(".tool"):
        return Kind("tool")
    if name.startswith("chat ") or name.endswith(".llm"):
        return Kind("model")
    return None
