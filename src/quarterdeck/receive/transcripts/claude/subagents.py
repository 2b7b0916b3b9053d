"""
Where Claude Code writes what sub-agents did: beside the session, in files of their own.

`<session>/subagents/agent-<id>.jsonl` since 2.1, `agent-<id>.jsonl` in the project's folder before;
yet older versions write a sub-agent's lines into the session's own file (`isSidechain`).
"""

from collections.abc import Container
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from quarterdeck.receive.transcripts.claude.content import texts_of
from quarterdeck.receive.transcripts.members import identifier, mapping, records, text
from quarterdeck.receive.transcripts.source import Source

SPAWNING_TOOLS = frozenset({"Task", "Agent"})


class Spawns:
    """The tool calls of one conversation that started sub-agents."""

    def __init__(self) -> None:
        self.agents: dict[str, str] = {}
        """Tool call id -> id of its sub-agent; "" while nobody tells it."""
        self.inside: set[str] = set()
        """Tool calls whose sub-agent's lines stand in the conversation's own file."""
        self._prompts: dict[str, str] = {}

    def begin(self, call_id: str, prompt: str) -> None:
        self.agents[call_id] = ""
        self._prompts[call_id] = prompt

    def name(self, call_id: str, agent_id: str) -> None:
        """The result of the call, or a notification, tells which sub-agent it was."""
        if call_id in self.agents and agent_id:
            self.agents[call_id] = agent_id

    def claim(self, prompt: str, unanswered: Container[str]) -> str:
        """
        The call that began a run with this prompt, else the only one without a result.

        "" if that is not sure.  A call is claimed once.
        """
        free = [one for one in self.agents if one not in self.inside]
        by_prompt = [one for one in free if prompt and self._prompts[one] == prompt]
        waiting = [one for one in free if one in unanswered]
        found = (by_prompt or (waiting if len(waiting) == 1 else [""]))[0]
        if found:
            self.inside.add(found)
        return found


class Spawned(NamedTuple):
    """How a sub-agent came to be, as its caller's file and its own `meta.json` tell it."""

    call_id: str
    """The tool call that started it; "" = not told."""
    agent: str
    """Its type: `Explore`; "" = not told."""


def tool_entry_id(call_id: str) -> str:
    """The entry of a tool call, below which a sub-agent's own file is hung."""
    return f"tool:{call_id}"


def agent_id_of(source: Source) -> str:
    """Of a sub-agent's own file, by its name; "" for any other."""
    return source.stem.removeprefix("agent-") if source.stem.startswith("agent-") else ""


def files_of(source: Source, session_id: str) -> frozenset[str]:
    """Ids of the session's sub-agents that have files of their own.  Never raises."""
    folder = source.path.parent
    found: set[str] = set()
    for place, pattern in ((folder / session_id, "**/agent-*.jsonl*"), (folder, "agent-*.jsonl*")):
        try:
            found |= {_id_in(path) for path in place.glob(pattern)}
        except OSError:
            continue
    return frozenset(found)


def _id_in(path: Path) -> str:
    return path.name.removesuffix(".gz").removesuffix(".jsonl").removeprefix("agent-")


def spawned(source: Source, agent_id: str, session_id: str) -> Spawned:
    """Looks into the caller's file and the `meta.json` beside.  Never raises."""
    meta = _meta(source, agent_id)
    call_id = text(meta.get("toolUseId")) or text(meta.get("tool_use_id"))
    kind = text(meta.get("agentType"))
    caller = _caller_file(source, session_id)
    if caller is not None and not (call_id and kind):
        try:
            told = _in_caller(caller, agent_id, _prompt_of(source))
        except (OSError, EOFError):
            told = Spawned("", "")
        call_id, kind = call_id or told.call_id, kind or told.agent
    return Spawned(call_id, kind)


def _meta(source: Source, agent_id: str) -> dict[str, Any]:
    meta = source.beside(f"agent-{agent_id}.meta.json")
    return mapping(meta.top) if meta is not None else {}


def _caller_file(source: Source, session_id: str) -> Source | None:
    for folder in ("..", "../..", "."):
        found = source.beside(f"{folder}/{session_id}.jsonl")
        if found is not None:
            return found
    return None


def _prompt_of(source: Source) -> str:
    """What the sub-agent was asked: the first line of its file."""
    content = mapping(mapping(source.head[0]).get("message")).get("content") if source.head else ""
    return "\n".join(texts_of(content))


def _in_caller(caller: Source, agent_id: str, prompt: str) -> Spawned:
    """
    Two kinds of line matter: the result that names the agent, and the call it answers.  While the
    sub-agent works there is no result yet: then the one call with its prompt.
    """
    needle = agent_id.encode()
    kinds: dict[str, str] = {}
    prompts: dict[str, str] = {}
    call_id = ""
    for line in caller.lines():
        if b'"prompt"' not in line.text and needle not in line.text:
            continue
        try:
            record = mapping(msgspec.json.decode(line.text))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        for block in records(mapping(record.get("message")).get("content")):
            if text(block.get("name")) in SPAWNING_TOOLS:
                arguments = mapping(block.get("input"))
                spawning = identifier(block.get("id"))
                kinds[spawning] = text(arguments.get("subagent_type"))
                prompts[spawning] = text(arguments.get("prompt"))
            elif block.get("type") == "tool_result" and _names(record, agent_id):
                call_id = identifier(block.get("tool_use_id"))
        if not call_id and text(mapping(record.get("data")).get("agentId")) == agent_id:
            call_id = text(record.get("parentToolUseID"))
    asked = [one for one, words in prompts.items() if words and words == prompt]
    call_id = call_id or (asked[0] if len(asked) == 1 else "")
    return Spawned(call_id, kinds.get(call_id, ""))


def _names(record: dict[str, Any], agent_id: str) -> bool:
    return text(mapping(record.get("toolUseResult")).get("agentId")) == agent_id
