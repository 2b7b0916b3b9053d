"""The act of a person that a tool's result tells of: refusing, approving, answering, editing."""

from typing import Any

import msgspec

from quarterdeck.receive.transcripts.claude.people import Verdict, answers_of, questions_of
from quarterdeck.receive.transcripts.members import mapping, present, text
from quarterdeck.receive.transcripts.transcript import PersonAct, ToolCall


def act_of(
    record: dict[str, Any],
    call: ToolCall,
    words: str,
    verdict: Verdict | None,
    at_ns: int | None,
    *,
    is_error: bool,
) -> PersonAct | None:
    """
    `record` is the line with the result, `words` the result as text, `call` as it was before.

    Without an id.  It lasts as long as the person was waited for, where that is told: nothing runs
    before a refusal or an answer.
    """
    extra = mapping(record.get("toolUseResult"))
    act = PersonAct(
        id="", parent=call.parent, kind="approval", tool=call.tool, call_id=call.call_id,
        start_ns=call.start_ns, end_ns=at_ns,
    )  # fmt: skip
    replace = msgspec.structs.replace
    if verdict is not None and not verdict.approved:
        return replace(
            act, decision="rejected", auto=verdict.auto, answer=verdict.reason,
            metadata=present({"decided_by": verdict.source}),
        )  # fmt: skip
    if call.tool == "AskUserQuestion" and not is_error:
        return replace(
            act, kind="question", question=questions_of(call.arguments),
            answer=answers_of(record, words),
        )  # fmt: skip
    if call.tool == "ExitPlanMode" and not is_error and extra.get("isAgent") is not True:
        plan = text(mapping(call.arguments).get("plan")) or text(extra.get("plan"))
        return replace(act, decision="approved", question=plan)
    if extra.get("userModified") is True:
        return replace(act, kind="edit", decision="modified")
    if verdict is not None:
        # How long the person thought is not told: the tool's own time is in the interval.
        return replace(
            act, decision="approved", end_ns=act.start_ns,
            metadata=present({"decided_by": verdict.source}),
        )  # fmt: skip
    return None
