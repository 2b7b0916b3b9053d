"""
LiteLLM (1.109), library and proxy.

`raw_gen_ai_request` repeats its parent `litellm_request` in the provider's words: one call.
The proxy's keys name a team and an end user, never a session; `litellm.trace_id` joins the
traces of one conversation.
"""

from quarterdeck.model.spans import Value
from quarterdeck.normalize.attributes import money, session_id
from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
    Source,
)

_KINDS = {
    "litellm_request": Kind("model"),
    "raw_gen_ai_request": Kind("step", "http"),
    "received proxy server request": Kind("step", "http"),
    "proxy_pre_call": Kind("step", "http"),
    "auth": Kind("step", "http"),
    "router": Kind("step", "routing"),
    "self": Kind("step", "http"),
    "redis": Kind("step", "db"),
    "postgres": Kind("step", "db"),
    "batch_write_to_db": Kind("step", "db"),
}


def _guardrail(name: str) -> Kind | None:
    return Kind("guardrail") if name.startswith("guardrail") else None


def _join(value: Value) -> tuple[str, ...] | None:
    found = session_id(value)
    return (f"litellm:{found}",) if found else None


def _adjust(draft: Draft) -> None:
    if draft.raw.name == "raw_gen_ai_request":
        draft.found["kind"], draft.found["subkind"] = "step", "http"
        for name in ("usage", "reported_usd", "token_semantics"):
            draft.found.pop(name, None)


DIALECT = Dialect(
    name="litellm",
    recognizes=Recognizes(
        scopes=("litellm",),
        names=("litellm_request", "raw_gen_ai_request", "Received Proxy Server Request"),
        keys=("litellm.", "metadata.user_api_key_", "hidden_params."),
    ),
    kinds=(KindSource(5, "", _KINDS, _guardrail, gated=True),),
    sources=(
        Source("join_keys", 40, "litellm.trace_id", _join),
        Source("session_key", 118, "metadata.session_id", session_id, gated=True),
        Source("user", 90, "metadata.user_api_key_end_user_id"),
        Source("user", 115, "metadata.user_api_key_user_id"),
        Source("reported_usd", 60, "gen_ai.cost.total_cost", money),
        Source("reported_usd", 61, "hidden_params.response_cost", money),
        Source("tags", 80, "litellm.team.alias", lambda v: (f"team:{v}",) if v else None),
    ),
    adjust=_adjust,
)
