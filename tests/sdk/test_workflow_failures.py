"""Why a model call failed, told by what clients of all providers have in common."""

import json
from typing import Any

import httpx
import openai
import pytest

from quarterdeck.sdk.workflow.failures import failure_of

REQUEST: Any = httpx.Request("POST", "https://models.test/v1/chat/completions")


def refused(status: int, **body: Any) -> openai.APIStatusError:
    response: Any = httpx.Response(status, request=REQUEST, json={"error": body})
    client = openai.OpenAI(api_key="k", base_url="https://models.test/v1")
    return client._make_status_error_from_response(response)


class OverloadedError(Exception):
    status_code = 529


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (refused(429, message="slow down", code="rate_limit_exceeded"), "rate_limited"),
        (refused(429, message="pay first", code="insufficient_quota"), "budget_exceeded"),
        (refused(400, message="m", code="context_length_exceeded"), "context_too_long"),
        (refused(400, message="m", code="content_filter"), "content_filter"),
        (refused(400, message="no such parameter", code="unknown_parameter"), None),
        (refused(401, message="no key"), None),
        (refused(404, message="no model"), None),
        (refused(500, message="m"), "server_error"),
        (refused(502, message="content_filter"), "server_error"),
        (refused(503, message="m"), "overloaded"),
        (OverloadedError(), "overloaded"),
        (openai.APITimeoutError(REQUEST), "timeout"),
        (openai.APIConnectionError(request=REQUEST), "connection"),
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ConnectError("refused"), "connection"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "connection"),
        (json.JSONDecodeError("bad", "x", 0), "invalid_response"),
        (ValueError("the rate_limit of this program"), None),
        (KeyError("connection"), None),
        (KeyboardInterrupt(), None),
    ],
    ids=repr,
)
def test_a_failure_is_told_by_status_code_and_class(
    error: BaseException, expected: str | None
) -> None:
    assert failure_of(error) == expected
