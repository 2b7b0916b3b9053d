"""
Opik's REST API (`opik` 2.2), as far as its SDK calls it: `OPIK_URL_OVERRIDE=…/opik/api/`.

The cloud's address has `/opik/api` before a path, a local server's `/api`, and both are
accepted.  The key is in `Authorization`, alone.
"""

from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire
from quarterdeck.receive.wires.opik import answers, threads
from quarterdeck.receive.wires.opik.spans import build
from quarterdeck.receive.wires.opik.tracing import Objects, handlers

_V1 = "v1/private/"


async def _ping(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"message": "Healthy Server", "healthy": True})


async def _version(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"version": "2.2.122"})


async def _access(_call: Call, _desk: Desk) -> Reply:
    return Reply(status=204)


async def _workspace(_call: Call, _desk: Desk) -> Reply:
    """Quarterdeck knows no workspaces: the key names the project, and all is in one place."""
    return Reply(body={"workspace_name": "default"})


def _tracing(kind: Objects) -> tuple[Route, ...]:
    do, base = handlers(kind), _V1 + kind
    return (
        Route(method="POST", path=f"{base}/batch", handler=do["batch"]),
        Route(method="PATCH", path=f"{base}/batch", handler=do["change_many"]),
        Route(method="PUT", path=f"{base}/feedback-scores", handler=do["score_many"]),
        Route(method="POST", path=base, handler=do["create"]),
        Route(method="PATCH", path=f"{base}/{{id}}", handler=do["change"]),
        Route(method="PUT", path=f"{base}/{{id}}/feedback-scores", handler=do["score"]),
        Route(method="POST", path=f"{base}/{{id}}/feedback-scores/delete", handler=do["unscore"]),
        Route(method="POST", path=f"{base}/{{id}}/comments", handler=do["comment"]),
    )


_THREADS = _V1 + "traces/threads/"

WIRE = Wire(
    name="opik",
    product="Opik",
    prefixes=("/opik",),
    ignored_segments=(("opik", "api"), ("api",)),
    error=answers.error,
    build=build,
    routes=(
        Route(method="GET", path="is-alive/ping", handler=_ping, scope=None, body="none"),
        Route(method="GET", path="is-alive/ver", handler=_version, scope=None, body="none"),
        Route(method="POST", path=_V1 + "auth", handler=_access, body="none"),
        Route(method="GET", path=_V1 + "auth/workspace", handler=_workspace, body="none"),
        Route(method="PUT", path=_THREADS + "close", handler=threads.close),
        Route(method="PUT", path=_THREADS + "open", handler=threads.reopen),
        Route(method="PUT", path=_THREADS + "feedback-scores", handler=threads.score),
        Route(method="POST", path=_THREADS + "feedback-scores/delete", handler=threads.unscore),
        *_tracing("traces"),
        *_tracing("spans"),
    ),
)
