"""OpenAI's responses: `POST /v1/responses`, whole only: no example streams it."""

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from script import DATED, Call, Conversation, next_of, text_of, tokens_in, tokens_out


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    said = next_of(conversation := _read(asked))
    read, written = tokens_in(conversation), tokens_out(said)
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "completed",
        "model": DATED.get(asked.get("model", ""), asked.get("model", "")),
        "output": [_item(said)],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": asked.get("tools") or [],
        "usage": {
            "input_tokens": read,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": read + written,
        },
    }


def events(asked: dict[str, Any]) -> Iterator[str]:
    raise NotImplementedError(f"streaming, asked by {asked.get('model')!r}")


def _read(asked: dict[str, Any]) -> Conversation:
    told = asked.get("input") or []
    items = [] if isinstance(told, str) else told
    names = {i["call_id"]: i["name"] for i in items if i.get("type") == "function_call"}
    return Conversation(
        offered=tuple(tool["name"] for tool in asked.get("tools") or () if "name" in tool),
        called=tuple(names.values()),
        results=tuple(
            (names.get(item["call_id"], ""), text_of(item.get("output")))
            for item in items
            if item.get("type") == "function_call_output"
        ),
        characters=len(json.dumps([asked.get("instructions"), told])),
    )


def _item(said: Call | str) -> dict[str, Any]:
    made = uuid.uuid4().hex
    if isinstance(said, str):
        text = {"type": "output_text", "text": said, "annotations": []}
        return {"type": "message", "id": f"msg_{made}", "role": "assistant",
                "status": "completed", "content": [text]}  # fmt: skip
    return {"type": "function_call", "id": f"fc_{made}", "call_id": f"call_{made[:16]}",
            "name": said.tool, "arguments": json.dumps(said.arguments),
            "status": "completed"}  # fmt: skip
