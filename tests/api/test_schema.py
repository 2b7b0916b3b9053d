"""
The description in /openapi.json against the app: no generated input makes it fail inside.
"""

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from api.conforming import are_answers
from api.conftest import World, bearer
from api.made import conversation, span_of, store, trace_of
from quarterdeck.api.access import GuardedRoute
from quarterdeck.api.answers.problem import ErrorAnswer
from quarterdeck.api.spans import plain_of
from quarterdeck.model.sessions import TreeNode


def test_the_description_names_every_endpoint(world: World) -> None:
    described = world.app.openapi()["paths"]
    assert "/api/v1/sessions/{session_id}/steps" in described
    assert "/healthz" in described


@pytest.mark.parametrize(
    "path",
    ["/api/v1/sessions", "/api/v1/figures", "/api/v1/export", "/api/v1/sessions/{session_id}/steps",
     "/api/v1/sessions/{session_id}/feedback", "/api/v1/project", "/api/v1/keys",
     "/api/v1/members", "/api/v1/spans/{trace_id}/{span_id}", "/api/v1/login"],
)  # fmt: skip
def test_no_generated_input_makes_it_fail_inside(world: World, path: str) -> None:
    store(world.events, "acme", conversation("s-1", trace=1), now_ns=world.clock())
    key = world.key("acme").secret
    described = schemathesis.openapi.from_dict(world.app.openapi())
    described.app = world.app
    answered = 0
    for operation in described.include(path_regex=f"^{_escaped(path)}$").get_all_operations():

        @settings(
            max_examples=15, deadline=None, database=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @_given(operation.ok())  # type: ignore[untyped-decorator, union-attr]  # raises if invalid
        def try_one(case: Any) -> None:
            nonlocal answered
            answer = case.call(headers={"authorization": f"Bearer {key}"})
            case.validate_response(answer, checks=[not_a_server_error])
            assert answer.status_code < 500
            answered += 1

        try_one()
    assert answered >= 5


def _given(operation: Any) -> Any:
    from hypothesis import given

    return given(case=operation.as_strategy())


def _escaped(path: str) -> str:
    return path.replace("{", r"\{").replace("}", r"\}")


def test_every_route_declares_its_answer(world: World) -> None:
    """A JSON answer by its model, other content by its media type; errors have one form."""
    for route in world.app.routes:
        assert isinstance(route, GuardedRoute)
        if not route.include_in_schema:
            continue  # pages and files of the web app
        told = [said for status, said in route.responses.items() if str(status).startswith("2")]
        assert told, route.path
        for said in told:
            assert are_answers(said.get("model")) or said.get("content"), route.path
        assert route.responses["4XX"]["model"] is ErrorAnswer, route.path


def test_the_description_needs_no_server_and_is_the_same_each_time(world: World) -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "quarterdeck.api.describe"],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7"},
    ).stdout
    here = json.dumps(world.app.openapi(), indent=2, sort_keys=True, ensure_ascii=False)
    assert printed == here + "\n"


def test_no_two_answers_share_a_name(world: World) -> None:
    """Else both would be called by their whole module in the description, and so in the web."""
    names = world.app.openapi()["components"]["schemas"]
    assert [name for name in names if "__" in name] == []


def test_what_may_be_absent_is_never_null_and_what_is_null_is_never_absent(world: World) -> None:
    frame = world.app.openapi()["components"]["schemas"]["StepFrame"]
    assert {"agent", "ended_at", "cost_usd"} <= set(frame["required"])
    assert {"type": "null"} in frame["properties"]["agent"]["anyOf"]
    assert "preview" not in frame["required"]
    assert frame["properties"]["preview"]["$ref"] == "#/components/schemas/StepPreview"
    assert "default" not in frame["properties"]["preview"]


async def test_money_has_no_exponent_however_little(world: World) -> None:
    """A tenth of a microdollar is `1E-7` to Python, which no reader of money expects."""
    spans = conversation("s-1", trace=1)
    cheap = {**spans[1].attributes, "llm.cost.total": 0.0000001}
    store(
        world.events,
        "acme",
        [spans[0], msgspec.structs.replace(spans[1], attributes=cheap), spans[2]],
        now_ns=world.clock(),
    )
    async with world.client(headers=bearer(world.key("acme"))) as client:
        shown = (await client.get(f"/api/v1/spans/{trace_of(1)}/{span_of(2)}")).json()["span"]
    assert shown["charge"]["reported_usd"] == "0.0000001"
    node = TreeNode(id="0", kind="model", label="gpt-4o", cost_usd=Decimal("1E-7"))
    assert plain_of(node)["cost_usd"] == "0.0000001"
