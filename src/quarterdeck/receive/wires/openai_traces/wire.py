"""
What the OpenAI Agents SDK's exporter calls: one address, `BackendSpanExporter(endpoint=…)`.

Of an answer it reads the status alone.  It tries 5xx, 408, 409 and 429 three times and drops what
any other refuses.
"""

from quarterdeck.errors import QuarterdeckError
from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire
from quarterdeck.receive.wires.openai_traces.spans import build, read_items


async def _ingest(call: Call, desk: Desk) -> Reply:
    await desk.keep(read_items(call.object().get("data"), received_ns=call.received_ns))
    return Reply(status=204)


_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def _error(error: QuarterdeckError, status: int) -> Reply:
    kind = _TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    message = f"{error.message} {error.hint}".strip()
    told = {"message": message, "type": kind, "param": None, "code": error.code}
    return Reply(status=status, body={"error": told})


WIRE = Wire(
    name="openai_traces",
    product="OpenAI Agents SDK",
    prefixes=("/openai-traces",),
    ignored_segments=(("v1",),),
    routes=(Route(method="POST", path="traces/ingest", handler=_ingest),),
    error=_error,
    build=build,
)
