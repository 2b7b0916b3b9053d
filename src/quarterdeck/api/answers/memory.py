"""Memory: entries with who wrote them, checkpoints, and what a revert does."""

from typing import Any, Literal

from quarterdeck.api.answers.answer import Answer, Cursor, Instant


class MemoryAddress(Answer):
    environment: str
    """Empty is an environment of its own."""
    namespace: str
    scope: str
    """Whose it is: `user:u-7`; empty is everybody's."""
    key: str


class MemoryProvenance(Answer):
    """Which work wrote or read it; all empty for a person's own act."""

    session_id: str
    trace_id: str
    span_id: str
    agent: str
    user: str
    """Whose task it was."""
    workflow: str
    version: int | None
    by: str
    """Who held the key: `key:…`, `account:…`, `local`."""


class MemoryEntry(MemoryAddress):
    value: Any
    seq: int
    """The number of the write: each write, revert and checkpoint of a project has the next one."""
    written_at: Instant
    expires_at: Instant | None
    """The first instant at which it is gone; null = it stays."""
    provenance: MemoryProvenance
    readers: int
    """Sessions that read this write."""


class MemoryEntryList(Answer):
    entries: list[MemoryEntry]
    """Newest write first."""
    next_cursor: Cursor


class MemoryFound(MemoryEntry):
    score: float
    """BM25 of words; the cosine of an embedding; of both, the sum of reciprocal ranks."""


class MemorySearchResult(Answer):
    entries: list[MemoryFound]
    """The best first."""


class MemoryWrittenEntry(MemoryAddress):
    seq: int
    expires_at: Instant | None


class MemoryWritten(Answer):
    written: list[MemoryWrittenEntry]
    """In the order in which they were sent."""


class MemoryDeleted(Answer):
    deleted: list[MemoryAddress]
    """Those that were there; the others were not."""


class MemoryNamespace(Answer):
    environment: str
    namespace: str
    entries: int
    scopes: int
    last_at: Instant
    """The newest write that is found there."""


class MemoryNamespaces(Answer):
    namespaces: list[MemoryNamespace]
    """By environment and name."""


class MemoryHiding(Answer):
    revert_id: str
    from_at: Instant
    until_at: Instant | None
    """Null: it hides the write now."""
    by: str
    reason: str


class MemoryReadBy(Answer):
    session_id: str
    reads: int
    first_at: Instant
    last_at: Instant
    outcome: str
    """Of the session; empty where none of this id is stored."""


class MemoryWrite(MemoryEntry):
    """A row of the log: an entry as it was written, and what became of it."""

    deleted: bool
    """It took the key away; the value is null."""
    expired: bool
    swept: bool
    """Its time had come and the value was taken away for good."""
    current: bool
    """It decides what is found now."""
    hidden: bool
    """A revert hides it now."""
    hidings: list[MemoryHiding]
    """Oldest first."""
    read_by: list[MemoryReadBy]
    """The first 50 sessions that read it; `readers` counts all."""


class MemoryHistory(MemoryAddress):
    writes: list[MemoryWrite]
    """Newest first."""
    total: int
    next_cursor: Cursor


class MemoryCheckpoint(Answer):
    checkpoint_id: str
    name: str
    seq: int
    description: str
    by: str
    at: Instant


class MemoryCheckpoints(Answer):
    checkpoints: list[MemoryCheckpoint]
    """Newest first."""
    total: int
    next_cursor: Cursor


class MemorySelection(Answer):
    """All that is said must hold; null and empty are not said."""

    session_id: str
    workflow: str
    version: int | None
    user: str
    since: Instant | None
    until: Instant | None
    checkpoint: str
    environment: str | None
    namespace: str


class MemoryGoing(Answer):
    """An entry of which something else, or nothing, is found after the revert."""

    address: MemoryAddress
    becomes: Literal["gone", "earlier", "back", "nothing"]
    """`earlier`: another value; `back`: nothing is found now and something afterwards; `nothing`:
    nothing is found before or after."""
    writes: int
    """Of it that would be hidden."""
    value_now: Any
    """Null where nothing is found."""
    value_after: Any
    cut: bool
    """A value was long: the first 2,000 characters of its JSON stand for it, as text."""
    written_at: Instant | None
    written_by: MemoryProvenance | None
    """Of what is found now."""
    after_at: Instant | None
    after_by: MemoryProvenance | None
    """Of what is found afterwards."""


class MemoryStayingBecause(Answer):
    seq: int
    session_id: str
    workflow: str
    version: int | None
    by: str
    at: Instant
    deleted: bool
    """The later write took the key away."""


class MemoryStaying(Answer):
    """An entry that somebody wrote later."""

    address: MemoryAddress
    writes: int
    """Of it that would be hidden all the same."""
    because: MemoryStayingBecause


class MemoryReader(Answer):
    """A session that read what would be hidden and another one wrote."""

    session_id: str
    reads: int
    first_at: Instant
    outcome: str
    """Empty where no session of this id is stored."""
    later_writes: int
    """Of its own after it first read, which stay: what may rest on what goes."""


class MemoryPlanTotals(Answer):
    goes: int
    stays: int
    readers: int
    tainted_writes: int
    """The readers' own later writes, which stay."""


class MemoryPlan(Answer):
    plan_id: str
    """`sha256:…` of what would happen.  A revert that names it does this or is refused."""
    writes: int
    """That would be hidden."""
    shows: int
    """Hidden writes that would be seen again: only back to a checkpoint."""
    goes: list[MemoryGoing]
    """Newest first, one page."""
    stays: list[MemoryStaying]
    """Newest first, one page."""
    readers: list[MemoryReader]
    """Who read first comes first; the first 200."""
    totals: MemoryPlanTotals
    hint: str
    next_cursor: Cursor
    """Where `goes` and `stays` go on."""


class MemoryRevert(Answer):
    revert_id: str
    seq: int
    selection: MemorySelection
    writes: int
    """That it hid."""
    shows: int
    """Hidden writes that it showed again."""
    reason: str
    by: str
    at: Instant
    undone_at: Instant | None
    undone_by: str


class MemoryReverts(Answer):
    reverts: list[MemoryRevert]
    """Newest first."""
    total: int
    next_cursor: Cursor


class MemorySessionRead(Answer):
    address: MemoryAddress
    seq: int
    at: Instant
    trace_id: str
    span_id: str
    agent: str
    """Of who read."""
    written_by_session: str
    """Empty: a person wrote it."""
    current: bool
    hidden: bool
    """A revert hides now what was read then."""


class MemorySessionWrite(Answer):
    address: MemoryAddress
    seq: int
    at: Instant
    trace_id: str
    span_id: str
    agent: str
    deleted: bool
    before: Any
    """What was there before; null = nothing."""
    after: Any
    cut: bool
    current: bool
    hidden: bool
    read_later_by: list[MemoryReadBy]
    """Other sessions; the first 50 readers."""


class MemoryOfSession(Answer):
    reads: list[MemorySessionRead]
    """Oldest first, one page."""
    reads_total: int
    writes: list[MemorySessionWrite]
    """Oldest first, one page."""
    writes_total: int
    next_cursor: Cursor
    """Where both lists go on."""
