"""The fraud desk with CrewAI."""

import os

os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")

from crewai import Crew, Task
from desk import TASK, TOOLS, serve

from quarterdeck.frameworks import crewai


def run(flow):
    agent = crewai.agent(flow, "triage", tools=TOOLS)
    task = Task(name="triage", description=TASK, expected_output="what was done", agent=agent)
    return Crew(name="desk", agents=[agent], tasks=[task]).kickoff().raw


serve(run)
