"""The fraud desk with OpenAI Agents."""

from agents import Runner, set_trace_processors
from desk import TASK, TOOLS, serve

from quarterdeck.frameworks import openai_agents

set_trace_processors([])


def run(flow):
    agent = openai_agents.agent(flow, "triage", tools=TOOLS)
    return Runner.run_sync(agent, TASK).final_output


serve(run)
