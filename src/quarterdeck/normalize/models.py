"""
Model names: wrappers off, and whether two names are one family.

`models/gemini-2.5-pro`, `azure/gpt-4o`, `us.anthropic.claude-sonnet-4-5-20250929-v1:0` and
`claude-sonnet-4-5@20250929` are written differently by each host.  The family is what decides
whether a served model is a fallback; prices have their own, stricter resolver.
"""

import re
from functools import lru_cache

_WRAPPERS = re.compile(
    r"^(?:models/|publishers/[^/]+/models/|projects/.*/models/|openai/|azure/|azure_ai/|bedrock/"
    r"|vertex_ai/|anthropic/|google/|gemini/|google-gla:|google-vertex:|openai:|anthropic:"
    r"|bedrock:|groq:|litellm_proxy/|converse/)+",
    re.IGNORECASE,
)
_REGION = re.compile(r"^(?:us|eu|apac|global|jp|au|ca|us-gov)\.(?=[a-z0-9]+\.)")
_VENDOR = re.compile(r"^(?:anthropic|amazon|meta|mistral|cohere|ai21|deepseek|openai|qwen)\.")
_TAIL = re.compile(
    r"(?:[-@:](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{6}|\d{4}|latest|preview|exp|default|v\d+(?::\d+)?|\d{3}))+$"
)
_FINE_TUNE = re.compile(r"^ft:([^:]+):")


def strip_wrappers(model: str) -> str:
    """The model's own name without the prefixes that hosts and routers put before it."""
    if "/" not in model and ":" not in model:
        return model
    return _WRAPPERS.sub("", model) or model


@lru_cache(maxsize=2048)
def family(model: str) -> str:
    """Lower-case name without host, region, vendor, date and variant."""
    name = strip_wrappers(model.strip()).lower()
    tuned = _FINE_TUNE.match(name)
    if tuned:
        name = tuned.group(1)
    name = name.rsplit("/", 1)[-1]
    name = _VENDOR.sub("", _REGION.sub("", name))
    name = name.split("@")[0]
    if ":" in name and not name.startswith("ft:"):
        name = name.split(":")[0] if not re.search(r"-v\d+:\d+$", name) else name
    return _TAIL.sub("", name)


def same_family(one: str, other: str) -> bool:
    """
    Is one a dated or aliased variant of the other?  `gpt-4o` and `gpt-4o-2024-08-06` are;
    `gpt-4o` and `gpt-4o-mini` are not.  An unknown ("") name is no evidence of another.
    """
    if not one or not other or one == other:
        return True
    return family(one) == family(other)
