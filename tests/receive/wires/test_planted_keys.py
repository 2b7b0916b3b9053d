"""
Keys of model providers and of the vendors, in the places where these clients put them, are gone
before a handler sees the call.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.receive.wire import Call, Desk, Reply, Route, Wire
from quarterdeck.receive.wires.helicone.wire import WIRE as HELICONE
from quarterdeck.receive.wires.openpipe.wire import WIRE as OPENPIPE
from quarterdeck.receive.wires.portkey.wire import WIRE as PORTKEY
from quarterdeck.storage.events.connection import EventConnection
from receive.wires.served import serve

PROVIDER = "sk-proj-" + "A1b2C3d4E5f6" * 4
VENDOR = "pk_live_Zq81kLmN4tXw"
PLACES: list[tuple[Wire, str, dict[str, str], Any]] = [
    (
        PORTKEY,
        "/v1/logs",
        {
            "x-portkey-api-key": VENDOR,
            "authorization": f"Bearer {PROVIDER}",
            "x-portkey-config": json.dumps(
                {"targets": [{"provider": "openai", "api_key": PROVIDER}]}
            ),
            "x-portkey-aws-secret-access-key": VENDOR,
        },
        [
            {
                "request": {
                    "headers": {
                        "x-portkey-api-key": VENDOR,
                        "Authorization": f"Bearer {PROVIDER}",
                        "x-portkey-config": json.dumps({"targets": [{"api_key": PROVIDER}]}),
                    },
                    "body": {"api_key": VENDOR, "openai_api_key": PROVIDER},
                },
                "metadata": {"note": f"used {PROVIDER} by mistake"},
            }
        ],
    ),
    (
        HELICONE,
        "/oai/v1/log",
        {
            "helicone-auth": f"Bearer {VENDOR}",
            "authorization": f"Bearer {PROVIDER}",
            "helicone-openai-api-key": PROVIDER,
            "helicone-fallbacks": json.dumps(
                [{"target-url": "x", "headers": {"Authorization": f"Bearer {PROVIDER}"}}]
            ),
        },
        {
            "providerRequest": {
                "json": {"model": "m", "api_key": VENDOR, "messages": []},
                "meta": {"Helicone-Auth": f"Bearer {VENDOR}"},
            },
            "providerResponse": {
                "headers": {"Helicone-Auth": f"Bearer {VENDOR}"},
                "textBody": f"AuthenticationError: Incorrect API key provided: {PROVIDER}",
            },
        },
    ),
    (
        OPENPIPE,
        "/api/v1/report",
        {"authorization": f"Bearer {VENDOR}"},
        {
            "reqPayload": {"model": "m", "api_key": VENDOR, "extra_headers": {"x-api-key": VENDOR}},
            "respPayload": None,
            "errorMessage": f"Incorrect API key provided: {PROVIDER}",
        },
    ),
]


@pytest.mark.parametrize(("wire", "path", "headers", "body"), PLACES, ids=lambda one: str(one)[:9])
def test_no_key_that_a_client_sends_along_reaches_a_handler(
    wire: Wire, path: str, headers: dict[str, str], body: Any,
    tmp_path: Path, chdb_database: EventConnection,
) -> None:  # fmt: skip
    seen: list[Call] = []

    async def look(call: Call, _desk: Desk) -> Reply:
        seen.append(call)
        return Reply(body={})

    route = Route(method="POST", path="{rest...}", handler=look)
    with serve(dataclasses.replace(wire, routes=(route,)), tmp_path, chdb_database) as served:
        answer = served.ask("POST", path, json.dumps(body).encode(), headers)
    assert answer.status == 200
    (call,) = seen
    told = repr(call)
    assert PROVIDER not in told
    assert VENDOR not in told
    assert call.payload != body
