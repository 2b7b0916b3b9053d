"""
The HTTP application: every noun's routes, the web app's pages, the errors' shape and the rim
around them.

It has no documentation page and no redirects of its own: what is not declared does not exist.
Refuses to be made with a route that declares no policy.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from quarterdeck.api import (
    accounts,
    approvals,
    audit,
    compare,
    datasets,
    demo,
    differs,
    environments,
    errors,
    experiments,
    export,
    figures,
    find,
    health,
    intake,
    judgements,
    keys,
    live,
    login,
    memory,
    memory_reverts,
    memory_sessions,
    overview,
    people,
    projects,
    prompts,
    received,
    releases,
    resolve,
    session_cost,
    sessions,
    spans,
    step,
    steps,
    tasks,
    transcript,
    web,
    workflow_compare,
    workflow_drafts,
    workflow_outcomes,
    workflows,
)
from quarterdeck.api.access import PUBLIC, allow, guarded_router, require_policies
from quarterdeck.api.bodies import packed, to_json
from quarterdeck.api.live_feeds import Feeds
from quarterdeck.api.login import Throttle
from quarterdeck.api.parts import Parts
from quarterdeck.api.resolve import Resolver
from quarterdeck.api.rim import RawRoute, Rim
from quarterdeck.api.session_cost import Spendings
from quarterdeck.api.stories import Stories
from quarterdeck.api.waits import Waits
from quarterdeck.errors import QuarterdeckError

_ROUTERS = (
    # First, since agents wait for it: each route before it is one more comparison.
    resolve.router,
    health.router,
    login.router,
    accounts.router,
    projects.router,
    keys.router,
    audit.router,
    differs.router,
    sessions.router,
    compare.router,
    spans.router,
    steps.router,
    step.router,
    session_cost.router,
    find.router,
    people.router,
    transcript.router,
    judgements.router,
    approvals.router,
    figures.router,
    tasks.router,
    prompts.router,
    workflow_drafts.router,
    workflows.router,
    workflow_compare.router,
    datasets.router,
    experiments.router,
    memory.router,
    memory_reverts.router,
    memory_sessions.router,
    received.router,
    environments.router,
    releases.router,
    workflow_outcomes.router,
    overview.router,
    intake.router,
    demo.router,
    export.router,
    live.router,
)

root = guarded_router("health", prefix="")

_ANY_OBJECT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/json": {"schema": {"type": "object"}}}}
}


def create_app(
    parts: Parts,
    *,
    raw_routes: Sequence[RawRoute] = (),
    web_folder: Path = web.BUILT,
    stories: Stories | None = None,
) -> FastAPI:
    """
    `raw_routes` are answered by their own ASGI apps before the framework sees the request.
    `web_folder` holds the built web app, which is read here and not again.

    Raises `Misconfigured` if any route lacks a policy.
    """
    app = routed_app()
    app.state.parts = parts
    app.state.access = parts.access
    app.state.throttle = Throttle()
    app.state.stories = stories or Stories()
    app.state.feeds = Feeds()
    app.state.spendings = Spendings()
    app.state.resolver = Resolver(parts.records, now_ns=parts.now_ns)
    app.state.waits = Waits()
    app.state.web = web.read_web(web_folder)
    app.add_exception_handler(QuarterdeckError, errors.answer_ours)
    app.add_exception_handler(RequestValidationError, errors.answer_invalid)
    app.add_exception_handler(HTTPException, intake.answer_missing)
    public_url = parts.settings.public_url.lower()
    app.add_middleware(
        Rim,
        raw_routes=raw_routes,
        https=lambda: public_url.startswith("https://"),
        refused=lambda scope, error: intake.note_confusing(parts, scope, error),
    )
    require_policies((*app.routes, *raw_routes))
    return app


def routed_app() -> FastAPI:
    """Every route and nothing behind them: enough to describe the API, not to answer."""
    app = FastAPI(
        title="Quarterdeck",
        version="1",
        summary="Sessions of autonomous agents: outcomes, cost and people in one record.",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
    )
    for router in (*_ROUTERS, root, web.router):
        # Not `include_router`, which hides the routes in a wrapper that declares nothing.
        app.router.routes.extend(router.routes)
    return app


@root.get("/openapi.json", summary="This description", responses=_ANY_OBJECT)
@allow(PUBLIC)
async def openapi(request: Request) -> Response:
    # Made on the first call, which takes a second; kept by the app.
    described = await asyncio.to_thread(request.app.openapi)
    return packed(request, to_json(described), media_type="application/json")
