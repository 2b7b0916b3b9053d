"""
What stands in a log's `textBody`: one answer, the pieces of a stream, or an error and then pieces.

Pieces are one JSON text a line, with or without the `data:` of server-sent events; they are put
together to the answer that they are pieces of.  A log builder writes an error before them, and
says status 200 all the same: only the text tells.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_ERROR = re.compile(r"Traceback \(most recent call last\):|[\w.]*(?:Error|Exception|Timeout)\b")
_MAX_ERROR = 500


class TextBody(NamedTuple):
    response: Any = None
    """The answer, as the provider would have given it whole; None where there is none."""
    error: str = ""
    text: str = ""
    """What is no JSON, as it came."""


def read_text_body(text: str) -> TextBody:
    whole = _json(text)
    if isinstance(whole, dict | list):
        return TextBody(response=whole)
    pieces: list[dict[str, Any]] = []
    other: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        piece = _json(stripped.removeprefix("data:").strip())
        if isinstance(piece, dict):
            pieces.append(piece)
        elif stripped and not stripped.startswith(("event:", ":")) and "[DONE]" not in stripped:
            other.append(line)
    rest = "\n".join(other)
    return TextBody(
        response=merged(pieces) if pieces else None,
        error=_error(other),
        text=text if rest and not pieces else rest,
    )


def _error(lines: list[str]) -> str:
    """Python's traceback ends with what happened, JavaScript's begins with it."""
    if not lines or not _ERROR.match(lines[0].lstrip()):
        return ""
    told = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return told.strip()[:_MAX_ERROR]


def _json(text: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# -------------------------------------------------------------------------------- merging


def merged(pieces: list[dict[str, Any]]) -> Any:
    """One answer of all pieces; the pieces themselves where nobody knows what they are."""
    completed = [p["response"] for p in pieces if p.get("type") == "response.completed"
                 and isinstance(p.get("response"), dict)]  # fmt: skip
    if completed:
        return completed[-1]
    if any(str(piece.get("type", "")).startswith("message_") for piece in pieces):
        return _anthropic(pieces)
    if any(isinstance(piece.get("choices"), list) for piece in pieces):
        return _chat(pieces)
    return pieces[0] if len(pieces) == 1 else pieces


def _chat(pieces: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"object": "chat.completion"}
    choices: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        for name in ("id", "model", "created", "service_tier", "system_fingerprint", "usage"):
            if piece.get(name) is not None:
                found[name] = piece[name]
        for choice in _objects(piece.get("choices")):
            at = choice.get("index")
            mine = choices.setdefault(at if isinstance(at, int) else 0, _Choice.empty())
            _Choice.add(mine, choice)
    found["choices"] = [_Choice.whole(at, choices[at]) for at in sorted(choices)]
    return found


class _Choice:
    """One choice of a stream, while it grows."""

    @staticmethod
    def empty() -> dict[str, Any]:
        return {"message": {"role": "assistant"}, "text": [], "calls": {}, "reason": None}

    @staticmethod
    def add(mine: dict[str, Any], choice: Mapping[str, Any]) -> None:
        delta = choice.get("delta")
        said = delta if isinstance(delta, dict) else _object(choice.get("message"))
        if isinstance(said.get("role"), str):
            mine["message"]["role"] = said["role"]
        content = said.get("content") or choice.get("text")
        if isinstance(content, str):
            mine["text"].append(content)
        for at, call in enumerate(_objects(said.get("tool_calls"))):
            index = call.get("index")
            _add_call(mine["calls"].setdefault(index if isinstance(index, int) else at, {}), call)
        mine["reason"] = choice.get("finish_reason") or mine["reason"]

    @staticmethod
    def whole(at: int, mine: Mapping[str, Any]) -> dict[str, Any]:
        message = {**mine["message"], "content": "".join(mine["text"]) or None}
        if mine["calls"]:
            message["tool_calls"] = [mine["calls"][index] for index in sorted(mine["calls"])]
        return {"index": at, "message": message, "finish_reason": mine["reason"]}


def _add_call(known: dict[str, Any], piece: Mapping[str, Any]) -> None:
    """Ids and names come once, arguments in pieces."""
    for name in ("id", "type"):
        if isinstance(piece.get(name), str) and piece[name]:
            known[name] = piece[name]
    function = known.setdefault("function", {"name": "", "arguments": ""})
    said = _object(piece.get("function"))
    if isinstance(said.get("name"), str) and said["name"]:
        function["name"] = said["name"]
    if isinstance(said.get("arguments"), str):
        function["arguments"] += said["arguments"]


def _anthropic(pieces: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "message", "role": "assistant"}
    blocks: dict[int, dict[str, Any]] = {}
    partial: dict[int, str] = {}
    for piece in pieces:
        index = piece.get("index")
        at = index if isinstance(index, int) else 0
        delta = _object(piece.get("delta"))
        match piece.get("type"):
            case "message_start":
                found.update(_object(piece.get("message")))
            case "content_block_start":
                blocks[at] = dict(_object(piece.get("content_block")))
            case "content_block_delta":
                block = blocks.setdefault(at, {"type": "text", "text": ""})
                for name in ("text", "thinking"):
                    if isinstance(delta.get(name), str):
                        block[name] = str(block.get(name) or "") + delta[name]
                if isinstance(delta.get("partial_json"), str):
                    partial[at] = partial.get(at, "") + delta["partial_json"]
            case "message_delta":
                found.update({k: v for k, v in delta.items() if v is not None})
                found["usage"] = {**_object(found.get("usage")), **_object(piece.get("usage"))}
    for at, text in partial.items():
        blocks[at]["input"] = _json(text) or text
    found["content"] = [blocks[at] for at in sorted(blocks)]
    return found


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
