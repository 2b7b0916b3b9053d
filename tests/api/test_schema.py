"""
The description in /openapi.json against the app: no generated input makes it fail inside.
"""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error

from api.conftest import World
from api.made import conversation, store


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
