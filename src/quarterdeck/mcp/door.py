"""
The way to `/mcp`: the protocol's library is loaded when somebody first speaks it.

Loading takes most of a second, and most servers never hear MCP.
"""

import asyncio
from importlib import import_module
from typing import Any

from starlette.types import ASGIApp

from quarterdeck.api.access import Access
from quarterdeck.receive.limits import Budget

PATH = "/mcp"


class McpDoor:
    """A raw ASGI app.  `api` is the app whose API the tools call; it may be named later."""

    def __init__(self, *, access: Access, budget: Budget, max_request_s: float) -> None:
        self.api: ASGIApp | None = None
        self._access = access
        self._budget = budget
        self._max_request_s = max_request_s
        self._loading = asyncio.Lock()
        self._app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with self._loading:
            if self._app is None:
                http = await asyncio.to_thread(import_module, "quarterdeck.mcp.http")
                self._app = http.McpHttp(
                    self.api,
                    access=self._access,
                    budget=self._budget,
                    max_request_s=self._max_request_s,
                )
        await self._app(scope, receive, send)
