"""Anthropic's messages: `POST /v1/messages`, whole or streamed."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

from script import Call, Conversation, next_of, text_of, tokens_in, tokens_out


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    said = next_of(conversation := _read(asked))
    return {
        "id": f"msg_{uuid.uuid4().hex[:24]}",
        "type": "message",
        "role": "assistant",
        "model": asked.get("model", ""),
        "content": [_block(said)],
        "stop_reason": "end_turn" if isinstance(said, str) else "tool_use",
        "stop_sequence": None,
        "usage": {"input_tokens": tokens_in(conversation), "output_tokens": tokens_out(said)},
    }


def events(asked: dict[str, Any]) -> Iterator[str]:
    whole = answer(asked)
    (block,) = whole["content"]
    if block["type"] == "text":
        begun = block | {"text": ""}
        delta = {"type": "text_delta", "text": block["text"]}
    else:
        begun = block | {"input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    end = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    yield _event("message_start", message=whole | {"content": [], "stop_reason": None})
    yield _event("content_block_start", index=0, content_block=begun)
    yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    yield _event("message_delta", delta=end, usage=whole["usage"])
    yield _event("message_stop")


def _read(asked: dict[str, Any]) -> Conversation:
    messages = asked.get("messages", [])
    blocks = [b for m in messages if isinstance(m["content"], list) for b in m["content"]]
    names = {b["id"]: b["name"] for b in blocks if b.get("type") == "tool_use"}
    return Conversation(
        offered=tuple(tool["name"] for tool in asked.get("tools") or ()),
        called=tuple(names.values()),
        results=tuple(
            (names.get(b["tool_use_id"], ""), text_of(b.get("content")))
            for b in blocks
            if b.get("type") == "tool_result"
        ),
        characters=len(json.dumps([asked.get("system"), messages])),
    )


def _block(said: Call | str) -> dict[str, Any]:
    if isinstance(said, str):
        return {"type": "text", "text": said}
    made = f"toolu_{uuid.uuid4().hex[:20]}"
    return {"type": "tool_use", "id": made, "name": said.tool, "input": said.arguments}


def _event(name: str, **fields: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **fields})}\n\n"
