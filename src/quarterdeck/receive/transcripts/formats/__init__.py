"""
Every format that can be imported, in the order in which they are asked.

The order only matters for speed: no two may recognize one file (the contract kit tries all).
"""

from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.formats import (
    agentrx,
    agentsview_export,
    atif,
    bfcl,
    claude_code,
    codex,
    gemini_cli,
    gptme,
    grok_build,
    iflow,
    inspect_ai,
    kimi,
    kiro,
    langfuse_trace,
    omnigent,
    openclaw,
    otlp_json,
    pi,
    posit_assistant,
    qwenpaw,
    support_export,
    swe_agent,
    tau2_bench,
    tau_bench,
    traex,
    vibe,
    who_and_when,
    zed,
)

FORMATS: tuple[Format, ...] = (
    agentrx.FORMAT,
    agentsview_export.FORMAT,
    atif.FORMAT,
    bfcl.FORMAT,
    claude_code.FORMAT,
    codex.FORMAT,
    gemini_cli.FORMAT,
    gptme.FORMAT,
    grok_build.FORMAT,
    iflow.FORMAT,
    inspect_ai.FORMAT,
    kimi.FORMAT,
    kiro.FORMAT,
    langfuse_trace.FORMAT,
    omnigent.FORMAT,
    openclaw.FORMAT,
    otlp_json.FORMAT,
    pi.FORMAT,
    posit_assistant.FORMAT,
    qwenpaw.FORMAT,
    support_export.FORMAT,
    swe_agent.FORMAT,
    tau2_bench.FORMAT,
    tau_bench.FORMAT,
    traex.FORMAT,
    vibe.FORMAT,
    who_and_when.FORMAT,
    zed.FORMAT,
)
"""Each from the file of its name."""
