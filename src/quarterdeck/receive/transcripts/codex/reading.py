"""
A rollout file as a transcript.

A file that continues another (a fork, a resumed session) begins with the other's lines, written
again within a moment.  Their calls were billed there, so they are left out here.
"""

from typing import Any, NamedTuple

from quarterdeck.model.findings import Finding
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.receive.transcripts.codex.rollout import Rollout, time_of
from quarterdeck.receive.transcripts.codex.threads import Place, Thread, place_of, thread_of
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import identifier, mapping, present, text
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import BadLine, ModelCall, Read, Transcript

_REWRITTEN_WITHIN_NS = NS_PER_S
"""A fork's copied lines are written in one go; no model answers within a second of a start."""

_ITEMS = frozenset(
    {"message", "reasoning", "function_call", "function_call_output", "custom_tool_call",
     "custom_tool_call_output", "local_shell_call", "web_search_call"}
)  # fmt: skip

_OF_THE_PAST = frozenset(
    {"function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
     "local_shell_call", "reasoning", "token_count", "turn_aborted"}
)  # fmt: skip
"""What no session begins with: a model has answered before."""


class Recorder(NamedTuple):
    name: str
    """The format's."""
    agent: str


def is_rollout(source: Source) -> bool:
    """Whether it begins like one, of any age.  Never raises."""
    first = mapping(source.head[0]) if source.head else {}
    if first.get("type") == "session_meta":
        return isinstance(first.get("payload"), dict)
    second = mapping(source.head[1]) if len(source.head) > 1 else {}
    return (
        "type" not in first
        and "timestamp" in first
        and "instructions" in first
        and (not second or text(second.get("type")) in _ITEMS or "record_type" in second)
    )


def meta_of(source: Source) -> dict[str, Any]:
    """The payload of the first line."""
    first = mapping(source.head[0]) if source.head else {}
    return mapping(first.get("payload")) or first


def read(source: Source, recorder: Recorder) -> Read:
    rollout = Rollout()
    lines: list[Record] = []
    for found in read_records(source):
        match found:
            case BadLine():
                yield found
            case Finding():
                rollout.dialogue.note(found)
            case Record():
                lines.append(found)
    meta = meta_of(source)
    thread = thread_of(meta)
    copied = _copied(lines, thread)
    rollout.provider = text(meta.get("model_provider"))
    rollout.instructions = text(mapping(meta.get("base_instructions")).get("text")) or text(
        meta.get("instructions")
    )
    rollout.begin_with(_spent_in(lines[:copied]))
    for record in lines[copied:]:
        problem = _take(rollout, record)
        if problem:
            yield BadLine(source.shown, record.number, problem)
    rollout.close()
    if copied > 1:
        rollout.dialogue.note(_copied_finding(copied, meta))
    if rollout.dialogue.is_empty:
        yield Finding(code="empty_session", message="nobody said anything in it")
    else:
        yield _transcript(source, recorder, rollout, thread)


def _take(rollout: Rollout, record: Record) -> str:
    """ "" or what could not be read."""
    line, place = record.value, f"line {record.number}"
    at_ns = time_of(line)
    kind = text(line.get("type"))
    payload = line.get("payload")
    if not isinstance(payload, dict):
        if kind in _ITEMS:
            rollout.item(line, at_ns, place)
            return ""
        if "record_type" in line or record.number == 1:
            return ""
        return f"expected a payload on a line of type {kind!r}"
    match kind:
        case "response_item":
            rollout.item(payload, at_ns, place)
        case "event_msg":
            rollout.event(payload, at_ns, place)
        case "turn_context":
            rollout.context(payload)
        case "compacted":
            rollout.compacted(payload, at_ns, place)
        case "session_meta":
            pass
        case _:
            rollout.other[kind] += 1
    return ""


def _copied(lines: list[Record], thread: Thread) -> int:
    """How many lines at the beginning repeat another rollout."""
    metas = [
        mapping(r.value.get("payload")) for r in lines if r.value.get("type") == "session_meta"
    ]
    forked = identifier(thread.meta.get("forked_from_id"))
    others = [one for one in metas if identifier(one.get("id")) not in ("", thread.id)]
    began_ns = time_of(lines[0].value) if lines else None
    if not (forked or others) or began_ns is None:
        return 0
    last = 0
    for number, record in enumerate(lines, start=1):
        at_ns = time_of(record.value)
        if at_ns is None or at_ns - began_ns > _REWRITTEN_WITHIN_NS:
            break
        payload = mapping(record.value.get("payload"))
        if text(payload.get("type")) in _OF_THE_PAST or payload.get("role") == "assistant":
            last = number
    return last


def _spent_in(copied: list[Record]) -> dict[str, Any]:
    """The last total of tokens that the copied lines tell."""
    infos = [mapping(mapping(r.value.get("payload")).get("info")) for r in copied]
    totals = [mapping(info.get("total_token_usage")) for info in infos]
    return next((total for total in reversed(totals) if total), {})


def _copied_finding(copied: int, meta: dict[str, Any]) -> Finding:
    other = identifier(meta.get("forked_from_id")) or "another one"
    return Finding(
        code="duplicate_lines",
        message=f"the first {copied} lines repeat the session that this one goes on from "
        f"({other}): they count there and were left out here",
    )


def _transcript(source: Source, recorder: Recorder, rollout: Rollout, thread: Thread) -> Transcript:
    entries, findings = rollout.dialogue.close()
    own_id = thread.id or content_id(recorder.name, *source.head[:1])
    place = place_of(source, thread) if thread.parent else Place(own_id, "")
    is_part = bool(thread.parent)
    meta = thread.meta
    return Transcript(
        format=recorder.name,
        session_id=place.session_id,
        part=f"thread:{own_id}" if is_part else "",
        attached_to=place.attached_to,
        agent=(thread.agent or thread.role or "sub-agent") if is_part else recorder.agent,
        agent_role=thread.role,
        task="" if is_part else rollout.task,
        started_ns=instant_ns(meta.get("timestamp")),
        entries=tuple(
            rollout.usage_of(entry) if isinstance(entry, ModelCall) else entry for entry in entries
        ),
        written_ns=source.written_ns,
        findings=findings,
        metadata=present(
            {
                "cwd": text(meta.get("cwd")),
                "version": text(meta.get("cli_version")),
                "originator": text(meta.get("originator")),
                "source": text(meta.get("source")),
                "git_branch": text(mapping(meta.get("git")).get("branch")),
                "git_commit": text(mapping(meta.get("git")).get("commit_hash")),
                "thread_id": own_id if is_part else "",
                "turns": rollout.turns or None,
                "other_lines": dict(rollout.other),
            }
            | rollout.facts
        ),
    )
