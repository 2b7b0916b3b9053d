"""
What Opik's LangChain callback says of graphs, nodes and interrupts, spelled as LangGraph's dialect
reads it from everybody else.

The callback leaves out that an interrupt was an exception, and tells it as an output; the answer
that a run goes on with is its input.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from quarterdeck.model.spans import RawEvent, Value

_TOLD = ("lc_agent_name", "langgraph_node", "langgraph_step", "ls_integration")


def spell(
    fields: Mapping[str, Any], attributes: dict[str, Value], *, at_ns: int
) -> tuple[RawEvent, ...]:
    """Adds to `attributes`, and gives the events that go with them; nothing for other spans."""
    metadata = fields.get("metadata")
    if not isinstance(metadata, dict) or metadata.get("created_from") != "langchain":
        return ()
    told = {name: metadata[name] for name in _TOLD if isinstance(metadata.get(name), str | int)}
    if told:
        attributes["metadata"] = msgspec.json.encode(told).decode()
        attributes["langgraph.integration"] = str(metadata.get("ls_integration") or "")
    given = fields.get("input")
    if isinstance(given, dict) and "__resume__" in given:
        attributes["langgraph.integration"] = "langgraph"
        attributes["input.value"] = {"resume": given["__resume__"]}
    output = fields.get("output")
    if not isinstance(output, dict) or "__interrupt__" not in output:
        return ()
    attributes["langgraph.integration"] = "langgraph"
    message = f"(Interrupt(value={output['__interrupt__']}, id=''),)"
    said: dict[str, Value] = {"exception.type": "GraphInterrupt", "exception.message": message}
    return (RawEvent(name="exception", time_ns=at_ns, attributes=said),)
