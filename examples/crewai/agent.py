"""
A crew of a planner and a clerk who run a refund, with CrewAI.

The order service does not answer at first, and the clerk calls it again; no money goes back before
a person agrees.  CrewAI does not tell what a person said (`human_input` shows in prompts only), so
the tool asks, and says so.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with OPENAI_API_KEY: python agent.py
"""

import itertools
import os
import sys

os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")  # otherwise CrewAI gets its own

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool

import quarterdeck as qd

qd.init(service_name="refunds")

tries = itertools.count(1)


@tool("find_order")
def find_order(order_id: str) -> str:
    """What was paid for an order."""
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


@tool("refund")
def refund(order_id: str, amount: float) -> str:
    """Give the money of an order back."""
    question = f"Refund {amount:.2f} EUR for order {order_id}?"
    with qd.approval(question, tool="refund") as approval:
        if "--yes" not in sys.argv and not input(f"{question} [y/n] ").startswith("y"):
            approval.rejected(by="alice@example.com")
            return "a person said no"
        approval.approved(by="alice@example.com")
    return f"refunded {amount:.2f} EUR for order {order_id}"


llm = LLM(model="openai/gpt-4o-mini")
planner = Agent(role="planner", goal="Plan refunds", backstory="You plan.", llm=llm)
clerk = Agent(
    role="clerk",
    goal="Refund what customers paid twice",
    backstory="You look an order up before you refund it.",
    llm=llm,
    tools=[find_order, refund],
)
plan = Task(
    name="plan",
    description="Plan the refund of order 4711, which was billed twice.",
    expected_output="a plan",
    agent=planner,
)
work = Task(
    name="work",
    description="Refund what was paid for order 4711.",
    expected_output="what was refunded",
    agent=clerk,
    context=[plan],
)


def main() -> None:
    with qd.session("Refund order 4711", task_type="refund", user="u-7") as session:
        result = Crew(name="refunds", agents=[planner, clerk], tasks=[plan, work]).kickoff()
        session.outcome("success", reason=result.raw)
    print(session.id, result.raw)


if __name__ == "__main__":
    main()
