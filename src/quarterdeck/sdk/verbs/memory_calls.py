"""
One operation on memory: a span, and the call of the server in it.

It says who acts (session, span, agent, user, workflow version), as far as the process knows.  What
the server can't be asked, or refuses, is raised, and marks the span: `verbs/memory.py` keeps that
from the agent, a framework's store passes it on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from opentelemetry.context import Context, attach, detach, get_current
from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

from quarterdeck.errors import Misconfigured, NotFound
from quarterdeck.sdk import runtime
from quarterdeck.sdk.client import Client, Params, parse
from quarterdeck.sdk.runtime import SESSION_KEY, Running
from quarterdeck.sdk.verbs.blocks import Block
from quarterdeck.sdk.verbs.content import as_text, word

TIMEOUT_S = 5.0
"""An entry is answered in milliseconds; an agent that waits longer is better off without it."""

PUT_PATH = "/api/v1/memory/entries"
DELETE_PATH = "/api/v1/memory/delete"

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
    """RFC 3339."""
    expires_at: str | None = None
    score: float | None = None
    """How well it fits what was sought, higher is better; None where nothing was sought."""
    provenance: dict[str, Any] = {}
    """Session, span, agent, workflow and version that wrote it."""


class Said(NamedTuple):
    method: str
    path: str
    body: dict[str, Any]
    about: str
    """The entry's address as one text."""


class MemoryCall(Block):
    """To be used once, with `with`.  Its methods raise `QuarterdeckError`s only."""

    __slots__ = ("_agent", "_content", "_environment", "_key", "_query", "_word", "said", "where")

    def __init__(
        self,
        operation: str,
        where: dict[str, Any],
        *,
        environment: str | None = None,
        key: str = "",
        query: str = "",
        content: Any = None,
    ) -> None:
        """`where`: namespace and scope.  `environment`: None is the session's, or the program's."""
        super().__init__()
        self._word, self.where, self._environment = operation, where, environment
        self._key, self._query, self._content = key, query, content
        self._agent = _agent_here()
        self.said: tuple[Said, ...] = ()
        """Writes, one for each entry, to be sent again where they could not be delivered."""

    def _begin(self, running: Running) -> tuple[str, dict[str, Any]]:
        namespace = word(self.where.get("namespace") or self.where.get("under", ""))
        attributes: dict[str, Any] = {
            "gen_ai.operation.name": self._word,
            "gen_ai.memory.store.id": namespace,
        }
        if self.where.get("scope"):
            attributes["quarterdeck.memory.scope"] = word(self.where["scope"])
        if self._key:
            attributes["gen_ai.memory.record.id"] = word(self._key)
        if running.options.capture_content:
            if self._query:
                attributes["gen_ai.memory.query.text"] = as_text(self._query)
            if self._content is not None:
                attributes["gen_ai.memory.records"] = as_text(self._content)
        return f"{self._word} {namespace}", attributes

    # -- operations -------------------------------------------------------------------------------

    def write(self, value: Any, *, ttl_s: float | None, embedding: Sequence[float] | None) -> None:
        entry: dict[str, Any] = {**self._address(), "key": self._key, "value": as_json(value)}
        if ttl_s is not None:
            entry["ttl_s"] = float(ttl_s)
        if embedding is not None:
            entry["embedding"] = list(embedding)
        body = {"entries": [entry], "provenance": self._who()}
        self._say(Said("PUT", PUT_PATH, body, _text_of(entry)))
        self._ask("PUT", PUT_PATH, body=body)

    def read(self) -> MemoryEntry | None:
        who = self._who()
        who.pop("user", None)  # of a read its session tells
        query = {**self._address(), "key": self._key, **who}
        try:
            found = _entry(self._ask("GET", "/api/v1/memory/entry", query=query))
        except NotFound:
            self._found([])
            return None
        self._found([found])
        return found

    def delete(self, keys: Sequence[str]) -> None:
        addresses = [{**self._address(), "key": str(key)} for key in keys]
        who = self._who()
        body = {"addresses": addresses, "provenance": who}
        each = ({"addresses": [one], "provenance": who} for one in addresses)
        self._say(
            *(
                Said("POST", DELETE_PATH, alone, _text_of(one))
                for one, alone in zip(addresses, each, strict=True)
            )
        )
        self._ask("POST", DELETE_PATH, body=body)

    def search(
        self,
        *,
        limit: int,
        offset: int = 0,
        filters: dict[str, Any] | None = None,
        embedding: Sequence[float] | None = None,
    ) -> list[MemoryEntry]:
        """By `embedding` where there is one, else by the words of the query."""
        body = {**self._address(), "limit": limit, "offset": offset, "provenance": self._who()}
        if embedding is not None:
            body["embedding"] = list(embedding)
        else:
            body["query"] = self._query
        if filters:
            body["filter"] = filters
        return self._many(self._ask("POST", "/api/v1/memory/search", body=body))

    def entries(self, *, limit: int) -> list[MemoryEntry]:
        query = {**self._address(), "prefix": self._query, "limit": limit}
        return self._many(self._ask("GET", PUT_PATH, query=query))

    def namespaces(self) -> list[str]:
        """Those of this environment in which something is found."""
        environment = self._address()["environment"]
        told = self._ask("GET", "/api/v1/memory/namespaces")["namespaces"]
        return [one["namespace"] for one in told if one["environment"] == environment]

    def _many(self, answer: Any) -> list[MemoryEntry]:
        entries = [_entry(one) for one in answer["entries"]]
        self._found(entries)
        return entries

    def _found(self, entries: Sequence[MemoryEntry]) -> None:
        self.set("gen_ai.memory.record.count", len(entries))
        if entries and self._captures:
            self.set("gen_ai.memory.records", as_text([entry.value for entry in entries]))

    def _say(self, *said: Said) -> None:
        """An older word about the same entry that waits to be sent must not come after this one."""
        self.said = said
        if runtime.running is not None:
            for one in said:
                runtime.running.sender.withdraw(one.about)

    # -- the server -------------------------------------------------------------------------------

    def _ask(
        self,
        method: str,
        path: str,
        *,
        query: Params | None = None,
        body: dict[str, Any] | None = None,
    ) -> Any:
        running = runtime.running
        if running is None:
            raise Misconfigured(
                "memory needs a server, and qd.init() was not called", hint="Call it first."
            )
        client = _clients.of(running)
        token = attach(_QUIET)
        try:
            match method:
                case "GET":
                    answer = client.get(path, query)
                case "PUT":
                    answer = client.put(path, body)
                case _:
                    answer = client.post(path, body)
        finally:
            detach(token)
        return parse(answer)

    def _address(self) -> dict[str, Any]:
        environment, running = self._environment, runtime.running
        if environment is None:
            # What was said here, else the session's, else the program's.
            own = "" if running is None else running.options.environment
            environment = str(_stamp().get("quarterdeck.environment") or own)
        return {"environment": environment, **self.where}

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
    """The client of the running address and key, kept: a connection is worth a millisecond."""

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


def as_json(value: Any) -> Any:
    """The value as JSON has it; what has no JSON as its text."""
    try:
        return msgspec.json.decode(msgspec.json.encode(value))
    except (TypeError, ValueError, RecursionError):
        return as_text(value)


def _text_of(address: dict[str, Any]) -> str:
    return json.dumps([address[part] for part in ("environment", "namespace", "scope", "key")])


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


def _entry(told: dict[str, Any]) -> MemoryEntry:
    return msgspec.convert(told, MemoryEntry)
