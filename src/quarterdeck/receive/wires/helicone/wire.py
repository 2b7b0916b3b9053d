"""
Helicone: what its loggers send, feedback by request, sessions and runs, and prompts.

Its loggers wait for an answer of exactly 200 and send once; nothing odd in a log is refused.  Its
base address is a gateway to model providers: those calls are not answered here.
"""

from collections.abc import Mapping, Sequence

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, Route, Wire
from quarterdeck.receive.wires.helicone import jobs, prompts, scores, spans
from quarterdeck.receive.wires.helicone.said import read_headers

_DONE = {"data": "ok", "error": None}


def _error(error: QuarterdeckError, status: int) -> Reply:
    """`error` is a text for Helicone's own clients; the OpenAI client shows the body as it is."""
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TryAgain) else {}
    message = f"{error.message} {error.hint}".strip()
    return Reply(
        status=status,
        body={"data": None, "error": message, "success": False, "code": error.code},
        headers=headers,
    )


async def _log(call: Call, desk: Desk) -> Reply:
    fragments = spans.log_fragments(
        call.object(),
        call.headers,
        provider=call.path.get("provider", ""),
        received_ns=call.received_ns,
    )
    await desk.keep(Reading(fragments=fragments))
    return Reply(body={"message": "ok"})


async def _feedback(call: Call, desk: Desk) -> Reply:
    return await _about(call, desk, call.path["request"], scores.FEEDBACK)


async def _score(call: Call, desk: Desk) -> Reply:
    return await _about(call, desk, call.path["request"], scores.SCORE)


async def _property(call: Call, desk: Desk) -> Reply:
    return await _about(call, desk, call.path["request"], spans.PROPERTY)


async def _named_feedback(call: Call, desk: Desk) -> Reply:
    """The SDK of 2023 names the request in the body."""
    request = call.object().get("helicone-id") or call.object().get("heliconeId")
    return await _about(call, desk, str(request or ""), scores.NAMED)


async def _about(call: Call, desk: Desk, request: str, kind: str) -> Reply:
    """About a request that may not have come yet, or that another gateway saw."""
    fragment = Fragment(
        object=spans.REQUEST + request, kind=kind, body=call.object(), at_ns=call.received_ns
    )
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body={"data": None, "error": None})


async def _session_feedback(call: Call, desk: Desk) -> Reply:
    judgement = scores.session_rating(
        call.path["session"], call.object(), received_ns=call.received_ns
    )
    await desk.keep(Reading(judgements=(judgement,)))
    return Reply(body=_DONE)


async def _job(call: Call, desk: Desk) -> Reply:
    return await _run(call, desk, jobs.JOB, str(call.object().get("id") or ""), jobs.POST)


async def _node(call: Call, desk: Desk) -> Reply:
    return await _run(call, desk, jobs.NODE, str(call.object().get("id") or ""), jobs.POST)


async def _job_status(call: Call, desk: Desk) -> Reply:
    return await _run(call, desk, jobs.JOB, call.path["run"], jobs.STATUS)


async def _node_status(call: Call, desk: Desk) -> Reply:
    return await _run(call, desk, jobs.NODE, call.path["run"], jobs.STATUS)


async def _run(call: Call, desk: Desk, home: str, run: str, kind: str) -> Reply:
    fragment = Fragment(object=home + run, kind=kind, body=call.object(), at_ns=call.received_ns)
    await desk.keep(Reading(fragments=(fragment,)))
    return Reply(body=_DONE)


def _stamp(headers: Mapping[str, str]) -> Mapping[str, str]:
    said = read_headers(headers)
    found = {"session.id": said.session, "user.id": said.user}
    return {name: value for name, value in found.items() if value}


def build(name: str, fragments: Sequence[Fragment]) -> list[RawSpan]:
    if name.startswith(spans.REQUEST):
        return spans.build_log(name, fragments)
    if name.startswith(spans.PATH):
        return spans.build_path(name, fragments)
    if name.startswith(jobs.JOB):
        return jobs.build_job(name, fragments)
    return jobs.build_node(name, fragments)


_GATEWAY = (
    "chat/completions", "completions", "embeddings", "responses", "messages", "images/{rest...}",
    "audio/{rest...}", "moderations",
)  # fmt: skip

_RUNS = (
    Route(method="POST", path="job", handler=_job),
    Route(method="POST", path="node", handler=_node),
    Route(method="PATCH", path="job/{run}/status", handler=_job_status),
    Route(method="PATCH", path="node/{run}/status", handler=_node_status),
)

WIRE = Wire(
    name="helicone",
    product="Helicone",
    prefixes=("/helicone",),
    key_headers=("helicone-auth",),
    foreign_credentials=True,
    routes=(
        Route(method="POST", path="{provider}/v1/log", handler=_log),
        *(
            Route(method="POST", path=path, body="otlp", stamp=_stamp)
            for path in ("v1/trace/log-python", "v1/trace/log", "v1/traces")
        ),
        Route(method="POST", path="v1/request/{request}/feedback", handler=_feedback),
        Route(method="POST", path="v1/request/{request}/score", handler=_score),
        Route(method="PUT", path="v1/request/{request}/property", handler=_property),
        Route(method="POST", path="v1/session/{session}/feedback", handler=_session_feedback),
        Route(method="POST", path="v1/feedback", handler=_named_feedback),
        *_RUNS,
        *prompts.ROUTES,
        *(Route(method="POST", path=before + path) for before in ("v1/", "") for path in _GATEWAY),
        Route(method="POST", path="v1/gateway/{rest...}"),
    ),
    # The SDK of 2023 joins its addresses with the base as a browser would.
    strays=(
        *(Route(method="POST", path=f"{one}/v1/log", handler=_log) for one in ("oai", "anthropic")),
        *_RUNS,
    ),
    error=_error,
    build=build,
)
