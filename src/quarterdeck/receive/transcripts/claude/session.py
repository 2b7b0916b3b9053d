"""
The lines of one session of Claude Code: its conversation, and what is told beside it.

What stands twice is read once.  Bookkeeping (titles, snapshots, cached requests) is counted in
`other_lines`.
"""

from collections import Counter
from decimal import Decimal
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart
from quarterdeck.normalize.attributes import count, money
from quarterdeck.receive.transcripts.claude.conversation import Conversation
from quarterdeck.receive.transcripts.lines import Record
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
    told,
)

_FACTS = {
    "cwd": "cwd", "gitBranch": "git_branch", "version": "version", "entrypoint": "entrypoint",
    "permissionMode": "permission_mode", "slug": "slug", "agentName": "agent_name",
}  # fmt: skip
"""Of the lines, the last told value of each."""


class SessionLines:
    """The lines of one session as they come, and what was told beside the conversation."""

    def __init__(self, *, flat: bool) -> None:
        self.talk = Conversation(flat=flat)
        self.findings: list[Finding] = []
        self.elsewhere: Counter[str] = Counter()
        """Lines that stand in another session's own file too."""
        self.facts: dict[str, Any] = {}
        self.tags: list[str] = []
        self.cost_state: dict[str, Any] = {}
        self.other: Counter[str] = Counter()
        self.repeated = 0
        self.is_empty = True
        self._seen: set[tuple[str, int]] = set()
        self._turn_ms = 0
        self._hooks = 0

    def take(self, record: Record) -> str:
        """ "" or what could not be read."""
        line, place = record.value, f"line {record.number}"
        kind = line.get("type")
        if not isinstance(kind, str):
            return "a line without a type"
        if self._is_repeated(line):
            self.repeated += 1
            return ""
        self._note(line)
        match kind:
            case "assistant":
                problem = self.talk.assistant(line, place)
            case "user":
                problem = self.talk.user(line, place)
            case _:
                self._beside(kind, line, place)
                return ""
        self.is_empty = self.is_empty and bool(problem)
        return problem

    def _is_repeated(self, line: dict[str, Any]) -> bool:
        """The same line again: one `uuid` and one content."""
        uuid = text(line.get("uuid"))
        if not uuid:
            return False
        key = (uuid, hash(repr(line.get("message"))))
        is_repeated = key in self._seen
        self._seen.add(key)
        return is_repeated

    def _note(self, line: dict[str, Any]) -> None:
        for key, name in _FACTS.items():
            if value := text(line.get(key)):
                self.facts[name] = value

    def _beside(self, kind: str, line: dict[str, Any], place: str) -> None:
        """Everything that is no message."""
        match kind:
            case "system":
                self._system(line, place)
            case "attachment":
                self._attachment(line, place)
            case "queue-operation":
                self._queue(line, place)
            case "api-request":
                self.talk.requests.add(line)
            case "cost-state":
                self.cost_state = line
            case "ai-title" | "custom-title" | "summary":
                title = text(line.get("customTitle")) or text(line.get("aiTitle"))
                self.facts |= present({"title": title or text(line.get("summary"))})
            case "tag":
                self.tags.append(text(line.get("tag")))
            case _:
                self.other[kind] += 1

    def _system(self, line: dict[str, Any], place: str) -> None:
        match line.get("subtype"):
            case "compact_boundary":
                self._compacted("compaction", line, place, mapping(line.get("compactMetadata")))
                self.talk.compacted(line)
            case "microcompact_boundary":
                about = mapping(line.get("microcompactMetadata"))
                self._compacted("microcompaction", line, place, about)
            case "api_error":
                self._api_error(line, place)
            case "turn_duration":
                self._turn_ms += told(count, line.get("durationMs")) or 0
            case "stop_hook_summary":
                self._hooks += told(count, line.get("hookCount")) or 0
                if line.get("preventedContinuation") is True or listing(line.get("hookErrors")):
                    errors = "\n".join(map(str, listing(line.get("hookErrors"))))
                    self.talk.event(
                        "hook", line, place, stop_reason=text(line.get("stopReason")),
                        errors=errors, prevented=line.get("preventedContinuation") is True,
                    )  # fmt: skip
            case "local_command":
                self.talk.event("slash command", line, place, words=text(line.get("content")))
            case subtype:
                self.other[f"system/{subtype}"] += 1

    def _compacted(
        self, name: str, line: dict[str, Any], place: str, about: dict[str, Any]
    ) -> None:
        self.talk.event(
            name, line, place, trigger=text(about.get("trigger")),
            tokens_before=told(count, about.get("preTokens")),
            tokens_after=told(count, about.get("postTokens")),
            tokens_saved=told(count, about.get("tokensSaved")),
        )  # fmt: skip

    def _api_error(self, line: dict[str, Any], place: str) -> None:
        error = mapping(line.get("error"))
        inner = mapping(mapping(error.get("error")).get("error")) or mapping(error.get("error"))
        cause = mapping(line.get("cause"))
        message = (
            text(inner.get("message")) or text(error.get("message")) or text(cause.get("code"))
        )
        status = error.get("status")
        self.talk.failed(
            line, place, error=message or "the API answered with an error",
            error_type=text(inner.get("type")) or identifier(status) or text(cause.get("code")),
            attempt=told(count, line.get("retryAttempt")),
        )  # fmt: skip

    def _attachment(self, line: dict[str, Any], place: str) -> None:
        about = mapping(line.get("attachment"))
        kind = text(about.get("type"))
        if kind == "queued_command" and text(about.get("prompt")):
            self.talk.prompt(line, text(about.get("prompt")), place)
            self.is_empty = False
            return
        if kind.startswith("hook_"):
            self._hooks += 1
            if kind not in ("hook_success", "hook_additional_context"):
                self.talk.event(
                    "hook", line, place, kind=kind, hook=text(about.get("hookName")),
                    words=about.get("blockingError") or about.get("content") or about.get("stderr"),
                )  # fmt: skip
        role = text(line.get("renderedRole")) or "user"
        shown = [text(one.get("content")) for one in records(line.get("rendered"))]
        parts = tuple(TextPart(content=words) for words in shown if words)
        self.talk.tell(line, Message(role=role, parts=parts))

    def _queue(self, line: dict[str, Any], place: str) -> None:
        """What a person types while tools run; at rest it is the next prompt, told by its line."""
        words = text(line.get("content"))
        if line.get("operation") == "enqueue" and words and self.talk.open:
            self.talk.event("queued message", line, place, words=words)

    @property
    def recorded_cost_usd(self) -> Decimal | None:
        return told(money, self.cost_state.get("totalCostUSD"))

    @property
    def metadata(self) -> dict[str, Any]:
        return self.facts | present(
            {
                "prompts": self.talk.prompts or None,
                "working_ms": self._turn_ms or None,
                "hooks": self._hooks or None,
                "other_lines": dict(self.other),
            }
        )
