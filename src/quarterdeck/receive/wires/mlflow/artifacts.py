"""
Artifacts: small files are kept, larger ones refused.

This server keeps what explains an agent's work, and is no store of files.  What a tracking client
writes by the way (notes, tables, a model's description) is small and is given back; the weights of
a model belong into an artifact store of their own.
"""

import base64
from typing import Any

from quarterdeck.errors import Invalid, NotFound, TooLarge
from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.mlflow.logged_models import find as find_logged_model
from quarterdeck.receive.wires.mlflow.proto_json import mapping, text
from quarterdeck.receive.wires.mlflow.run_state import RunState, find_run, run_info
from quarterdeck.receive.wires.mlflow.trace_state import TRACE

MAX_BYTES = 1_000_000
"""Of one file.  A logged table of an evaluation is some 100 kB; a pickled model starts at MBs."""
_FILE = "mlflow:artifact:"
_ROOT = "artifacts"
"""The part of a path that ends what MLflow chose and begins what the application did."""
_MAX_PATH = 1_000
_SPANS_FILE = "traces.json"


async def upload(call: Call, desk: Desk) -> Reply:
    path = plain_path(call.path["path"])
    trace_id = _trace_of(path)
    if trace_id:
        # The spans of a whole trace, of clients that do not send OTLP.
        spans = mapping(decode_json(call.body.decode("utf-8", "replace")))
        if not isinstance(spans.get("spans"), list):
            raise Invalid(f"{_SPANS_FILE} holds no list of spans")
        told = Fragment(object=TRACE + trace_id, kind="spans", body=spans)
        await desk.keep(Reading(fragments=(told,)))
        return Reply(body={})
    await keep_file(desk, path, call.body, at_ns=call.received_ns)
    return Reply(body={})


async def keep_file(desk: Desk, path: str, content: bytes, *, at_ns: int) -> None:
    """Raises `TooLarge`."""
    if len(content) > MAX_BYTES:
        raise TooLarge(
            f"files of over {MAX_BYTES} bytes are not kept, {path[-100:]!r} has {len(content)}",
            hint="Give the experiment an artifact_location of its own, e.g. s3://…",
        )
    told = Fragment(
        object=_FILE + path,
        kind="file",
        body={"base64": base64.b64encode(content).decode(), "size": len(content)},
        collection=_folder(path),
        at_ns=at_ns,
    )
    await desk.keep(Reading(fragments=(told,)))


async def download(call: Call, desk: Desk) -> Reply:
    path = plain_path(call.path["path"])
    trace_id = _trace_of(path)
    if trace_id:
        return Reply(body=await _find_spans_file(desk, trace_id))
    # Never a type that a browser would run.
    return Reply(
        body=await find_file(desk, path),
        content_type="application/octet-stream",
    )


async def _find_spans_file(desk: Desk, trace_id: str) -> dict[str, Any]:
    await desk.settled()
    name = TRACE + trace_id
    for fragment in reversed((await desk.objects([name])).get(name, [])):
        if fragment.kind == "spans":
            return mapping(fragment.body)
    raise NotFound(f"No {_SPANS_FILE} of trace {trace_id!r}")


async def find_file(desk: Desk, path: str) -> bytes:
    """Raises `NotFound`."""
    await desk.settled()
    name = _FILE + path
    fragments = (await desk.objects([name])).get(name, [])
    if not fragments or fragments[-1].kind != "file":
        raise NotFound(f"No such artifact: {path!r}")
    return base64.b64decode(text(mapping(fragments[-1].body).get("base64")))


async def delete(call: Call, desk: Desk) -> Reply:
    path = plain_path(call.path["path"])
    gone = Fragment(object=_FILE + path, kind="delete", body={}, at_ns=call.received_ns)
    await desk.keep(Reading(fragments=(gone,)))
    return Reply(body={})


async def list_files(call: Call, desk: Desk) -> Reply:
    """Of a folder of the store, with paths below that folder."""
    await desk.settled()
    return Reply(body={"files": await list_below(desk, plain_path(call.one("path")), "")})


async def list_of_run(call: Call, desk: Desk) -> Reply:
    """Of a run, with paths below the run's own folder."""
    run_id = call.one("run_id") or call.one("run_uuid")
    await desk.settled()
    run = await find_run(desk, run_id) or RunState(run_id=run_id)
    below = plain_path(call.one("path"))
    root = str(run_info(run)["artifact_uri"]).removeprefix("mlflow-artifacts:/")
    folder = f"{root}/{below}" if below else root
    return Reply(
        body={
            "root_uri": run_info(run)["artifact_uri"],
            "files": await list_below(desk, folder, f"{below}/" if below else ""),
        }
    )


async def list_of_model(call: Call, desk: Desk) -> Reply:
    info = mapping((await find_logged_model(call, desk))["info"])
    below = plain_path(call.one("artifact_directory_path"))
    root = text(info.get("artifact_uri")).removeprefix("mlflow-artifacts:/")
    folder = f"{root}/{below}" if below else root
    return Reply(
        body={
            "root_uri": info.get("artifact_uri"),
            "files": await list_below(desk, folder, f"{below}/" if below else ""),
        }
    )


async def list_below(desk: Desk, folder: str, shown_below: str) -> list[dict[str, Any]]:
    """Files and folders right below a folder; `shown_below` begins the paths that are told."""
    start = f"{folder}/" if folder else ""
    found: dict[str, dict[str, Any]] = {}
    for name, fragments in (await desk.collection(_folder(start))).items():
        path = name.removeprefix(_FILE)
        if not path.startswith(start) or fragments[-1].kind != "file":
            continue
        head, _, deeper = path.removeprefix(start).partition("/")
        shown = shown_below + head
        found[shown] = {"path": shown, "is_dir": bool(deeper)} | (
            {} if deeper else {"file_size": mapping(fragments[-1].body).get("size", 0)}
        )
    return [found[path] for path in sorted(found)]


def _folder(path: str) -> str:
    """The collection that a path is in: all that is below one run, model or trace."""
    parts = path.split("/")
    root = "/".join(parts[: parts.index(_ROOT) + 1]) if _ROOT in parts else ""
    return f"mlflow:artifacts:{root}"


def _trace_of(path: str) -> str:
    parts = path.split("/")
    if parts[-1] == _SPANS_FILE and len(parts) >= 4 and parts[-4] == "traces":
        return parts[-3]
    return ""


def plain_path(path: str) -> str:
    """Without slashes at its ends.  Raises `Invalid` for what leads elsewhere."""
    if len(path) > _MAX_PATH or ".." in path.split("/") or "\\" in path:
        raise Invalid("this is no path of an artifact")
    return path.strip("/")
