"""
A planner hands a refund to a clerk, with the OpenAI Agents SDK.

The order service does not answer at first, and no money goes back before a person agrees.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with OPENAI_API_KEY: python agent.py
"""

import itertools
import sys

from agents import Agent, Runner, ToolApprovalItem, function_tool, set_trace_processors, trace

import quarterdeck as qd

set_trace_processors([])  # otherwise the same goes to OpenAI too
qd.init(service_name="refunds")

tries = itertools.count(1)


@function_tool
def find_order(order_id: str) -> str:
    """What was paid for an order."""
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


@function_tool(needs_approval=True)
def refund(order_id: str, amount: float) -> str:
    """Give the money of an order back."""
    return f"refunded {amount:.2f} EUR for order {order_id}"


clerk = Agent(
    name="clerk",
    instructions="You refund orders. Look an order up before you refund it.",
    model="gpt-4o-mini",
    tools=[find_order, refund],
)
planner = Agent(
    name="planner",
    instructions="Hand what needs a refund to the clerk.",
    model="gpt-4o-mini",
    handoffs=[clerk],
)


def agrees(asked: ToolApprovalItem) -> bool:
    question = f"{asked.tool_name}({asked.arguments})? [y/n] "
    return "--yes" in sys.argv or input(question).startswith("y")


def main() -> None:
    # What runs after an approval is told only with a trace of the application around both runs.
    with (
        qd.session("Refund order 4711", task_type="refund", user="u-7") as session,
        trace("refund"),
    ):
        result = Runner.run_sync(planner, "I was billed twice for order 4711.")
        while result.interruptions:
            state = result.to_state()
            for asked in result.interruptions:
                state.approve(asked) if agrees(asked) else state.reject(asked)
            result = Runner.run_sync(planner, state)
        session.outcome("success", reason=result.final_output)
    print(session.id, result.final_output)


if __name__ == "__main__":
    main()
