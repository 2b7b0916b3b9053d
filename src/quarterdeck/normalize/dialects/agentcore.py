"""
Amazon Bedrock AgentCore: a place where agents of any framework run.

It adds the ids of its runtime, memory, gateway, browser and code interpreter.  The browser's
session is a browser's, never an agent's.
"""

from quarterdeck.normalize.attributes import session_id
from quarterdeck.normalize.dialect import (
    Dialect,
    Kind,
    KindSource,
    Recognizes,
    Source,
)


def _by_name(name: str) -> Kind | None:
    if name.startswith(("agentcore.memory", "bedrockagentcore.memory")):
        return Kind("memory")
    if name.startswith(("agentcore.runtime.invoke", "invokeagentruntime")):
        return Kind("step", "turn")
    return None


DIALECT = Dialect(
    name="agentcore",
    recognizes=Recognizes(
        scopes=("bedrock-agentcore", "bedrock_agentcore", "agentcore"),
        names=("AgentCore.", "InvokeAgentRuntime"),
        keys=(
            "gen_ai.runtime.id", "gen_ai.gateway.id", "gen_ai.memory.id",
            "gen_ai.code_interpreter.id", "gen_ai.browser.id", "aws.agentcore.",
        ),
    ),
    kinds=(KindSource(5, "", read=_by_name, gated=True),),
    sources=(
        Source("session_key", 127, "aws.agentcore.session.id", session_id),
        Source("agent_id", 40, "aws.agent.id", gated=True),
    ),
)  # fmt: skip
