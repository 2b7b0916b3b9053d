"""
A transcript as lines of text, one an entry: what a golden file of a format holds.

`model call:msg_1 ok  1010>57 read 400`: kind, id, status, then what distinguishes the kind.
"""

from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    ModelCall,
    PersonAct,
    ToolCall,
    Transcript,
)


def story(of: Transcript) -> str:
    head = [
        f"session {of.session_id}",
        f"part {of.part} below {of.attached_to or 'the session'}" if of.part else "",
        f"agent {of.agent}",
        f"task {of.task!r}" if of.task else "",
        f"costs {of.recorded_cost_usd}" if of.recorded_cost_usd is not None else "",
    ]
    tail = [f"finding {finding.code}: {finding.message}" for finding in of.findings]
    lines = [line for line in head if line]
    return "\n".join([*lines, "", *(_line(entry) for entry in of.entries), *tail]) + "\n"


def _line(entry: Entry) -> str:
    pieces = [type(entry).__name__, entry.id, entry.status, *_own(entry)]
    if entry.parent:
        pieces.append(f"in {entry.parent}")
    if entry.start_ns is not None and entry.end_ns is not None:
        pieces.append(f"{(entry.end_ns - entry.start_ns) / 1e9:g}s")
    if entry.error:
        pieces.append(f"error {entry.error_type} {entry.error!r}")
    return "  ".join(piece for piece in pieces if piece)


def _own(entry: Entry) -> list[str]:
    match entry:
        case ModelCall():
            return [entry.model, _tokens(entry), *_heard_and_said(entry)]
        case ToolCall():
            return [entry.tool, f"-> {entry.result!r}" if entry.result is not None else ""]
        case PersonAct():
            who = "by a rule" if entry.auto else ""
            return [entry.kind, entry.decision, who, entry.question, entry.answer]
        case Event():
            return [entry.name, f"{entry.input!r}" if entry.input else ""]
        case AgentRun():
            return [entry.name]


def _tokens(call: ModelCall) -> str:
    usage = call.usage
    if usage is None:
        return "untold"
    cost = f" ${call.recorded_cost_usd}" if call.recorded_cost_usd is not None else ""
    kinds = {
        "read": usage.cache_read_tokens,
        "written": usage.cache_write_tokens,
        "for 1h": usage.cache_write_1h_tokens,
        "reasoning": usage.reasoning_tokens,
        "searches": usage.web_searches,
    }
    rest = "".join(f" {name} {amount}" for name, amount in kinds.items() if amount)
    return f"{usage.input_tokens}>{usage.output_tokens}{rest}{cost}"


def _heard_and_said(call: ModelCall) -> list[str]:
    heard = "+".join(f"{m.role}:{len(m.parts)}" for m in call.input)
    said = "+".join(type(part).__name__[:-4] for m in call.output for part in m.parts)
    return [f"heard {heard}" if heard else "", f"said {said}" if said else ""]
