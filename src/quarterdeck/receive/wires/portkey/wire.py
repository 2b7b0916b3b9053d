"""
Portkey: logs and feedback that its SDK, its LangChain callback and its instrumentation send, and
prompts.

Its base address is a gateway to model providers.  That gateway is not here: such a call is told
so.  The key is in a header of Portkey's own; `Authorization` belongs to the provider, or holds a
word that the SDK put there, and is neither read nor refused.
"""

from quarterdeck.errors import NotFound
from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire
from quarterdeck.receive.wires.portkey import feedback, prompts, spans
from quarterdeck.receive.wires.portkey.replies import error_reply, reply


async def _log(call: Call, desk: Desk) -> Reply:
    reading = spans.read_logs(call.payload, call.headers, received_ns=call.received_ns)
    await desk.keep(reading)
    return reply(call, {"status": "success", "success": True})


async def _give(call: Call, desk: Desk) -> Reply:
    reading, ids = feedback.read_feedback(call.payload, received_ns=call.received_ns)
    await desk.keep(reading)
    return reply(
        call,
        {"status": "success", "message": f"{len(ids)} feedback(s) saved", "feedback_ids": ids},
    )


async def _change(call: Call, desk: Desk) -> Reply:
    """Feedback that was given a moment ago may not be stored yet: it is waited for."""
    feedback_id = call.path["feedback"]
    name = feedback.FEEDBACK + feedback_id
    said = call.object()
    await desk.settled(within_s=2.0)
    known = (await desk.objects([name])).get(name, [])
    await desk.keep(feedback.read_change(feedback_id, said, known, received_ns=call.received_ns))
    return reply(
        call, {"status": "success", "message": "feedback updated", "feedback_ids": [feedback_id]}
    )


async def _empty(call: Call, _desk: Desk) -> Reply:
    """Configurations, keys and models of the gateway: none are here."""
    return reply(call, {"success": True, "object": "list", "total": 0, "data": []})


async def _missing(call: Call, _desk: Desk) -> Reply:
    raise NotFound(f"there is no {call.path['slug'][:100]!r}")


_GATEWAY = (
    "chat/completions", "completions", "embeddings", "responses", "messages", "prompt/complete",
    "images/{rest...}", "audio/{rest...}", "moderations", "rerank", "files", "batches", "threads",
    "assistants", "fine_tuning/{rest...}", "realtime/{rest...}", "vector_stores", "uploads",
    "conversations", "videos", "evals", "containers",
)  # fmt: skip

WIRE = Wire(
    name="portkey",
    product="Portkey",
    prefixes=("/portkey",),
    ignored_segments=(("v1",),),
    key_headers=("x-portkey-api-key",),
    foreign_credentials=True,
    routes=(
        Route(method="POST", path="logs", handler=_log),
        Route(method="POST", path="otel/v1/traces", body="otlp", stamp=spans.otlp_stamp),
        Route(method="POST", path="otel/v1/logs", body="otlp", signal="logs"),
        Route(method="POST", path="otel/v1/metrics", body="otlp", signal="metrics"),
        Route(method="POST", path="feedback", handler=_give),
        Route(method="PUT", path="feedback/{feedback}", handler=_change),
        *prompts.ROUTES,
        Route(method="GET", path="models", handler=_empty, scope="read"),
        Route(method="GET", path="configs", handler=_empty, scope="read"),
        Route(method="GET", path="configs/{slug}", handler=_missing, scope="read"),
        Route(method="POST", path="configs", scope="write"),
        Route(method="PUT", path="configs/{slug}", scope="write"),
        Route(method="GET", path="virtual-keys", handler=_empty, scope="read"),
        Route(method="GET", path="virtual-keys/{slug}", handler=_missing, scope="read"),
        Route(method="POST", path="virtual-keys", scope="write"),
        *(Route(method="POST", path=path) for path in _GATEWAY),
    ),
    error=error_reply,
    build=spans.build,
)
