"""
QwenPaw: one JSON file for each session, the state of an AgentScope agent with its memory.

Sessions are called by their place, `<workspace>/sessions/[<channel>/]<user>_<session>.json`: the
file itself has no id.  Times have no zone; models and tokens are not told.
"""

from pathlib import PurePath
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import ToolResultPart
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import TIMEZONE_UNKNOWN, instant_ns, names_zone
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    rest,
    text,
)
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.transcript import BadLine, ModelCall, Read, Transcript

_NAME = "qwenpaw"
_FOLDER = "sessions"
_NOBODY = frozenset({"", "default", "main"})
"""What stands for the user where there is only one."""


def _recognizes(source: Source) -> bool:
    if source.extension != ".json" or not source.has_keys("agent"):
        return False
    agent = mapping(source.top["agent"])
    return isinstance(mapping(agent.get("memory")).get("content"), list) and "name" in agent


def _read(source: Source) -> Read:
    agent = mapping(mapping(source.document).get("agent"))
    memory = mapping(agent.get("memory"))
    said = Dialogue()
    task = ""
    for number, item in enumerate(listing(memory.get("content")), start=1):
        # AgentScope keeps each message in a pair with its marks; before that, alone.
        pair = item if isinstance(item, list) else [item]
        if not pair or not isinstance(pair[0], dict):
            yield BadLine(source.shown, number, "expected a message, or a pair of one and marks")
            continue
        message = pair[0]
        if message.get("role") == "user":
            task = task or text_of(message_of(message))
        _take(said, message, marks=pair[1:], place=f"message {number}")
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    entries, findings = said.close()
    yield Transcript(
        format=_NAME,
        session_id=_session_id(source.path),
        agent=text(agent.get("name")) or _NAME,
        user=_user(source.stem),
        task=task,
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=rest(agent, "memory", "name", "_sys_prompt") | rest(memory, "content"),
    )


def _session_id(path: PurePath) -> str:
    """From the workspace on; the stem alone, `main_main`, is the same in each of them."""
    parts = path.with_suffix("").parts if path.suffix != ".gz" else path.parts
    if _FOLDER not in parts:
        return parts[-1]
    at = len(parts) - 1 - parts[::-1].index(_FOLDER)
    return "/".join((*parts[at - 1 : at], *parts[at + 1 :]))


def _user(stem: str) -> str:
    user = stem.rpartition("_")[0]
    return "" if user in _NOBODY else user


def _take(said: Dialogue, message: dict[str, Any], *, marks: list[Any], place: str) -> None:
    at_ns = instant_ns(message.get("timestamp"))
    if not names_zone(message.get("timestamp", 0)):
        said.note(TIMEZONE_UNKNOWN)
    read = message_of(message)
    if message.get("role") == "assistant":
        said.call(
            ModelCall(
                id=said.id(identifier(message.get("id")), place),
                agent=text(message.get("name")),
                start_ns=at_ns,
                end_ns=at_ns,
                output=(read,),
                metadata=rest(mapping(message.get("metadata")))
                | present({"marks": [mark for mark in marks if mark]}),
            )
        )
    elif any(isinstance(part, ToolResultPart) for part in read.parts):
        for number, block in enumerate(records(message.get("content")), start=1):
            said.answer(
                identifier(block.get("id")),
                plain(block.get("output")),
                tool=text(block.get("name")),
                at_ns=at_ns,
                place=f"{place}/{number}",
                status="unset",
            )
    else:
        said.hear(read, at_ns=at_ns, place=place)


FORMAT = Format(
    name=_NAME,
    title="QwenPaw",
    recognizes=_recognizes,
    read=_read,
    follows=(Followed("~/.copaw/workspaces", "*/sessions/**/*.json"),),
)
