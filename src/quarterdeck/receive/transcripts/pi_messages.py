"""
Messages as pi spells them, in its own files and in OpenClaw's, which is built on it.

Input tokens are counted without the cached ones.
"""

from typing import Any

from quarterdeck.model.messages import Message
from quarterdeck.model.usage import Usage
from quarterdeck.receive.transcripts.dialogue import message_of
from quarterdeck.receive.transcripts.members import text
from quarterdeck.receive.transcripts.token_counts import usage_of
from quarterdeck.receive.transcripts.transcript import Status

_STOPPED: dict[str, Status] = {"aborted": "cancelled", "error": "error"}


def answer_of(message: dict[str, Any]) -> Message:
    """A model's answer: `toolCall` is the only part that no provider spells so."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [
            {**part, "type": "tool_call"}
            if isinstance(part, dict) and part.get("type") == "toolCall"
            else part
            for part in content
        ]
        message = {**message, "content": parts}
    return message_of(message, "assistant")


def status_of(message: dict[str, Any]) -> Status:
    """By why the model stopped.  `aborted`: a person stopped it."""
    stop = text(message.get("stopReason"))
    return _STOPPED.get(stop, "ok" if stop else "unset")


def counted(usage: dict[str, Any]) -> Usage | None:
    return usage_of(
        input_tokens=usage.get("input"),
        output_tokens=usage.get("output"),
        cache_read=usage.get("cacheRead"),
        cache_write=usage.get("cacheWrite"),
        reasoning=usage.get("reasoningTokens"),
        cached="beside",
    )
