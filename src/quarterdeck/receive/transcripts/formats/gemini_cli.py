"""
Gemini CLI's chats: `~/.gemini/tmp/<project>/chats/session-*.json`, and JSONL since 0.36.

A chat is one JSON document; as JSONL it is a first line about the session and then records that
may replace earlier ones by `id`, change the session (`$set`) or go back (`$rewindTo`).  What was
gone back over stays: it was done and paid for.  `tokens.output` leaves out the thoughts.

People show where they cancelled a tool; what they let pass is not written down.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, Part, ReasoningPart, ToolCallPart
from quarterdeck.model.usage import Usage
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, plain, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import Source, content_id
from quarterdeck.receive.transcripts.token_counts import usage_disagrees
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    Event,
    ModelCall,
    PersonAct,
    Read,
    Status,
    ToolCall,
    Transcript,
)

_NAME = "gemini_cli"
_AGENT = "gemini-cli"
_STATUS: dict[str, Status] = {"success": "ok", "error": "error", "cancelled": "cancelled"}
_KINDS = frozenset({"user", "gemini", "info", "error", "warning"})
_MAX_ERROR = 500
_COMMANDS = ("/", "?")
"""How a line for the command line itself begins; it is no prompt."""


class _Chat(NamedTuple):
    about: dict[str, Any]
    messages: list[Record]
    """Each once, as it was last told, in the order of the first telling."""
    left: frozenset[int]
    """Numbers of the messages that were gone back over."""


def recognizes(source: Source) -> bool:
    if source.head and not (len(source.head) == 1 and _is_chat(source.head[0])):
        first = mapping(source.head[0])
        return "messages" not in first and {"sessionId", "projectHash"} <= first.keys()
    return _is_chat(source.head[0] if source.head else source.top)


def _is_chat(value: Any) -> bool:
    chat = mapping(value)
    return {"sessionId", "projectHash"} <= chat.keys() and isinstance(chat.get("messages"), list)


def read(source: Source) -> Read:
    said = Dialogue()
    chat: _Chat | None = None
    for found in _chat_of(source):
        match found:
            case BadLine():
                yield found
            case Finding():
                said.note(found)
            case _Chat():
                chat = found
    if chat is None:
        return
    task = ""
    heard_ns: int | None = None
    for record in chat.messages:
        is_left = record.number in chat.left
        problem = _take(said, record, heard_ns=heard_ns, is_left=is_left)
        heard_ns = _last_ns(record.value) or heard_ns
        if problem:
            yield BadLine(source.shown, record.number, problem)
        elif not task:
            task = _prompt(record.value)
    if said.is_empty:
        yield Finding(code="empty_session", message="nobody said anything in it")
    else:
        yield _transcript(source, said, chat, task)


# -- the file ----------------------------------------------------------------------------------


def _chat_of(source: Source) -> Iterator[_Chat | BadLine | Finding]:
    if source.head and not _is_chat(source.head[0]):
        yield from _chat_in_lines(source)
        return
    about = mapping(source.document)
    messages: list[Record] = []
    for number, value in enumerate(listing(about.get("messages")), start=1):
        if isinstance(value, dict):
            messages.append(Record(number, value))
        else:
            yield BadLine(source.shown, number, f"expected a message, got {value!r:.40}")
    yield _Chat(about, messages, frozenset())


def _chat_in_lines(source: Source) -> Iterator[_Chat | BadLine | Finding]:
    about: dict[str, Any] = {}
    messages: dict[str, Record] = {}
    left: set[int] = set()
    for found in read_records(source):
        if not isinstance(found, Record):
            yield found
            continue
        value = found.value
        if "$rewindTo" in value:
            left |= _after(messages, identifier(value["$rewindTo"]))
        elif "$set" in value:
            changes = mapping(value["$set"])
            about |= {key: one for key, one in changes.items() if key != "messages"}
            for number, message in enumerate(records(changes.get("messages"))):
                _put(messages, Record(found.number, message), f"{found.number}.{number}")
        elif "type" in value:
            _put(messages, found, str(found.number))
        else:
            about |= value
    yield _Chat(about, list(messages.values()), frozenset(left))


def _put(messages: dict[str, Record], record: Record, place: str) -> None:
    key = identifier(record.value.get("id")) or place
    first = messages.get(key)
    number = record.number if first is None else first.number
    messages[key] = Record(number, record.value)


def _after(messages: dict[str, Record], last: str) -> set[int]:
    """What came after the message that was gone back to; all, if it is not known."""
    keys = list(messages)
    kept = keys.index(last) + 1 if last in messages else 0
    return {messages[key].number for key in keys[kept:]}


# -- messages ----------------------------------------------------------------------------------


def _take(said: Dialogue, record: Record, *, heard_ns: int | None, is_left: bool) -> str:
    """ "" or what could not be read."""
    value, place = record.value, f"message {record.number}"
    at_ns = instant_ns(value.get("timestamp"))
    marks = {"abandoned": True} if is_left else {}
    match value.get("type"):
        case "user":
            said.hear(_heard(value), at_ns=at_ns, place=place)
        case "gemini":
            _answer(said, value, heard_ns, place, marks)
        case "info" | "warning":
            _event(said, value, at_ns, place, marks)
        case "error":
            _event(said, value, at_ns, place, marks, status="error")
        case kind:
            return f"expected one of {', '.join(sorted(_KINDS))}, got {kind!r:.40}"
    return ""


def _last_ns(value: dict[str, Any]) -> int | None:
    """The last instant that a message tells: its own, or that of the tools it called."""
    said = [instant_ns(one.get("timestamp")) for one in (value, *records(value.get("toolCalls")))]
    return max((at for at in said if at is not None), default=None)


def _heard(value: dict[str, Any]) -> Message:
    return message_of({"role": "user", "content": value.get("content")})


def _prompt(value: dict[str, Any]) -> str:
    words = text_of(_heard(value)) if value.get("type") == "user" else ""
    return "" if words.startswith(_COMMANDS) else words


def _event(
    said: Dialogue, value: dict[str, Any], at_ns: int | None, place: str,
    marks: dict[str, Any], *, status: Status = "unset",
) -> None:  # fmt: skip
    words = plain(value.get("content"))
    said.add(
        Event(
            id=said.id(identifier(value.get("id")), place), name=f"{value['type']} message",
            start_ns=at_ns, end_ns=at_ns, output=words, status=status,
            error=text(words)[:_MAX_ERROR] if status == "error" else "", metadata=marks,
        )
    )  # fmt: skip


def _answer(
    said: Dialogue, value: dict[str, Any], heard_ns: int | None, place: str, marks: dict[str, Any]
) -> None:
    """`heard_ns`: when the model was last told something, which is when it was asked."""
    at_ns = instant_ns(value.get("timestamp"))
    tools = records(value.get("toolCalls"))
    thoughts = records(value.get("thoughts"))
    model = text(value.get("model"))
    tokens = mapping(value.get("tokens"))
    usage = _usage(tokens)
    call = ModelCall(
        id=said.id(identifier(value.get("id")), place),
        start_ns=at_ns if heard_ns is None or at_ns is None else min(heard_ns, at_ns),
        end_ns=at_ns,
        status="ok",
        model=model,
        provider="google" if model.startswith("gemini") else "",
        output=_said(value, thoughts, tools),
        usage=usage,
        metadata=marks,
    )
    said.note(*usage_disagrees(call.id, usage, told(count, tokens.get("total"))))
    said.call(call, own_tools=False)
    for number, tool in enumerate(tools, start=1):
        _tool(said, call, tool, number, at_ns)
    _cancelled(said, call, tools, at_ns)


def _usage(tokens: dict[str, Any]) -> Usage | None:
    """`tool` is what tools' results added to the prompt; thoughts are counted beside the output."""
    input_, tool = told(count, tokens.get("input")), told(count, tokens.get("tool"))
    output, thoughts = told(count, tokens.get("output")), told(count, tokens.get("thoughts"))
    if not any((input_, tool, output, thoughts)):
        return None
    return Usage(
        input_tokens=None if input_ is None else input_ + (tool or 0),
        output_tokens=None if output is None else output + (thoughts or 0),
        cache_read_tokens=told(count, tokens.get("cached")),
        reasoning_tokens=thoughts,
    )


def _said(
    value: dict[str, Any], thoughts: list[dict[str, Any]], tools: list[dict[str, Any]]
) -> tuple[Message, ...]:
    pieces = [f"{text(t.get('subject'))}\n{text(t.get('description'))}".strip() for t in thoughts]
    content = message_of({"role": "assistant", "content": value.get("content")}, "assistant")
    parts: list[Part] = [ReasoningPart(content=piece) for piece in pieces if piece]
    parts += content.parts
    parts += [
        ToolCallPart(
            name=text(tool.get("name")), id=identifier(tool.get("id")), arguments=tool.get("args")
        )
        for tool in tools
    ]
    return (Message(role="assistant", parts=tuple(parts)),) if parts else ()


def _tool(
    said: Dialogue, call: ModelCall, tool: dict[str, Any], number: int, at_ns: int | None
) -> None:
    spelled = text(tool.get("status"))
    status: Status = _STATUS.get(spelled, "unset")
    ended_ns = instant_ns(tool.get("timestamp"))
    call_id, name = identifier(tool.get("id")), text(tool.get("name"))
    result = _result(tool)
    is_over = status != "unset"
    entry = ToolCall(
        id=said.id("", f"{call.id}/{number}"), start_ns=at_ns, tool=name, call_id=call_id,
        arguments=tool.get("args"),
        metadata=present({"agent_id": tool.get("agentId"), "description": tool.get("description")}),
    )  # fmt: skip
    if not (is_over and call_id):
        # Nothing to wait for: it has no id to be answered by, or it is still running.
        said.add(entry if not is_over else _finished(entry, result, status, ended_ns or at_ns))
    else:
        said.add(entry)
        said.answer(
            call_id, result, tool=name, at_ns=ended_ns if ended_ns is not None else at_ns,
            status=status, error=_error(result, status),
        )  # fmt: skip


def _cancelled(
    said: Dialogue, call: ModelCall, tools: list[dict[str, Any]], at_ns: int | None
) -> None:
    """One act, however many of the tools that wait it cancelled."""
    refused = [tool for tool in tools if tool.get("status") == "cancelled"]
    if refused:
        ended_ns = instant_ns(refused[0].get("timestamp"))
        said.add(
            PersonAct(
                id=said.id("", f"{call.id}/cancelled"), kind="approval", decision="rejected",
                tool=text(refused[0].get("name")), call_id=identifier(refused[0].get("id")),
                start_ns=at_ns, end_ns=ended_ns if ended_ns is not None else at_ns,
            )
        )  # fmt: skip


def _finished(entry: ToolCall, result: Any, status: Status, at_ns: int | None) -> ToolCall:
    return msgspec.structs.replace(
        entry, result="" if result is None else result, status=status, end_ns=at_ns,
        error=_error(result, status),
    )  # fmt: skip


def _result(tool: dict[str, Any]) -> Any:
    """What the model was told; what was only displayed, if that is all there is."""
    answers = [
        mapping(mapping(part.get("functionResponse")).get("response"))
        for part in records(tool.get("result"))
        if "functionResponse" in part
    ]
    if len(answers) == 1 and answers[0].keys() == {"output"}:
        return answers[0]["output"]
    if answers:
        return answers[0] if len(answers) == 1 else answers
    return plain(tool.get("result")) if tool.get("result") else tool.get("resultDisplay")


def _error(result: Any, status: Status) -> str:
    if status not in ("error", "cancelled"):
        return ""
    words = result if isinstance(result, str) else text(mapping(result).get("error"))
    return words[:_MAX_ERROR]


def _transcript(source: Source, said: Dialogue, chat: _Chat, task: str) -> Transcript:
    entries, findings = said.close()
    about = chat.about
    own_id = text(about.get("sessionId")) or content_id(_NAME, *source.head[:1])
    is_part = about.get("kind") == "subagent"
    # A sub-agent's chat lies in a folder that is called as its caller's session.
    caller = source.path.parent.name if source.path.parent.parent.name == "chats" else ""
    return Transcript(
        format=_NAME,
        session_id=caller if is_part and caller else own_id,
        part=f"agent:{source.stem}" if is_part else "",
        agent="sub-agent" if is_part else _AGENT,
        task="" if is_part else task,
        started_ns=instant_ns(about.get("startTime")),
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=present(
            {
                "project_hash": text(about.get("projectHash")),
                "title": text(about.get("summary")),
                "directories": listing(about.get("directories")),
            }
        ),
    )


FORMAT = Format(
    name=_NAME,
    title="Gemini CLI",
    recognizes=recognizes,
    read=read,
    follows=(
        Followed("~/.gemini", "tmp/*/chats/**/*.json"),
        Followed("~/.gemini", "tmp/*/chats/**/*.jsonl"),
    ),
)
