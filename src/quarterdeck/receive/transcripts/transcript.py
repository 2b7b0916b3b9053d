"""
A recorded session, whoever recorded it: what every file format is read into.

A `Transcript` is a session, or a part of one: an agent's run with all that happened in it, in
order.  A session that its recorder spread over several files (sub-agents, continuations) is several
transcripts with one `session_id` and different `part`s, which meet in one trace.  `spans.py`
turns a transcript into spans; a format only says what its file says:

* What the file does not tell stays None or "": no guessed token, time, price or success.
* Nothing is dropped silently.  A line that can't be read is a `BadLine`, the rest is imported; a
  contradiction in the data is a `Finding` (codes: docs/reference/data-findings.md); what no field
  fits goes into `metadata`.
* Ids come from the file, or from the place in it, never from a clock or at random: importing
  twice has to give the same spans.

Times are nanoseconds since 1970 (UTC).  Text is content: kept whole, never interpreted.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Literal

import msgspec

from quarterdeck.model.findings import Finding as Finding
from quarterdeck.model.interventions import HumanAsk, HumanDecision
from quarterdeck.model.messages import Message
from quarterdeck.model.outcomes import Outcome
from quarterdeck.model.scores import Score
from quarterdeck.model.usage import Usage

Status = Literal["ok", "error", "cancelled", "blocked", "unset"]
"""`cancelled`: stopped by a person or a timeout.  `blocked`: refused before it ran."""


class BadLine(msgspec.Struct, frozen=True):
    """A line (or an item of a list) that could not be read.  The rest of its file is imported."""

    path: str
    number: int
    """The line's number from 1; for an item of a JSON list, its position from 1; 0 = the file."""
    message: str


class Total(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    Tokens and cost of several calls together, where a recorder tells no call's own.

    It counts only where no call in or beside its entry tells tokens; a session that uses several
    models has an entry for each.
    """

    model: str = ""
    usage: Usage | None = None
    recorded_cost_usd: Decimal | None = None


class _Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    """Unique within the transcript, and the same at every import (the file's own id if any)."""
    parent: str = ""
    """The id of the `AgentRun` (or other entry) it happened in; "" = the session itself."""
    agent: str = ""
    """Who did it; "" = the parent's agent."""
    start_ns: int | None = None
    end_ns: int | None = None
    """None = not told.  Equal to the start where the file has one instant only."""
    took_ns: int | None = None
    """How long it took, where the file tells that and not when it was."""
    status: Status = "unset"
    error_type: str = ""
    error: str = ""
    metadata: dict[str, Any] = {}
    """What no field fits: kept as attributes `transcript.<key>`."""
    scores: tuple[Score, ...] = ()
    """Judgements of this very step."""


class AgentRun(_Entry, tag="agent", frozen=True, kw_only=True, omit_defaults=True):
    """An agent at work: a sub-agent, one turn of a team's member.  Entries name it as parent."""

    name: str
    role: str = ""
    input: Any = None
    output: Any = None
    total: Total | None = None


class ModelCall(_Entry, tag="model", frozen=True, kw_only=True, omit_defaults=True):
    """One request to a model: what it is billed by."""

    model: str = ""
    provider: str = ""
    role: str = ""
    """What the model is used for, where that is not the agent's role: `user simulator`."""
    instructions: str = ""
    input: Sequence[Message] = ()
    """What was new to the model since its previous call in the same parent; not the history."""
    continues: bool = True
    """False: `input` is whole, whatever was called before it in the same parent."""
    output: Sequence[Message] = ()
    """Usually one assistant message, tool calls as parts of it."""
    usage: Usage | None = None
    """Inclusive counts (see model/usage.py): the format adds what its recorder counts beside."""
    recorded_cost_usd: Decimal | None = None
    response_id: str = ""
    finish_reason: str = ""
    attempt: int | None = None
    service_tier: str = ""


class ToolCall(_Entry, tag="tool", frozen=True, kw_only=True, omit_defaults=True):
    tool: str
    call_id: str = ""
    arguments: Any = None
    result: Any = None
    """None = no result was recorded; that is a finding only where the session went on."""


class PersonAct(_Entry, tag="human", frozen=True, kw_only=True, omit_defaults=True):
    """A person stepping in: approving, refusing, correcting, answering, interrupting.

    The task itself and the ordinary next message of a conversation are no interventions: they are
    input of the next model call.
    """

    kind: HumanAsk
    decision: HumanDecision = "none"
    by: str = ""
    auto: bool = False
    """A rule or a simulated user decided: kept, and not counted as an intervention."""
    call_id: str = ""
    tool: str = ""
    question: str = ""
    answer: str = ""
    waited_ns: int | None = None


class Event(_Entry, tag="step", frozen=True, kw_only=True, omit_defaults=True):
    """Anything else at which a viewer may want to stop: a compaction, a hook, a handoff, a plan."""

    name: str
    handoff_to: str = ""
    handoff_from: str = ""
    input: Any = None
    output: Any = None
    total: Total | None = None


Entry = AgentRun | ModelCall | ToolCall | PersonAct | Event


class Transcript(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    format: str
    """The name of the format that read it: `claude_code`."""
    session_id: str
    """As recorded; where nothing is recorded, made from the content (`content_id`)."""
    part: str = ""
    """Which of the session's transcripts this is, where it has several; "" = the main one."""
    attached_to: str = ""
    """For a part: the main transcript's entry that started it (a tool call); "" = the session."""
    entries: Sequence[Entry] = ()
    """In the order in which they happened.  An entry's parent comes before it."""

    agent: str = ""
    agent_role: str = ""
    task: str = ""
    """What was asked, in the asker's words (the first 500 characters are kept)."""
    task_type: str = ""
    user: str = ""
    tags: Sequence[str] = ()
    workflow: str = ""
    workflow_version: str = ""
    environment: str = ""
    case: str = ""
    """The task of a suite, the same for all its trials: `tau2:airline/13`."""
    trial: int | None = None
    experiment: bool = False
    """From a benchmark or an evaluation: kept out of production figures."""

    started_ns: int | None = None
    ended_ns: int | None = None
    """None = the first and last time of the entries."""
    written_ns: int | None = None
    """When the file was written: places a session whose file tells no time at all."""
    status: Status = "unset"
    error: str = ""
    outcome: Outcome | None = None
    """Only if the file states it: a reward, a grade, a word of the agent."""
    scores: Sequence[Score] = ()
    """Judgements of the whole session, or of a step by `target_span_id` = that entry's id."""
    expected_calls: int | None = None
    matched_calls: int | None = None
    """Of the tool calls that a test expected, how many were made."""
    recorded_cost_usd: Decimal | None = None
    """The session's whole cost as the file states it, beside the calls' own."""
    units: dict[str, float] = {}
    findings: Sequence[Finding] = ()
    metadata: dict[str, Any] = {}


class Telemetry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of a file that is OTLP already: it is sent to `/v1/<signal>` as it stands."""

    signal: Literal["traces", "logs", "metrics"]
    body: bytes
    """One OTLP/JSON export request, usually under 8 MiB: larger ones are split between items."""


class ClientCall(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    What another product's client would have sent: it is sent to where the server answers that
    client, and becomes what it would have become then.  Made twice, it is the same call.
    """

    client: str
    """The name of the server's wire, for reports: "langsmith"."""
    method: Literal["POST", "PUT"]
    path: str
    """Of the server: "/langsmith/runs/batch"."""
    body: Any
    """Becomes JSON."""


Read = Iterator[Transcript | Telemetry | ClientCall | Finding | BadLine]
"""
What a format makes of one file, as it goes through it.

A `Finding` by itself is about the file, for the report: a session's stand in its `Transcript`.
"""
