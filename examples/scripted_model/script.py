"""
What the scripted model says: the next step of a refund that is not done yet.

It looks at which tools it is offered and at what they have answered so far, and at nothing else.
A step is done when its tool has answered; `until` says that an answer without that text is none,
so a call that fails is made again.
"""

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

ORDER = "4711"
AMOUNT = 42.5
DATED = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18"}
"""Who answers to a name that stands for the newest of its kind, as OpenAI does it."""
ERRAND = f"Refund order {ORDER}: look it up, then refund what was paid."


class Step(NamedTuple):
    tools: tuple[str, ...]
    """By any of these names; frameworks put their own before it (`mcp__shop__refund`)."""
    arguments: dict[str, Any]
    until: str = ""


STEPS = (
    Step(("transfer_to_clerk", "handoff_to_clerk"), {}),
    Step(("ask_clerk",), {"errand": ERRAND}),
    Step(("delegate_work_to_coworker",),
         {"task": ERRAND, "context": "The customer was billed twice.", "coworker": "clerk"}),
    Step(("Agent", "Task"),
         {"description": "refund the order", "prompt": ERRAND, "subagent_type": "clerk",
          "run_in_background": False}),
    Step(("sessions_spawn",), {"task": ERRAND, "agentId": "clerk", "label": "refund"}),
    Step(("find_order",), {"order_id": ORDER}, until="paid"),
    Step(("refund",), {"order_id": ORDER, "amount": AMOUNT}),
    Step(("exec",), {"command": f"./shop find {ORDER} && ./shop refund {ORDER}"}, until="refunded"),
)  # fmt: skip


class Call(NamedTuple):
    tool: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """So far, whatever protocol it came in."""

    offered: tuple[str, ...]
    """Names of tools."""
    called: tuple[str, ...]
    results: tuple[tuple[str, str], ...]
    """Tool and what it answered, in order."""
    characters: int
    """Of all that the model was sent: four make a token."""


def next_of(conversation: Conversation) -> Call | str:
    """A tool call, or the words that end the turn."""
    for step in STEPS:
        tool = next((name for name in conversation.offered if _is_one_of(name, step.tools)), None)
        if tool is None or _is_done(step, tool, conversation):
            continue
        return Call(tool, step.arguments)
    if any(_is_one_of(tool, ("refund", "exec")) for tool, _ in conversation.results):
        return f"Order {ORDER} is refunded: {AMOUNT:.2f} EUR."
    if conversation.called:
        return f"The clerk has seen to order {ORDER}. DONE"
    return "1. Look the order up. 2. Ask a person. 3. Refund what was paid."


def _is_one_of(name: str, names: tuple[str, ...]) -> bool:
    return any(name == one or name.endswith("__" + one) for one in names)


def _is_done(step: Step, tool: str, conversation: Conversation) -> bool:
    if not step.until:
        return tool in conversation.called
    return any(name == tool and step.until in text for name, text in conversation.results)


def tokens_in(conversation: Conversation) -> int:
    return max(1, conversation.characters // 4)


def tokens_out(said: Call | str) -> int:
    text = said if isinstance(said, str) else said.tool + json.dumps(said.arguments)
    return max(1, len(text) // 4)


def text_of(content: Any) -> str:
    """The text in a message's content, however deep its protocol puts it."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(map(text_of, content))
    if isinstance(content, dict):
        return text_of(content.get("text") or content.get("content") or content.get("output"))
    return ""
