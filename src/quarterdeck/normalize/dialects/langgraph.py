"""
LangChain and LangGraph, as OpenInference, OpenLLMetry and LangSmith show them.

An interrupt is a question to a person: one library reports it as OK with an exception event,
the other as ERROR; here both are a human span that was interrupted.  Only the node that asked
counts, not the graphs above it.  The run that goes on is another trace, whose root has the
answer as `resume` in its input.  A `Command` names the next node: control is handed off.
"""

from quarterdeck.model.handoffs import HandoffHint
from quarterdeck.model.interventions import HumanAct, HumanAsk, HumanDecision
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import as_json, object_of
from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)
from quarterdeck.normalize.synthesis import word_of
from quarterdeck.normalize.tools import verdict_of

_INTERRUPTS = ("GraphInterrupt", "NodeInterrupt")
_MAX_QUESTION = 500
_NODES_OF_EVERY_AGENT = frozenset({"agent", "model", "call_model", "llm", "tools"})
"""Names of nodes in prebuilt agents: they tell no role."""
_ENDS = frozenset({"__end__", "__start__", ""})


_INTEGRATION = "langsmith.metadata.ls_integration"


def _adjust(draft: Draft) -> None:
    found = draft.found
    if _is_langchain_alone(draft):
        found["framework"] = "langchain"
    if found["kind"] == "model":
        role = _node_around(draft)
        if role and role not in _NODES_OF_EVERY_AGENT:
            found.setdefault("agent_role", role)
    node = _node(draft)
    if _is_named_agent(draft):
        found["kind"], found["subkind"], found["agent"] = "agent", "", draft.raw.name
        node = ""
    if node and found["kind"] == "agent" and not found.get("subkind"):
        # OpenInference calls every run whose name contains "agent" an agent: assembly keeps
        # it one only if it called a model.
        found["subkind"] = "node"
    if node and found["kind"] == "step":
        found["subkind"] = "node"
        # What a person decided is told by the interrupt and the run that resumes it: the node's
        # own output repeats it.
        found.setdefault("human", None)
    command = word_of(draft.attributes, "langgraph.command.goto_node")
    if command or "langgraph.command.source_node" in draft.attributes:
        _read_command(draft, command)
    interrupt = _interrupt(draft)
    if interrupt is not None:
        if node:
            found["kind"], found["subkind"] = "human", ""
            found["human"] = _question(interrupt)
            found["display_name"] = node
        found["status_word"] = "interrupted"
        found["status"] = "interrupted"
    elif _is_graph(draft):
        _read_resume(draft)


def _is_langchain_alone(draft: Draft) -> bool:
    """A run that LangSmith's client traced from LangChain, in no graph."""
    integration = draft.attributes.get(_INTEGRATION)
    return isinstance(integration, str) and integration != "langgraph" and not _node_around(draft)


def _is_named_agent(draft: Draft) -> bool:
    """
    Whether this is the run of an agent that has a name, `create_agent(name=…)`: all that is in it
    repeats the name in its metadata, and only the agent's own run is called so.  A node of the same
    name around it does not have it there.
    """
    metadata = draft.attributes.get("metadata")
    if not isinstance(metadata, str) or '"lc_agent_name"' not in metadata:
        return False
    named = word_of(object_of(metadata), "lc_agent_name")
    return named == draft.raw.name and draft.found["kind"] in ("agent", "step")


def _is_graph(draft: Draft) -> bool:
    """Whether this span is a whole graph's run.  It need not be a root: an application may put a
    span around it, and then several runs are in one trace."""
    attributes = draft.attributes
    if not draft.raw.parent_span_id or attributes.get("traceloop.span.kind") == "workflow":
        return True
    return (
        ("openinference.span.kind" in attributes or attributes.get(_INTEGRATION) == "langgraph")
        and draft.found["kind"] in ("agent", "step")
        and not _node_around(draft)
    )


def _node_around(draft: Draft) -> str:
    """The graph node that this span is in; "" where it is not told."""
    metadata = draft.attributes.get("metadata")
    if not isinstance(metadata, str) or '"langgraph_node"' not in metadata:
        return word_of(draft.attributes, "langsmith.metadata.langgraph_node")
    return word_of(object_of(metadata), "langgraph_node")


def _node(draft: Draft) -> str:
    """The graph node that this span runs; "" for graphs, models and tools."""
    if draft.found["kind"] not in ("agent", "step"):
        return ""
    attributes = draft.attributes
    node = _node_around(draft)
    if node:
        # Everything below a node repeats its name in the metadata; only the node has it itself.
        return node if node == draft.raw.name else ""
    if word_of(attributes, "gen_ai.operation.name") == "execute_task":
        return word_of(attributes, "gen_ai.task.name", "traceloop.entity.name") or draft.raw.name
    return ""


def _read_command(draft: Draft, goto: str) -> None:
    found, attributes = draft.found, draft.attributes
    source = word_of(attributes, "langgraph.command.source_node")
    target = goto
    if not target:
        several = attributes.get("langgraph.command.goto_nodes")
        first = several[0] if isinstance(several, list) and several else several
        target = first if isinstance(first, str) else ""
    if target not in _ENDS:
        found["handoff"] = HandoffHint(source=source, target=target[:200], kind="hands_off")
        found["subkind"] = "handoff"


def _interrupt(draft: Draft) -> str | None:
    """The interrupt's message, which holds its value; None if this span was not interrupted."""
    for event in reversed(draft.raw.events):
        if event.name == "exception":
            spelled = event.attributes.get("exception.type")
            message = event.attributes.get("exception.message")
            if isinstance(spelled, str) and spelled.endswith(_INTERRUPTS):
                return message if isinstance(message, str) else ""
            # LangSmith's OpenTelemetry mode has the type in the message only.
            if isinstance(message, str) and message.startswith(_INTERRUPTS):
                return message
    if word_of(draft.attributes, "error.type").endswith(_INTERRUPTS):
        return draft.raw.status_message
    message = draft.raw.status_message
    return message if message.startswith(_INTERRUPTS) else None


def _question(message: str) -> HumanAct:
    """
    `(Interrupt(value={'question': 'Send it?'}, id='…'),)` -> Send it?

    The message is Python's repr of the value: the words are cut out, never evaluated.
    """
    _, found, value = message.partition("Interrupt(value=")
    if not found:
        return HumanAct(asked="question", question=message[:_MAX_QUESTION])
    for end in (", id='", ', id="', ", resumable=", ", ns="):
        value = value.partition(end)[0]
    value = value.removesuffix(",)").removesuffix(")")
    approves = "action_requests" in value or "action_request" in value
    asked: HumanAsk = "approval" if approves or "approv" in value.lower() else "question"
    return HumanAct(
        asked=asked,
        tool=_quoted_after(value, "'name': ", "'action': ") if approves else "",
        question=(_quoted_after(value, "'question': ") or value.strip("'\""))[:_MAX_QUESTION],
    )


def _quoted_after(spelled: str, *marks: str) -> str:
    for mark in marks:
        _, found, rest = spelled.partition(mark)
        if found and rest[:1] in "'\"":
            return rest[1:].partition(rest[0])[0]
    return ""


_DECISIONS: dict[str, HumanDecision] = {
    "approve": "approved", "approved": "approved", "accept": "approved", "edit": "modified",
    "reject": "rejected", "rejected": "rejected", "ignore": "rejected", "respond": "none",
}  # fmt: skip


def _read_resume(draft: Draft) -> None:
    """
    The graph's span of a run that goes on after an interrupt has the answer in its input: the
    root by OpenInference, the workflow below the root by OpenLLMetry.
    """
    for key in ("input.value", "traceloop.entity.input", "langsmith.inputs", "gen_ai.prompt"):
        given = draft.attributes.get(key)
        if not isinstance(given, dict) and not (isinstance(given, str) and '"resume"' in given):
            continue
        told = object_of(given)
        inner = next((v for k in ("inputs", "input") if isinstance(v := told.get(k), dict)), {})
        command = inner if "resume" in inner else told
        answer = command.get("resume")
        if answer is None:
            continue
        draft.found["human"] = HumanAct(
            asked="question",
            decision=_decision(answer),
            by=verdict_of(answer)[1] if isinstance(answer, dict) else "",
            answer=_spelled(answer)[:_MAX_QUESTION],
        )
        return


def _spelled(answer: Value) -> str:
    return answer if isinstance(answer, str) else as_json(answer).decode("utf-8", "replace")


def _decision(answer: Value) -> HumanDecision:
    if isinstance(answer, bool):
        return "approved" if answer else "rejected"
    if isinstance(answer, str):
        return _DECISIONS.get(answer.strip().lower(), "none")
    if isinstance(answer, list):
        return _decision(answer[0]) if answer else "none"
    if not isinstance(answer, dict):
        return "none"
    approved = answer.get("approved")
    if isinstance(approved, bool):
        return "approved" if approved else "rejected"
    decisions = answer.get("decisions")
    if isinstance(decisions, list) and decisions:
        return _decision(decisions[0])
    for key in ("type", "decision", "action"):
        if isinstance(spelled := answer.get(key), str):
            return _decision(spelled)
    # Resumed by interrupt id: {"<id>": answer}.
    return _decision(next(iter(answer.values()))) if len(answer) == 1 else "none"


DIALECT = Dialect(
    name="langgraph",
    framework="langgraph",
    recognizes=Recognizes(
        scopes=(
            "openinference.instrumentation.langchain",
            "opentelemetry.instrumentation.langchain",
            "@arizeai/openinference-instrumentation-langchain",
        ),
        keys=(
            "langgraph.", "gen_ai.workflow.nodes", "gen_ai.workflow.edges",
            "langsmith.metadata.langgraph_", "langsmith.metadata.ls_integration",
        ),
    ),
    kinds=(
        KindSource(
            1, "langgraph.command.source_node", read=lambda _: Kind("step", "handoff"), gated=True
        ),
    ),
    sources=(
        Source("display_name", 60, "gen_ai.task.name", gated=True),
    ),
    adjust=_adjust,
)  # fmt: skip
