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
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from quarterdeck.errors import TryAgain
from quarterdeck.sdk import runtime
from quarterdeck.sdk.rim import notice, swallow
from quarterdeck.sdk.verbs.content import as_text
from quarterdeck.sdk.verbs.memory_calls import MemoryCall, MemoryEntry

Embed = Callable[[str], Sequence[float]]
T = TypeVar("T")

__all__ = ("Embed", "Memory", "MemoryEntry", "memory")


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

        def write(call: MemoryCall) -> bool:
            call.write(value, ttl_s=lives_s, embedding=self._vector_of(value))
            return True

        return self._do("upsert_memory", write, False, key=key, content=value)

    def get(self, key: str, default: Any = None) -> Any:
        """The value under `key`, or `default`.  That it was read is recorded."""
        found = self.entry(key)
        return default if found is None else found.value

    def entry(self, key: str) -> MemoryEntry | None:
        """As `get`, with who wrote it and when."""
        return self._do("search_memory", lambda call: call.read(), None, key=key)

    def delete(self, *keys: str) -> bool:
        """Forget these from now on.  The history keeps them: a person can bring them back."""

        def delete(call: MemoryCall) -> bool:
            call.delete(keys)
            return True

        return self._do("delete_memory", delete, False, key=", ".join(map(str, keys)))

    # -- many -----------------------------------------------------------------------------------

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        filter: dict[str, Any] | None = None,  # noqa: A002 - the word that stores use
    ) -> list[MemoryEntry]:
        """
        The entries that fit best, best first: by meaning where `embed` was given, by words else.

        `filter`: fields of the values, equal to or `$eq $ne $gt $gte $lt $lte`.  What is found
        counts as read.
        """

        def search(call: MemoryCall) -> list[MemoryEntry]:
            return call.search(limit=limit, filters=filter, embedding=self._vector_of(query))

        return self._do("search_memory", search, [], query=query)

    def entries(self, prefix: str = "", *, limit: int = 100) -> list[MemoryEntry]:
        """Entries whose key begins with `prefix`, newest first.  It counts as no reading."""
        return self._do("search_memory", lambda call: call.entries(limit=limit), [], query=prefix)

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
        filter: dict[str, Any] | None = None,  # noqa: A002 - as above
    ) -> list[MemoryEntry]:
        """`search`, without holding the event loop."""
        return await asyncio.to_thread(self.search, query, limit=limit, filter=filter)

    async def adelete(self, *keys: str) -> bool:
        """`delete`, without holding the event loop."""
        return await asyncio.to_thread(self.delete, *keys)

    # -- what all share -------------------------------------------------------------------------

    def _do(self, operation: str, do: Callable[[MemoryCall], T], otherwise: T, **about: Any) -> T:
        """The rim: what goes wrong on our side is told, and passed over."""
        running = runtime.running
        if running is None:
            notice("memory", "qd.init() was not called, so nothing is kept and nothing found")
            return otherwise
        call = None
        try:
            where = {"namespace": self.namespace, "scope": self.scope}
            call = MemoryCall(operation, where, environment=self._environment, **about)
            with call:
                return do(call)
        except TryAgain as error:
            swallow("memory", error)
            for said in () if call is None else call.said:
                running.sender.call(said.path, said.body, method=said.method, about=said.about)
        except Exception as error:  # noqa: BLE001 - the rim
            swallow("memory", error)
        return otherwise

    def _vector_of(self, value: Any) -> list[float] | None:
        """None without `embed`, and where it fails: found by its words then."""
        if self._embed is None:
            return None
        try:
            return [float(number) for number in self._embed(as_text(value))]
        except Exception as error:  # noqa: BLE001 - the user's function: a word about it is enough
            swallow("memory.embed", error)
            return None


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
