"""
Which conversation a line belongs to: the main one, or that of a sub-agent in the same file.

A sub-agent's lines say `isSidechain`; newer ones name the agent, older ones are told apart by the
line that they follow.
"""

from dataclasses import dataclass, field
from typing import Any

from quarterdeck.model.messages import Message
from quarterdeck.receive.transcripts.members import text


@dataclass(slots=True)
class Thread:
    """One conversation: the main one, or a sub-agent's."""

    run: str = ""
    """The entry id of its `AgentRun`; "" = the main one."""
    new: list[Message] = field(default_factory=list)
    """What was said since its last model call."""
    last_call: int | None = None
    """Place of its last model call, whose answer the next one is shown; None after a compaction."""
    last_ns: int | None = None
    refused: bool = False
    """A tool was refused since the last model call: the interrupt that follows is the same act."""


class Threads:
    """`flat`: a sub-agent's own file, all of one thread."""

    def __init__(self, *, flat: bool) -> None:
        self.main = Thread()
        self._flat = flat
        self._threads: dict[str, Thread] = {}
        self._key_of_line: dict[str, str] = {}

    def key_of(self, record: dict[str, Any]) -> str:
        """ "" for the main one."""
        if self._flat or record.get("isSidechain") is not True:
            return ""
        uuid = text(record.get("uuid"))
        key = (
            text(record.get("agentId"))
            or self._key_of_line.get(text(record.get("parentUuid")), "")
            or uuid
            or "sidechain"
        )
        if uuid:
            self._key_of_line[uuid] = key
        return key

    def find(self, key: str) -> Thread | None:
        """None = no line of it was read yet."""
        return self._threads.get(key) if key else self.main

    def begin(self, key: str, run: str) -> Thread:
        """`run` is the entry id of the sub-agent's run."""
        self._threads[key] = Thread(run=run)
        return self._threads[key]
