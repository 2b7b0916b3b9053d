"""
What a tool of Codex's gave back: plain words, JSON in a text (before 0.60), or a list of parts.

That a command failed stands in its words: an exit code in a header line.  That a person refused
it is one fixed sentence.
"""

import re
from typing import Any, NamedTuple

from quarterdeck.normalize.attributes import decode_json
from quarterdeck.receive.transcripts.dialogue import plain
from quarterdeck.receive.transcripts.members import mapping, present, text
from quarterdeck.receive.transcripts.transcript import Status

_EXIT = re.compile(r"^(?:Exit code: |Process exited with code )(-?\d+)", re.MULTILINE)
_LOOKED_AT = 600
"""Characters: the header of an output; what a command printed may hold such a line too."""

_REFUSED = ("exec command rejected by user", "patch rejected by user", "rejected by user")
_FAILED = (
    "failed to parse function arguments",
    "unsupported call",
    "execution error",
    "exec_command failed",
    "write_stdin failed",
    "apply_patch verification failed",
    "sandbox error",
    "failed in sandbox",
    "tool call error",
    "err: ",
    "error: ",
    "Error: ",
    "command timed out",
)
"""How a result begins that Codex itself words; looked at where no exit code is told."""

_MAX_ERROR = 500


class Output(NamedTuple):
    result: Any
    status: Status
    error: str
    error_type: str
    is_refused: bool
    """By a person."""
    metadata: dict[str, Any]


def tool_entry_id(call_id: str) -> str:
    """The entry of a tool call, below which a sub-agent's rollout is hung."""
    return f"tool:{call_id}"


def read_output(value: Any) -> Output:
    """Never raises."""
    decoded = mapping(decode_json(value)) if isinstance(value, str) else mapping(value)
    about = mapping(decoded.get("metadata"))
    result: Any = value
    success: Any = None
    if "output" in decoded and about:
        result = decoded["output"]
    elif isinstance(value, dict) and ("content" in value or "success" in value):
        result, success = value.get("content"), value.get("success")
    result = plain(result)
    words = text(result)
    code = about.get("exit_code")
    if not isinstance(code, int):
        found = _EXIT.search(words[:_LOOKED_AT])
        code = int(found[1]) if found and len(found[1]) < 12 else None
    refused = words.strip().startswith(_REFUSED)
    status: Status = "ok"
    if refused:
        status = "blocked"
    elif words.startswith("aborted"):
        status = "cancelled"
    elif code or success is False or (code is None and words.startswith(_FAILED)):
        status = "error"
    return Output(
        result="" if result is None else result,
        status=status,
        error=words[:_MAX_ERROR] if status != "ok" else "",
        error_type=f"exit code {code}" if code and status == "error" else "",
        is_refused=refused,
        metadata=present(
            {"exit_code": code, "duration_s": about.get("duration_seconds")}
        ),
    )  # fmt: skip
