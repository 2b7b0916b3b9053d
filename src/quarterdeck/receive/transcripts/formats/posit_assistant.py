"""
Posit Assistant: a folder for each session with `conversation.json`, the tree of what was said,
and `lm-messages.jsonl`, the messages themselves; sub-agents have such a folder below it.

A turn that is not active is of a branch that was left: its calls were made and are kept, marked
with `transcript.abandoned`.  Input tokens are counted without the cached ones.
"""

from collections.abc import Iterator
from typing import Any

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message
from quarterdeck.normalize.attributes import count
from quarterdeck.receive.transcripts.dialogue import Dialogue, message_of, text_of
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.instants import instant_ns
from quarterdeck.receive.transcripts.lines import Record, read_records
from quarterdeck.receive.transcripts.members import (
    identifier,
    listing,
    mapping,
    present,
    records,
    rest,
    text,
    told,
)
from quarterdeck.receive.transcripts.source import Source
from quarterdeck.receive.transcripts.token_counts import usage_disagrees, usage_of
from quarterdeck.receive.transcripts.transcript import (
    BadLine,
    ModelCall,
    Read,
    Status,
    Transcript,
)

_NAME = "posit_assistant"
_TREE = "conversation.json"
_MESSAGES = "lm-messages.jsonl"


def _recognizes(source: Source) -> bool:
    return source.name == _TREE and source.has_keys("schemaVersion", "root", "messages")


def _belongs(source: Source) -> bool:
    if source.name == _MESSAGES:
        return source.beside(_TREE) is not None
    if source.name == "index.json":
        return source.has_keys("conversations", "schemaVersion")
    return (
        source.name == "workspace.json"
        and source.beside("index.json") is not None
        and source.has_keys("path", "createdAt")
    )


def _read(source: Source) -> Read:
    tree = mapping(source.document)
    root = mapping(tree.get("root"))
    said = Dialogue()
    messages: dict[str, Record] = {}
    beside = source.beside(_MESSAGES)
    for item in read_records(beside) if beside is not None else ():
        if isinstance(item, Record):
            messages[identifier(item.value.get("id"))] = item
        elif isinstance(item, Finding):
            said.note(item)
        elif isinstance(item, BadLine):
            yield item
    task, last = "", ""
    chosen = mapping(mapping(root.get("metadata")).get("model"))
    providers = {text(chosen.get("id")): text(chosen.get("providerId"))}
    for turn, record in _in_order(said, tree, messages):
        message = mapping(record.value.get("message"))
        own, above = identifier(turn.get("id")), identifier(turn.get("parentId"))
        if last not in ("", own, above):
            said.restart(_way_to(above, tree, messages))
        last = own or last
        if message.get("role") == "user":
            task = task or text_of(message_of(message))
        _take(said, turn, record, message, providers)
    if said.is_empty:
        yield Finding(code="empty_session", message="nothing was said in it")
        return
    yield _transcript(source, root, said, task=task, files=listing(tree.get("files")))


def _transcript(
    source: Source, root: dict[str, Any], said: Dialogue, *, task: str, files: list[Any]
) -> Transcript:
    metadata = mapping(root.get("metadata"))
    own_id = identifier(root.get("id")) or source.path.parent.name
    above = identifier(metadata.get("parentTreeId"))
    entries, findings = said.close()
    return Transcript(
        format=_NAME,
        session_id=above or own_id,
        part=own_id if above else "",
        agent=text(metadata.get("kind")) if above else _NAME,
        # A sub-agent's task is not the session's, and stays in its metadata.
        task="" if above else task,
        started_ns=instant_ns(root.get("timestamp")),
        entries=entries,
        written_ns=source.written_ns,
        findings=findings,
        metadata=rest(metadata, "kind", "parentTreeId", "model")
        | present({"title": root.get("title"), "summary": root.get("summary"), "files": files}),
    )


def _in_order(
    said: Dialogue, tree: dict[str, Any], messages: dict[str, Record]
) -> Iterator[tuple[dict[str, Any], Record]]:
    """Each message with the turn it is of; those that no turn names come last, as abandoned."""
    used: set[str] = set()
    for turn in records(tree.get("messages")):
        for number in listing(turn.get("lmMessageIds")):
            wanted = identifier(number)
            used.add(wanted)
            if wanted in messages:
                yield turn, messages[wanted]
            else:
                said.note(
                    Finding(
                        code="message_missing",
                        message=f"the tree names message {wanted!r}, which {_MESSAGES} lacks",
                    )
                )
    for wanted, record in messages.items():
        if wanted not in used:
            said.note(
                Finding(
                    code="message_unplaced",
                    message=f"message {wanted!r} of {_MESSAGES} is in no turn of the tree: it is "
                    "shown last",
                )
            )
            yield {"isActive": False}, record


def _way_to(turn_id: str, tree: dict[str, Any], messages: dict[str, Record]) -> list[Message]:
    """What was said from the beginning to this turn, along its branch."""
    turns = {identifier(turn.get("id")): turn for turn in records(tree.get("messages"))}
    way: list[dict[str, Any]] = []
    while turn_id in turns and turns[turn_id] not in way:
        way.append(turns[turn_id])
        turn_id = identifier(turns[turn_id].get("parentId"))
    found = [
        message_of(mapping(messages[wanted].value.get("message")))
        for turn in reversed(way)
        for number in listing(turn.get("lmMessageIds"))
        if (wanted := identifier(number)) in messages
    ]
    return [message for message in found if message.parts]


def _take(
    said: Dialogue,
    turn: dict[str, Any],
    record: Record,
    message: dict[str, Any],
    providers: dict[str, str],
) -> None:
    """`providers` holds the provider of the session's own model: not every message tells it."""
    place = f"line {record.number}"
    facts = mapping(mapping(message.get("providerOptions")).get("providerMetadata"))
    facts = mapping(facts.get("positai"))
    model = text(facts.get("modelId"))
    facts = {**facts, "providerId": text(facts.get("providerId")) or providers.get(model, "")}
    at_ns = instant_ns(facts.get("timestamp"))
    match message.get("role"):
        case "assistant":
            said.call(_model_call(said, turn, message, facts, at_ns=at_ns, place=place))
        case "tool":
            for number, block in enumerate(records(message.get("content")), start=1):
                _answer(said, block, place=f"{place}/{number}")
        case _:
            said.hear(message_of(message), at_ns=at_ns, place=place)


def _answer(said: Dialogue, block: dict[str, Any], *, place: str) -> None:
    output = block.get("output")
    kind = text(mapping(output).get("type"))
    result = mapping(output).get("value", output)
    failed = kind.startswith("error") or block.get("isError") is True
    denied = kind == "execution-denied"
    status: Status = "blocked" if denied else "error" if failed else "ok"
    said.answer(
        identifier(block.get("toolCallId")),
        result,
        tool=text(block.get("toolName")),
        place=place,
        status=status,
        error=text(result) if failed else "",
    )


def _model_call(
    said: Dialogue,
    turn: dict[str, Any],
    message: dict[str, Any],
    facts: dict[str, Any],
    *,
    at_ns: int | None,
    place: str,
) -> ModelCall:
    usage = mapping(facts.get("usage"))
    call = ModelCall(
        id=said.id("", place),
        start_ns=at_ns,
        end_ns=at_ns,
        model=text(facts.get("modelId")),
        provider=text(facts.get("providerId")),
        output=(message_of(message, "assistant"),),
        usage=usage_of(
            input_tokens=usage.get("inputTokens"),
            output_tokens=usage.get("outputTokens"),
            cache_read=usage.get("cacheReadTokens"),
            cache_write=usage.get("cacheWriteTokens"),
            cache_write_1h=usage.get("cacheWrite1hTokens"),
            reasoning=usage.get("reasoningTokens"),
            cached="beside",
        ),
        metadata=present({"turn": identifier(turn.get("id"))})
        | ({"abandoned": True} if turn.get("isActive") is False else {}),
    )
    said.note(*usage_disagrees(call.id, call.usage, told(count, usage.get("totalTokens"))))
    return call


FORMAT = Format(
    name=_NAME,
    title="Posit Assistant",
    recognizes=_recognizes,
    read=_read,
    belongs=_belongs,
    follows=(Followed("~/.posit/assistant/workspaces", "**/conversation.json"),),
)
