"""What stands in a message of Claude Code's: parts, words, and what is told beside a result."""

from collections.abc import Sequence
from typing import Any

from quarterdeck.model.messages import Message, Part, ReasoningPart
from quarterdeck.normalize.attributes import count
from quarterdeck.normalize.messages import read_messages
from quarterdeck.receive.transcripts.members import listing, mapping, present, records, text, told


def parts_of(content: Any) -> tuple[Part, ...]:
    """Of a model's answer; reasoning that was not kept leaves no part."""
    found = read_messages({"role": "assistant", "content": content}, "assistant").messages
    parts = found[0].parts if found else ()
    return tuple(p for p in parts if not (isinstance(p, ReasoningPart) and not p.content))


def heard(content: Any) -> Message | None:
    """What a user line tells the model; None = nothing."""
    is_result = bool(records(content)) and all(
        block.get("type") == "tool_result" for block in records(content)
    )
    role = "tool" if is_result else "user"
    found = read_messages({"role": role, "content": content}, role).messages
    parts = found[0].parts if found else ()
    return Message(role=role, parts=parts) if parts else None


def said_by(role: str, words: str) -> Sequence[Message]:
    """Plain words as messages."""
    return read_messages({"role": role, "content": words}, role).messages


def texts_of(content: Any) -> list[str]:
    """The words, block by block."""
    if isinstance(content, str):
        return [content]
    return [
        item if isinstance(item, str) else text(item.get("text"))
        for item in listing(content)
        if isinstance(item, str) or (isinstance(item, dict) and item.get("type") == "text")
    ]


def provider_of(model: str) -> str:
    """Claude Code speaks to Anthropic, or to whatever stands in for it: only its models tell."""
    return "anthropic" if "claude" in model else ""


def tier_of(usage: Any) -> str:
    """The service tier, where it is not the usual one."""
    if mapping(usage).get("speed") == "fast":
        return "fast"
    tier = text(mapping(usage).get("service_tier"))
    return "" if tier == "standard" else tier


def error_type_of(words: str) -> str:
    """Of a failed tool's words."""
    if words.startswith("<tool_use_error>"):
        return "tool_use_error"
    return "timeout" if "timed out after" in words[:200] else ""


def told_by(extra: dict[str, Any]) -> dict[str, Any]:
    """What `toolUseResult` tells beside the result.  The rest repeats it for the screen."""
    return present(
        {
            "agent_id": text(extra.get("agentId")),
            "subagent_tokens": told(count, extra.get("totalTokens")),
            "subagent_tool_calls": told(count, extra.get("totalToolUseCount")),
            "subagent_duration_ms": told(count, extra.get("totalDurationMs")),
            "background_task": text(extra.get("backgroundTaskId")),
            "exit_meaning": text(extra.get("returnCodeInterpretation")),
        }
    )
