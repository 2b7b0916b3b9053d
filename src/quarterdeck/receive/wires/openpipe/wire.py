"""
OpenPipe: calls of a model that its SDK made and reports, afterwards and one by one.

Its SDK waits for each answer and never sends again, so nothing odd in a report is refused.  What
OpenPipe would run itself (its models, its criteria) is not here: those calls are told so.
"""

from typing import Any

from quarterdeck.errors import Invalid, QuarterdeckError, TryAgain
from quarterdeck.receive.wire import Call, Desk, Fragment, Reading, Reply, Route, Wire
from quarterdeck.receive.wires.openpipe import datasets, spans

_CODES = {
    400: "BAD_REQUEST",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    429: "TOO_MANY_REQUESTS",
    501: "NOT_IMPLEMENTED",
    503: "SERVICE_UNAVAILABLE",
}
_SETTLE_S = 5.0
"""A call that was reported just before is stored in much less; one that is not found by its
metadata by then does not get the update."""


def _error(error: QuarterdeckError, status: int) -> Reply:
    """For its own client `message` and `code`, for the OpenAI client inside it `error`."""
    code = _CODES.get(status, "INTERNAL_SERVER_ERROR")
    message = f"{error.message} {error.hint}".strip()
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TryAgain) else {}
    return Reply(
        status=status,
        body={
            "message": message,
            "code": code,
            "error": {"message": message, "type": error.code, "code": code},
        },
        headers=headers,
    )


async def _report(call: Call, desk: Desk) -> Reply:
    return await _keep_report(call, desk, api="openai")


async def _report_anthropic(call: Call, desk: Desk) -> Reply:
    return await _keep_report(call, desk, api="anthropic")


async def _keep_report(call: Call, desk: Desk, *, api: str) -> Reply:
    await desk.keep(Reading(fragments=spans.report_fragments(call.object(), api=api)))
    return Reply(body={"status": "ok"})


async def _update_tags(call: Call, desk: Desk) -> Reply:
    return await _update(call, desk, "tags")


async def _update_metadata(call: Call, desk: Desk) -> Reply:
    return await _update(call, desk, "metadata")


async def _update(call: Call, desk: Desk, member: str) -> Reply:
    """
    Adds tags or metadata to the calls that all filters match.

    One that is named by its completion id may still be on its way: it gets them then.
    """
    body = call.object()
    added = body.get(member)
    if not isinstance(added, dict):
        raise Invalid(f"{member!r} must be an object")
    named = _named_calls(body.get("filters"))
    await desk.settled(within_s=_SETTLE_S)
    known = await _matching(desk, body["filters"])
    targets = dict.fromkeys((*named, *known))
    said = {member: added}
    await desk.keep(
        Reading(
            fragments=tuple(
                Fragment(object=name, kind=spans.UPDATE, body=said, at_ns=call.received_ns)
                for name in targets
            )
        )
    )
    return Reply(body={"matchedLogs": len(known)})


def _named_calls(filters: Any) -> list[str]:
    """The one call that a completion id names.  Raises `Invalid` for what can't be looked up."""
    if not isinstance(filters, list) or not filters:
        raise Invalid("'filters' must be a list with at least one filter")
    for item in filters:
        field = item.get("field") if isinstance(item, dict) else None
        if not isinstance(field, str) or not isinstance(item.get("equals"), str | int | float):
            raise Invalid("a filter is {'field': ..., 'equals': ...}")
        if field != "completionId" and not spans.is_indexed(field):
            raise Invalid(
                f"calls can't be found by {field[:100]!r}",
                hint="Filter by completionId, or by metadata or tags whose name ends in id.",
            )
    if len(filters) == 1 and filters[0]["field"] == "completionId":
        return [spans.call_object(str(filters[0]["equals"]))]
    return []


async def _matching(desk: Desk, filters: list[dict[str, Any]]) -> list[str]:
    """The calls known so far that all filters match."""
    found: list[str] | None = None
    for item in filters:
        if item["field"] == "completionId":
            mine = list(await desk.objects([spans.call_object(str(item["equals"]))]))
        else:
            mine = await desk.members(spans.by_field(item["field"], item["equals"]))
        found = mine if found is None else [name for name in found if name in mine]
    return found or []


async def _no_models(_call: Call, _desk: Desk) -> Reply:
    """Models that OpenPipe trained: none are here."""
    return Reply(body={"object": "list", "data": []})


async def _no_cache(_call: Call, _desk: Desk) -> Reply:
    return Reply(body={"respPayload": None, "tags": []})


WIRE = Wire(
    name="openpipe",
    product="OpenPipe",
    prefixes=("/openpipe",),
    ignored_segments=(("api", "v1"),),
    routes=(
        Route(method="POST", path="report", handler=_report),
        Route(method="POST", path="report-anthropic", handler=_report_anthropic),
        Route(method="POST", path="logs/update-tags", handler=_update_tags),
        Route(method="POST", path="logs/update-metadata", handler=_update_metadata),
        Route(method="POST", path="check-cache", handler=_no_cache),
        Route(method="GET", path="models", handler=_no_models, scope="read"),
        *datasets.ROUTES,
        Route(method="POST", path="chat/completions"),
        Route(method="POST", path="criteria/judge"),
        Route(method="GET", path="models/{model}", scope="read"),
        Route(method="DELETE", path="models/{model}", scope="write"),
        Route(method="POST", path="unstable/{rest...}"),
        Route(method="GET", path="unstable/{rest...}", scope="read"),
    ),
    error=_error,
    build=spans.build,
)
