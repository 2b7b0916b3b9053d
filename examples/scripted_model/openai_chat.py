"""OpenAI's chat completions: `POST /v1/chat/completions`, whole or streamed."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from script import DATED, Call, Conversation, next_of, text_of, tokens_in, tokens_out


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    said = next_of(conversation := _read(asked))
    choice = {"index": 0, "message": _message(said), "finish_reason": _reason(said)}
    return _about(asked) | {
        "object": "chat.completion",
        "choices": [choice],
        "usage": _usage(conversation, said),
    }


def events(asked: dict[str, Any]) -> Iterator[str]:
    said = next_of(conversation := _read(asked))
    about = _about(asked) | {"object": "chat.completion.chunk"}
    message = _message(said)
    for call in message.get("tool_calls", ()):
        call["index"] = 0
    for delta, reason in ((message, None), ({}, _reason(said))):
        yield _event(about | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    if (asked.get("stream_options") or {}).get("include_usage"):
        yield _event(about | {"choices": [], "usage": _usage(conversation, said)})
    yield "data: [DONE]\n\n"


def _read(asked: dict[str, Any]) -> Conversation:
    messages = asked.get("messages", [])
    calls = [call for message in messages for call in message.get("tool_calls") or ()]
    names = {call["id"]: call["function"]["name"] for call in calls}
    return Conversation(
        offered=tuple(tool["function"]["name"] for tool in asked.get("tools") or ()),
        called=tuple(names.values()),
        results=tuple(
            (names.get(message.get("tool_call_id"), ""), text_of(message.get("content")))
            for message in messages
            if message["role"] == "tool"
        ),
        characters=len(json.dumps(messages)),
    )


def _message(said: Call | str) -> dict[str, Any]:
    if isinstance(said, str):
        return {"role": "assistant", "content": said}
    function = {"name": said.tool, "arguments": json.dumps(said.arguments)}
    call = {"id": f"call_{uuid.uuid4().hex[:16]}", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _reason(said: Call | str) -> str:
    return "stop" if isinstance(said, str) else "tool_calls"


def _about(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "created": int(time.time()),
        "model": DATED.get(asked.get("model", ""), asked.get("model", "")),
    }


def _usage(conversation: Conversation, said: Call | str) -> dict[str, int]:
    read, written = tokens_in(conversation), tokens_out(said)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body)}\n\n"
