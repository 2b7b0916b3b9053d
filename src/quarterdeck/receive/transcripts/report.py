"""
What an import read, sent, and could not read.  Counts are whole; examples are the first of each.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)

MAX_BAD_LINES = 1_000
"""Kept with their text; all are counted."""

MAX_EXAMPLES = 5
"""Places told for one kind of finding."""


class FormatCounts:
    """What the files of one format held."""

    def __init__(self) -> None:
        self.files = 0
        self.sessions: set[str] = set()
        self.model_calls = 0
        self.tool_calls = 0
        self.tool_errors = 0
        self.human_acts = 0

    def to_json(self) -> dict[str, int]:
        return {
            "files": self.files,
            "sessions": len(self.sessions),
            "model_calls": self.model_calls,
            "tool_calls": self.tool_calls,
            "tool_errors": self.tool_errors,
            "human_acts": self.human_acts,
        }


class Report:
    """Grows during one import; a file that is read again (followed) counts once."""

    def __init__(self) -> None:
        self.formats: dict[str, FormatCounts] = {}
        self.bad_lines: list[BadLine] = []
        self.bad_line_count = 0
        self.findings: Counter[str] = Counter()
        self.examples: dict[str, list[tuple[str, str]]] = {}
        """By code: (file, message)."""
        self.unknown: list[str] = []
        self.belonging: list[str] = []
        self.session_ids: dict[str, None] = {}
        """In the order in which they were read."""
        self.spans = 0
        """Sent; those of OTLP and of clients' calls are not counted: they are passed on unread."""
        self.passed_on: Counter[str] = Counter()
        """Requests that were in files: OTLP by signal, others by the client that makes such."""
        self.rejected = 0
        self.rejected_because: Counter[str] = Counter()
        self._counted: set[tuple[str, str]] = set()
        self._bad_seen: set[BadLine] = set()

    def began(self, path: str, format_name: str) -> None:
        if self._is_new("file", path):
            self.formats.setdefault(format_name, FormatCounts()).files += 1

    def passed_over(self, path: str, *, belongs: bool) -> None:
        if self._is_new("passed", path):
            (self.belonging if belongs else self.unknown).append(path)

    def read(
        self, path: str, transcript: Transcript, *, trace_id: str, spans: Sequence[RawSpan]
    ) -> None:
        counts = self.formats.setdefault(transcript.format, FormatCounts())
        counts.sessions.add(transcript.session_id)
        self.session_ids[transcript.session_id] = None
        for entry in transcript.entries:
            if self._is_new(trace_id + transcript.part, entry.id):
                counts.model_calls += isinstance(entry, ModelCall)
                counts.human_acts += isinstance(entry, PersonAct) and not entry.auto
                if isinstance(entry, ToolCall):
                    counts.tool_calls += 1
                    counts.tool_errors += entry.status == "error"
        for key, message in _findings_in(spans):
            self.found(path, Finding(code=key, message=message), of=trace_id)

    def found(self, path: str, finding: Finding, *, of: str = "") -> None:
        """`of`: the trace that has it; "" = the file."""
        if not self._is_new(f"finding {finding.code} {of or path}", finding.message):
            return
        self.findings[finding.code] += 1
        examples = self.examples.setdefault(finding.code, [])
        if len(examples) < MAX_EXAMPLES:
            examples.append((path, finding.message))

    def bad(self, line: BadLine) -> None:
        if line in self._bad_seen:
            return
        self.bad_line_count += 1
        if len(self.bad_lines) < MAX_BAD_LINES:
            self._bad_seen.add(line)
            self.bad_lines.append(line)

    def sent(self, *, spans: int = 0, rejected: int = 0, reason: str = "") -> None:
        self.spans += spans
        self.rejected += rejected
        if rejected:
            self.rejected_because[reason or "no reason told"] += rejected

    def to_json(self) -> dict[str, Any]:
        return {
            "sessions": len(self.session_ids),
            "session_ids": list(self.session_ids),
            "spans": self.spans,
            "passed_on": dict(self.passed_on),
            "rejected": self.rejected,
            "rejected_because": dict(self.rejected_because),
            "formats": {name: c.to_json() for name, c in sorted(self.formats.items())},
            "findings": [
                {
                    "code": code,
                    "count": count,
                    "examples": [{"path": p, "message": m} for p, m in self.examples[code]],
                }
                for code, count in self.findings.most_common()
            ],
            "bad_lines": [
                {"path": line.path, "number": line.number, "message": line.message}
                for line in self.bad_lines
            ],
            "bad_line_count": self.bad_line_count,
            "unknown_files": self.unknown,
        }

    def _is_new(self, kind: str, what: str) -> bool:
        key = (kind, what)
        if key in self._counted:
            return False
        self._counted.add(key)
        return True


def _findings_in(spans: Sequence[RawSpan]) -> list[tuple[str, str]]:
    prefix = "quarterdeck.finding."
    return [
        (key.removeprefix(prefix), message)
        for span in spans
        for key, said in span.attributes.items()
        if key.startswith(prefix)
        for message in (said if isinstance(said, list) else [said])
    ]
