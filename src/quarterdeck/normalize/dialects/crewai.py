"""
CrewAI (1.15), as OpenInference, OpenLLMetry and OpenLIT show it.

An agent is named by its role.  In a sequential crew `graph.node.parent_id` is the agent of the
task before: an order, no handoff.  Delegation is a tool that names a coworker.  OpenLLMetry
gives crews and tasks the operation `invoke_agent`, though only `{role}.agent` is an agent.
That a task asks for human input is configuration; what the person said is only in the next
call's prompt: see `crewai_prompts.py`.
"""

from quarterdeck.model.interventions import HumanAct, HumanAsk
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.normalize.dialect import (
    ContentSource,
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of

_KINDS = {
    "crewai.workflow": Kind("step", "workflow"),
    "crew created": Kind("step", "workflow"),
    "task execution": Kind("step", "task"),
    "tool usage": Kind("tool"),
    "flow execution": Kind("step", "workflow"),
    "flow paused": Kind("human"),
}


def _by_name(name: str) -> Kind | None:
    if name.endswith((".kickoff", "_kickoff", "crew_kickoff")):
        return Kind("step", "workflow")
    if name.startswith(("humanfeedback", "flowinput", "human_feedback", "flow.human")):
        return Kind("human")
    return _KINDS.get(name)


def _adjust(draft: Draft) -> None:
    found, raw, attributes = draft.found, draft.raw, draft.attributes
    if word_of(attributes, "graph.node.parent_id"):
        found.pop("handoff", None)
    if raw.name == "crewai.workflow" or raw.name.endswith(".kickoff"):
        _read_crew(draft)
    elif word_of(attributes, "traceloop.span.kind") == "task" or "crewai.task.id" in attributes:
        found["kind"], found["subkind"] = "step", "task"
        found["agent"] = word_of(attributes, "crewai.task.agent") or found.get("agent", "")
    elif found["kind"] == "agent" and not found.get("agent_role"):
        found["agent_role"] = word_of(attributes, "graph.node.id") or found.get("agent", "")
    if found["kind"] == "human":
        found.setdefault("human", HumanAct(asked=_asked(raw.name)))
    if found["kind"] != "model" and "usage" in found:
        found["usage_is_aggregate"] = True


def _asked(name: str) -> HumanAsk:
    return "feedback" if "eedback" in name else "question"


def _read_crew(draft: Draft) -> None:
    found, name = draft.found, draft.raw.name
    found["kind"], found["subkind"] = "step", "workflow"
    found.pop("agent", None)
    crew = word_of(draft.attributes, "crewai.crew.name", "crew_name")
    if not crew and name.endswith(".kickoff"):
        crew = name.removesuffix(".kickoff")
    if crew and crew.lower() != "crew":
        found["workflow"] = crew


def _crew_tasks(value: Value) -> Value:
    found = decode_json(value)
    return {"crew_tasks": found} if found else None


DIALECT = Dialect(
    name="crewai",
    framework="crewai",
    recognizes=Recognizes(
        scopes=(
            "openinference.instrumentation.crewai",
            "opentelemetry.instrumentation.crewai",
            "crewai",
        ),
        keys=("crewai.", "crew_key", "crew_id", "flow.node."),
        names=("crewai.",),
    ),
    kinds=(KindSource(0, "", read=_by_name, gated=True),),
    sources=(
        Source("agent", 70, "crewai.agent.role"),
        Source("agent", 71, "tool.agent_role"),
        Source("agent", 72, "agent_role", gated=True),
        Source("agent", 30, "graph.node.id", gated=True),
        Source("agent_role", 30, "crewai.agent.role"),
        Source("workflow", 70, "crew_name", gated=True),
        Source("workflow", 71, "flow_name", gated=True),
    ),
    contents=(
        ContentSource("input", 70, "crewai.task.description", gated=True),
        ContentSource("output", 70, "crewai.crew.result", gated=True),
        ContentSource("metadata", 70, "crew_tasks", _crew_tasks, gated=True),
    ),
    adjust=_adjust,
)
