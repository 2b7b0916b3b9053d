"""One name per provider, and which model names are one family."""

import pytest

from quarterdeck.normalize.models import same_family, strip_wrappers
from quarterdeck.normalize.providers import (
    provider_of_host,
    provider_of_model,
    read_provider,
)


@pytest.mark.parametrize(
    ("spelled", "provider"),
    [
        ("AWS Bedrock", "aws.bedrock"), ("aws_bedrock", "aws.bedrock"),
        ("awsbedrock", "aws.bedrock"), ("openai.chat", "openai"), ("OpenAI", "openai"),
        ("openai.responses", "openai"), ("anthropic.messages", "anthropic"),
        ("az.ai.openai", "azure.ai.openai"), ("azure", "azure.ai.openai"),
        ("vertex_ai", "gcp.vertex_ai"), ("gemini", "gcp.gemini"), ("xai", "x_ai"),
        ("mistral", "mistral_ai"), ("api.openai.com", "openai"), ("fakelistchatmodel",
        "fakelistchatmodel"), ("unknown", ""),
    ],
)  # fmt: skip
def test_a_providers_spellings_are_one(spelled: str, provider: str) -> None:
    assert read_provider(spelled) == (provider, "")


@pytest.mark.parametrize(
    ("spelled", "framework"),
    [("autogen", "autogen"), ("microsoft.agent_framework", "agent_framework"),
     ("strands-agents", "strands"), ("langgraph", "langgraph"), ("gcp.vertex.agent", "adk")],
)  # fmt: skip
def test_a_framework_is_no_provider(spelled: str, framework: str) -> None:
    assert read_provider(spelled) == ("", framework)


@pytest.mark.parametrize(
    ("host", "provider"),
    [("api.openai.com", "openai"), ("my.openai.azure.com:443", "azure.ai.openai"),
     ("https://x.services.ai.azure.com/v1", "azure.ai.inference"),
     ("europe-west4-aiplatform.googleapis.com", "gcp.vertex_ai"),
     ("generativelanguage.googleapis.com", "gcp.gemini"),
     ("bedrock-runtime.us-east-1.amazonaws.com", "aws.bedrock"), ("127.0.0.1", ""),
     ("notopenai.com", "")],
)  # fmt: skip
def test_a_host_tells_the_provider(host: str, provider: str) -> None:
    assert provider_of_host(host) == provider


def test_a_models_name_tells_the_provider_where_nothing_else_does() -> None:
    assert provider_of_model("claude-sonnet-4-5") == "anthropic"
    assert provider_of_model("us.anthropic.claude-sonnet-4-5-v1:0") == "aws.bedrock"
    assert provider_of_model("my-model") == ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("gpt-4o", "gpt-4o-2024-08-06"), ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929"),
     ("claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
     ("claude-sonnet-4-5", "claude-sonnet-4-5@20250929"), ("gpt-4o", "openai/gpt-4o"),
     ("gemini-2.5-pro", "models/gemini-2.5-pro"), ("gpt-4o", "ft:gpt-4o-2024-08-06:org::id"),
     ("deepseek-chat", "deepseek/deepseek-chat:free"), ("gpt-4", "gpt-4-0613")],
)  # fmt: skip
def test_an_alias_or_a_dated_variant_is_no_fallback(one: str, other: str) -> None:
    assert same_family(one, other)
    assert same_family(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [("gpt-4o", "gpt-4o-mini"), ("claude-sonnet-4-5", "claude-haiku-4-5"), ("o3", "o3-mini"),
     ("gpt-4", "gpt-4o"), ("gemini-2.5-pro", "gemini-2.5-flash")],
)  # fmt: skip
def test_another_model_is_another_family(one: str, other: str) -> None:
    assert not same_family(one, other)


def test_wrappers_come_off() -> None:
    assert strip_wrappers("models/gemini-2.5-pro") == "gemini-2.5-pro"
    assert strip_wrappers("bedrock/anthropic.claude-v2") == "anthropic.claude-v2"
    assert strip_wrappers("gpt-4o") == "gpt-4o"
