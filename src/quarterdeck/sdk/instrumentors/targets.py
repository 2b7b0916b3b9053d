"""
What can be instrumented, and by whom it is best done: one declaration for each library.

`ways` is the precedence, best first, and the first that is there wins.  The rule behind it:

1. *own*: the library tells it all by itself.  Its authors know what a handoff or an approval of
   theirs is, and keep it working when they change it.  Not where it leaves out what we need.
2. *openinference*: widest, content and token details by default, one convention for all.
3. *opentelemetry*: the OpenTelemetry project's.  Young, and most are silent about content.
4. *openllmetry*: complete, but its LangGraph spans come twice and call an interrupt an error.

Exactly one is switched on for each library, and none where the application did it.  A framework
and the client below it are two libraries: the client may also be called beside the framework.
Their two spans for one call are nested (LangChain's and LlamaIndex's by files of their own), and
count once.

A library that tells nothing about the agent's work, such as `requests`, is not here.
"""

from collections.abc import Callable
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from quarterdeck.sdk.instrumentors import own
from quarterdeck.sdk.instrumentors.imports import ImportWatch

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

By = Literal["own", "openinference", "opentelemetry", "openllmetry"]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One instrumentor.  Its package's entry points name the class, so a rename breaks nothing."""

    by: By
    package: str
    """The distribution that has to be installed."""
    options: tuple[tuple[str, Any], ...] = ()
    """For `instrument()`, beside the tracer provider."""


class OwnWay(msgspec.Struct, frozen=True, kw_only=True):
    """The library's own spans."""

    by: By = "own"
    switch: "Callable[[ModuleType, TracerProvider, bool], bool] | None" = None
    """
    Given the imported module, the tracer provider, and whether content is captured.  Returns
    False where this version of the library can't.  None: it needs no more than the provider.
    """
    is_on: Callable[[ModuleType], bool] | None = None
    """Whether the application switched it on.  None: it can't be told."""
    needs_global_provider: bool = False
    """It takes the process's tracer provider and no other."""
    note: str = ""
    """What the user has to do or to know."""


class Target(msgspec.Struct, frozen=True, kw_only=True):
    library: str
    """As users name it in `qd.init(instrument=[…])`."""
    module: str
    """Whose import switches it on."""
    packages: tuple[str, ...]
    """Distributions that the library comes in: one of them installed means it is there."""
    ways: tuple[Way | OwnWay, ...]
    is_client: bool = False
    """Calls a model's provider, so frameworks may stand above it."""
    also: tuple[str, ...] = ()
    """Other names that users may use for it."""
    after: Callable[[Any, ImportWatch], None] | None = None
    """Given the instrumentor that we switched on: mends what it leaves open."""


def _oi(name: str, **options: Any) -> Way:
    return Way(
        by="openinference",
        package=f"openinference-instrumentation-{name}",
        options=tuple(options.items()),
    )


def _otel(name: str) -> Way:
    return Way(by="opentelemetry", package=f"opentelemetry-instrumentation-{name}")


def _traceloop(name: str) -> Way:
    return Way(by="openllmetry", package=f"opentelemetry-instrumentation-{name}")


def _nest_langchain(instrumentor: Any, watch: ImportWatch) -> None:
    from quarterdeck.sdk.instrumentors.langchain import nest  # it imports OpenTelemetry

    nest(instrumentor, watch)


def _nest_llama_index(instrumentor: Any, _watch: ImportWatch) -> None:
    from quarterdeck.sdk.instrumentors.llama_index import nest

    nest(instrumentor)


_NATIVE = "reports by itself to the process's tracer provider"

TARGETS: tuple[Target, ...] = (
    # -- frameworks ---------------------------------------------------------------------
    Target(
        library="langchain",
        also=("langgraph",),  # runs on LangChain's callbacks
        module="langchain_core",
        packages=("langchain-core",),
        ways=(_oi("langchain"), _traceloop("langchain")),
        after=_nest_langchain,
    ),
    Target(
        library="openai-agents",
        module="agents",
        packages=("openai-agents",),
        # Exclusive would take away the processors that the application has.
        ways=(
            _oi("openai-agents", exclusive_processor=False),
            _traceloop("openai-agents"),
            _otel("openai-agents-v2"),  # barebones by its own words
        ),
    ),
    Target(
        library="pydantic-ai",
        module="pydantic_ai",
        packages=("pydantic-ai", "pydantic-ai-slim"),
        # OpenInference has a processor that rewrites these same spans, and so adds nothing.
        ways=(OwnWay(switch=own.pydantic_ai, is_on=own.pydantic_ai_is_on),),
    ),
    Target(
        library="crewai",
        module="crewai",
        packages=("crewai",),
        ways=(_oi("crewai"), _traceloop("crewai")),
    ),
    Target(
        library="llama-index",
        module="llama_index.core",
        packages=("llama-index-core",),
        ways=(_oi("llama-index"), _traceloop("llamaindex")),
        after=_nest_llama_index,
    ),
    Target(
        library="smolagents",
        module="smolagents",
        packages=("smolagents",),
        ways=(_oi("smolagents"),),
    ),
    Target(library="dspy", module="dspy", packages=("dspy",), ways=(_oi("dspy"),)),
    Target(
        library="haystack",
        module="haystack",
        packages=("haystack-ai",),
        # Its own spans name components only, with no kind of them and, by default, no content.
        ways=(_oi("haystack"), _traceloop("haystack")),
    ),
    Target(
        library="agno",
        module="agno",
        packages=("agno",),
        ways=(_oi("agno"), _traceloop("agno")),
    ),
    Target(
        library="ag2",
        module="autogen",
        packages=("ag2", "pyautogen"),
        ways=(_oi("ag2"),),
    ),
    Target(
        library="claude-agent-sdk",
        module="claude_agent_sdk",
        packages=("claude-agent-sdk",),
        ways=(
            _oi("claude-agent-sdk"),
            OwnWay(
                note="its child process sends by itself, once CLAUDE_CODE_ENABLE_TELEMETRY=1 and "
                "OTEL_EXPORTER_OTLP_ENDPOINT are in its environment"
            ),
        ),
    ),
    Target(
        library="autogen",
        module="autogen_core",
        packages=("autogen-core",),
        # Agents and tools, no model calls: those come from the client.
        ways=(OwnWay(needs_global_provider=True, note=_NATIVE),),
    ),
    Target(
        library="agent-framework",
        module="agent_framework",
        packages=("agent-framework", "agent-framework-core"),
        ways=(
            OwnWay(
                needs_global_provider=True,
                note=f"{_NATIVE}; ENABLE_SENSITIVE_DATA=true adds messages and arguments",
            ),
        ),
    ),
    Target(
        library="semantic-kernel",
        module="semantic_kernel",
        packages=("semantic-kernel",),
        ways=(
            OwnWay(
                needs_global_provider=True,
                note=f"{_NATIVE}, once SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_"
                "SENSITIVE=true (or the same without _SENSITIVE: no content) is set",
            ),
        ),
    ),
    Target(
        library="google-adk",
        module="google.adk",
        packages=("google-adk",),
        # OpenInference's replaces its tracers: whoever reads those would see nothing.
        ways=(OwnWay(needs_global_provider=True, note=_NATIVE),),
    ),
    Target(
        library="strands",
        module="strands",
        packages=("strands-agents",),
        ways=(OwnWay(needs_global_provider=True, note=_NATIVE),),
    ),
    Target(
        library="mcp",
        module="mcp",
        packages=("mcp",),
        # OpenInference's makes no spans: it carries the trace over to the MCP server.
        ways=(_oi("mcp"), _traceloop("mcp")),
    ),
    # -- clients ------------------------------------------------------------------------
    Target(
        library="openai",
        module="openai",
        packages=("openai",),
        is_client=True,
        ways=(_oi("openai"), _traceloop("openai"), _otel("openai-v2")),
    ),
    Target(
        library="anthropic",
        module="anthropic",
        packages=("anthropic",),
        is_client=True,
        ways=(
            OwnWay(switch=own.anthropic, needs_global_provider=True),
            _oi("anthropic"),
            _traceloop("anthropic"),
        ),
    ),
    Target(
        library="google-genai",
        module="google.genai",
        packages=("google-genai",),
        is_client=True,
        ways=(_oi("google-genai"), _otel("google-genai"), _traceloop("google-generativeai")),
    ),
    Target(
        library="litellm",
        module="litellm",
        packages=("litellm",),
        is_client=True,
        ways=(_oi("litellm"),),
    ),
    Target(
        library="bedrock",
        module="boto3",
        packages=("boto3",),
        is_client=True,
        ways=(_oi("bedrock"), _traceloop("bedrock")),
    ),
    Target(
        library="mistralai",
        module="mistralai",
        packages=("mistralai",),
        is_client=True,
        ways=(_oi("mistralai"), _traceloop("mistralai")),
    ),
    Target(
        library="groq",
        module="groq",
        packages=("groq",),
        is_client=True,
        ways=(_oi("groq"), _traceloop("groq")),
    ),
    Target(
        library="vertexai",
        module="vertexai",
        packages=("google-cloud-aiplatform",),
        is_client=True,
        ways=(_oi("vertexai"), _traceloop("vertexai")),
    ),
    Target(
        library="cohere",
        module="cohere",
        packages=("cohere",),
        is_client=True,
        ways=(_oi("cohere"), _traceloop("cohere")),
    ),
    Target(
        library="ollama",
        module="ollama",
        packages=("ollama",),
        is_client=True,
        ways=(_oi("ollama"), _traceloop("ollama")),
    ),
    Target(
        library="together",
        module="together",
        packages=("together",),
        is_client=True,
        ways=(_oi("together"), _traceloop("together")),
    ),
)
