"""
What a dialect is: one library's spelling of spans, as data.

A dialect is one file in `dialects/` with one declaration, `DIALECT = Dialect(...)`.  It says
which attributes it reads, with which rank, and never calls another dialect.  The engine
(`normalize.py`) reads all dialects at once and chooses by rank.

How to write one
----------------
1.  `recognizes`: how to see that a span speaks it: key prefixes, scope prefixes, span name
    prefixes.  Recognition gates `adjust`, `on_event` and everything marked `gated`; it also
    puts the name into `Span.dialects`.
2.  `sources`: `Source("session_key", 20, "session.id", session_id)` = attribute `session.id`
    may give the field `session_key`, with rank 20 (smaller wins, over all dialects; steps of
    ten leave room between).  The parser (see `attributes.py`) gets the value and returns None
    for "nothing there" or raises `Unreadable`, which becomes a problem on the span, and the
    next source is tried.  A bare key such as `model` that other
    libraries use differently is `gated=True`: read only in spans that speak this dialect.
    With `group=True` the key is a prefix ("quarterdeck.units.") and the parser gets a dict of
    suffix -> value; "gen_ai.prompt.#." is a prefix whose suffixes begin with a list index.
    Fields in `UNION_FIELDS` gather all sources; all others take the first.  Fields are those
    of `model.spans.Span` plus `DRAFT_FIELDS`.
3.  `kinds`: `KindSource(2, "langfuse.observation.type", {"generation": Kind("model"), ...})`.
    Values are compared trimmed and in lower case; key "" is the span's name (gated always).
    `generic=True` marks kinds that never beat a specific one of any rank.
4.  `usages`: one `UsageFamily` per set of token counts.  The first family by rank that gives
    input or output is used alone: counts of two families never mix.
5.  `contents`: where messages, arguments and results are (`ContentSource`).
6.  `adjust(draft)`: what no table can say, after all fields and the kind are chosen.  Change
    `draft.found`; look at `draft.raw`, `draft.attributes` (with lifted events) freely; report
    with `draft.problem(key, message)`.  Dialects adjust from the last of `DIALECTS` to the
    first: conventions before frameworks, so the more specific has the last word.
7.  `on_event`: event name (or "*" for every event) -> function of (draft, event).  Names with a
    dot are read on any span, others only where the dialect is recognized.
8.  `read_log` / `read_metric`: for libraries that tell things only there.

Add the dialect to the tuple in `dialects/__init__.py`; its place there decides ties of rank.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from quarterdeck.model.spans import (
    Problem,
    RawEvent,
    RawLog,
    RawMetric,
    RawSpan,
    SpanKind,
    Value,
)
from quarterdeck.normalize.attributes import text

UNION_FIELDS = frozenset({"tags", "join_keys", "linked_traces", "scores"})
"""Fields whose sources are all read; parsers give tuples, duplicates are dropped."""

DRAFT_FIELDS = frozenset(
    {
        "display_name",  # a better name than the OTLP one
        "reported_usd",  # Decimal: becomes charge.reported_usd
        "first_token_at_ns",  # an instant: becomes time_to_first_token_ns
        "success",  # bool: False means that the call failed
        "status_word",  # a SpanStatus that the sender stated in its own words
        "server_address",  # for the provider, where no attribute names it
        "role_hint",  # a description that stands in for a role
        "entity_name",  # names the agent of an agent span or the tool of a tool span
    }
)
"""What sources may fill beside the fields of `Span`; the engine uses and removes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizeSettings:
    """What a project can set.  Equal settings give equal spans."""

    session_key: str = ""
    """An attribute's name, or a template over several: "{customer}/{ticket}".  Before all else."""
    human_tools: tuple[str, ...] = ()
    """Names of tools that ask a person, beside the known ones; a trailing * is a prefix."""
    scripted_humans: bool = False
    """AutoGen's UserProxyAgent and its like are programs here, not people."""
    user_hash_salt: str = ""
    """Not empty: user ids are replaced by a keyed hash."""


class Draft:
    """A span on its way: what was found so far.  Made by the engine, changed by `adjust`."""

    __slots__ = ("attributes", "found", "problems", "raw", "settings")

    def __init__(
        self, raw: RawSpan, attributes: dict[str, Value], settings: NormalizeSettings
    ) -> None:
        self.raw = raw
        self.attributes = attributes
        """The span's own attributes, completed by lifted events.  Do not change it."""
        self.settings = settings
        self.found: dict[str, Any] = {}
        """Field of `Span` or of DRAFT_FIELDS -> value.  `kind` is always there in `adjust`."""
        self.problems: list[Problem] = []

    def problem(self, key: str, message: str) -> None:
        if len(self.problems) < 50:  # a hostile span must not fill the session with complaints
            self.problems.append(Problem(key[:200], message[:300]))


Parser = Callable[[Any], Any]


class Source(NamedTuple):
    field: str
    rank: int
    key: str
    parse: Parser = text
    gated: bool = False
    group: bool = False


class Kind(NamedTuple):
    kind: SpanKind
    subkind: str = ""
    generic: bool = False


@dataclass(frozen=True, slots=True)
class KindSource:
    rank: int
    """Smaller wins, over all dialects."""
    key: str
    """"" = the span's name."""
    values: Mapping[str, Kind] = field(default_factory=dict)
    read: Callable[[str], Kind | None] | None = None
    """For values that no table lists; asked after `values`, with the lower-cased text."""
    gated: bool = False


CountName = Literal[
    "input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens",
    "cache_write_5m_tokens", "cache_write_1h_tokens", "reasoning_tokens", "input_audio_tokens",
    "output_audio_tokens",
    "web_searches",
]  # fmt: skip
Counting = Literal["inclusive", "exclusive", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFamily:
    """Token counts that belong together."""

    name: str
    rank: int
    keys: Mapping[CountName, tuple[str, ...]] = field(default_factory=dict)
    """Count -> the attributes that may hold it, first present wins."""
    key: str = ""
    """Instead of `keys`: one attribute that holds all counts, given to `read`."""
    read: Callable[[Any], Mapping[str, Any] | None] | None = None
    cache: Counting = ""
    """Does `input_tokens` include the cached ones?  "" = decided by `token_semantics`."""
    reasoning: Counting = ""
    """Does `output_tokens` include reasoning?"""
    aggregate: bool = False
    """A total of other spans' tokens: shown, never spent."""
    gated: bool = False


ContentField = Literal[
    "instructions", "input_messages", "output_messages", "input", "output", "arguments",
    "result", "tool_definitions", "metadata", "references",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class ContentSource:
    """
    Where content is.  `arguments` and `result` are those of tool spans.

    For `instructions`, `input_messages` and `output_messages` the value may have any known
    shape: `messages.read_messages` recognizes it.  `read` may turn the value into such a
    shape first (e.g. decode twice); None = use it as it is.
    """

    field: ContentField
    rank: int
    key: str = ""
    """Attribute; with `group` a prefix, and `read` gets a dict of suffix -> value."""
    read: Callable[[Any], Any] | None = None
    group: bool = False
    events: tuple[str, ...] = ()
    """Instead of a key: names of span events; `read` gets the list of those events."""
    gated: bool = False
    loose: bool = False
    """Any JSON: outside model spans these are messages only if they look like a conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognizes:
    keys: tuple[str, ...] = ()
    """Prefixes of attribute keys (a whole key is its own prefix)."""
    scopes: tuple[str, ...] = ()
    """Prefixes of the instrumentation scope's name."""
    scope_names: tuple[str, ...] = ()
    """Whole scope names, for ones that are short enough to be others' prefixes."""
    names: tuple[str, ...] = ()
    """Prefixes of the span's name."""


class Lifted(NamedTuple):
    """The record belongs to the span (log.trace_id, log.span_id) as an event of it."""

    event: RawEvent


class Synthesized(NamedTuple):
    """A raw span made from the record; its ids follow from the record's content alone."""

    span: RawSpan


class Counted(NamedTuple):
    """A raw span that carries usage which exists only as a metric."""

    span: RawSpan


class Ignored(NamedTuple):
    reason: str


LogReading = Lifted | Synthesized | Ignored
MetricReading = Counted | Ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    name: str
    """"" = it is not shown on spans, though it may adjust them."""
    recognizes: Recognizes = Recognizes()
    framework: str = ""
    """Set as `Span.framework` where recognized; the first dialect that has one wins."""
    sources: tuple[Source, ...] = ()
    resource_sources: tuple[Source, ...] = ()
    """The same, read from resource attributes; only where the span itself gives nothing."""
    kinds: tuple[KindSource, ...] = ()
    usages: tuple[UsageFamily, ...] = ()
    contents: tuple[ContentSource, ...] = ()
    lifts: tuple[str, ...] = ()
    """Event names whose attributes complete the span's own (which win unless redacted)."""
    adjust: Callable[[Draft], None] | None = None
    adjusts_with: tuple[str, ...] = ()
    """Adjust only where a key has one of these prefixes; () = always where recognized."""
    on_event: Mapping[str, Callable[[Draft, RawEvent], None]] = field(default_factory=dict)
    read_log: Callable[[RawLog], tuple[LogReading, ...] | None] | None = None
    """None = not this dialect's record."""
    read_metric: Callable[[RawMetric], MetricReading | None] | None = None
