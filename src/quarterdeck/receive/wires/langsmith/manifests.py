"""
LangChain's manifests: a serialized prompt as what it says, and what it says as a manifest.

A manifest is kept verbatim, since only LangChain can load it again; what it says is read out of
it, so that the prompt can be shown, compared and fetched by other clients.  The other way, a
prompt that another client made becomes the plainest manifest that says the same.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.storage.records.prompts import PromptContent

Object = dict[str, Any]

_NAME = "langsmith"
_ROLES = {
    "SystemMessagePromptTemplate": "system",
    "SystemMessage": "system",
    "HumanMessagePromptTemplate": "user",
    "HumanMessage": "user",
    "AIMessagePromptTemplate": "assistant",
    "AIMessage": "assistant",
    "ToolMessage": "tool",
}
_CLASSES = {
    "system": "SystemMessagePromptTemplate",
    "developer": "SystemMessagePromptTemplate",
    "assistant": "AIMessagePromptTemplate",
}
_SEQUENCES = frozenset({"RunnableSequence"})
_PLACEHOLDER = "placeholder"


def content_of(manifest: Object) -> PromptContent:
    """What the manifest says, with itself as its source."""
    prompt, model = _parts(manifest)
    kwargs = _object(prompt.get("kwargs"))
    name, params = _model(model)
    common: Object = {
        "templating": _templating(prompt),
        "model": name,
        "provider": _provider(model),
        "parameters": params,
        "tools": tuple(_tools(model)),
        "response_format": kwargs.get("schema_") or kwargs.get("schema"),
        "source": {_NAME: manifest},
    }
    if isinstance(kwargs.get("messages"), list):
        messages = tuple(_message(one) for one in kwargs["messages"] if isinstance(one, dict))
        return PromptContent(kind="chat", messages=messages, **common)
    template = kwargs.get("template")
    return PromptContent(kind="text", text=template if isinstance(template, str) else "", **common)


def manifest_of(content: PromptContent, *, with_model: bool) -> Object:
    """As it was pushed, or the plainest one that says the same."""
    manifest = content.source.get(_NAME)
    if isinstance(manifest, dict):
        return manifest if with_model else _parts(manifest)[0]
    form = content.templating if content.templating in ("mustache", "jinja2") else "f-string"
    if content.kind == "text":
        return _template(content.text, form)
    messages = [_message_manifest(message, form) for message in content.messages]
    return _constructor(
        ("langchain", "prompts", "chat", "ChatPromptTemplate"),
        {"input_variables": [], "messages": messages},
    )


# -------------------------------------------------------------------------------- reading


def _parts(manifest: Object) -> tuple[Object, Object]:
    """The prompt, and the model that it goes to ({} without one)."""
    kwargs = _object(manifest.get("kwargs"))
    if _class(manifest) in _SEQUENCES and isinstance(kwargs.get("first"), dict):
        return kwargs["first"], _object(kwargs.get("last"))
    return manifest, {}


def _class(manifest: Mapping[str, Any]) -> str:
    path = manifest.get("id")
    return str(path[-1]) if isinstance(path, list) and path else ""


def _message(manifest: Object) -> Object:
    kind, kwargs = _class(manifest), _object(manifest.get("kwargs"))
    if kind == "MessagesPlaceholder":
        return {"role": _PLACEHOLDER, "name": str(kwargs.get("variable_name") or "")}
    role = _ROLES.get(kind) or str(kwargs.get("role") or "user")
    prompt = kwargs.get("prompt")
    if isinstance(prompt, list):
        return {"role": role, "content": [_piece(one) for one in prompt if isinstance(one, dict)]}
    if isinstance(prompt, dict):
        return {"role": role, "content": _text(prompt)}
    return {"role": role, "content": kwargs.get("content", "")}


def _piece(prompt: Object) -> Object:
    kwargs = _object(prompt.get("kwargs"))
    template = kwargs.get("template")
    if isinstance(template, str):
        return {"type": "text", "text": template}
    return {"type": "image_url", "image_url": template}


def _text(prompt: Object) -> str:
    template = _object(prompt.get("kwargs")).get("template")
    return template if isinstance(template, str) else ""


def _templating(manifest: Any) -> str:
    """How placeholders are written, by the first template inside that says so."""
    if isinstance(manifest, dict):
        told = manifest.get("template_format")
        if isinstance(told, str):
            return told
        inner: Any = manifest.values()
    elif isinstance(manifest, list):
        inner = manifest
    else:
        return ""
    return next((found for one in inner if (found := _templating(one))), "")


def _model(manifest: Object) -> tuple[str, Object]:
    bound = _object(_object(manifest.get("kwargs")).get("bound")) or manifest
    kwargs = _object(bound.get("kwargs"))
    name = next(
        (v for k in ("model", "model_name", "model_id") if isinstance(v := kwargs.get(k), str)), ""
    )
    wanted = ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed")
    return name, {key: kwargs[key] for key in wanted if kwargs.get(key) is not None}


def _provider(manifest: Object) -> str:
    bound = _object(_object(manifest.get("kwargs")).get("bound")) or manifest
    path = bound.get("id")
    if not isinstance(path, list) or len(path) < 2:
        return ""
    # The path of a class of LangChain: its package, "chat_models", the provider, the class.
    return str(path[-2])


def _tools(manifest: Object) -> list[Any]:
    tools = _object(_object(manifest.get("kwargs")).get("kwargs")).get("tools")
    return tools if isinstance(tools, list) else []


# -------------------------------------------------------------------------------- writing


def _constructor(path: tuple[str, ...], kwargs: Object) -> Object:
    return {"lc": 1, "type": "constructor", "id": list(path), "kwargs": kwargs}


def _template(text: str, form: str) -> Object:
    return _constructor(
        ("langchain", "prompts", "prompt", "PromptTemplate"),
        {"input_variables": [], "template": text, "template_format": form},
    )


def _message_manifest(message: Mapping[str, Any], form: str) -> Object:
    role = str(message.get("role") or "user")
    if role == _PLACEHOLDER:
        return _constructor(
            ("langchain", "prompts", "chat", "MessagesPlaceholder"),
            {"variable_name": str(message.get("name") or "messages")},
        )
    content = message.get("content")
    text = content if isinstance(content, str) else _joined(content)
    kind = _CLASSES.get(role, "HumanMessagePromptTemplate")
    return _constructor(("langchain", "prompts", "chat", kind), {"prompt": _template(text, form)})


def _joined(content: Any) -> str:
    pieces = content if isinstance(content, list) else []
    return "\n".join(
        piece["text"]
        for piece in pieces
        if isinstance(piece, dict) and isinstance(piece.get("text"), str)
    )


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
