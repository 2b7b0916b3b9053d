"""
A planner asks a clerk, who is another agent, for a refund, with Pydantic AI.

The order service does not answer at first, which is a `ModelRetry`; no money goes back before a
person agrees, which is a deferred tool call of the clerk.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with OPENAI_API_KEY: python agent.py
"""

import itertools
import sys

from pydantic_ai import Agent, DeferredToolRequests, DeferredToolResults, ModelRetry
from pydantic_ai.messages import ToolCallPart

import quarterdeck as qd

qd.init(service_name="refunds")

tries = itertools.count(1)
clerk = Agent(
    "openai-chat:gpt-4o-mini",
    name="clerk",
    instructions="You refund orders. Look an order up before you refund it.",
    output_type=[str, DeferredToolRequests],
)
planner = Agent(
    "openai-chat:gpt-4o-mini",
    name="planner",
    instructions="Let the clerk do what needs a refund.",
)


@clerk.tool_plain
def find_order(order_id: str) -> str:
    """What was paid for an order."""
    if next(tries) == 1:
        raise ModelRetry("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


@clerk.tool_plain(requires_approval=True)
def refund(order_id: str, amount: float) -> str:
    """Give the money of an order back."""
    return f"refunded {amount:.2f} EUR for order {order_id}"


def agrees(asked: ToolCallPart) -> bool:
    question = f"{asked.tool_name}({asked.args})?"
    with qd.approval(question, tool=asked.tool_name, call_id=asked.tool_call_id) as approval:
        if "--yes" in sys.argv or input(f"{question} [y/n] ").startswith("y"):
            approval.approved(by="alice@example.com")
            return True
        approval.rejected(by="alice@example.com")
        return False


@planner.tool_plain
async def ask_clerk(errand: str) -> str:
    """Have the clerk run an errand."""
    run = await clerk.run(errand)
    while isinstance(run.output, DeferredToolRequests):
        answers = {asked.tool_call_id: agrees(asked) for asked in run.output.approvals}
        run = await clerk.run(
            message_history=run.all_messages(),
            deferred_tool_results=DeferredToolResults(approvals=answers),
        )
    return run.output


def main() -> None:
    with qd.session("Refund order 4711", task_type="refund", user="u-7") as session:
        result = planner.run_sync("I was billed twice for order 4711.")
        session.outcome("success", reason=result.output)
    print(session.id, result.output)


if __name__ == "__main__":
    main()
