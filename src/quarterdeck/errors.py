"""
Every error that Quarterdeck raises on purpose, named after what the caller can do.

* QuarterdeckError
  - NotFound      the thing named does not exist, or not for this project
  - Conflict      it exists already, or has moved on since it was read
  - Invalid       the caller's input can never succeed as it stands
  - Unauthorized  no credential, or one that is unknown, revoked or expired
  - Forbidden     a valid credential that may not do this
  - TooLarge      over a size limit: send less at once
  - TryAgain      the same call may succeed later; says after how long
  - Misconfigured the operator must change a setting before anything works

`code` is stable and documented in docs/reference/errors.md.  HTTP statuses are chosen in
`api/errors.py`, exit codes in `cli/errors.py`, and nowhere else.
"""


class QuarterdeckError(Exception):
    """The root.  `message` says what was wrong and quotes the value; `hint` is the next step."""

    code = "internal"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code:
            self.code = code


class NotFound(QuarterdeckError):
    code = "not_found"


class Conflict(QuarterdeckError):
    code = "conflict"


class Invalid(QuarterdeckError):
    code = "invalid"


class Unauthorized(QuarterdeckError):
    code = "unauthorized"


class Forbidden(QuarterdeckError):
    code = "forbidden"


class TooLarge(QuarterdeckError):
    code = "too_large"


class TryAgain(QuarterdeckError):
    """`retry_after_s` is at least 1: senders that honor Retry-After read whole seconds."""

    code = "try_again"

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", retry_after_s: int = 1
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after_s = max(1, retry_after_s)


class Misconfigured(QuarterdeckError):
    code = "misconfigured"
