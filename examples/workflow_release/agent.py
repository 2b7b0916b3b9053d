"""
A clerk that refunds orders as the released version of its workflow says.

Prompt, tools, permissions, model and budgets come from the version; the code has the two functions
and a loop.  Each run is a session: release another version, and the next run follows it.

    quarterdeck workflow push workflow
    quarterdeck workflow release refunds@1 --to production -m "the first"
    python ../scripted_model python agent.py            # then decide: quarterdeck approvals list
    python ../scripted_model python agent.py workflow   # the folder, without a release
"""

import itertools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import httpx

import quarterdeck as qd

TURNS = 10

tries = itertools.count(1)


def find_order(order_id: str) -> str:
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return f"order {order_id}: 42.50 EUR paid on 3 March"


def refund(order_id: str, amount: float) -> str:
    return f"refunded {amount:.2f} EUR for order {order_id}"


def offered(flow: qd.Workflow, agent: str) -> list[dict[str, Any]]:
    """The version's tools, as the model's API wants them."""
    return [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
            },
        }
        for tool in flow.tools(agent)
    ]


def work(flow: qd.Workflow, agent: str, errand: str) -> tuple[str, bool]:
    """What the model says in the end, and whether money was given back: it may claim so wrongly."""
    refunded = False
    functions: dict[str, Callable[..., Any]] = {
        function.__name__: flow.guard(function, agent=agent, refused="text")
        for function in (find_order, refund)
    }
    tools = offered(flow, agent)
    messages: list[Any] = [
        {"role": "system", "content": flow.instructions(agent)},
        {"role": "user", "content": errand},
    ]

    def ask(choice: Any) -> Any:
        body = {"model": choice.model, "messages": messages, "tools": tools, **choice.parameters}
        with qd.model_call(choice.model, provider=choice.provider, input=messages) as call:
            answer = httpx.post(
                f"{os.environ['OPENAI_BASE_URL']}/chat/completions",
                headers={"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
                json=body,
                timeout=choice.timeout_s,
                trust_env=False,
            ).raise_for_status()
            said = answer.json()
            call.output([said["choices"][0]["message"]])
            call.usage(
                input_tokens=said["usage"]["prompt_tokens"],
                output_tokens=said["usage"]["completion_tokens"],
            )
            return said["choices"][0]["message"]

    for _ in range(TURNS):
        message = flow.run(flow.agent(agent).model, ask, agent=agent)
        messages.append(message)
        if not message.get("tool_calls"):
            return str(message["content"]), refunded
        for call in message["tool_calls"]:
            arguments = json.loads(call["function"]["arguments"])
            result = functions[call["function"]["name"]](**arguments)
            refunded = refunded or result.startswith("refunded")
            messages.append({"role": "tool", "tool_call_id": call["id"], "content": str(result)})
    return "no end in sight", refunded


def main() -> None:
    qd.init(service_name="refunds")
    with qd.session("Refund order 4711", task_type="refund", user="u-7") as session:
        flow = qd.load_workflow("refunds", path=sys.argv[1] if len(sys.argv) > 1 else None)
        with qd.agent("clerk", role=flow.agent("clerk").role):
            said, refunded = work(flow, "clerk", "I was billed twice for order 4711.")
        reason = said if refunded else "nothing was refunded"
        session.outcome("success" if refunded else "failure", reason=reason)
    print(session.id, f"version {flow.version}:", said)


if __name__ == "__main__":
    main()
