"""The fraud desk with Pydantic AI."""

from desk import TASK, TOOLS, serve

from quarterdeck.frameworks import pydantic_ai


def run(flow):
    agent = pydantic_ai.agent(flow, "triage", tools=TOOLS)
    return agent.run_sync(TASK).output


serve(run)
