"""
`memory`: what an agent keeps from session to session.

    notes = qd.memory("customer-notes", scope="user:u-7")
    notes.put("plan", "prefers refunds over vouchers")
    notes.get("plan")

Each operation is a span, and the server keeps which session, span and workflow version wrote an
entry and who read it: so what one session wrote can be found, and taken back.

Like every verb it does not raise into the agent.  Where the server can't be reached a `get` answers
its default, a `search` nothing, and a `put` is sent again from the background.  What the server
refuses (a value too large, a key without the scope `run`) stays undone.  Both are told by the span
and, once, by the log.

Vectors are the caller's: with `embed`, entries are kept and sought with what it returns.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from quarterdeck.errors import NotFound, QuarterdeckError, TryAgain
from quarterdeck.sdk import runtime
from quarterdeck.sdk.client import Client, parse
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.runtime import SESSION_KEY, Running
from quarterdeck.sdk.verbs.blocks import Block
from quarterdeck.sdk.verbs.content import as_text, word

Embed = Callable[[str], Sequence[float]]
T = TypeVar("T")

TIMEOUT_S = 5.0
"""An entry is answered in milliseconds; an agent that waits longer is better off without it."""

_ENTRIES = "/api/v1/memory/entries"
_QUIET = Context({"suppress_instrumentation": True, "suppress_http_instrumentation": True})
"""In which instrumented HTTP clients make no spans: ours would tell of itself."""


class MemoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry as it was found."""

    key: str
    value: Any
    namespace: str
    scope: str = ""
    environment: str = ""
    seq: int = 0
    """Which write of the project it is."""
    written_at: str = ""
    expires_at: str | None = None
    score: float | None = None
    """How well it fits what was sought, higher is better; None where nothing was sought."""
    provenance: dict[str, Any] = {}
    """Session, span, agent, workflow and version that wrote it."""


class Memory:
    """One namespace, of one scope.  Safe to share between threads and tasks."""

    __slots__ = ("_embed", "_environment", "_ttl_s", "namespace", "scope")

    def __init__(
        self,
        namespace: str,
        *,
        scope: str = "",
        environment: str | None = None,
        embed: Embed | None = None,
        ttl_s: float | None = None,
    ) -> None:
        self.namespace = namespace
        self.scope = scope
        self._environment = environment
        self._embed = embed
        self._ttl_s = ttl_s

    # -- one entry ------------------------------------------------------------------------------

    def put(self, key: str, value: Any, *, ttl_s: float | None = None) -> bool:
        """
        Keep `value`, anything that JSON can say, under `key`; what was there before stays in the
        history.  `ttl_s`: how long from now, for good unless said.

        False where the server has not confirmed it: it is sent again if it could not be reached.
        """
        lives_s = self._ttl_s if ttl_s is None else ttl_s
        doing = _Operation("upsert_memory", self, key=key, content=value)
        return _safely(doing, lambda: doing.write(value, ttl_s=lives_s), False)

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, or `default`.  That it was read is recorded."""
        found = self.entry(key)
        return default if found is None else found.value

    def entry(self, key: str) -> MemoryEntry | None:
        """As `get`, with who wrote it and when."""
        doing = _Operation("search_memory", self, key=key)
        return _safely(doing, lambda: doing.read(key), None)

    def delete(self, *keys: str) -> bool:
        """Forget these from now on.  The history keeps them: a person can bring them back."""
        doing = _Operation("delete_memory", self, key=", ".join(map(str, keys)))
        return _safely(doing, lambda: doing.delete(keys), False)

    # -- many -----------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        filter: dict[str, Any] | None = None,  # noqa: A002
    ) -> list[MemoryEntry]:
        """
        The entries that fit best, best first: by meaning where `embed` was given, by words else.

        `filter`: fields that the value must have, equal.  What was found counts as read.
        """
        doing = _Operation("search_memory", self, query=query)
        return _safely(doing, lambda: doing.search(query, limit=limit, filters=filter), [])

    def entries(self, prefix: str = "", *, limit: int = 100) -> list[MemoryEntry]:
        """Entries whose key begins with `prefix`, by key.  Listing counts as no reading."""
        doing = _Operation("search_memory", self, query=prefix)
        return _safely(doing, lambda: doing.entries(prefix, limit=limit), [])

    # -- async ----------------------------------------------------------------------------------

    async def aput(self, key: str, value: Any, *, ttl_s: float | None = None) -> bool:
        """`put`, without holding the event loop."""
        return await asyncio.to_thread(self.put, key, value, ttl_s=ttl_s)

    async def aget(self, key: str, default: Any = None) -> Any:
        """`get`, without holding the event loop."""
        return await asyncio.to_thread(self.get, key, default)

    async def asearch(
        self,
        query: str,
        *,
        limit: int = 10,
        filter: dict[str, Any] | None = None,  # noqa: A002
    ) -> list[MemoryEntry]:
        """`search`, without holding the event loop."""
        return await asyncio.to_thread(self.search, query, limit=limit, filter=filter)

    async def adelete(self, *keys: str) -> bool:
        """`delete`, without holding the event loop."""
        return await asyncio.to_thread(self.delete, *keys)

    # -- for operations ---------------------------------------------------------------------------

    def vector_of(self, value: Any) -> list[float] | None:
        """None without `embed`, and where it fails: found by its words then."""
        if self._embed is None:
            return None
        try:
            return [float(number) for number in self._embed(as_text(value))]
        except Exception as error:  # noqa: BLE001 - the user's function: a word about it is enough
            swallow("memory.embed", error)
            return None

    def environment_in(self, running: Running, stamp: dict[str, Any]) -> str:
        """What was said here, else the session's, else the program's."""
        if self._environment is not None:
            return self._environment
        return str(stamp.get("quarterdeck.environment") or running.options.environment)


def memory(
    namespace: str,
    *,
    scope: str = "",
    environment: str | None = None,
    embed: Embed | None = None,
    ttl_s: float | None = None,
) -> Memory:
    """
    A namespace of the project's memory.

    `scope` says whose it is (`user:u-7`), "" is everybody's.  Memory of one environment is not seen
    in another; left out it is the session's.  `ttl_s` holds for each `put` that says nothing else.
    """
    return Memory(namespace, scope=scope, environment=environment, embed=embed, ttl_s=ttl_s)


def _safely(doing: _Operation, do: Callable[[], T], otherwise: T) -> T:
    """The rim of the public methods: what goes wrong on our side is told, and passed over."""
    try:
        with doing:
            return do()
    except Exception as error:  # noqa: BLE001 - the rim
        swallow("memory", error)
        return otherwise


# -- one operation --------------------------------------------------------------------------------


class _Operation(Block):
    """A span, and the call of the server in it."""

    __slots__ = ("_agent", "_content", "_key", "_memory", "_query", "_word")

    def __init__(
        self, operation: str, memory: Memory, *, key: str = "", query: str = "", content: Any = None
    ) -> None:
        super().__init__()
        self._word, self._memory = operation, memory
        self._key, self._query, self._content = key, query, content
        self._agent = _agent_here()

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": self._word,
            "gen_ai.memory.store.id": word(self._memory.namespace),
        }
        if self._memory.scope:
            attributes["quarterdeck.memory.scope"] = word(self._memory.scope)
        if self._key:
            attributes["gen_ai.memory.record.id"] = word(self._key)
        if running.options.capture_content:
            if self._query:
                attributes["gen_ai.memory.query.text"] = as_text(self._query)
            if self._content is not None:
                attributes["gen_ai.memory.records"] = as_text(self._content)
        return f"{self._word} {word(self._memory.namespace)}", attributes

    def write(self, value: Any, *, ttl_s: float | None) -> bool:
        entry: dict[str, Any] = {**self._address(), "key": self._key, "value": _plain(value)}
        if ttl_s is not None:
            entry["ttl_s"] = float(ttl_s)
        vector = self._memory.vector_of(value)
        if vector is not None:
            entry["embedding"] = vector
        body = {"entries": [entry], "provenance": self._who()}
        return (
            self._told(lambda client: client.put(_ENTRIES, body), again=(_ENTRIES, body))
            is not None
        )

    def read(self, key: str) -> MemoryEntry | None:
        asked = {**self._address(), "key": key, **self._who()}
        answer = self._told(lambda client: client.get("/api/v1/memory/entry", asked))
        found = None if answer is None else _entry(parse(answer))
        self._found([] if found is None else [found])
        return found

    def delete(self, keys: Sequence[str]) -> bool:
        path = "/api/v1/memory/delete"
        body = {
            "addresses": [{**self._address(), "key": key} for key in keys],
            "provenance": self._who(),
        }
        return self._told(lambda client: client.post(path, body), again=(path, body)) is not None

    def search(
        self, query: str, *, limit: int, filters: dict[str, Any] | None
    ) -> list[MemoryEntry]:
        body: dict[str, Any] = {**self._address(), "limit": limit, "provenance": self._who()}
        vector = self._memory.vector_of(query)
        body.update({"embedding": vector} if vector is not None else {"query": query})
        if filters:
            body["filter"] = filters
        return self._many(self._told(lambda client: client.post("/api/v1/memory/search", body)))

    def entries(self, prefix: str, *, limit: int) -> list[MemoryEntry]:
        asked = {**self._address(), "prefix": prefix, "limit": limit}
        return self._many(self._told(lambda client: client.get(_ENTRIES, asked)))

    def _many(self, answer: bytes | None) -> list[MemoryEntry]:
        entries = [] if answer is None else [_entry(one) for one in parse(answer)["entries"]]
        self._found(entries)
        return entries

    def _found(self, entries: Sequence[MemoryEntry]) -> None:
        self.set("gen_ai.memory.record.count", len(entries))
        if entries and self._captures:
            self.set("gen_ai.memory.records", as_text([entry.value for entry in entries]))

    # -- the server -------------------------------------------------------------------------------

    def _told(
        self,
        ask: Callable[[Client], bytes],
        *,
        again: tuple[str, dict[str, Any]] | None = None,
    ) -> bytes | None:
        """The answer; None where there is none, for a reason that span and log tell."""
        running = runtime.running
        if running is None:
            notice("memory", "qd.init() was not called, so nothing is kept and nothing found")
            return None
        token = attach(_QUIET)
        try:
            return ask(_clients.of(running))
        except NotFound:
            return None
        except TryAgain as error:
            self._failed(error)
            if again is not None:
                running.sender.call(*again)
        except QuarterdeckError as error:
            self._failed(error)
        finally:
            detach(token)
        return None

    def _failed(self, error: QuarterdeckError) -> None:
        swallow("memory", error)
        self._add({"error.type": error.code, "quarterdeck.memory.problem": word(error)})

    def _address(self) -> dict[str, Any]:
        running, stamp = runtime.running, _stamp()
        environment = "" if running is None else self._memory.environment_in(running, stamp)
        return {
            "environment": environment,
            "namespace": self._memory.namespace,
            "scope": self._memory.scope,
        }

    def _who(self) -> dict[str, Any]:
        """The session, the span and the version that do this: only what is known."""
        stamp = _stamp()
        context = get_current_span().get_span_context()
        said: dict[str, Any] = {
            "session_id": stamp.get("session.id", ""),
            "agent": self._agent,
            "user": stamp.get("user.id", ""),
            "workflow": stamp.get("quarterdeck.workflow.name", ""),
            "version": _number(stamp.get("quarterdeck.workflow.version")),
        }
        if context.is_valid:
            said["trace_id"] = format_trace_id(context.trace_id)
            said["span_id"] = format_span_id(context.span_id)
        return {key: value for key, value in said.items() if value not in ("", None)}


class _Clients:
    """One client for each address and key, kept: a connection is worth a millisecond."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[tuple[str, str], Client] | None = None

    def of(self, running: Running) -> Client:
        whose = (running.options.url, running.options.api_key)
        with self._lock:
            if self._made is None or self._made[0] != whose:
                client = Client(url=whose[0], api_key=whose[1], timeout_s=TIMEOUT_S)
                self._made = (whose, client)
            return self._made[1]


_clients = _Clients()


def _stamp() -> dict[str, Any]:
    current: Any = get_current().get(SESSION_KEY)
    return {} if current is None else current.stamp


def _agent_here() -> str:
    """The agent whose span is around, where that is the nearest one."""
    attributes: Any = getattr(get_current_span(), "attributes", None) or {}
    return str(attributes.get("gen_ai.agent.name", ""))


def _number(version: Any) -> int | None:
    text = str(version or "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _plain(value: Any) -> Any:
    """The value as JSON has it; what has no JSON as its text."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError):
        return as_text(value)


def _entry(told: dict[str, Any]) -> MemoryEntry:
    return msgspec.convert(told, MemoryEntry, strict=False)
