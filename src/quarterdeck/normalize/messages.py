"""
Messages: a dozen spellings -> roles and parts in order.

`read_messages` recognizes the shape of each item by its members: OpenAI chat and Responses,
Anthropic blocks, Gemini contents, Bedrock Converse, LangChain, Vercel, OpenTelemetry.  The
shapes overlap little enough that one walk reads them all; what nothing fits is kept whole in
a `GenericPart`.  Order is never changed, and no text of a user is taken for JSON.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from quarterdeck.model.messages import (
    GenericPart,
    MediaPart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import decode_json, decode_json_or_prefix, unflatten

_MAX_DEPTH = 12
"""Nesting of wrappers ({"messages": {"kwargs": ...}}) beyond which a value is kept whole."""

_ROLES = {
    "human": "user",
    "ai": "assistant",
    "model": "assistant",
    "developer": "system",
    "function": "tool",
    "toolmessage": "tool",
    "humanmessage": "user",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "systemmessage": "system",
    "humanmessagechunk": "user",
    "bot": "assistant",
}

_FINISH = {
    "tool-calls": "tool_call",
    "tool_calls": "tool_call",
    "tool_use": "tool_call",
    "function_call": "tool_call",
    "tool_call": "tool_call",
    "stop": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "finish": "stop",
    "completed": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "length": "length",
    "content-filter": "content_filter",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "refusal": "content_filter",
    "guardrail_intervened": "content_filter",
    "error": "error",
}


class MessageReading(NamedTuple):
    messages: tuple[Message, ...]
    truncated: bool = False


def role_of(spelled: object, default: str = "user") -> str:
    if not isinstance(spelled, str) or not spelled.strip():
        return default
    lowered = spelled.strip().lower()
    return _ROLES.get(lowered, lowered)


def finish_reason(spelled: str) -> str:
    """OpenTelemetry's word for a provider's finish reason; an unknown one stays as it is."""
    cut = spelled.strip().removeprefix("FinishReason.")
    return _FINISH.get(cut.lower(), cut)


def read_messages(value: Value, role: str = "user") -> MessageReading:
    """
    Messages of any known shape; () if the value holds none.

    Text that is not JSON becomes one message of `role`.
    """
    decoded, truncated = decode_json_or_prefix(value)
    return MessageReading(tuple(_messages(decoded, role, 0)), truncated)


def _looks_like_list(value: Value) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("[{", "[ {"))


_WRAPPERS = (
    "messages", "input_messages", "output_messages", "contents", "inputs", "input", "prompts",
    "prompt", "choices", "generations", "candidates", "output", "outputs", "update",
    "response", "result", "data", "message_history", "history", "new_messages",
)  # fmt: skip
"""Members under which senders put the messages themselves, tried in this order."""


def _messages(value: Value, role: str, depth: int) -> Iterable[Message]:
    if value is None or depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        if value:
            yield Message(role=role, parts=(TextPart(content=value),))
    elif isinstance(value, list):
        yield from _message_list(value, role, depth)
    elif isinstance(value, dict):
        yield from _message_object(value, role, depth)
    else:
        yield Message(role=role, parts=(TextPart(content=str(value)),))


def _message_list(items: list[Value], role: str, depth: int) -> Iterable[Message]:
    if items and all(isinstance(item, str) for item in items):
        if len(items) == 2 and items[0].lower() in ("human", "ai", "system", "user", "assistant"):
            # LangChain's pair form: ["human", "..."].
            yield from _messages(items[1], role_of(items[0]), depth + 1)
            return
        for item in items:
            yield from _messages(item, role, depth + 1)
        return
    loose: list[Value] = []
    for item in items:
        if isinstance(item, dict) and _is_bare_part(item):
            loose.append(item)
            continue
        if loose:
            yield _of_loose(loose, role)
            loose = []
        yield from _messages(item, role, depth + 1)
    if loose:
        yield _of_loose(loose, role)


def _of_loose(parts: list[Value], role: str) -> Message:
    found = tuple(_parts(parts, 0))
    results = found and all(isinstance(part, ToolResultPart) for part in found)
    return Message(role="tool" if results else role, parts=found)


_ITEM_TYPES = frozenset({"message", "reasoning", "function_call", "function_call_output"})


def _is_bare_part(item: dict[str, Value]) -> bool:
    """A part outside any message: system instructions, a list of Anthropic blocks."""
    if "role" in item or "parts" in item or "lc" in item or "kwargs" in item:
        return False
    if isinstance(item.get("message"), dict):  # LangChain's generations: text beside the message
        return False
    kind = item.get("type")
    if not isinstance(kind, str):
        return any(name in item for name in ("toolUse", "toolResult", "reasoningContent")) or (
            "text" in item and len(item) <= 2
        )
    if kind in _ITEM_TYPES or kind.lower() in _ROLES or kind.lower() in ("system", "tool"):
        return False
    return not ("data" in item and isinstance(item["data"], dict) and "content" in item["data"])


def _message_object(item: dict[str, Value], role: str, depth: int) -> Iterable[Message]:
    if "parts" in item and isinstance(item["parts"], list):
        yield _with_parts(item, role)
        return
    if isinstance(item.get("kwargs"), dict) and ("lc" in item or "id" in item):
        kind = item["id"][-1] if isinstance(item.get("id"), list) and item["id"] else None
        yield from _message_object({"type": kind, **item["kwargs"]}, role, depth + 1)
        return
    if isinstance(item.get("message"), dict | str) and "content" not in item:
        # OpenAI's choices, LangChain's generations, LiteLLM's and OpenLLMetry's wrappers.
        yield from _choice(item, role, depth)
        return
    if isinstance(item.get("data"), dict) and "content" in item["data"] and "type" in item:
        yield from _message_object({"type": item["type"], **item["data"]}, role, depth + 1)
        return
    kind = item.get("type")
    if isinstance(kind, str) and kind in _ITEM_TYPES and kind != "message" and "role" not in item:
        yield _responses_item(item, kind)
        return
    if any(key in item for key in ("role", "content", "tool_calls", "tool_call_id")):
        yield _chat_message(item, role)
        return
    for key in _WRAPPERS:
        if isinstance(item.get(key), list | dict | str) and item[key]:
            if isinstance(item.get("system"), str | list) and item["system"]:
                yield from _messages(item["system"], "system", depth + 1)
            instruction = item.get("systemInstruction") or item.get("system_instruction")
            if instruction:
                yield from _messages(instruction, "system", depth + 1)
            yield from _messages(item[key], role, depth + 1)
            return
    if isinstance(item.get("content"), dict):
        yield from _message_object(item["content"], role, depth + 1)
        return
    if isinstance(item.get("text"), str):
        yield Message(role=role, parts=(TextPart(content=item["text"]),))
        return
    yield Message(role=role, parts=tuple(_parts([item], 0)))


def _choice(item: dict[str, Value], role: str, depth: int) -> Iterable[Message]:
    reason = item.get("finish_reason") or item.get("finishReason")
    for message in _messages(item["message"], role, depth + 1):
        if isinstance(reason, str) and not message.finish_reason:
            yield Message(
                role=message.role,
                parts=message.parts,
                name=message.name,
                finish_reason=finish_reason(reason),
            )
        else:
            yield message


def _string(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


def _with_parts(item: dict[str, Value], role: str) -> Message:
    """OpenTelemetry's and Gemini's form: both put the parts under `parts`."""
    found = tuple(_parts(item["parts"], 0))
    spoken = role_of(item.get("role"), role)
    if spoken == "user" and found and all(isinstance(p, ToolResultPart) for p in found):
        spoken = "tool"  # Gemini and older Pydantic AI answer tools as the user
    return Message(
        role=spoken,
        parts=found,
        name=_string(item.get("name")),
        finish_reason=finish_reason(_string(item.get("finish_reason"))),
    )


def _responses_item(item: dict[str, Value], kind: str) -> Message:
    if kind == "function_call":
        part: Part = _tool_call(item)
        return Message(role="assistant", parts=(part,))
    if kind == "function_call_output":
        return Message(
            role="tool",
            parts=(
                ToolResultPart(
                    id=_string(item.get("call_id")), response=decode_json(item.get("output"))
                ),
            ),
        )
    summary = item.get("summary") or item.get("content") or item.get("text")
    return Message(role="assistant", parts=(ReasoningPart(content=_plain(summary)),))


def _chat_message(item: dict[str, Value], role: str) -> Message:
    """OpenAI chat, Anthropic, Bedrock Converse, LangChain's kwargs, Vercel."""
    kind = item.get("type")
    spelled = item.get("role")
    if spelled is None and isinstance(kind, str) and kind != "message":
        spelled = kind
    spoken = role_of(spelled, "tool" if "tool_call_id" in item else role)
    content = item.get("content")
    if isinstance(content, str) and _looks_like_list(content):
        decoded = decode_json(content)
        content = decoded if _all_parts(decoded) else content
    parts: list[Part] = []
    reasoning = item.get("reasoning_content") or item.get("reasoning") or item.get("thinking")
    if isinstance(reasoning, str) and reasoning:
        parts.append(ReasoningPart(content=reasoning))
    call_id = item.get("tool_call_id")
    if spoken == "tool" and not _is_part_list(content):
        parts.append(
            ToolResultPart(
                id=_string(call_id or item.get("id")),
                response=decode_json(content) if _is_json(content) else content,
            )
        )
    else:
        parts.extend(_parts(content, 0))
    parts.extend(_further_calls(item, parts))
    if isinstance(item.get("refusal"), str) and item["refusal"]:
        parts.append(GenericPart(generic_type="refusal", value=item["refusal"]))
    if spoken == "user" and parts and all(isinstance(part, ToolResultPart) for part in parts):
        spoken = "tool"  # Anthropic and Bedrock answer tools as the user
    reason = item.get("finish_reason") or item.get("stop_reason") or item.get("finishReason")
    return Message(
        role=spoken,
        parts=tuple(parts),
        name=_string(item.get("name")),
        finish_reason=finish_reason(_string(reason)),
    )


def _is_json(value: Value) -> bool:
    return isinstance(value, str) and value.lstrip().startswith(("{", "["))


def _is_part_list(value: Value) -> bool:
    return isinstance(value, list) and any(
        isinstance(i, dict)
        and ("toolResult" in i or (_type(i) in _PART_READERS and _type(i) != "text"))
        for i in value
    )


def _all_parts(value: Value) -> bool:
    """Strands and OpenLLMetry dump part lists into `content`; anything else stays text."""
    return isinstance(value, list) and all(
        isinstance(i, dict)
        and (_type(i) in _PART_READERS or any(name in i for name in _BEDROCK) or "text" in i)
        for i in value
    )


def _further_calls(item: dict[str, Value], parts: list[Part]) -> Iterable[Part]:
    """`tool_calls` beside the content, unless the content already holds them."""
    seen = {part.id for part in parts if isinstance(part, ToolCallPart) and part.id}
    extra = item.get("additional_kwargs")
    calls = item.get("tool_calls") or item.get("toolCalls")
    if not calls and isinstance(extra, dict):
        calls = extra.get("tool_calls")
    calls = decode_json(calls)
    if isinstance(calls, dict):
        calls = [calls]
    if isinstance(calls, list):
        for call in calls:
            if isinstance(call, dict):
                inner = call.get("tool_call")
                part = _tool_call(inner if isinstance(inner, dict) else call)
                if not part.id or part.id not in seen:
                    yield part
    old = item.get("function_call")
    if isinstance(old, dict):
        yield _tool_call(old)
    elif isinstance(item.get("function_call_name"), str):
        yield ToolCallPart(
            name=item["function_call_name"],
            arguments=decode_json(item.get("function_call_arguments_json")),
        )


# -- parts ------------------------------------------------------------------------------------


def _type(item: Mapping[str, Value]) -> str:
    kind = item.get("type")
    return kind.replace("-", "_") if isinstance(kind, str) else ""


def _parts(content: Value, depth: int) -> Iterable[Part]:
    if content is None or content == "":
        return
    if isinstance(content, str):
        yield TextPart(content=content)
    elif isinstance(content, list):
        for item in content:
            if depth < _MAX_DEPTH:
                yield from _parts(item, depth + 1)
            else:
                yield GenericPart(value=item)
    elif isinstance(content, dict):
        yield _part(content)
    else:
        yield TextPart(content=str(content))


def _part(item: dict[str, Value]) -> Part:
    reader = _PART_READERS.get(_type(item))
    if reader is not None:
        return reader(item)
    for name, read in _BEDROCK.items():
        if isinstance(item.get(name), dict):
            return read(item[name], item)
    if isinstance(item.get("text"), str) and not _type(item):
        if item.get("thought") is True:
            return ReasoningPart(content=item["text"])
        return TextPart(content=item["text"])
    return GenericPart(
        generic_type=_string(item.get("generic_type") or item.get("type")), value=item
    )


def _plain(value: Value) -> str:
    """All text of a nested content, joined."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(found for item in value if (found := _plain(item)))
    if isinstance(value, dict):
        for name in ("text", "content", "thinking", "reasoning", "summary"):
            if name in value:
                return _plain(value[name])
    return ""


def _text_part(item: dict[str, Value]) -> Part:
    content = item.get("text", item.get("content"))
    if isinstance(content, dict):
        content = content.get("value", content.get("text"))
    return TextPart(content=_string(content))


def _reasoning(item: dict[str, Value]) -> Part:
    return ReasoningPart(content=_plain({k: v for k, v in item.items() if k != "type"}))


def _tool_call(item: dict[str, Value]) -> ToolCallPart:
    function = item.get("function")
    source = function if isinstance(function, dict) else item
    arguments: Value = None
    for name in ("arguments", "args", "input", "parameters"):
        if source.get(name) is not None:
            arguments = source[name]
            break
    spelled = source.get("name") or item.get("toolName") or item.get("tool_name")
    if not spelled and isinstance(function, str):
        spelled = function
    call_id = (
        item.get("call_id") or item.get("toolCallId") or item.get("tool_call_id")
        or item.get("toolUseId") or item.get("id")
    )  # fmt: skip
    return ToolCallPart(
        name=_string(spelled), id=_string(call_id), arguments=decode_json(arguments)
    )


def _tool_result(item: dict[str, Value]) -> ToolResultPart:
    response: Value = None
    for name in ("response", "result", "output", "content"):
        if item.get(name) is not None:
            response = item[name]
            break
    call_id = (
        item.get("tool_use_id") or item.get("tool_call_id") or item.get("toolCallId")
        or item.get("call_id") or item.get("toolUseId") or item.get("id")
    )  # fmt: skip
    return ToolResultPart(
        id=_string(call_id), response=decode_json(response) if _is_json(response) else response
    )


def _media(modality: str) -> Callable[[dict[str, Value]], Part]:
    def read(item: dict[str, Value]) -> Part:
        return _media_part(item, modality)

    return read


def _media_part(item: dict[str, Value], modality: str) -> Part:
    inner: dict[str, Value] = item
    for name in (
        "image_url",
        "input_audio",
        "image",
        "audio",
        "video",
        "document",
        "source",
        "file",
    ):
        if isinstance(item.get(name), dict):
            inner = item[name]
            break
    if isinstance(inner.get("image"), dict):  # OpenInference: image.image.url
        inner = inner["image"]
    uri = inner.get("url") or inner.get("uri") or inner.get("file_uri")
    if not uri and isinstance(item.get("image_url"), str):
        uri = item["image_url"]
    if not uri and isinstance(item.get("image"), str):
        uri = item["image"]
    content = inner.get("data") or (inner.get("content") if _type(item) == "blob" else "")
    return MediaPart(
        modality=_string(item.get("modality")) or modality,
        mime_type=_string(
            inner.get("mime_type") or inner.get("media_type") or inner.get("mimeType")
            or inner.get("mediaType")
        ),
        uri=_string(uri),
        file_id=_string(inner.get("file_id")),
        content=content if isinstance(content, str) else "",
    )  # fmt: skip


def _generic(item: dict[str, Value]) -> Part:
    return GenericPart(
        generic_type=_string(item.get("generic_type") or item.get("type")), value=item
    )


_PART_READERS: dict[str, Callable[[dict[str, Value]], Part]] = {
    "text": _text_part,
    "input_text": _text_part,
    "output_text": _text_part,
    "reasoning": _reasoning,
    "thinking": _reasoning,
    "redacted_thinking": _reasoning,
    "tool_call": _tool_call,
    "tool_use": _tool_call,
    "function_call": _tool_call,
    "function": _tool_call,
    "tool_call_response": _tool_result,
    "tool_result": _tool_result,
    "tool_response": _tool_result,
    "function_call_output": _tool_result,
    "function_result": _tool_result,
    "blob": _media("document"),
    "file": _media("document"),
    "uri": _media("document"),
    "image": _media("image"),
    "image_url": _media("image"),
    "input_image": _media("image"),
    "audio": _media("audio"),
    "input_audio": _media("audio"),
    "video": _media("video"),
    "document": _media("document"),
    "refusal": _generic,
    "generic": _generic,
}


def _gemini_call(inner: dict[str, Value], _item: dict[str, Value]) -> Part:
    return _tool_call(inner)


def _gemini_result(inner: dict[str, Value], _item: dict[str, Value]) -> Part:
    return ToolResultPart(
        id=_string(inner.get("id") or inner.get("name")), response=inner.get("response")
    )


def _bedrock_result(inner: dict[str, Value], _item: dict[str, Value]) -> Part:
    return _tool_result(inner)


def _bedrock_reasoning(inner: dict[str, Value], _item: dict[str, Value]) -> Part:
    return ReasoningPart(content=_plain(inner.get("reasoningText", inner)))


def _inline(inner: dict[str, Value], _item: dict[str, Value]) -> Part:
    mime = _string(inner.get("mimeType") or inner.get("mime_type"))
    return MediaPart(
        modality=mime.split("/")[0],
        mime_type=mime,
        uri=_string(inner.get("fileUri") or inner.get("file_uri")),
        content=_string(inner.get("data")),
    )


_BEDROCK: dict[str, Callable[[dict[str, Value], dict[str, Value]], Part]] = {
    "toolUse": _gemini_call,
    "toolResult": _bedrock_result,
    "reasoningContent": _bedrock_reasoning,
    "functionCall": _gemini_call,
    "function_call": _gemini_call,
    "functionResponse": _gemini_result,
    "function_response": _gemini_result,
    "inlineData": _inline,
    "inline_data": _inline,
    "fileData": _inline,
    "file_data": _inline,
}
"""Parts that are told by their member's name: Bedrock Converse and Gemini."""


# -- flattened forms --------------------------------------------------------------------------


def read_flattened(flat: Mapping[str, Value], role: str = "user") -> MessageReading:
    """
    `0.message.role`, `0.message.content`, ... (OpenInference) or `0.role`, ... (OpenLLMetry).

    `truncated` tells that the list had gaps: attributes were dropped.
    """
    tree, gaps = unflatten(flat)
    items = (
        tree
        if isinstance(tree, list)
        else [tree[k] for k in tree]
        if isinstance(tree, dict)
        else []
    )
    found = [_flat_message(item, role) for item in items if isinstance(item, dict)]
    return MessageReading(tuple(found), gaps)


def _flat_message(item: dict[str, Value], role: str) -> Message:
    inner = item.get("message")
    message: dict[str, Value] = {**item, **inner} if isinstance(inner, dict) else dict(item)
    message.pop("message", None)
    contents = message.get("contents")
    if isinstance(contents, list):
        message["content"] = [_flat_content(entry) for entry in contents]
    calls = message.get("tool_calls")
    if isinstance(calls, list):
        message["tool_calls"] = [_flat_call(call) for call in calls]
    return _chat_message(message, role)


def _flat_content(entry: Value) -> Value:
    if not isinstance(entry, dict):
        return entry
    inner = entry.get("message_content")
    if not isinstance(inner, dict):
        return entry
    # OpenInference's Anthropic has the call's name and arguments beside the block's type.
    call = entry.get("tool_call")
    return {**inner, **call} if isinstance(call, dict) else inner


def _flat_call(call: Value) -> Value:
    if not isinstance(call, dict):
        return call
    inner = call.get("tool_call")
    return inner if isinstance(inner, dict) else call


def is_conversation(value: Value) -> bool:
    """Does this look like messages, rather than like any other input or output?"""
    decoded = decode_json(value) if _is_json(value) else value
    if isinstance(decoded, dict) and isinstance(decoded.get("messages"), list):
        decoded = decoded["messages"]
        if len(decoded) == 1 and isinstance(decoded[0], list):  # LangChain: one batch of one
            decoded = decoded[0]
    if not isinstance(decoded, list) or not decoded:
        return False
    return all(isinstance(item, dict) and _is_message(item) for item in decoded)


def _is_message(item: dict[str, Value]) -> bool:
    if isinstance(item.get("role"), str):
        return any(name in item for name in ("content", "parts", "tool_calls", "message"))
    if isinstance(item.get("kwargs"), dict) and "lc" in item:
        return "content" in item["kwargs"]
    kind = item.get("type")
    return isinstance(kind, str) and (
        (kind.lower() in _ROLES and "content" in item)
        or (kind in ("system", "tool") and "content" in item)
        or kind in ("function_call", "function_call_output")
    )


def tool_calls(messages: Iterable[Message]) -> list[ToolCallPart]:
    return [p for message in messages for p in message.parts if isinstance(p, ToolCallPart)]
