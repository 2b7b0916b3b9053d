"""
Langfuse's observations in order, and which of them are model calls, tools and agents.

Langfuse knows types, but what frameworks sent before it did is a plain `SPAN`: then the attributes
decide that OpenInference, OpenTelemetry and LangSmith give, and at last whether a model asked for
a tool of that name.  A generation that holds another one is a wrapper around it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from quarterdeck.normalize.attributes import object_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.members import identifier, mapping, text

Kind = Literal["agent", "model", "tool", "step"]

_TYPES: dict[str, Kind] = {
    "GENERATION": "model",
    "EMBEDDING": "model",
    "AGENT": "agent",
    "TOOL": "tool",
}
_MARKS: dict[str, Kind] = {
    "AGENT": "agent",
    "TOOL": "tool",
    "INVOKE_AGENT": "agent",
    "EXECUTE_TOOL": "tool",
}
_MARK_KEYS = ("openinference.span.kind", "gen_ai.operation.name", "langsmith.span.kind")

_LIFECYCLE = re.compile(r"\.(success|finish|error|retry|update|partial_update)-\d+$")
"""BeeAI makes an observation of each event of a run, numbered; that of its start is the run."""

_START = re.compile(r"\.start-\d+$")
_BRACKETED = re.compile(r"^(?:agent_run|execute_tool|invocation) ?\[(.+)\]$")
_PREFIXES = ("invoke_agent ", "execute_tool ", "running tool: ", "tool.")


class Observation(NamedTuple):
    id: str
    parent: str
    """"" = the trace, also where the parent is not in the export."""
    type: str
    name: str
    start_ns: int | None
    end_ns: int | None
    value: dict[str, Any]
    attributes: dict[str, Any]
    """What the framework sent, as Langfuse kept it."""


def in_order(values: Iterable[dict[str, Any]]) -> tuple[list[Observation], set[str]]:
    """By start, parents before what is in them; and the parents that the export lacks."""
    found: dict[str, Observation] = {}
    for place, value in enumerate(values, start=1):
        observation = _read(value, place)
        found[observation.id] = observation
    lacking = {o.parent for o in found.values() if o.parent and o.parent not in found}
    by_start = sorted(found.values(), key=lambda o: o.start_ns or 0)
    ordered: dict[str, Observation] = {}
    for observation in by_start:
        for step in reversed(_way_up(observation, found)):
            if step.id not in ordered:
                parent = step.parent if step.parent in ordered else ""
                ordered[step.id] = step._replace(parent=parent)
    return list(ordered.values()), lacking


def _way_up(observation: Observation, found: Mapping[str, Observation]) -> list[Observation]:
    """From the observation to its outermost parent; a loop ends where it closes."""
    way = [observation]
    seen = {observation.id}
    while (parent := found.get(way[-1].parent)) is not None and parent.id not in seen:
        seen.add(parent.id)
        way.append(parent)
    return way


def _read(value: dict[str, Any], place: int) -> Observation:
    metadata = value.get("metadata")
    return Observation(
        id=identifier(value.get("id")) or f"observation {place}",
        parent=identifier(value.get("parentObservationId")),
        type=text(value.get("type")).upper(),
        name=text(value.get("name")),
        start_ns=instant_ns(value.get("startTime")),
        end_ns=instant_ns(value.get("endTime")),
        value=value,
        attributes=mapping(object_of(metadata).get("attributes")),
    )


def wrappers_of(observations: Iterable[Observation]) -> set[str]:
    """Ids of generations that hold another generation directly: they are the same call."""
    ordered = list(observations)
    generations = {o.id for o in ordered if o.type == "GENERATION"}
    return {o.parent for o in ordered if o.id in generations and o.parent in generations}


def kind_of(observation: Observation, *, requested: frozenset[str]) -> Kind:
    """`requested` holds the names of the tools that models asked for, in any case."""
    if _LIFECYCLE.search(observation.name):
        return "step"
    marked = {text(observation.attributes.get(key)).upper() for key in _MARK_KEYS}
    if "CREATE_AGENT" in marked:
        return "step"
    if kind := _TYPES.get(observation.type):
        return "step" if kind == "model" and is_silent(observation) else kind
    for mark in marked:
        if mark in _MARKS:
            return _MARKS[mark]
    if observation.attributes.get("gen_ai.tool.name") or observation.attributes.get("tool.name"):
        return "tool"
    if observation.attributes.get("agent_name"):
        return "agent"
    return "tool" if observation.name.lower() in requested else "step"


def is_silent(observation: Observation) -> bool:
    """A generation that saw nothing, said nothing and counted nothing is no call."""
    value = observation.value
    return not any(
        value.get(key) for key in ("input", "output", "usageDetails", "costDetails", "totalCost")
    )


def starts_a_run(observation: Observation) -> bool:
    """Whether events that follow it tell how it went (BeeAI)."""
    return _START.search(observation.name) is not None


def ends_run_of(observation: Observation) -> str:
    """The name of the run that this event is of, without its number; "" = it is none."""
    found = _LIFECYCLE.search(observation.name)
    return observation.name[: found.start()] if found else ""


def run_name(observation: Observation) -> str:
    return _START.sub("", observation.name)


def plain_name(observation: Observation) -> str:
    """The tool's or agent's own name, of what frameworks call its observation."""
    attributes = observation.attributes
    for key in ("gen_ai.tool.name", "tool.name", "ai.toolCall.name",
                "gen_ai.agent.name", "agent_name"):  # fmt: skip
        if told := text(attributes.get(key)):
            return told
    name = run_name(observation)
    if bracketed := _BRACKETED.match(name):
        return bracketed.group(1)
    for prefix in _PREFIXES:
        if name.startswith(prefix) and len(name) > len(prefix):
            return name.removeprefix(prefix)
    return name
