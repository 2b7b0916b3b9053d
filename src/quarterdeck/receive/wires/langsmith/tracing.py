"""What LangSmith's clients send while an application runs: runs, in four forms of one call."""

from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply
from quarterdeck.receive.wires.langsmith import bodies
from quarterdeck.receive.wires.langsmith.results import keep_results

_MIB = 1024 * 1024

_INFO = {
    # From 0.8.10 on the client sends feedback with its runs; from 0.16 on it would expect the
    # second version of the API.
    "version": "0.12.0",
    "license_expiration_time": None,
    "instance_flags": {
        "zstd_compression_enabled": True,
        "dataset_examples_multipart_enabled": True,
        "examples_multipart_enabled": True,
        "blob_storage_enabled": False,
        "ch_query_enabled": True,
        "sdb_query_enabled": False,
    },
    # All or nothing: a client that finds one of these missing never sends anything.
    "batch_ingest_config": {
        "use_multipart_endpoint": True,
        "scale_up_qsize_trigger": 1000,
        "scale_up_nthreads_limit": 16,
        "scale_down_nempty_trigger": 4,
        "size_limit": 100,
        "size_limit_bytes": 20 * _MIB,
    },
}


async def info(_call: Call, _desk: Desk) -> Reply:
    """What the server can do; the client chooses its transport by it."""
    return Reply(body=_INFO)


async def multipart(call: Call, desk: Desk) -> Reply:
    await _keep(desk, bodies.of_multipart(call.parts))
    return Reply(status=202, body={"message": "Runs batch ingested"})


async def batch(call: Call, desk: Desk) -> Reply:
    await _keep(desk, bodies.of_batch(call.object()))
    return Reply(status=202, body={"message": "Runs batch ingested"})


async def post_run(call: Call, desk: Desk) -> Reply:
    await _keep(desk, [bodies.of_run("post", call.object())])
    return Reply(status=202, body={"message": "Run created"})


async def patch_run(call: Call, desk: Desk) -> Reply:
    await _keep(desk, [bodies.of_run("patch", {**call.object(), "id": call.path["run_id"]})])
    return Reply(status=202, body={"message": "Run patched"})


async def _keep(desk: Desk, fragments: list[Fragment]) -> None:
    await desk.keep(Reading(fragments=tuple(fragments)))
    await keep_results(desk, fragments)
