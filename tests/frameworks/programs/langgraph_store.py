"""
LangGraph's own store beside ours: the same operations, the same answers.

Run by tests/frameworks/test_langgraph_store.py in LangGraph's environment:
`python langgraph_store.py URL`.  The last line tells what differed, as JSON.
"""

import json
import sys
from typing import Any

from langgraph.graph import START, MessagesState, StateGraph
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

import quarterdeck as qd
from quarterdeck.frameworks.langgraph_store import LangGraphStore

NAMES: list[tuple[str, ...]] = [
    ("users", "u-7"), ("users", "u-7", "notes"), ("users", "u/8"), ("users", "50%"), ("docs",),
]  # fmt: skip


def shown(result: Any) -> Any:
    """What LangGraph promises of a result: no times, no scores, no order of equals."""
    if isinstance(result, list):
        return sorted((shown(one) for one in result), key=str)
    if hasattr(result, "namespace"):
        return [list(result.namespace), result.key, result.value]
    return list(result) if isinstance(result, tuple) else result


def asked(store: BaseStore) -> list[Any]:
    told: list[Any] = []
    for number, name in enumerate(NAMES):
        store.put(name, "plan", {"n": number, "text": f"refund {number}"})
        store.put(name, "a/key with ünïcode", {"n": number, "kind": "odd"})
    store.put(NAMES[0], "plan", {"n": 70})
    store.put(NAMES[0], "short", {"n": 1}, **({"ttl": 10} if store.supports_ttl else {}))
    store.delete(NAMES[2], "plan")
    for name in NAMES:
        told += [store.get(name, "plan"), store.get(name, "a/key with ünïcode")]
        told.append(store.search(name, limit=50))
    told.append(store.search(("users",), limit=50))
    told.append(store.search(("users",), filter={"kind": "odd"}, limit=50))
    told.append(store.search(("users",), filter={"n": {"$gte": 3}}, limit=50))
    told.append(len(store.search(("users",), limit=2, offset=1)))
    told.append(store.list_namespaces())
    told.append(store.list_namespaces(prefix=("users",), max_depth=2))
    told.append(store.list_namespaces(suffix=("notes",)))
    told.append(store.list_namespaces(prefix=("users", "*", "notes")))
    told.append(store.get(("nowhere",), "plan"))
    return [shown(one) for one in told]


def in_a_graph(store: BaseStore) -> Any:
    """A node keeps, and in the next session a node finds, as graphs do it."""

    def remember(_state: MessagesState, *, store: BaseStore) -> dict[str, Any]:
        found = store.search(("graph",), query="tea")
        store.put(("graph",), f"visit-{len(found)}", {"text": "likes tea"})
        return {"messages": [("ai", f"{len(found)} before")]}

    builder = StateGraph(MessagesState)
    builder.add_node("remember", remember)
    builder.add_edge(START, "remember")
    graph = builder.compile(store=store)
    said = []
    for name in ("graph-1", "graph-2"):
        with qd.session(name, id=name):
            said.append(graph.invoke({"messages": [("user", "hello")]})["messages"][-1].content)
    return said


def main() -> None:
    qd.init(url=sys.argv[1], instrument=False)
    theirs, ours = asked(InMemoryStore()), asked(LangGraphStore())
    differs = [[one, other] for one, other in zip(theirs, ours, strict=True) if one != other]
    said = in_a_graph(LangGraphStore())
    qd.shutdown()
    print(json.dumps({"asked": len(theirs), "differs": differs, "graph": said}))


main()
