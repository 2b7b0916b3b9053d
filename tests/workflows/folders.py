"""Workflow folders for tests."""

import json
from typing import Any

from quarterdeck.workflows.manifest import Folder

MANIFEST = """\
name: fraud-triage
description: Looks at alerts
agents:
  triage:
    role: planner
    instructions: prompts/triage.md
    tools: [block_card, lookup]
    model: smart
tools:
  block_card:
    schema: tools/block_card.json
    permission: ask
  lookup: {}
models:
  smart:
    targets:
      - model: gpt-4o
budgets:
  session:
    usd: "2.50"
"""
PROMPT = "You triage fraud alerts.\n"
BLOCK_CARD = {
    "name": "block_card",
    "description": "Blocks a card.",
    "parameters": {
        "type": "object",
        "properties": {"card": {"type": "string"}},
        "required": ["card"],
    },
}


def fraud(
    *,
    manifest: str = MANIFEST,
    prompt: str = PROMPT,
    tool: dict[str, Any] | None = None,
    **more: str,
) -> Folder:
    """A small workflow; `more` are further files, `__` for a slash and `_md` for the ending."""
    files = {
        "workflow.yaml": manifest,
        "prompts/triage.md": prompt,
        "tools/block_card.json": json.dumps(tool or BLOCK_CARD),
        **{name.replace("__", "/").replace("_md", ".md"): text for name, text in more.items()},
    }
    return Folder(files={path: text.encode() for path, text in files.items()})
