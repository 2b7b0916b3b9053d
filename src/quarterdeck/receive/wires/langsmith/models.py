"""
What a model's run tells of its call: the models, tokens, finish reasons, the first token.

The same facts stand in different places, by what traced the call: LangSmith's wrappers put the
provider's answer into `outputs`, LangChain a list of generations with messages in them, and
both repeat the tokens in the metadata.  One place is read, never a sum of several.
"""

from collections.abc import Iterator, Mapping
from typing import Any

Object = dict[str, Any]

_CALLS = frozenset({"llm", "embedding"})


def read_call(run: Mapping[str, Any]) -> Object:
    """
    Attributes of a model's run, in OpenTelemetry's spelling and in LangSmith's own.

    Other runs only have tokens where the application put them into the metadata: what a
    chain's outputs repeat was counted by the model's run below.
    """
    metadata = _object(_object(run.get("extra")).get("metadata"))
    found: Object = {}
    if _text(run.get("run_type")) not in _CALLS:
        _keep(found, "langsmith.usage_metadata", _counts(metadata.get("usage_metadata")))
        return found
    inputs, outputs = _object(run.get("inputs")), _object(run.get("outputs"))
    params = _object(_object(run.get("extra")).get("invocation_params"))
    message = next(_messages(outputs), {})
    told = _object(message.get("response_metadata"))
    _keep(
        found,
        "gen_ai.request.model",
        _text(inputs.get("model"), params.get("model"), params.get("model_name"),
              params.get("model_id"), metadata.get("ls_model_name")),
    )  # fmt: skip
    _keep(
        found,
        "gen_ai.response.model",
        _text(outputs.get("model"), told.get("model_name"), told.get("model"),
              _object(outputs.get("llm_output")).get("model_name")),
    )  # fmt: skip
    _keep(found, "gen_ai.response.id", _text(outputs.get("id"), told.get("id")))
    _keep(
        found,
        "gen_ai.response.service_tier",
        _text(outputs.get("service_tier"), told.get("service_tier")),
    )
    _keep(found, "gen_ai.response.finish_reasons", _finish_reasons(outputs))
    _keep(found, "langsmith.usage_metadata", _usage(metadata, outputs))
    if inputs.get("stream") is True or params.get("stream") is True:
        found["langsmith.request.streaming"] = True
    return found


def first_token(events: Any) -> Any:
    """The time of the first token as it was sent; None if no event tells."""
    for event in events if isinstance(events, list) else ():
        if isinstance(event, dict) and event.get("name") == "new_token":
            return event.get("time")
    return None


def _usage(metadata: Object, outputs: Object) -> Object | None:
    llm_output = _object(outputs.get("llm_output"))
    places = (
        metadata.get("usage_metadata"),
        outputs.get("usage_metadata"),
        *(message.get("usage_metadata") for message in _messages(outputs)),
        llm_output.get("token_usage"),
        llm_output.get("usage"),
        outputs.get("usage"),
    )
    return next((counts for place in places if (counts := _counts(place))), None)


def _counts(told: Any) -> Object | None:
    """
    Token counts in LangChain's spelling, whose input includes cached tokens.

    OpenAI's names are translated.  Anthropic's cached tokens stand beside the input and are
    added to it.
    """
    usage = _object(told)
    if not usage:
        return None
    if "cache_read_input_tokens" in usage or "cache_creation_input_tokens" in usage:
        read = _number(usage.get("cache_read_input_tokens"))
        written = _number(usage.get("cache_creation_input_tokens"))
        return {
            **usage,
            "input_tokens": _number(usage.get("input_tokens")) + read + written,
            "input_token_details": {"cache_read": read, "cache_creation": written},
        }
    if "prompt_tokens" not in usage and "input_tokens_details" not in usage:
        return usage
    given = _object(usage.get("prompt_tokens_details") or usage.get("input_tokens_details"))
    made = _object(usage.get("completion_tokens_details") or usage.get("output_tokens_details"))
    return {
        "input_tokens": usage.get("prompt_tokens", usage.get("input_tokens")),
        "output_tokens": usage.get("completion_tokens", usage.get("output_tokens")),
        "total_tokens": usage.get("total_tokens"),
        "input_token_details": {
            "cache_read": given.get("cached_tokens"),
            "audio": given.get("audio_tokens"),
        },
        "output_token_details": {
            "reasoning": made.get("reasoning_tokens"),
            "audio": made.get("audio_tokens"),
        },
    }


def _finish_reasons(outputs: Object) -> list[str] | None:
    spelled = [
        *(_object(choice).get("finish_reason") for choice in _list(outputs.get("choices"))),
        *(
            _object(generation.get("generation_info")).get("finish_reason")
            for generation in _generations(outputs)
        ),
    ]
    found = [reason for reason in spelled if isinstance(reason, str) and reason]
    if found:
        return found
    places: list[Object] = [_object(one.get("response_metadata")) for one in _messages(outputs)]
    for place in (outputs, *places):
        reason = _text(place.get("stop_reason"), place.get("finish_reason"))
        if reason:
            return [reason]
    return None


def _generations(outputs: Object) -> Iterator[Object]:
    """LangChain's generations: a list for each prompt."""
    for batch in _list(outputs.get("generations")):
        for generation in batch if isinstance(batch, list) else (batch,):
            if isinstance(generation, dict):
                yield generation


def _messages(outputs: Object) -> Iterator[Object]:
    """What the model said, as LangChain's messages are written, without their wrappers."""
    for generation in _generations(outputs):
        message = _object(generation.get("message"))
        yield _object(message.get("kwargs")) or message
    for name in ("message", "output"):
        message = _object(outputs.get(name))
        if message:
            yield _object(message.get("kwargs")) or message


def _keep(found: Object, key: str, value: Any) -> None:
    if value not in (None, "", {}, []):
        found[key] = value


def _text(*values: Any) -> str:
    return next((value for value in values if isinstance(value, str) and value), "")


def _number(value: Any) -> int:
    return value if type(value) is int else 0


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
