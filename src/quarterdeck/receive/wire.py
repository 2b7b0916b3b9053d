"""
What a wire is: one foreign SDK's HTTP protocol, as data and pure translation.

A wire says which addresses it answers, what each needs, and in which shape its client wants to
hear of errors.  It never opens a store, never authenticates, never sees a secret: the frame
(`wire_http.py`) has read, limited, decompressed, parsed and redacted a call before a handler gets
it, and everything that a handler gives to `Desk.keep` is on disk before the client is answered.

What a client says becomes one of three things:

* `spans`: whole at once, from clients that send a finished call in one request;
* `fragments`: parts of one foreign object (a run's post and its patch, a row and its merges,
  a trace and its feedback) that come in any order, any number of times.  All of an object's
  fragments are kept; `Wire.build` makes its spans from all of them, again after each arrival;
* `judgements`: scores of something that this wire does not build: a session, or a span or trace
  that came by OTLP.

How to write one
----------------
1.  A folder in `wires/` with the client's name: `wire.py` holds `WIRE = Wire(...)`, `spans.py` the
    translation, beside them what else the client calls (`prompts.py`, `experiments.py`).  No wire
    imports another.
2.  Spell attributes as the client's own OpenTelemetry mode does where it has one, so that its
    dialect in `normalize/dialects` reads both; keep everything else of the client's object under
    `<name>.…` verbatim, so that nothing is lost.
3.  Ids: `trace_id_of` and `span_id_of` below.  The client's own id stays in an attribute.
4.  Add the wire to the tuple in `wires/__init__.py`; the contract kit in
    `tests/receive/wires/test_contract.py` runs every wire with the examples that it gives.
"""

import hashlib
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeVar

import msgspec

from quarterdeck.errors import Invalid, QuarterdeckError
from quarterdeck.model.ids import ProjectId
from quarterdeck.model.scores import Score
from quarterdeck.model.spans import RawSpan
from quarterdeck.receive.otlp_request import Signal

T = TypeVar("T")

KeyScope = Literal["ingest", "read", "write"]
"""What a call asks of its key: to send; to fetch what is stored; to create prompts, datasets."""

# ------------------------------------------------------------------------- what is kept


class Fragment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a client said of one object, once."""

    object: str
    """`<wire>:<kind>:<its id>`, unique in a project: "langsmith:run:0196…"."""
    kind: str
    """What this part is, in the wire's words: "post", "patch", "feedback"."""
    body: Any
    """The client's JSON, verbatim but for secrets."""
    about: str = ""
    """
    The object that this one is a part of, where it is not one by itself: a feedback that can be
    changed by its own id is `object` "langsmith:feedback:1", `about` "langsmith:run:2".  `build`
    of the run then gets it too, with later fragments of the feedback that do not name the run.
    """
    collection: str = ""
    """Named to be listed later, e.g. "braintrust:experiment:<id>"; "" = none."""
    at_ns: int = 0
    """When the client says that it said this; 0 = it does not tell, and arrival decides."""


class Judgement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """
    A score of what this wire does not build.

    `score` names its target: `target_session_id`, or `target_trace_id`, or `target_span_id` with or
    without its trace.  (target, name, identifier) is one score, the last given wins.
    """

    score: Score
    given_ns: int = 0
    """0 = when it arrived."""
    taken_back: bool = False


class Reading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one call said, to be kept."""

    spans: tuple[RawSpan, ...] = ()
    fragments: tuple[Fragment, ...] = ()
    judgements: tuple[Judgement, ...] = ()

    @property
    def items(self) -> int:
        return len(self.spans) + len(self.fragments) + len(self.judgements)


# ----------------------------------------------------------------------- calls and replies


class Part(NamedTuple):
    """One part of a multipart body.  `json` is its content where that is JSON, redacted."""

    name: str
    filename: str
    content_type: str
    """Lower case, without parameters; "" = not told."""
    data: bytes
    """Redacted too, where it is text."""
    json: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request, read and cleaned."""

    method: str
    path: Mapping[str, str]
    """Of the route's pattern, percent-decoded: a slash inside a name is a slash here.  Redacted
    like the body, so that an id is the same in both."""
    query: Mapping[str, Sequence[str]]
    """Redacted."""
    headers: Mapping[str, str]
    """Names in lower case.  Values are redacted; credentials are gone."""
    payload: Any = None
    """The JSON body, redacted; None where there was none."""
    parts: Sequence[Part] = ()
    """Of a multipart body, in order.  Fields of an HTML form come as parts too."""
    body: bytes = b""
    """Of a route with `body` "raw", as sent but decompressed; else empty."""
    base_url: str = ""
    """Under which the client reached this wire, without a slash at the end:
    "http://127.0.0.1:4400/braintrust"."""
    received_ns: int = 0

    def one(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        values = self.query.get(name)
        return values[0] if values else default

    def number(self, name: str, default: int, *, most: int) -> int:
        """A count in the query, at most `most`.  Raises `Invalid` for what is none."""
        text = self.one(name)
        if not text:
            return default
        if not text.isdecimal() or len(text) > 12:
            raise Invalid(f"{name} is not a count: {text[:40]!r}")
        return min(int(text), most)

    def object(self) -> dict[str, Any]:
        """The payload, which must be an object.  Raises `Invalid`."""
        if not isinstance(self.payload, dict):
            raise Invalid(f"expected a JSON object, got {type(self.payload).__name__}")
        return self.payload


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """`body`: bytes or text go out as they are, None is an empty body, all else becomes JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    """"" = application/json where there is a body."""


# ---------------------------------------------------------------------------- the desk


class Desk(Protocol):
    """
    What a handler may do, always in the sender's own project.

    Reads show what `settled` has waited for; without it, what was stored up to now.
    """

    @property
    def project_id(self) -> ProjectId: ...

    @property
    def actor(self) -> str:
        """Who calls, for `created_by`."""
        ...

    def now_ns(self) -> int: ...

    async def keep(self, reading: Reading) -> None:
        """Returns when all of it is on disk.  Raises `TryAgain` when there is no room."""

    async def settled(self, *, within_s: float = 10.0) -> None:
        """Waits until what was kept before this call in the sender's project is stored, or the
        time is over."""

    async def objects(self, names: Sequence[str]) -> dict[str, list[Fragment]]:
        """Fragments by object, those `about` it included, in order; without unknown objects."""
        ...

    async def collection(self, name: str, *, most: int = 10_000) -> dict[str, list[Fragment]]:
        """The newest objects of a collection, in the order that they were first heard of."""
        ...

    async def members(self, name: str, *, most: int = 10_000) -> list[str]:
        """Their names alone: for who needs no more, or one page of `objects`."""
        ...

    async def trace(self, trace_id: str) -> list[RawSpan]:
        """The stored spans of a trace, in order of their start; empty for an unknown one."""
        ...

    async def newest(
        self,
        *,
        since_ns: int,
        until_ns: int,
        most: int,
        after: int = 0,
        resource_attribute: tuple[str, str] = ("", ""),
    ) -> list[RawSpan]:
        """
        Stored spans that began in [since, until), without the first `after`: roots before all
        others, then the newest first; where an attribute of the resource is given with its value,
        of those only that have it.
        """
        ...

    async def scores(self, trace_ids: Sequence[str]) -> dict[str, list[Score]]:
        """By trace: judgements of it, its spans or its session, and scores that its spans carry."""
        ...

    async def records(self, act: Callable[..., T], *args: Any, **options: Any) -> T:
        """`act(records, *args, **options)` in a thread: the functions of `storage/records`."""
        ...


# --------------------------------------------------------------------------- wires, routes

Handler = Callable[[Call, Desk], Awaitable[Reply]]
BodyForm = Literal["json", "multipart", "raw", "otlp", "none"]
"""
`json` also for a missing Content-Type and for any other; `multipart` for forms and files;
`raw` keeps the bytes (text is redacted); `otlp` hands the request to the OTLP intake; `none`
reads the body and forgets it.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One address.  Routes of a wire are tried in order."""

    method: str
    path: str
    """Below the wire's prefix: "runs/{run_id}"; "{rest...}" at the end takes all that is left."""
    handler: Handler | None = None
    """None with `body` "otlp"; else the call is known and not supported: 501."""
    scope: KeyScope | None = "ingest"
    """What the key must allow.  None: anybody may, for what says nothing (a version, a ping)."""
    body: BodyForm = "json"
    signal: Signal = "traces"
    """Of `body` "otlp"."""
    stamp: Callable[[Mapping[str, str]], Mapping[str, str]] | None = None
    """Of `body` "otlp": resource attributes that only the headers tell (names in lower case)."""
    key_in_body: str = ""
    """The body's field with the key, of clients that log in with it.  The handler finds it in the
    header `authorization`, to give it back as the token of what follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    name: str
    """As in metrics and documentation: "langsmith"."""
    product: str
    """As its users call it: "LangSmith"."""
    prefixes: tuple[str, ...]
    """Addresses that it answers below: "/langsmith".  "" for one that uses the root."""
    routes: tuple[Route, ...]
    error: Callable[[QuarterdeckError, int], Reply]
    """An error in the client's own shape, given the HTTP status."""
    build: Callable[[str, Sequence[Fragment]], Sequence[RawSpan]] | None = None
    """
    The spans of an object, from all its fragments known so far, in order (`at_ns`, then arrival).

    Pure.  Empty while nothing can be told yet (no start, no trace).  Spans of more fragments
    replace spans of fewer.  Anything in a fragment may be of a wrong type; what can't be read
    becomes a problem attribute, never an exception.
    """
    ignored_segments: tuple[tuple[str, ...], ...] = ()
    """Leading parts of a path that some addresses have and some have not: (("api", "v1"),)."""
    strays: tuple[Route, ...] = ()
    """Calls that come to the root though the client was given the prefix: it loses it."""
    key_headers: tuple[str, ...] = ()
    """Headers of its own that hold the key, in lower case: "x-portkey-api-key"."""
    foreign_credentials: bool = False
    """Its requests carry others' credentials too (a provider's key): only ours count."""


# --------------------------------------------------------------------------------- ids


def trace_id_of(foreign: str) -> str:
    """32 hex digits: the id itself where it is a UUID or 32 hex digits, else a hash of it."""
    return _hex_of(foreign) or hashlib.sha256(foreign.encode()).hexdigest()[:32]


def span_id_of(foreign: str) -> str:
    """16 hex digits: the id itself where it is that, else a hash: UUIDs may begin alike."""
    lowered = foreign.lower()
    if len(lowered) == 16 and _is_hex(lowered) and int(lowered, 16):
        return lowered
    return hashlib.sha256(foreign.encode()).hexdigest()[:16]


def _hex_of(foreign: str) -> str:
    try:
        found = uuid.UUID(foreign).hex
    except ValueError:
        return ""
    return found if int(found, 16) else ""


def _is_hex(text: str) -> bool:
    return all(character in "0123456789abcdef" for character in text)
