"""The fraud desk with AutoGen."""

import asyncio

from autogen_agentchat.conditions import TextMessageTermination
from desk import TASK, TOOLS, serve

from quarterdeck.frameworks import autogen


def run(flow):
    team = autogen.team(flow, "triage", tools=TOOLS, termination=TextMessageTermination("blocker"))
    return asyncio.run(team.run(task=TASK)).messages[-1].content


serve(run)
