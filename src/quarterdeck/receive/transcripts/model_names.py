"""
Model names as LiteLLM spells them: `provider/model`, with its own words for some providers.

Only prefixes that are known to be providers are taken off: `meta-llama/Llama-3` is a model's name.
"""

from typing import NamedTuple

_PROVIDERS = {
    "openai": "openai", "azure": "azure", "anthropic": "anthropic", "bedrock": "aws.bedrock",
    "gemini": "gcp.gemini", "vertex_ai": "gcp.vertex_ai", "mistral": "mistral_ai",
    "groq": "groq", "deepseek": "deepseek", "xai": "x_ai", "cohere": "cohere",
    "openrouter": "openrouter", "together_ai": "together_ai", "fireworks_ai": "fireworks_ai",
    "ollama": "ollama", "ollama_chat": "ollama", "hosted_vllm": "vllm", "lm_studio": "lm_studio",
}  # fmt: skip

_SELF_HOSTED = frozenset({"ollama", "vllm", "lm_studio"})


class Model(NamedTuple):
    name: str
    provider: str
    """"" = not told."""

    @property
    def is_self_hosted(self) -> bool:
        """Run by its user: no price is no surprise."""
        return self.provider in _SELF_HOSTED


def litellm_model(spelled: str, *, elsewhere: bool = False) -> Model:
    """`elsewhere`: a base URL was set, so `openai/` names the protocol and not the provider."""
    prefix, slash, name = spelled.partition("/")
    provider = _PROVIDERS.get(prefix, "") if slash and name else ""
    if not provider:
        return Model(spelled, "")
    return Model(name, "" if elsewhere and provider == "openai" else provider)
