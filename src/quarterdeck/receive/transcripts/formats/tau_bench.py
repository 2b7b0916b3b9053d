"""
τ-bench results: a list of runs (or one of them), each an agent's conversation with a played user.

The agent's and the tools' messages are recorded, and nothing of the calls behind them: no model,
tokens or times.  The played user's words are what the agent hears.  `user_cost` is the user's
side in USD; files of others hold counts there, which are told and not taken for money.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from quarterdeck.errors import Invalid
from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message
from quarterdeck.model.scores import Score
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, text_of
from quarterdeck.receive.transcripts.expected_calls import Call, match
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import (
    identifier,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.rewards import REWARD_MISSING, outcome_of
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ModelCall,
    Read,
    ToolCall,
    Transcript,
)

NAME = "tau_bench"
_AUTHOR = "tau-bench"

_DOMAIN = re.compile(r"^# (\w+) agent policy", re.IGNORECASE | re.MULTILINE)

_MAX_USER_USD = Decimal(20)
"""A played user says a dozen sentences; 1,000 USD for that is a count of something."""


def recognizes(source: Source) -> bool:
    first = next(iter(_items(source.top)), None)
    return (
        isinstance(first, dict)
        and {"task_id", "reward", "traj"} <= {*first}
        and isinstance(mapping(first.get("info")).get("task"), dict)
    )


def read(source: Source) -> Read:
    items = _items(source.document)
    if not items:
        raise Invalid(f"{source.shown}: no run of τ-bench", hint="Is it a result file?")
    runs = [item for item in items if isinstance(item, dict)]
    # Where the trial is always the task's number, it is no number of a trial.
    trial_is_task = any(run.get("trial") for run in runs) and all(
        run.get("trial") == run.get("task_id") for run in runs
    )
    for place, item in enumerate(items, start=1):
        if isinstance(item, dict) and isinstance(item.get("traj"), list):
            yield _transcript(item, source.written_ns, trial_is_task=trial_is_task)
        else:
            yield BadLine(source.shown, place, "expected a run with a list `traj`")


def _items(top: Any) -> list[Any]:
    return top if isinstance(top, list) else [top] if isinstance(top, dict) else []


def _transcript(run: Mapping[str, Any], written_ns: int, *, trial_is_task: bool) -> Transcript:
    info = mapping(run.get("info"))
    task = mapping(info.get("task"))
    dialogue = Dialogue()
    instructions, asked = "", ""
    for place, raw in enumerate(records(run.get("traj")), start=1):
        message = message_of(raw, text(raw.get("role")) or "user")
        if message.role == "system" and not instructions:
            instructions = text_of(message)
            continue
        if message.role == "user":
            asked = asked or text_of(message)
        _said(dialogue, place, raw, message, instructions)
    entries, findings = dialogue.close()
    made = [Call(e.tool, mapping(e.arguments)) for e in entries if isinstance(e, ToolCall)]
    gold = [
        Call(text(action.get("name")), mapping(action.get("kwargs")))
        for action in records(task.get("actions"))
    ]
    calls = match(gold, made)
    found = _DOMAIN.search(instructions)
    domain = found[1].lower() if found else ""
    case = "/".join(filter(None, (domain, identifier(run.get("task_id")))))
    return Transcript(
        format=NAME,
        session_id=content_id(NAME, run),
        entries=entries,
        task=asked,
        task_type=f"tau:{domain}" if domain else "tau",
        case=f"tau:{case}" if case else "",
        trial=None if trial_is_task else told(parse.count, run.get("trial")),
        experiment=True,
        written_ns=written_ns,
        outcome=outcome_of(
            told(parse.number, run.get("reward")), author=_AUTHOR, reason=_evidence(info)
        ),
        scores=_scores(run, info),
        expected_calls=calls.expected,
        matched_calls=calls.matched,
        findings=(*findings, *_findings(run, info, trial_is_task=trial_is_task)),
        metadata=present(
            {
                "instruction": task.get("instruction"),
                "expected_outputs": task.get("outputs"),
                "user_id": task.get("user_id"),
                "ended_by": info.get("source"),
                "user_cost": info.get("user_cost"),
                "trial": run.get("trial"),
            }
        ),
    )


def _said(
    dialogue: Dialogue, place: int, raw: Mapping[str, Any], message: Message, instructions: str
) -> None:
    if message.role == "assistant":
        is_first = not dialogue.counted(ModelCall)
        dialogue.call(
            ModelCall(
                id=dialogue.id("", f"{place}"),
                instructions=instructions if is_first else "",
                output=(message,) if message.parts else (),
            )
        )
    elif message.role == "tool":
        content = raw.get("content")
        failed = text(content).startswith("Error")
        dialogue.answer(
            identifier(raw.get("tool_call_id")), content, tool=text(raw.get("name")),
            place=f"{place}", status="error" if failed else "ok",
            error=text(content) if failed else "",
        )  # fmt: skip
    else:
        dialogue.hear(message, place=f"{place}")


def _evidence(info: Mapping[str, Any]) -> str:
    checks = mapping(mapping(info.get("reward_info")).get("info"))
    values = ((key, told(parse.number, checks.get(key))) for key in ("r_actions", "r_outputs"))
    shown = [f"{key} {value:g}" for key, value in values if value is not None]
    ended = text(info.get("source"))
    return "; ".join([*shown, *([f"ended by {ended}"] if ended else [])])


def _scores(run: Mapping[str, Any], info: Mapping[str, Any]) -> tuple[Score, ...]:
    checks = mapping(mapping(info.get("reward_info")).get("info"))
    values = {"reward": run.get("reward"), **{k: checks.get(k) for k in ("r_actions", "r_outputs")}}
    return tuple(
        Score(name=name, scope="session", value=value, judge="code", author=_AUTHOR,
              identifier=name)
        for name, given in values.items()
        if (value := told(parse.number, given)) is not None
    )  # fmt: skip


def _findings(
    run: Mapping[str, Any], info: Mapping[str, Any], *, trial_is_task: bool
) -> Iterator[Finding]:
    reward = told(parse.number, run.get("reward"))
    if reward is None:
        yield REWARD_MISSING
    if trial_is_task and run.get("trial"):
        yield Finding(
            code="trial_is_task",
            message=f"trial {run.get('trial')} is the number of the task in every run of the file:"
            " no trial is told",
        )
    cost = told(parse.money, info.get("user_cost"))
    if cost is not None and cost > _MAX_USER_USD:
        yield Finding(
            code="cost_implausible",
            message=f"user_cost {cost} can't be USD for one conversation: it is kept as it is, and "
            "is no cost",
        )
    yield from _reward_findings(reward, mapping(info.get("reward_info")))


def _reward_findings(reward: float | None, judged: Mapping[str, Any]) -> Iterator[Finding]:
    checks = mapping(judged.get("info"))
    second = told(parse.number, judged.get("reward"))
    if reward is not None and second is not None and reward != second:
        yield Finding(
            code="reward_disagrees",
            message=f"reward {reward:g}, but reward_info says {second:g}: the former is taken",
        )
    outputs = mapping(checks.get("outputs"))
    if reward == 0 and outputs and all(value is True for value in outputs.values()):
        yield Finding(
            code="reward_disagrees",
            message=f"reward 0 beside r_outputs {checks.get('r_outputs')}: the recorded check "
            "passed, and the one that failed (the database) is not recorded",
        )


FORMAT = Format(NAME, "τ-bench", recognizes, read)
