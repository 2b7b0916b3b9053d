"""
Answers as Portkey's client wants them: every one names a trace.

Its SDK sends a call that failed once more unless the answer carries a header of Portkey's own, so
errors carry one too.
"""

import uuid
from typing import Any

from quarterdeck.errors import QuarterdeckError, TryAgain
from quarterdeck.receive.wire import Call, Reply

_TRACE = "x-portkey-trace-id"


def reply(call: Call, body: Any) -> Reply:
    return Reply(body=body, headers={_TRACE: call.headers.get(_TRACE) or str(uuid.uuid4())})


def error_reply(error: QuarterdeckError, status: int) -> Reply:
    """The client reads `error.message`; which trace a call was of is not told with an error."""
    headers = {_TRACE: str(uuid.uuid4())}
    if isinstance(error, TryAgain):
        headers["Retry-After"] = str(error.retry_after_s)
    message = f"{error.message} {error.hint}".strip()
    return Reply(
        status=status,
        body={
            "status": "failure",
            "error": {"message": message, "type": error.code, "param": None, "code": str(status)},
        },
        headers=headers,
    )
