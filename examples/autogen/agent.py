"""
A planner hands a refund to a clerk, and a person has a seat in the team, with AutoGen.

The order service does not answer at first, and the clerk calls it again; the person is asked
before the team is done.  AutoGen tells agents, tools and messages by itself, model calls come from
the client's instrumentation.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with OPENAI_API_KEY: python agent.py
"""

import asyncio
import itertools
import sys

from autogen_agentchat.agents import AssistantAgent, UserProxyAgent
from autogen_agentchat.conditions import SourceMatchTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_ext.models.openai import OpenAIChatCompletionClient

import quarterdeck as qd

qd.init(service_name="refunds")

tries = itertools.count(1)


async def find_order(order_id: str) -> str:
    """What was paid for an order."""
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


async def refund(order_id: str, amount: float) -> str:
    """Give the money of an order back."""
    return f"refunded {amount:.2f} EUR for order {order_id}"


def answer(prompt: str) -> str:
    return "yes, refund it" if "--yes" in sys.argv else input(prompt)


async def main() -> None:
    model = OpenAIChatCompletionClient(model="gpt-4o-mini")
    planner = AssistantAgent("planner", model, system_message="Plan the refund.")
    alice = UserProxyAgent("alice", input_func=answer)
    clerk = AssistantAgent(
        "clerk",
        model,
        system_message="You refund orders, once Alice agrees. Look an order up first.",
        tools=[find_order, refund],
        max_tool_iterations=5,
        reflect_on_tool_use=True,
    )
    team = RoundRobinGroupChat(
        [planner, alice, clerk], termination_condition=SourceMatchTermination(["clerk"])
    )
    with qd.session("Refund order 4711", task_type="refund", user="u-7") as session:
        result = await team.run(task="I was billed twice for order 4711.")
        session.outcome("success", reason=result.messages[-1].content)
    print(session.id, result.messages[-1].content)


if __name__ == "__main__":
    asyncio.run(main())
