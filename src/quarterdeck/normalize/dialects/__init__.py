"""
All dialects, in order of precedence: the order decides ties of rank, and who adjusts first.

Our own attributes come first, since a user sets them on purpose; frameworks come before the
conventions that they build on, so that the more specific one is named first.
"""

from quarterdeck.normalize.dialect import Dialect
from quarterdeck.normalize.dialects import (
    adk,
    agent_framework,
    agentcore,
    autogen,
    claude_code,
    codex,
    crewai,
    flue,
    gemini_cli,
    genkit,
    haystack,
    laminar,
    langgraph,
    litellm,
    livekit,
    mastra,
    metric_points,
    openai_agents,
    openclaw,
    openlit,
    otel_genai,
    quarterdeck,
    semantic_kernel,
    strands,
    voltagent,
    weave,
)

DIALECTS: tuple[Dialect, ...] = (
    quarterdeck.DIALECT,
    # -- what a sender's own library says about itself
    # -- frameworks, products and coding agents
    claude_code.DIALECT,
    codex.DIALECT,
    gemini_cli.DIALECT,
    openclaw.DIALECT,
    adk.DIALECT,
    strands.DIALECT,
    agent_framework.DIALECT,
    autogen.DIALECT,
    crewai.DIALECT,
    openai_agents.DIALECT,
    langgraph.DIALECT,
    mastra.DIALECT,
    openlit.DIALECT,
    litellm.DIALECT,
    laminar.DIALECT,
    haystack.DIALECT,
    livekit.DIALECT,
    voltagent.DIALECT,
    genkit.DIALECT,
    flue.DIALECT,
    semantic_kernel.DIALECT,
    agentcore.DIALECT,
    weave.DIALECT,
    metric_points.DIALECT,
    # -- conventions that many libraries share
    otel_genai.DIALECT,
)
