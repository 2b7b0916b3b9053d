"""
Who serves a model: many spellings, hosts and frameworks -> one list of names.

Names are OpenTelemetry's where it has one.  A framework that sends its own name as the
provider (`autogen`, `langgraph`) is told apart: it answers no calls.
"""

import re

_KNOWN = {
    "openai": "openai",
    "anthropic": "anthropic",
    "claude": "anthropic",
    "awsbedrock": "aws.bedrock",
    "bedrock": "aws.bedrock",
    "bedrockconverse": "aws.bedrock",
    "amazonbedrock": "aws.bedrock",
    "aws": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azureopenai": "azure.ai.openai",
    "azureaiopenai": "azure.ai.openai",
    "azaiopenai": "azure.ai.openai",
    "azureaiinference": "azure.ai.inference",
    "azaiinference": "azure.ai.inference",
    "azureai": "azure.ai.inference",
    "cohere": "cohere",
    "deepseek": "deepseek",
    "gcpgemini": "gcp.gemini",
    "gemini": "gcp.gemini",
    "google": "gcp.gemini",
    "googlegenai": "gcp.gemini",
    "googlegenerativeai": "gcp.gemini",
    "googlegla": "gcp.gemini",
    "googleaistudio": "gcp.gemini",
    "gcpgenai": "gcp.gemini",
    "gcpvertexai": "gcp.vertex_ai",
    "vertexai": "gcp.vertex_ai",
    "vertex": "gcp.vertex_ai",
    "googlevertexai": "gcp.vertex_ai",
    "googlevertex": "gcp.vertex_ai",
    "groq": "groq",
    "ibmwatsonxai": "ibm.watsonx.ai",
    "watsonx": "ibm.watsonx.ai",
    "mistralai": "mistral_ai",
    "mistral": "mistral_ai",
    "moonshotai": "moonshot_ai",
    "moonshot": "moonshot_ai",
    "perplexity": "perplexity",
    "perplexityai": "perplexity",
    "xai": "x_ai",
    "grok": "x_ai",
    "openrouter": "openrouter",
    "fireworks": "fireworks",
    "fireworksai": "fireworks",
    "together": "together",
    "togetherai": "together",
    "ollama": "ollama",
    "huggingface": "huggingface",
    "cerebras": "cerebras",
}

_FRAMEWORKS = {
    "autogen": "autogen",
    "microsoftagentframework": "agent_framework",
    "langchain": "langchain",
    "langgraph": "langgraph",
    "crewai": "crewai",
    "strandsagents": "strands",
    "strands": "strands",
    "gcpvertexagent": "adk",
    "llamaindex": "llamaindex",
    "openaiagents": "openai_agents",
    "pydanticai": "pydantic_ai",
    "agno": "agno",
    "haystack": "haystack",
    "semantickernel": "semantic_kernel",
    "smolagents": "smolagents",
    "dspy": "dspy",
}

_HOSTS = (
    ("openai.azure.com", "azure.ai.openai"),
    ("services.ai.azure.com", "azure.ai.inference"),
    ("models.ai.azure.com", "azure.ai.inference"),
    ("openai.com", "openai"),
    ("anthropic.com", "anthropic"),
    ("generativelanguage.googleapis.com", "gcp.gemini"),
    ("aiplatform.googleapis.com", "gcp.vertex_ai"),
    ("groq.com", "groq"),
    ("mistral.ai", "mistral_ai"),
    ("cohere.com", "cohere"),
    ("cohere.ai", "cohere"),
    ("deepseek.com", "deepseek"),
    ("x.ai", "x_ai"),
    ("perplexity.ai", "perplexity"),
    ("moonshot.ai", "moonshot_ai"),
    ("moonshot.cn", "moonshot_ai"),
    ("openrouter.ai", "openrouter"),
    ("fireworks.ai", "fireworks"),
    ("together.xyz", "together"),
    ("together.ai", "together"),
    ("cerebras.ai", "cerebras"),
)

_MODELS = tuple(
    (re.compile(pattern), provider)
    for pattern, provider in (
        (r"gpt-|o[1-9](-|$)|chatgpt|text-embedding-|davinci|dall-e|whisper|tts-", "openai"),
        (r"claude", "anthropic"),
        (r"gemini", "gcp.gemini"),
        (r"([a-z]{2,6}\.)?(anthropic|amazon|meta|cohere|mistral|ai21)\.[a-z]", "aws.bedrock"),
        (r"mi[sx]tral|codestral|ministral|magistral|devstral", "mistral_ai"),
        (r"grok", "x_ai"),
        (r"deepseek", "deepseek"),
        (r"command|embed-|rerank-", "cohere"),
        (r"sonar|pplx", "perplexity"),
        (r"kimi|moonshot", "moonshot_ai"),
    )
)

_NOT_ALNUM = re.compile(r"[^a-z0-9]")
_SUFFIX = re.compile(
    r"[._-](chat|responses|messages|completion|completions|embedding|embeddings|image|beta)$"
)
_memory: dict[str, tuple[str, str]] = {}


def read_provider(spelled: str) -> tuple[str, str]:
    """(provider, framework): one of them is "" unless nothing was spelled."""
    known = _memory.get(spelled)
    if known is None:
        if len(_memory) > 2000:  # few providers exist; hostile senders must not fill memory
            _memory.clear()
        known = _memory[spelled] = _read_provider(spelled)
    return known


def _read_provider(spelled: str) -> tuple[str, str]:
    lowered = spelled.strip().lower()
    cut = _SUFFIX.sub("", lowered)
    letters = _NOT_ALNUM.sub("", cut)
    if letters in _FRAMEWORKS:
        return "", _FRAMEWORKS[letters]
    if letters in _KNOWN:
        return _KNOWN[letters], ""
    if letters in ("", "unknown", "none", "null", "other"):
        return "", ""
    return provider_of_host(cut) or letters, ""


def provider_of_host(host: str) -> str:
    """The provider behind a host name (a port or path may follow), or ""."""
    lowered = host.strip().lower().removeprefix("https://").removeprefix("http://")
    lowered = lowered.split("/")[0].split(":")[0]
    for suffix, provider in _HOSTS:
        if lowered == suffix or lowered.endswith("." + suffix):
            return provider
    if lowered.endswith("amazonaws.com") and "bedrock" in lowered:
        return "aws.bedrock"
    if lowered.endswith("-aiplatform.googleapis.com"):
        return "gcp.vertex_ai"
    return ""


def provider_of_model(model: str) -> str:
    """The provider that a model's name suggests, or ""."""
    lowered = model.lower()
    for pattern, provider in _MODELS:
        if pattern.match(lowered):
            return provider
    head = lowered.split("/")[0]
    return read_provider(head)[0] if "/" in lowered and _NOT_ALNUM.sub("", head) in _KNOWN else ""
