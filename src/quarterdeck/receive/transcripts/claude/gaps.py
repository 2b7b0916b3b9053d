"""What is missing or stands twice in a session's lines, and what its own totals contradict."""

from collections.abc import Iterator

from quarterdeck.model.findings import Finding
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.amounts import so_many, some
from quarterdeck.receive.transcripts.claude.session import SessionLines
from quarterdeck.receive.transcripts.members import mapping, told
from quarterdeck.receive.transcripts.transcript import ModelCall


def gaps_in(session: SessionLines, with_files: frozenset[str]) -> Iterator[Finding]:
    """`with_files`: the sub-agents whose own files are there."""
    talk = session.talk
    if session.repeated:
        yield Finding(
            code="duplicate_lines",
            message=f"{so_many(session.repeated, 'line')} stood in the file before, with the same "
            "uuid: each was read once",
        )
    for other, lines in session.elsewhere.items():
        yield Finding(
            code="duplicate_lines",
            message=f"{so_many(lines, 'line')} of session {other!r}, which has its own file, "
            "left out here",
        )
    if talk.unmatched:
        yield Finding(
            code="unmatched_result",
            message=f"{so_many(len(talk.unmatched), 'tool result')} without a call in the file: "
            f"{some(talk.unmatched)}",
        )
    if missing := talk.unanswered():
        yield Finding(
            code="result_missing",
            message=f"{so_many(len(missing), 'tool call')} without a result although the session "
            f"went on: {some(missing)}",
        )
    unrecorded = [
        call
        for call, agent in talk.spawns.agents.items()
        if call not in talk.spawns.inside and call not in talk.open and agent not in with_files
    ]
    if unrecorded:
        yield Finding(
            code="part_missing",
            message=f"what {so_many(len(unrecorded), 'sub-agent')} did stands neither in this "
            f"file nor beside it: tokens and costs of it are missing ({some(unrecorded)})",
        )
    if not with_files:
        yield from _compared(session)


def _compared(session: SessionLines) -> Iterator[Finding]:
    """The recorder's own totals beside the sums of the calls."""
    models = [mapping(one) for one in mapping(session.cost_state.get("modelUsage")).values()]
    counted = sum(
        told(count, one.get(key)) or 0
        for one in models
        for key in ("inputTokens", "cacheReadInputTokens", "cacheCreationInputTokens")
    )
    written = sum(told(count, one.get("outputTokens")) or 0 for one in models)
    usages = [e.usage for e in session.talk.entries if isinstance(e, ModelCall) and e.usage]
    inputs = sum(usage.input_tokens or 0 for usage in usages)
    outputs = sum(usage.output_tokens or 0 for usage in usages)
    if counted > inputs or written > outputs:
        yield Finding(
            code="usage_missing",
            message=f"Claude Code counted {counted} input and {written} output tokens, the calls "
            f"in this file add up to {inputs} and {outputs}: the rest (compactions, titles, "
            "sub-agents) has no line of its own; the recorded cost includes it",
        )
