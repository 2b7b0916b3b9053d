"""
SWE-agent trajectories (`.traj`): each step a model's answer, the command in it and what it printed.

Tokens and cost are told for the whole run only.  `exit_status` tells how the run ended and not
whether the issue was solved: `submitted` is no success.  A run is judged elsewhere; `resolved`
counts where somebody wrote it into `info`.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart, ToolCallPart, ToolResultPart
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.usage import Usage
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.dialogue import message_of, text_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import span_of
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.model_names import Model, litellm_model
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import (
    AgentRun,
    Entry,
    ModelCall,
    Read,
    ToolCall,
    Total,
    Transcript,
)

NAME = "swe_agent"
AGENT = "agent"

_OWN_TOOLS = frozenset(
    {"create", "edit", "find_file", "goto", "insert", "open", "scroll_down", "scroll_up",
     "search_dir", "search_file", "str_replace_editor", "submit", "view_image", "filemap"}
)  # fmt: skip
"""Commands that SWE-agent adds to the shell; all others are the shell's."""

_REFUSED = ("Your proposed edit has introduced new syntax error(s).", "Your edit was not applied")
"""How SWE-agent's editor says that it did nothing."""
_TIMED_OUT = "EXECUTION TIMED OUT"

_ISSUE = re.compile(r"ISSUE:\n(.*?)\n+INSTRUCTIONS:", re.DOTALL)


def recognizes(source: Source) -> bool:
    if not source.has_keys("trajectory", "info"):
        return False
    first = next(iter(listing(source.top["trajectory"])), None)
    return isinstance(first, dict) and {"action", "observation"} <= {*first}


def read(source: Source) -> Read:
    document = mapping(source.document)
    if not isinstance(document.get("trajectory"), list):
        raise Invalid(f"{source.shown}: no list `trajectory`", hint="Is it a .traj file?")
    info = mapping(document.get("info"))
    stats = mapping(info.get("model_stats"))
    history = records(document.get("history"))
    steps = records(document["trajectory"])
    replay = _decoded(document.get("replay_config"))
    model = _model(replay, source)
    whole = Total(
        model=model.name,
        usage=_usage(stats),
        recorded_cost_usd=told(parse.money, stats.get("instance_cost")),
    )
    entries = (
        AgentRun(id=AGENT, name="swe-agent", total=whole),
        *_entries(steps, history, model),
    )
    status = identifier(info.get("exit_status"))
    yield Transcript(
        format=NAME,
        session_id=content_id(NAME, document),
        entries=entries,
        task=_task(history),
        task_type=NAME,
        workflow="swe-agent",
        case=_case(document, replay, source),
        experiment=True,
        written_ns=source.written_ns,
        status="error" if status.startswith("exit_") else "unset",
        error=status if status.startswith("exit_") else "",
        outcome=_outcome(info),
        recorded_cost_usd=whole.recorded_cost_usd,
        findings=tuple(_findings(steps, history, stats)),
        metadata=present(
            {
                "exit_status": status,
                "submission": info.get("submission"),
                "environment": document.get("environment"),
            }
        ),
    )


def _usage(stats: Mapping[str, Any]) -> Usage:
    return Usage(
        input_tokens=told(parse.count, stats.get("tokens_sent")),
        output_tokens=told(parse.count, stats.get("tokens_received")),
    )


def _decoded(value: Any) -> dict[str, Any]:
    """`replay_config` and `state` are objects, or such as text."""
    if isinstance(value, str):
        try:
            return mapping(json.loads(value))
        except (ValueError, RecursionError):
            return {}
    return mapping(value)


def _model(replay: Mapping[str, Any], source: Source) -> Model:
    """From the configuration; else the run's name, which begins with the model's."""
    configured = text(mapping(mapping(replay.get("agent")).get("model")).get("name"))
    if configured:
        return litellm_model(configured)
    for name in (source.stem, source.path.resolve().parent.name):
        parts = name.split("__")
        if len(parts) >= 3:
            return Model(parts[0], "")
    return Model("", "")


def _entries(
    steps: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]], model: Model
) -> Iterator[Entry]:
    """The demonstration in the history is what the model was shown: part of its input."""
    instructions, new = _beginning(history)
    requests = _requests(history)
    for place, step in enumerate(steps, start=1):
        words = text(step.get("response")) or text(step.get("thought"))
        action = text(step.get("action"))
        request = requests.get(place)
        calls = (request,) if request else ()
        said = (TextPart(content=words),) if words else ()
        output = (Message(role="assistant", parts=(*said, *calls)),) if said or calls else ()
        yield ModelCall(
            id=f"{place}",
            parent=AGENT,
            model=model.name,
            provider=model.provider,
            instructions=instructions if place == 1 else "",
            input=tuple(new),
            output=output,
        )
        observation = step.get("observation")
        if action.strip():
            yield _execution(place, action, request, step)
        new = list(output)
        if isinstance(observation, str) and observation:
            part = (
                ToolResultPart(id=request.id, response=observation)
                if request
                else TextPart(content=observation)
            )
            new.append(Message(role="tool" if request else "user", parts=(part,)))


def _execution(
    place: int, action: str, request: ToolCallPart | None, step: Mapping[str, Any]
) -> ToolCall:
    printed = text(step.get("observation"))
    refused = printed.startswith(_REFUSED)
    timed_out = _TIMED_OUT in printed
    first = action.split(maxsplit=1)[0]
    return ToolCall(
        id=f"{place}/tool",
        parent=AGENT,
        tool=(request.name if request else "") or (first if first in _OWN_TOOLS else "shell"),
        call_id=request.id if request else "",
        arguments=_arguments(first, action, step),
        result=step.get("observation"),
        status="error" if refused or timed_out else "unset",
        error=printed if refused or timed_out else "",
        error_type="timeout" if timed_out else "refused" if refused else "",
        took_ns=span_of(step.get("execution_time")),
    )


def _arguments(first: str, action: str, step: Mapping[str, Any]) -> dict[str, Any]:
    """The command; the editor's also with the file that it acts on, which is the open one."""
    is_open = _decoded(step.get("state")).get("open_file")
    if first == "edit" and is_open not in (None, "", "n/a"):
        return {"path": is_open, "command": action}
    return {"command": action}


def _beginning(history: Sequence[Mapping[str, Any]]) -> tuple[str, list[Message]]:
    """The system prompt, and what was said before the model's first answer."""
    instructions, said = "", []
    for item in history:
        message = message_of(item, text(item.get("role")) or "user")
        if message.role == "assistant" and item.get("is_demo") is not True:
            break
        if message.role == "system" and not instructions:
            instructions = text_of(message)
        else:
            said.append(message)
    return instructions, said


def _requests(history: Sequence[Mapping[str, Any]]) -> dict[int, ToolCallPart]:
    """Tool calls of the answers that were given as such, by the number of the step."""
    answers = [item for item in history
               if item.get("role") == "assistant" and item.get("is_demo") is not True]  # fmt: skip
    found = {}
    for place, answer in enumerate(answers, start=1):
        parts = message_of({**answer, "content": ""}, "assistant").parts
        request = next((part for part in parts if isinstance(part, ToolCallPart)), None)
        if request is not None:
            found[place] = request
    return found


def _task(history: Sequence[Mapping[str, Any]]) -> str:
    for item in history:
        if item.get("role") == "user" and item.get("is_demo") is not True:
            words = text_of(message_of(item, "user"))
            issue = _ISSUE.search(words)
            return (issue[1] if issue else words).strip()
    return ""


def _case(document: Mapping[str, Any], replay: Mapping[str, Any], source: Source) -> str:
    """The problem's id: a file of a batch is named after it."""
    problem = mapping(replay.get("problem_statement"))
    known = identifier(problem.get("id")) or identifier(document.get("instance_id"))
    return f"swe:{known or source.stem}"


def _outcome(info: Mapping[str, Any]) -> Outcome | None:
    resolved = info.get("resolved")
    if not isinstance(resolved, bool):
        return None
    return Outcome(
        label="success" if resolved else "failure", source="evaluator", author="swe-bench",
        reason=f"resolved: {str(resolved).lower()}",
    )  # fmt: skip


def _findings(
    steps: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    stats: Mapping[str, Any],
) -> Iterator[Finding]:
    demos = [item for item in history if item.get("is_demo") is True]
    if demos:
        length = sum(len(text_of(message_of(item, "user"))) for item in demos)
        yield Finding(
            code="nested_run",
            message=f"the history holds a demonstration, another run of {length} characters: "
            "it is input of the first call, and none of its steps is counted",
        )
    whole = _usage(stats)
    if whole != Usage():
        yield Finding(
            code="usage_totals_only",
            message=f"the run's totals tell {whole.input_tokens} tokens sent and "
            f"{whole.output_tokens} received, its {len(steps)} calls tell none: the totals count",
        )
    asked = told(parse.count, stats.get("api_calls"))
    if asked is not None and asked != len(steps):
        yield Finding(
            code="totals_disagree",
            message=f"model_stats tells {asked} calls, the trajectory has {len(steps)} steps",
        )


FORMAT = Format(NAME, "SWE-agent", recognizes, read)
