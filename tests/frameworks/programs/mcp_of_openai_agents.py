"""MCP tools of a version, called through the OpenAI Agents SDK's own server objects."""

import asyncio
import sys

from agents.mcp import MCPServerManager

import quarterdeck as qd
from quarterdeck.frameworks import openai_agents

qd.init(service_name="cards")


async def main(folder: str) -> None:
    with qd.session("Which cards?", id="cards"):
        flow = qd.load_workflow(path=folder)
        agent = openai_agents.agent(flow, "clerk")
        async with MCPServerManager(agent.mcp_servers) as servers:
            [cards] = servers.active_servers
            print("shown", sorted(tool.name for tool in await cards.list_tools(None, agent)))
            for tool in ("list_cards", "print_card"):
                answer = await cards.call_tool(tool, {"owner": "ada"})
                print(tool, answer.content[0].text)


asyncio.run(main(sys.argv[1]))
