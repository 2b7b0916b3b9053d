"""
A planner and a clerk in a graph that stops for a person, with LangGraph.

The order service does not answer at first, and is called again; the graph is interrupted before
money goes back, and goes on when a person agrees.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with OPENAI_API_KEY: python agent.py

If you report to LangSmith already, leave the two lines of Quarterdeck out and set
LANGSMITH_ENDPOINT=http://127.0.0.1:4400/langsmith beside LANGSMITH_TRACING=true.
"""

import itertools
import sys

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ToolRetryMiddleware
from langchain_core.messages import HumanMessage
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command

import quarterdeck as qd

qd.init(service_name="refunds")

tries = itertools.count(1)


@tool
def find_order(order_id: str) -> str:
    """What was paid for an order."""
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


@tool
def refund(order_id: str, amount: float) -> str:
    """Give the money of an order back."""
    return f"refunded {amount:.2f} EUR for order {order_id}"


planner = create_agent("openai:gpt-4o-mini", name="planner", system_prompt="Plan the refund.")
clerk = create_agent(
    "openai:gpt-4o-mini",
    [find_order, refund],
    name="clerk",
    system_prompt="You refund orders. Look an order up before you refund it.",
    middleware=[
        ToolRetryMiddleware(tools=["find_order"], initial_delay=0.05),
        HumanInTheLoopMiddleware({"refund": {"allowed_decisions": ["approve", "reject"]}}),
    ],
)

graph = StateGraph(MessagesState)
graph.add_node("planner", planner)
graph.add_node("clerk", clerk)
graph.add_edge(START, "planner")
graph.add_edge("planner", "clerk")
refunds = graph.compile(checkpointer=InMemorySaver(), name="refunds")


def decide(call: dict[str, object]) -> str:
    question = f"{call['name']}({call['args']})? [y/n] "
    return "approve" if "--yes" in sys.argv or input(question).startswith("y") else "reject"


def main() -> None:
    config = {"configurable": {"thread_id": "refund-4711"}}
    question = HumanMessage("I was billed twice for order 4711.")
    state = refunds.invoke({"messages": [question]}, config)
    while asked := state.get("__interrupt__"):
        answers = [{"type": decide(call)} for call in asked[0].value["action_requests"]]
        state = refunds.invoke(Command(resume={"decisions": answers}), config)
    print(config["configurable"]["thread_id"], state["messages"][-1].content)


if __name__ == "__main__":
    main()
