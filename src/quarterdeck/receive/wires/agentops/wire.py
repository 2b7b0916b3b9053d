"""
AgentOps: a login with the key, then OTLP, and beside it what the program printed.

The SDK exchanges its key for a token once and never again; the token is the key itself.  Where
login fails it goes on without any credential, and its spans are refused like anybody's.  Reading
back is what `agentops.validation` asks: a trace's spans and its tokens.
"""

from quarterdeck.errors import Invalid, NotFound, QuarterdeckError, TryAgain
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, Route, Wire
from quarterdeck.receive.wires.agentops import printed, traces

_SETTLE_S = 5.0
"""Validation follows at once on the end of a trace, and gives up after a few seconds."""


def _error(error: QuarterdeckError, status: int) -> Reply:
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TryAgain) else {}
    message = f"{error.message} {error.hint}".strip()
    return Reply(status=status, body={"error": message, "code": error.code}, headers=headers)


def _token(call: Call) -> str:
    """The key that the call logged in with."""
    return call.headers.get("authorization", "").partition(" ")[2]


async def _login(call: Call, desk: Desk) -> Reply:
    return Reply(
        body={
            "token": _token(call),
            "project_id": str(desk.project_id),
            "project_prem_status": "pro",
        }
    )


async def _read_login(call: Call, _desk: Desk) -> Reply:
    return Reply(body={"bearer": _token(call)})


async def _printed(call: Call, desk: Desk) -> Reply:
    text = _text(call)
    trace_id = printed.trace_of(call.headers.get("trace-id", ""))
    fragment = Fragment(
        object=printed.LOG + trace_id, kind="printed", body={"body": text}, at_ns=call.received_ns
    )
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body={"url": f"{call.base_url}/v4/logs/{trace_id}", "size": len(text.encode())})


async def _upload(call: Call, desk: Desk) -> Reply:
    text = _text(call)
    name = printed.name_of(text)
    fragment = Fragment(object=printed.OBJECT + name, kind="object", body={"body": text})
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body={"url": f"{call.base_url}/v4/objects/{name}", "size": len(text.encode())})


async def _object(call: Call, desk: Desk) -> Reply:
    return await _stored(desk, printed.OBJECT + call.path["name"])


async def _log(call: Call, desk: Desk) -> Reply:
    return await _stored(desk, printed.LOG + call.path["name"])


async def _stored(desk: Desk, name: str) -> Reply:
    found = (await desk.objects([name])).get(name)
    if not found:
        raise NotFound("nothing was uploaded under this address")
    return Reply(body=printed.text_of(found), content_type="text/plain; charset=utf-8")


def _text(call: Call) -> str:
    body = call.object().get("body")
    if not isinstance(body, str):
        raise Invalid("'body' must be a text")
    return body


async def _trace(call: Call, desk: Desk) -> Reply:
    return Reply(body=traces.shown(call.path["trace"], await _spans(call, desk)))


async def _metrics(call: Call, desk: Desk) -> Reply:
    return Reply(body=traces.measured(await _spans(call, desk)))


async def _spans(call: Call, desk: Desk) -> traces.Spans:
    await desk.settled(within_s=_SETTLE_S)
    found = await desk.trace(call.path["trace"].lower())
    if not found:
        raise NotFound(f"there is no trace {call.path['trace'][:40]!r}")
    return found


WIRE = Wire(
    name="agentops",
    product="AgentOps",
    prefixes=("/agentops",),
    routes=(
        Route(method="POST", path="v3/auth/token", handler=_login, key_in_body="api_key"),
        Route(
            method="POST",
            path="public/v1/auth/access_token",
            handler=_read_login,
            scope="read",
            key_in_body="api_key",
        ),
        Route(method="POST", path="v1/traces", body="otlp"),
        Route(method="POST", path="v1/metrics", body="otlp", signal="metrics"),
        Route(method="POST", path="v1/logs", body="otlp", signal="logs"),
        Route(method="POST", path="v4/logs/upload", handler=_printed),
        Route(method="POST", path="v4/objects/upload", handler=_upload),
        Route(method="GET", path="v4/logs/{name}", handler=_log, scope="read"),
        Route(method="GET", path="v4/objects/{name}", handler=_object, scope="read"),
        Route(method="GET", path="public/v1/traces/{trace}", handler=_trace, scope="read"),
        Route(method="GET", path="public/v1/traces/{trace}/metrics", handler=_metrics,
              scope="read"),
    ),
    error=_error,
    build=printed.build,
)  # fmt: skip
