"""The fraud desk with LangGraph."""

import asyncio
from contextvars import copy_context

from desk import TASK, TOOLS, serve

from quarterdeck.frameworks import langgraph


def run(flow):
    agent = langgraph.agent(flow, "triage", tools=TOOLS)
    asked = agent.ainvoke({"messages": [("user", TASK)]})
    # A runner keeps the context that it began in, and the session is in today's.
    state = loop.run(asked, context=copy_context())
    return state["messages"][-1].content


# One loop for all sessions: LangChain keeps its client's connections.
with asyncio.Runner() as loop:
    serve(run)
