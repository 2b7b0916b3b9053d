"""
The log of a team of agents: who said what, in one list, and nothing of the calls behind it.

What a member says or thinks is a turn of that member, not a model call: how many calls it took,
and of which model, such a log does not tell.  The first message is the task, whoever it is
attributed to.  Speakers are spelled as AutoGen's teams do: `Expert`,
`Orchestrator (thought)`, `Orchestrator (-> WebSurfer)`, `Computer_terminal`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from quarterdeck.receive.transcripts.members import present
from quarterdeck.receive.transcripts.transcript import AgentRun, Entry, Event, Status, ToolCall

_SPEAKER = re.compile(r"(.+?) \((?:-> (?P<to>.+)|(?P<aside>.+))\)")
_EXIT = re.compile(r"exitcode: (\d+) \(")
_CODE = re.compile(r"```[^\n]*\n(.*?)```", re.DOTALL)
_CRASH = re.compile(
    r"^Error processing publish message\n(Traceback \(most recent.*)", re.MULTILINE | re.DOTALL
)
"""What AutoGen's runtime logs when an agent raised."""

_PEOPLE = frozenset({"human", "user"})
_TERMINAL = frozenset({"Computer_terminal", "ComputerTerminal"})
_TIMED_OUT = 124
"""The exit code of a command that `timeout` ended."""

_MAX_ERROR = 500


def crash_in(content: str) -> str:
    """The traceback of an agent that raised, or ""."""
    found = _CRASH.search(content)
    return found[1][:_MAX_ERROR] if found else ""


class Said(NamedTuple):
    speaker: str
    content: str


def entries_of(said: Sequence[Said], prompts: Mapping[str, str]) -> list[Entry]:
    """
    One entry for each thing said; its id is its place, from 0.

    `prompts`: the members' instructions, shown with their first turns.
    """
    unshown = dict(prompts)
    return [_entry(place, said, unshown) for place in range(len(said))]


def _entry(place: int, said: Sequence[Said], unshown: dict[str, str]) -> Entry:
    speaker, content = said[place]
    if speaker in _PEOPLE:
        return Event(id=f"{place}", name="task", agent=speaker, output=content)
    if speaker in _TERMINAL and place:
        return _execution(place, content, said[place - 1].content)
    aside = _SPEAKER.fullmatch(speaker)
    if aside is not None and aside["to"]:
        return Event(id=f"{place}", name="instruction", agent=aside[1], handoff_from=aside[1],
                     handoff_to=aside["to"], input=content)  # fmt: skip
    crash = crash_in(content)
    name = aside[1] if aside else speaker
    return AgentRun(
        id=f"{place}",
        name=name or "unnamed",
        output=content,
        status="error" if crash else "unset",
        error_type="crash" if crash else "",
        error=crash,
        metadata=present({"aside": aside["aside"] if aside else "",
                          "system_prompt": unshown.pop(name, "")}),
    )  # fmt: skip


def _execution(place: int, content: str, before: str) -> Entry:
    """The terminal runs the code blocks of the message before it."""
    exit_ = _EXIT.match(content)
    if exit_ is None:
        return Event(id=f"{place}", name="nothing to execute", output=content)
    code = int(exit_[1])
    status: Status = "error" if code else "ok"
    blocks = _CODE.findall(before)
    return ToolCall(
        id=f"{place}",
        tool="Computer_terminal",
        arguments={"code": blocks} if blocks else None,
        result=content,
        status=status,
        error=content[-_MAX_ERROR:] if code else "",
        error_type="" if not code else "timeout" if code == _TIMED_OUT else f"exit_{code}",
    )
