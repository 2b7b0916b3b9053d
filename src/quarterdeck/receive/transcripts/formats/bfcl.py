"""
BFCL results: one line for each question, with the function calls that a model asked for.

The questions and the possible answers lie in other folders of the same data; without them a
result is a session with no outcome.  Nothing is executed: a call that a model asks for has no
result, and is no tool call of the session.  A function-calling model that answered in words made no
call; what other models wrote is code, which is not judged here.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import msgspec

from quarterdeck.model.findings import Finding
from quarterdeck.model.messages import Message, TextPart, ToolCallPart
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.usage import Usage
from quarterdeck.normalize import attributes as parse
from quarterdeck.receive.transcripts.bfcl.possible_answers import Judged, judge
from quarterdeck.receive.transcripts.dialogue import message_of
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.instants import span_of
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
from quarterdeck.receive.transcripts.transcript import BadLine, ModelCall, Read, Transcript

NAME = "bfcl"

_RESULT = re.compile(r"_result(?=\.json)")
_FUNCTION_CALLING = "-FC"
"""How BFCL marks a model that was given the functions as tools."""


def recognizes(source: Source) -> bool:
    return _has(source, "id", "result", "latency")


def belongs(source: Source) -> bool:
    return _has(source, "id", "ground_truth") or _has(source, "id", "question", "function")


def _has(source: Source, *keys: str) -> bool:
    first = source.head[0] if source.head else None
    return isinstance(first, dict) and {*keys} <= {*first}


def read(source: Source) -> Read:
    suite = _Suite(source)
    model = source.path.resolve().parent.name
    seen: set[str] = set()
    for record in read_records(source):
        if not isinstance(record, Record):
            yield record
            continue
        question = identifier(record.value.get("id"))
        if not question:
            yield BadLine(source.shown, record.number, "a result without an id")
            continue
        transcript = _transcript(record.value, question, model, suite)
        if transcript.session_id in seen:
            message = f"line {record.number} repeats the result of {question!r}: it was read once"
            yield Finding(code="duplicate_lines", message=message)
            continue
        seen.add(transcript.session_id)
        yield transcript


class _Suite:
    """Questions and possible answers of one category, by id; read when first asked for."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @cached_property
    def questions(self) -> dict[str, dict[str, Any]]:
        return self._lines("../../questions", "../../../data", "../../data")

    @cached_property
    def answers(self) -> dict[str, dict[str, Any]]:
        return self._lines(
            "../../possible_answer", "../../../data/possible_answer", "../../data/possible_answer"
        )

    @property
    def written_ns(self) -> int:
        return self._source.written_ns

    def _lines(self, *folders: str) -> dict[str, dict[str, Any]]:
        name = _RESULT.sub("", self._source.name)
        for folder in folders:
            beside = self._source.beside(f"{folder}/{name}")
            if beside is not None:
                return {
                    identifier(record.value.get("id")): record.value
                    for record in read_records(beside)
                    if isinstance(record, Record)
                }
        return {}


def _transcript(result: Mapping[str, Any], question: str, model: str, suite: _Suite) -> Transcript:
    asked = mapping(suite.questions.get(question))
    calls = _calls(result.get("result"))
    words = result.get("result") if not calls else None
    functions = _functions(asked)
    judged = _judged(suite.answers.get(question), calls, functions, model, words)
    category = question.rpartition("_")[0] or question
    said = (TextPart(content=words),) if isinstance(words, str) and words else ()
    return Transcript(
        format=NAME,
        session_id=f"{NAME}.{model}.{question}.{content_id(result)[:8]}",
        entries=(
            ModelCall(
                id="call",
                took_ns=span_of(result.get("latency")),
                model=model.removesuffix(_FUNCTION_CALLING),
                input=_asked(asked.get("question")),
                output=(Message(role="assistant", parts=(*said, *calls)),) if said or calls else (),
                usage=_usage(result),
            ),
        ),
        task=_task(asked.get("question")),
        task_type=f"{NAME}:{category}",
        workflow=NAME,
        workflow_version=model,
        case=f"{NAME}:{question}",
        experiment=True,
        written_ns=suite.written_ns,
        outcome=_outcome(judged),
        expected_calls=judged.expected if judged else None,
        matched_calls=judged.matched if judged else None,
        findings=tuple(_findings(judged, functions)),
        metadata=present({"functions": sorted(functions)}),
    )


def _calls(result: Any) -> tuple[ToolCallPart, ...]:
    """`[{"name": "arguments as JSON"}, …]`, one function in each object."""
    found = []
    for item in records(result):
        for name, arguments in item.items():
            found.append(ToolCallPart(name=name, arguments=_decoded(arguments)))
    return tuple(found)


def _decoded(arguments: Any) -> Any:
    """The object that a text of JSON is; anything else as it came."""
    if not isinstance(arguments, str):
        return arguments
    try:
        return msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return arguments


def _functions(asked: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """By name; a simple question has one, not in a list."""
    given = asked.get("function")
    offered = records([given] if isinstance(given, dict) else given)
    return {text(function.get("name")): function for function in offered}


def _judged(
    answer: Mapping[str, Any] | None,
    calls: tuple[ToolCallPart, ...],
    functions: Mapping[str, Mapping[str, Any]],
    model: str,
    words: Any,
) -> Judged | None:
    if answer is None or not functions:
        return None
    if words is not None and not model.endswith(_FUNCTION_CALLING):
        return None
    truth = answer.get("ground_truth")
    return judge(listing(truth) if isinstance(truth, list) else [mapping(truth)], calls, functions)


def _outcome(judged: Judged | None) -> Outcome | None:
    """All or nothing, as BFCL scores: a call too many fails as well."""
    if judged is None:
        return None
    passed = judged.matched == judged.expected == judged.made
    return Outcome(
        label="success" if passed else "failure",
        source="evaluator",
        author="possible_answer",
        reason=f"{judged.matched} of {judged.expected} expected calls matched, {judged.made} made"
        + (f": {judged.first_difference}" if judged.first_difference else ""),
    )


def _findings(judged: Judged | None, functions: Mapping[str, Any]) -> Iterator[Finding]:
    if judged is not None and judged.unknown:
        yield Finding(
            code="expected_call_unknown",
            message=f"the possible answer expects {judged.unknown!r}, which is none of the "
            f"functions offered ({', '.join(map(repr, functions))}): no answer could match",
        )


def _asked(question: Any) -> tuple[Message, ...]:
    """A text, or the messages of the first turn."""
    if isinstance(question, str):
        return (Message(role="user", parts=(TextPart(content=question),)),)
    turns = listing(question)
    first = turns[0] if turns and isinstance(turns[0], list) else turns
    return tuple(message_of(item, text(item.get("role")) or "user") for item in records(first))


def _task(question: Any) -> str:
    for message in _asked(question):
        for part in message.parts:
            if message.role == "user" and isinstance(part, TextPart):
                return part.content
    return ""


def _usage(result: Mapping[str, Any]) -> Usage | None:
    usage = Usage(
        input_tokens=told(parse.count, result.get("input_token_count")),
        output_tokens=told(parse.count, result.get("output_token_count")),
    )
    return None if usage == Usage() else usage


FORMAT = Format(NAME, "BFCL", recognizes, read, belongs)
