"""
A session to be read: who asked, thought, said, called and decided what, in order.

Every step gives entries; a thought stands above the calls that it led to, a person's act before
what it allowed, an agent's answer after its last step.  Attempts at one call that follow each
other with nothing said between are one entry.  What a model only repeats of the conversation is
not told again, and a call that a step shows is not told a second time as the model's wish.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from quarterdeck.assembly.acts import ReadStep, ShownAct
from quarterdeck.assembly.inputs import news_of
from quarterdeck.assembly.shown import Data, Field, Shown, as_text, bounded, fields_of
from quarterdeck.assembly.standing import Standing, Tried
from quarterdeck.model.handoffs import HandoffKind
from quarterdeck.model.instants import NS_PER_S, to_rfc3339
from quarterdeck.model.messages import (
    MediaPart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
)
from quarterdeck.model.sessions import Step
from quarterdeck.model.spans import Content, Span

SHOWN_BYTES = 4_000
"""Of a text in a transcript: a screen; the step itself shows more."""
AHEAD = 64
"""Steps looked at for the one that ran a call which a model asked for."""

EntryKind = Literal[
    "agent_begins", "agent_ends", "asked", "thought", "said", "tool", "person", "handoff",
    "model_failed", "retrieval", "guardrail", "evaluation", "memory", "step",
    "episode_opened", "episode_recovered",
]  # fmt: skip

_OTHER: Mapping[str, EntryKind] = {
    "retrieval": "retrieval", "guardrail": "guardrail", "evaluation": "evaluation",
    "memory": "memory", "handoff": "handoff",
}  # fmt: skip
_NOT_ASKING = frozenset({"assistant", "system", "developer", "tool"})


class HandoffMark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    source: str
    target: str | None
    kind: HandoffKind


class EpisodeMark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    operation: str
    target: str | None
    reason: str | None
    opened_at_step: int | None
    recovered_at_step: int | None
    recovered: bool
    errors: int


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    kind: EntryKind
    step: int
    at: str
    duration_s: float | None = None
    agent: str | None = None
    depth: int = 0
    name: str | None = None
    text: Shown | None = None
    fields: tuple[Field, ...] | None = None
    status: str | None = None
    error: str | None = None
    attempts: tuple[int, ...] = ()
    cost_usd: str | None = None
    media: tuple[Data, ...] = ()
    act: ShownAct | None = None
    handoff: HandoffMark | None = None
    episode: EpisodeMark | None = None
    ends_at_step: int | None = None
    began_at_step: int | None = None


class Page(NamedTuple):
    """What a page of a transcript needs, and what its steps are."""

    first: int
    end: int
    """The step after the last."""
    ended: tuple[int, ...]
    """Agents whose last step is on the page."""
    around: tuple[int, ...]
    """Agents that began before it and are not over."""
    folded: Mapping[int, tuple[int, ...]]
    """First attempt -> all attempts, the later ones being no entries of their own."""

    def needed(self) -> list[int]:
        """Steps whose content is shown."""
        last_tries = [tries[-1] for tries in self.folded.values()]
        everything = (*range(self.first, self.end), *self.ended, *self.around, *last_tries)
        return sorted(set(everything))


class Ran(NamedTuple):
    """Tool calls that steps show."""

    ids: frozenset[str]
    without_id: frozenset[str]
    """Tools of those that tell no id."""
    names: frozenset[str]


def page_of(standing: Standing, *, first: int, limit: int) -> Page:
    total = len(standing.steps)
    end = min(total + 1, first + limit)
    ended: list[int] = []
    around: list[int] = []
    for step in standing.steps[: end - 1]:
        if step.kind == "agent":
            last = standing.last_within[step.number - 1]
            if first <= last < end:
                ended.append(step.number)
            elif step.number < first <= last:
                around.append(step.number)
    return Page(first, end, tuple(ended), tuple(around), _folded(standing, first, end))


def _folded(standing: Standing, first: int, end: int) -> dict[int, tuple[int, ...]]:
    """Tries of one call by first try, as far as nothing of that agent stands between them."""
    before: dict[int, int] = {}
    for retry in standing.session.retries:
        later = standing.number_of.get((retry.trace_id, retry.span_id))
        earlier = standing.number_of.get((retry.earlier_trace_id, retry.earlier_span_id))
        if later is not None and earlier is not None and earlier < later:
            agent = standing.step(later).agent
            between = standing.steps[earlier : later - 1]
            if len(between) < AHEAD and all(s.agent != agent for s in between):
                before[later] = earlier
    tries: dict[int, list[int]] = {}
    for later in sorted(before):
        root = later
        while root in before:
            root = before[root]
        tries.setdefault(root, [root]).append(later)
    return {
        root: tuple(numbers)
        for root, numbers in tries.items()
        if any(first <= number < end for number in numbers)
    }


def ran_of(facts: Iterable[Span]) -> Ran:
    tools = [span for span in facts if span.kind == "tool"]
    return Ran(
        frozenset(span.tool_call_id for span in tools if span.tool_call_id),
        frozenset(span.tool or span.name for span in tools if not span.tool_call_id),
        frozenset(span.tool or span.name for span in tools),
    )


def entries(
    standing: Standing,
    page: Page,
    *,
    read: Mapping[int, ReadStep],
    ran: Ran,
    acts: Mapping[int, Sequence[ShownAct]],
) -> list[Entry]:
    """`acts` by the step that shows them."""
    return list(_Teller(standing, page, read, ran, acts).tell())


class _Teller:
    def __init__(
        self,
        standing: Standing,
        page: Page,
        read: Mapping[int, ReadStep],
        ran: Ran,
        acts: Mapping[int, Sequence[ShownAct]],
    ) -> None:
        self._standing = standing
        self._page = page
        self._read = read
        self._ran = ran
        self._acts = acts
        self._later_tries = {n for tries in page.folded.values() for n in tries[1:]}
        self._tasks: set[str] = set()
        """Of agents, not asked again yet: mostly the first call's last message is the task."""
        self._told_by: dict[str, str] = {}
        """Text -> the agent under which it was told: in a talk of several, what one of them says
        or is asked is in the next call of each other one."""
        self._trusts_ids = any(
            call.id in ran.ids for one in read.values() for call in _calls_in(one.content)
        )
        self._opened: dict[int, list[Tried]] = {}
        self._recovered: dict[int, list[Tried]] = {}
        for tried in standing.episodes:
            if tried.opened is not None:
                self._opened.setdefault(tried.opened, []).append(tried)
            if tried.recovered is not None:
                self._recovered.setdefault(tried.recovered, []).append(tried)
        self._handoffs: dict[int, list[HandoffMark]] = {}
        for handoff in standing.session.handoffs:
            number = standing.number_of.get((handoff.trace_id, handoff.span_id))
            if number is not None:
                mark = HandoffMark(
                    source=handoff.source, target=handoff.target or None, kind=handoff.kind
                )
                self._handoffs.setdefault(number, []).append(mark)

    def tell(self) -> Iterator[Entry]:
        page = self._page
        for number in page.around:
            self._note_task(number)
        ending: dict[int, list[int]] = {}
        for number in page.ended:
            ending.setdefault(self._standing.last_within[number - 1], []).append(number)
        for number in range(page.first, page.end):
            step = self._standing.step(number)
            yield from self._people(step)
            if number not in self._later_tries:
                yield from self._of_step(step)
            yield from self._marks(step)
            # The innermost agent ends first.
            for agent in sorted(ending.get(number, ()), reverse=True):
                yield self._agent_ends(self._standing.step(agent), at=step)

    def _entry(self, step: Step, kind: EntryKind, **told: Any) -> Entry:
        took = None if step.end_ns is None else max(0, step.end_ns - step.start_ns) / NS_PER_S
        fields = {
            "at": to_rfc3339(step.start_ns),
            "duration_s": took,
            "agent": step.agent or None,
            "depth": self._standing.agents_around[step.number - 1],
        }
        return Entry(kind=kind, step=step.number, **(fields | told))

    # -- by kind of step ---------------------------------------------------------------------

    def _of_step(self, step: Step) -> Iterator[Entry]:
        read = self._read.get(step.number)
        content = read.content if read is not None else Content()
        if step.kind == "agent":
            yield self._agent_begins(step, content)
        elif step.kind == "model":
            yield from self._model(step, content)
        elif step.kind == "tool":
            yield self._tool(step, content)
        elif step.kind == "human":
            if step.number not in self._acts:
                yield self._entry(step, "person", name=step.name, text=_text_of(content))
        elif step.kind != "handoff" or step.number not in self._handoffs:
            yield self._entry(
                step,
                _OTHER.get(step.kind, "step"),
                name=step.name or None,
                text=_text_of(content),
                fields=fields_of(content.input, "/input", whole_bytes=SHOWN_BYTES) or None,
                status=step.status or None,
                error=step.error or None,
            )

    def _agent_begins(self, step: Step, content: Content) -> Entry:
        self._note_task(step.number)
        return self._entry(
            step,
            "agent_begins",
            name=step.name or None,
            text=_task_of(content),
            ends_at_step=self._standing.last_within[step.number - 1],
        )

    def _agent_ends(self, agent: Step, *, at: Step) -> Entry:
        read = self._read.get(agent.number)
        ended_ns = agent.end_ns if agent.end_ns is not None else at.start_ns
        return Entry(
            kind="agent_ends",
            step=at.number,
            at=to_rfc3339(ended_ns),
            duration_s=None
            if agent.end_ns is None
            else max(0, agent.end_ns - agent.start_ns) / NS_PER_S,
            agent=agent.agent or None,
            depth=self._standing.agents_around[agent.number - 1],
            name=agent.name or None,
            text=_answer_of(read.content) if read is not None else None,
            status=agent.status or None,
            error=agent.error or None,
            began_at_step=agent.number,
        )

    def _model(self, step: Step, content: Content) -> Iterator[Entry]:
        yield from self._asked(step, content)
        tries = self._page.folded.get(step.number, ())
        last = self._standing.step(tries[-1]) if tries else step
        made = self._read.get(last.number)
        output = made.content if made is not None else Content()
        if last.status == "error" or tries:
            failed = last if last.status == "error" else step
            yield self._entry(
                failed,
                "model_failed",
                name=failed.model or None,
                status=failed.status or None,
                error=failed.error or None,
                attempts=tries,
            )
        money = None if last.cost_usd is None else f"{last.cost_usd:f}"
        for at, message in enumerate(output.output_messages):
            pointer = f"/output_messages/{at}"
            for entry in self._message(last, message, pointer, said="said"):
                if entry.kind == "said" and entry.text is not None:
                    self._told_by[entry.text.text] = step.agent
                yield msgspec.structs.replace(entry, cost_usd=money) if money else entry
                money = None  # the first entry carries the call's cost
        if not output.output_messages and output.output is not None:
            text = bounded(as_text(output.output), "/output", whole_bytes=SHOWN_BYTES)
            yield self._entry(last, "said", name=last.model or None, text=text, cost_usd=money)

    def _asked(self, step: Step, content: Content) -> Iterator[Entry]:
        """What others said since the model last answered."""
        for at in news_of(content.input_messages):
            message = content.input_messages[at]
            if message.role in _NOT_ASKING:
                continue
            for entry in self._message(step, message, f"/input_messages/{at}", said="asked"):
                told = entry.text.text if entry.text is not None else ""
                if told in self._tasks:
                    self._tasks.remove(told)
                elif self._told_by.get(told, step.agent) == step.agent:
                    yield entry
                self._told_by.setdefault(told, step.agent)

    def _message(
        self, step: Step, message: Message, pointer: str, *, said: EntryKind
    ) -> Iterator[Entry]:
        speaker = message.name or (step.model if said == "said" else message.role) or None
        for at, part in enumerate(message.parts):
            inside = f"{pointer}/parts/{at}"
            match part:
                case TextPart(content=text) | ReasoningPart(content=text):
                    if not text.strip():
                        continue
                    kind: EntryKind = "thought" if isinstance(part, ReasoningPart) else said
                    shown = bounded(text, f"{inside}/content", whole_bytes=SHOWN_BYTES)
                    yield self._entry(step, kind, name=speaker, text=shown)
                case ToolCallPart() if said == "said" and not self._is_run(part):
                    fields = fields_of(
                        part.arguments, f"{inside}/arguments", whole_bytes=SHOWN_BYTES
                    )
                    yield self._entry(step, "tool", name=part.name, fields=fields, duration_s=None)
                case MediaPart():
                    kind_of = part.mime_type or part.modality or "application/octet-stream"
                    data = Data(omitted=kind_of, bytes=len(part.content.rstrip("=")) * 3 // 4)
                    yield self._entry(step, said, name=speaker, media=(data,))
                case _:
                    continue

    def _is_run(self, call: ToolCallPart) -> bool:
        if call.id and self._trusts_ids:
            return call.id in self._ran.ids or call.name in self._ran.without_id
        return call.name in self._ran.names

    def _tool(self, step: Step, content: Content) -> Entry:
        tries = self._page.folded.get(step.number, ())
        last = self._standing.step(tries[-1]) if tries else step
        made = self._read.get(last.number)
        fields = fields_of(content.input, "/input", whole_bytes=SHOWN_BYTES)
        if not fields and content.input not in (None, "", {}):
            text = bounded(as_text(content.input), "/input", whole_bytes=SHOWN_BYTES)
            fields = (Field(name="arguments", kind="text", value=text),)
        return self._entry(
            last,
            "tool",
            at=to_rfc3339(step.start_ns),
            name=step.tool or step.name,
            fields=fields,
            text=_text_of(made.content) if made is not None else None,
            status=last.status or None,
            error=last.error or None,
            attempts=tries,
        )

    # -- beside the steps --------------------------------------------------------------------

    def _people(self, step: Step) -> Iterator[Entry]:
        for act in self._acts.get(step.number, ()):
            yield self._entry(
                step, "person", at=act.at, name=act.by, agent=act.agent, act=act, duration_s=None
            )

    def _marks(self, step: Step) -> Iterator[Entry]:
        for handoff in self._handoffs.get(step.number, ()):
            yield self._entry(
                step, "handoff", name=handoff.target, handoff=handoff, duration_s=None
            )
        for tried in self._recovered.get(step.number, ()):
            yield self._episode(step, "episode_recovered", tried)
        for tried in self._opened.get(step.number, ()):
            yield self._episode(step, "episode_opened", tried)

    def _episode(self, step: Step, kind: EntryKind, tried: Tried) -> Entry:
        name, mark = tried.episode.operation, mark_of(tried)
        return self._entry(step, kind, name=name, episode=mark, duration_s=None)

    def _note_task(self, number: int) -> None:
        read = self._read.get(number)
        task = _task_of(read.content) if read is not None else None
        if task is not None:
            self._tasks.add(task.text)


def _calls_in(content: Content) -> Iterator[ToolCallPart]:
    for message in content.output_messages:
        for part in message.parts:
            if isinstance(part, ToolCallPart):
                yield part


def mark_of(tried: Tried) -> EpisodeMark:
    episode = tried.episode
    return EpisodeMark(
        operation=episode.operation,
        target=episode.target or None,
        reason=episode.reason or None,
        opened_at_step=tried.opened,
        recovered_at_step=tried.recovered,
        recovered=episode.recovered_ns is not None,
        errors=episode.errors,
    )


def _text_of(content: Content) -> Shown | None:
    """What it gave back."""
    if content.output is not None:
        return bounded(as_text(content.output), "/output", whole_bytes=SHOWN_BYTES)
    return _last_text(content.output_messages, "/output_messages")


def _task_of(content: Content) -> Shown | None:
    asked = _last_text(content.input_messages, "/input_messages")
    if asked is not None or content.input is None:
        return asked
    return bounded(as_text(content.input), "/input", whole_bytes=SHOWN_BYTES)


def _answer_of(content: Content) -> Shown | None:
    said = _last_text(content.output_messages, "/output_messages")
    return said if said is not None else _text_of(content)


def _last_text(messages: Sequence[Message], pointer: str) -> Shown | None:
    for at in range(len(messages) - 1, -1, -1):
        for place, part in enumerate(messages[at].parts):
            if isinstance(part, TextPart) and part.content.strip():
                name = f"{pointer}/{at}/parts/{place}/content"
                return bounded(part.content, name, whole_bytes=SHOWN_BYTES)
    return None


def asked_in(content: Content, *, is_agent: bool) -> str:
    """What began a turn, whole; "" where nobody asked."""
    if is_agent:
        task = _task_of(content)
        return task.text if task is not None else ""
    for at in news_of(content.input_messages):
        message = content.input_messages[at]
        if message.role not in _NOT_ASKING:
            for part in message.parts:
                if isinstance(part, TextPart) and part.content.strip():
                    return part.content
    return ""
