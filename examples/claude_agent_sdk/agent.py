"""
An agent that lets a clerk, its sub-agent, run a refund, with the Claude Agent SDK.

The order service does not answer at first; no money goes back before a person agrees.  Claude Code,
which the SDK runs, reports by itself once its environment says so.

    pip install -r requirements.txt
    python ../scripted_model python agent.py [--yes]    # with ANTHROPIC_API_KEY: python agent.py
"""

import asyncio
import itertools
import os
import sys
from typing import Any

from claude_agent_sdk import (
    AgentDefinition,
    ClaudeAgentOptions,
    ClaudeSDKClient,
    PermissionResultAllow,
    PermissionResultDeny,
    ResultMessage,
    ToolPermissionContext,
    create_sdk_mcp_server,
    tool,
)

TELEMETRY = {
    "CLAUDE_CODE_ENABLE_TELEMETRY": "1",
    "CLAUDE_CODE_ENHANCED_TELEMETRY_BETA": "1",  # traces
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_EXPORTER_OTLP_ENDPOINT": os.environ.get("QUARTERDECK_URL", "http://127.0.0.1:4400"),
    "OTEL_EXPORTER_OTLP_HEADERS": f"x-api-key={os.environ.get('QUARTERDECK_API_KEY', '')}",
    "OTEL_LOG_USER_PROMPTS": "1",
    "OTEL_LOG_TOOL_DETAILS": "1",
    "OTEL_LOG_TOOL_CONTENT": "1",
}
tries = itertools.count(1)


@tool("find_order", "What was paid for an order", {"order_id": str})
async def find_order(given: dict[str, Any]) -> dict[str, Any]:
    if next(tries) == 1:
        raise TimeoutError("the order service did not answer")
    return said(f"order {given['order_id']}: 42.50 EUR paid on 3 March")


@tool("refund", "Give the money of an order back", {"order_id": str, "amount": float})
async def refund(given: dict[str, Any]) -> dict[str, Any]:
    return said(f"refunded {given['amount']:.2f} EUR for order {given['order_id']}")


def said(text: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}]}


async def agrees(
    name: str, given: dict[str, Any], _: ToolPermissionContext
) -> PermissionResultAllow | PermissionResultDeny:
    question = f"{name}({given})? [y/n] "
    if "--yes" in sys.argv or (await asyncio.to_thread(input, question)).startswith("y"):
        return PermissionResultAllow()
    return PermissionResultDeny(message="a person said no")


async def main() -> None:
    clerk = AgentDefinition(
        description="Refunds orders.",
        prompt="Look an order up before you refund it.",
        tools=["mcp__shop__find_order", "mcp__shop__refund"],
    )
    options = ClaudeAgentOptions(
        model="claude-sonnet-4-5",
        system_prompt="Let the clerk do what needs a refund.",
        mcp_servers={"shop": create_sdk_mcp_server("shop", tools=[find_order, refund])},
        agents={"clerk": clerk},
        allowed_tools=["Agent", "mcp__shop__find_order"],  # refund asks
        can_use_tool=agrees,
        setting_sources=[],
        env=TELEMETRY,
    )
    async with ClaudeSDKClient(options) as claude:
        await claude.query("I was billed twice for order 4711.")
        async for message in claude.receive_response():
            if isinstance(message, ResultMessage):
                print(message.session_id, message.result)


if __name__ == "__main__":
    asyncio.run(main())
