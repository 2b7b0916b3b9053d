"""
Comet's classic experiment SDK (`comet_ml` 3): `COMET_URL_OVERRIDE=…/comet/clientlib/`.

The SDK cuts every path off that address for the half of its calls that go to the REST API, so
those arrive at the root: `/api/rest/v2/…` and `/clientlib/rest/v2/…`.  Both are answered, and
only what is named here.  Heartbeats are answered and not kept: a run goes on until it says that
it ended.
"""

from collections.abc import Mapping
from typing import Any

from quarterdeck.errors import Invalid, QuarterdeckError
from quarterdeck.receive.wire import Call, Desk, Fragment, Handler, Reading, Reply, Route, Wire
from quarterdeck.receive.wires.comet.assets import upload
from quarterdeck.receive.wires.comet.spans import EXPERIMENT, build

_KEYS = frozenset({"apiKey", "api_key", "experimentKey", "experiment_key"})
_MAX_ID = 200
_FAR_NS = 2**62
_VERSION = "5.0.0"
"""Of a Comet server; the SDK asks newer ones for nothing that is not here."""


def _experiment(told: Mapping[str, Any], *names: str) -> str:
    """Raises `Invalid` where a call names no experiment."""
    for name in (*names, "experimentKey", "experiment_key"):
        value = told.get(name)
        if isinstance(value, str) and 0 < len(value) <= _MAX_ID:
            return value
    raise Invalid("experimentKey must be a text of at most 200 characters")


def _fragment(key: str, kind: str, body: Mapping[str, Any], *, at_ns: int = 0) -> Fragment:
    told = {name: value for name, value in body.items() if name not in _KEYS}
    return Fragment(object=EXPERIMENT + key, kind=kind, body=told, at_ns=at_ns)


def _keeps(kind: str, *, bulky: bool = False) -> Handler:
    """
    A call whose body is one part of its experiment.

    `bulky`: of which there are thousands.  They come after all others and the newest of them
    first, since of a long run only so many parts are read: its name, tags, end and last values
    are then among them.  No order changes what is made of them.
    """

    async def keep(call: Call, desk: Desk) -> Reply:
        body = call.object()
        key = _experiment(body)
        at_ns = _FAR_NS - call.received_ns if bulky else 0
        await desk.keep(Reading(fragments=(_fragment(key, kind, body, at_ns=at_ns),)))
        return _ok()

    return keep


def _ok() -> Reply:
    return Reply(body={"msg": "ok", "code": 200, "success": True})


# ----------------------------------------------------------------------------- experiments


async def _add_run(call: Call, desk: Desk) -> Reply:
    body = call.object()
    key = _experiment(body)
    await desk.keep(Reading(fragments=(_fragment(key, "run", body),)))
    return _handshake(call, key, body)


async def _get_run(call: Call, desk: Desk) -> Reply:
    """An experiment that goes on."""
    body = call.object()
    key = _experiment(body, "previousExperiment")
    await desk.keep(Reading(fragments=(_fragment(key, "resumed", body),)))
    return _handshake(call, key, body)


def _handshake(call: Call, key: str, body: Mapping[str, Any]) -> Reply:
    server = call.base_url.removesuffix("/comet")
    link = f"{server}/sessions/{key}"
    return Reply(
        body={
            "runId": key,
            "experimentId": key,
            "experimentKey": key,
            "workspaceName": body.get("teamName") or "default",
            "projectName": body.get("projectName") or "general",
            "project_id": None,
            "githubEnabled": False,
            "focusUrl": f"{server}/sessions/",
            "experimentLink": link,
            "lastOffset": 0,
            "featureToggles": [],
        }
    )


async def _status(call: Call, desk: Desk) -> Reply:
    body = call.object()
    if body.get("is_alive") is False:
        key = _experiment(body)
        await desk.keep(Reading(fragments=(_fragment(key, "status", body),)))
    return Reply(
        body={
            "is_alive_beat_duration_millis": 10_000,
            "gpu_monitor_interval_millis": 60_000,
            "cpu_monitor_interval_millis": 60_000,
            "parameter_update_interval_millis": 10_000,
            "pending_rpcs": False,
        }
    )


async def _version(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"version": _VERSION})


async def _nothing(_call: Call, _desk: Desk) -> Reply:
    """Asked for, and answered, and nothing to keep: pings, events of the SDK about itself."""
    return _ok()


async def _account(_call: Call, desk: Desk) -> Reply:
    return Reply(body={"userName": desk.actor, "defaultWorkspaceName": "default"})


async def _workspaces(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"workspaceNames": ["default"]})


async def _metadata(call: Call, desk: Desk) -> Reply:
    """The SDK asks once whether an experiment is throttled: none is."""
    key = _experiment({"experimentKey": call.one("experimentKey")})
    found = await desk.objects([EXPERIMENT + key])
    runs = [part.body for part in found.get(EXPERIMENT + key, ()) if part.kind == "run"]
    told = runs[0] if runs and isinstance(runs[0], dict) else {}
    return Reply(
        body={
            "experimentKey": key,
            "workspaceName": told.get("teamName") or "default",
            "projectName": told.get("projectName") or "general",
            "throttle": False,
        }
    )


def _error(problem: QuarterdeckError, status: int) -> Reply:
    return Reply(status=status, body={"msg": str(problem), "code": status, "sdk_error_code": 0})


# ---------------------------------------------------------------------------------- routes

_WRITTEN = {
    "experiment/log-other": _keeps("other"),
    "experiment/parameter": _keeps("parameters"),
    "experiment/metric": _keeps("metrics", bulky=True),
    "experiment/html": _keeps("html"),
    "experiment/output": _keeps("output", bulky=True),
    "experiment/system-details": _keeps("system"),
    "experiment/file-path": _keeps("detail"),
    "experiment/code": _keeps("detail"),
    "experiment/graph": _keeps("detail"),
    "experiment/git/metadata": _keeps("detail"),
    "experiment/cloud-details": _keeps("detail"),
    "experiment/dependencies": _keeps("detail"),
    "experiment/tags": _keeps("tags"),
    "experiment/tags/delete": _keeps("untags"),
    "experiment/update-status": _keeps("state"),
    "experiment/set-start-end-time": _keeps("times"),
}
"""Below `write/`.  Of the machine's load nothing is kept but what comes as a metric."""
_REST = ("api/rest/v2/", "clientlib/rest/v2/")
_LIB = "clientlib/"


def _rest(base: str) -> tuple[Route, ...]:
    return (
        *(Route(method="POST", path=f"{base}write/{path}", handler=handler)
          for path, handler in _WRITTEN.items()),
        Route(method="GET", path=f"{base}write/experiment/set-status", handler=_nothing),
        Route(method="GET", path=f"{base}experiment/metadata", handler=_metadata),
        Route(method="GET", path=f"{base}account-details", handler=_account),
        Route(method="GET", path=f"{base}workspaces", handler=_workspaces, scope="read"),
        *(Route(method=method, path=f"{base}{{rest...}}") for method in ("GET", "POST", "PUT")),
    )  # fmt: skip


_ROUTES = (
        Route(method="GET", path=_LIB + "isAlive/ver", handler=_version, scope=None, body="none"),
        Route(method="GET", path=_LIB + "health/ping", handler=_nothing, scope=None, body="none"),
        Route(method="POST", path=_LIB + "logger/add/run", handler=_add_run),
        Route(method="POST", path=_LIB + "logger/get/run", handler=_get_run),
        Route(method="POST", path=_LIB + "status-report/update", handler=_status),
        Route(method="POST", path=_LIB + "status-report/offline-metadata",
              handler=_keeps("times")),
        Route(method="POST", path=_LIB + "tags/add-tags-to-experiment", handler=_keeps("tags")),
        Route(method="POST", path=_LIB + "batch/logger/experiment/parameter",
              handler=_keeps("parameters")),
        Route(method="POST", path=_LIB + "batch/logger/experiment/metric",
              handler=_keeps("metrics", bulky=True)),
        Route(method="POST", path=_LIB + "notification/experiment",
              handler=_keeps("notification")),
        Route(method="POST", path=_LIB + "notify/event", handler=_nothing),
        Route(method="POST", path=_LIB + "asset/3d-limits", handler=_nothing),
        *(Route(method="POST", path=_LIB + path, handler=upload, body="multipart")
          for path in ("asset/upload", "asset/asset-item", "visualizations/upload")),
        *(route for base in _REST for route in _rest(base)),
        *(Route(method=method, path=_LIB + "{rest...}") for method in ("GET", "POST", "PUT")),
    )  # fmt: skip

WIRE = Wire(
    name="comet",
    product="Comet",
    prefixes=("/comet",),
    error=_error,
    build=build,
    routes=_ROUTES,
    strays=_ROUTES,
)
