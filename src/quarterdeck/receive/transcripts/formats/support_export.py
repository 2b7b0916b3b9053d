"""
A support platform's export of one conversation: customer, agent, the tools it used, a resolution.

AgentRx brings it as an example of a platform's own spelling.  Which calls of which model stood
behind the agent's words is not told: they are messages, and nothing is priced.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.outcomes import Outcome, OutcomeLabel
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import TIMEZONE_UNKNOWN, instant_ns, names_zone
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
)
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    Event,
    Read,
    Status,
    ToolCall,
    Transcript,
)

NAME = "support_export"

_OUTCOMES: dict[str, OutcomeLabel] = {
    "resolved": "success", "partially_resolved": "success_partial", "unresolved": "failure",
    "abandoned": "abandoned",
}  # fmt: skip


def recognizes(source: Source) -> bool:
    if not source.has_keys("meta", "dialogue", "goal_description"):
        return False
    first = next(iter(records(mapping(source.top["dialogue"]).get("turns"))), None)
    return first is not None and {"who", "payload"} <= {*first}


def read(source: Source) -> Read:
    document = mapping(source.document)
    dialogue = mapping(document.get("dialogue"))
    if not isinstance(dialogue.get("turns"), list):
        raise Invalid(f"{source.shown}: no list of turns", hint="Is it a conversation's export?")
    meta, customer = mapping(document.get("meta")), mapping(document.get("customer_profile"))
    resolution = mapping(dialogue.get("resolution"))
    turns = records(dialogue["turns"])
    entries: list[Entry] = []
    platform = text(meta.get("platform"))
    agent = f"{platform} agent" if platform else "support agent"
    findings = list(_turns(turns, entries, agent))
    if any(turn.get("ts") and not names_zone(turn.get("ts")) for turn in turns):
        findings.append(TIMEZONE_UNKNOWN)
    yield Transcript(
        format=NAME,
        session_id=identifier(meta.get("session_id")) or content_id(NAME, document),
        entries=entries,
        task=text(document.get("goal_description")),
        task_type=platform,
        user=identifier(customer.get("cid")),
        tags=tuple(tag for tag in listing(meta.get("tags")) if isinstance(tag, str)),
        started_ns=instant_ns(meta.get("created")),
        written_ns=source.written_ns,
        outcome=_outcome(resolution),
        findings=findings,
        metadata=present(
            {
                "region": meta.get("region"),
                "customer_profile": customer,
                "categories": resolution.get("categories"),
                "csat_score": resolution.get("csat_score"),
            }
        ),
    )


def _turns(turns: list[dict[str, Any]], entries: list[Entry], agent: str) -> Iterator[Finding]:
    """
    Adds an entry for each turn; a tool's result completes the call with its request's id.

    What the customer says is an entry, and the input of the agent's next words.
    """
    waiting: dict[str, int] = {}
    heard: list[Any] = []
    for place, turn in enumerate(turns, start=1):
        at_ns = instant_ns(turn.get("ts"))
        payload = mapping(turn.get("payload"))
        call, result = mapping(payload.get("tool_call")), mapping(payload.get("tool_result"))
        request = identifier(call.get("request_id")) or identifier(result.get("request_id"))
        said = payload.get("msg", payload)
        if call:
            waiting[request] = len(entries)
            entries.append(
                ToolCall(id=f"{place}", agent=agent, start_ns=at_ns, tool=text(call.get("fn")),
                         call_id=request, arguments=call.get("kwargs"))
            )  # fmt: skip
        elif result and request in waiting:
            index = waiting.pop(request)
            entries[index] = _completed(entries[index], result, at_ns)
        elif result:
            yield Finding(
                code="unmatched_result",
                message=f"turn {place} is a result for the request {request!r}, which nobody made",
            )
        elif turn.get("who") == "agent":
            told_to = "\n".join(map(str, heard))
            entries.append(AgentRun(id=f"{place}", start_ns=at_ns, end_ns=at_ns, name=agent,
                                    input=told_to or None, output=said))  # fmt: skip
            heard = []
        else:
            heard.append(said)
            entries.append(Event(id=f"{place}", start_ns=at_ns, end_ns=at_ns, output=said,
                                 name=text(turn.get("who")) or "message"))  # fmt: skip


def _completed(call: Entry, result: Mapping[str, Any], at_ns: int | None) -> Entry:
    said = text(result.get("status"))
    status: Status = "ok" if said == "ok" else "error" if said else "unset"
    return msgspec.structs.replace(
        call,
        end_ns=at_ns,
        result=result.get("data"),
        status=status,
        error=said if status == "error" else "",
    )


def _outcome(resolution: Mapping[str, Any]) -> Outcome | None:
    said = text(resolution.get("outcome"))
    label = _OUTCOMES.get(said)
    if label is None:
        return None
    return Outcome(label=label, source="agent", reason=f"resolution: {said}")


FORMAT = Format(NAME, "Support platform's export (AgentRx's example)", recognizes, read)
