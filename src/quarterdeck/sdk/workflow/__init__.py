"""A workflow version inside the agent: which one it is, what it says, and what it lets through."""
