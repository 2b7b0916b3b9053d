"""
The HTTP application: every noun's routes, the errors' shape and the rim around them.

It has no static files, no documentation page and no redirects of its own: what is not declared
does not exist.  Refuses to be made with a route that declares no policy.
"""

from collections.abc import Sequence

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from quarterdeck.api import (
    accounts,
    audit,
    errors,
    export,
    figures,
    health,
    judgements,
    keys,
    login,
    projects,
    received,
    sessions,
    spans,
    steps,
)
from quarterdeck.api.access import PUBLIC, allow, guarded_router, require_policies
from quarterdeck.api.bodies import packed, to_json
from quarterdeck.api.login import Throttle
from quarterdeck.api.parts import Parts
from quarterdeck.api.rim import RawRoute, Rim
from quarterdeck.api.steps import Stories
from quarterdeck.errors import QuarterdeckError

_ROUTERS = (
    health.router,
    login.router,
    accounts.router,
    projects.router,
    keys.router,
    audit.router,
    sessions.router,
    spans.router,
    steps.router,
    judgements.router,
    figures.router,
    received.router,
    export.router,
)

root = guarded_router("health", prefix="")


def create_app(parts: Parts, *, raw_routes: Sequence[RawRoute] = ()) -> FastAPI:
    """
    `raw_routes` are answered by their own ASGI apps before the framework sees the request.

    Raises `Misconfigured` if any route lacks a policy.
    """
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
    app.state.parts = parts
    app.state.access = parts.access
    app.state.throttle = Throttle()
    app.state.stories = Stories()
    for router in (*_ROUTERS, root):
        # Not `include_router`, which hides the routes in a wrapper that declares nothing.
        app.router.routes.extend(router.routes)
    app.add_exception_handler(QuarterdeckError, errors.answer_ours)
    app.add_exception_handler(RequestValidationError, errors.answer_invalid)
    app.add_exception_handler(HTTPException, errors.answer_framework)
    public_url = parts.settings.public_url.lower()
    app.add_middleware(Rim, raw_routes=raw_routes, https=lambda: public_url.startswith("https://"))
    require_policies((*app.routes, *raw_routes))
    return app


@root.get("/openapi.json", summary="This description")
@allow(PUBLIC)
async def openapi(request: Request) -> Response:
    return packed(request, to_json(request.app.openapi()), media_type="application/json")
