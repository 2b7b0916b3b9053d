"""An MCP server of cards, over standard input and output."""

import os

from mcp.server.mcpserver import MCPServer

server = MCPServer("cards")


@server.tool()
def list_cards(owner: str) -> str:
    """The cards of an owner."""
    return f"{owner} has c-17, says {os.environ['CARDS_TOKEN']}"


@server.tool()
def print_card(owner: str) -> str:
    """Print a new card."""
    return f"printed one for {owner}"


@server.tool()
def melt_card(owner: str) -> str:
    """Not for anybody."""
    return f"melted one of {owner}"


server.run("stdio")
