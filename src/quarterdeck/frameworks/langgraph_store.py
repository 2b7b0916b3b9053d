"""
LangGraph's store interface on Quarterdeck's memory.

    store = LangGraphStore()
    graph = builder.compile(store=store)

What a graph keeps is then tied to the session, span and workflow version that kept it, and can be
reverted like all memory.  A namespace `("users", "u-7")` is the namespace `users/u-7`; `%` and `/`
within a label are written `%25` and `%2F`.

As LangGraph expects of a store, and unlike `qd.memory`, what fails is raised.  Not done: a TTL that
begins anew with each read, and `index` by field paths: an entry has one vector, of its whole value.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    MatchCondition,
    PutOp,
    SearchItem,
    SearchOp,
)

from quarterdeck.errors import Invalid
from quarterdeck.sdk.verbs.content import as_text
from quarterdeck.sdk.verbs.memory_calls import MemoryCall, MemoryEntry

Namespace = tuple[str, ...]


class LangGraphStore(BaseStore):
    """
    Memory of one environment and scope as a store.

    `environment`: left out it is the session's, or that of `qd.init`.  `embed` makes a vector of a
    text; without it a query finds by words.  Raises `QuarterdeckError`s.
    """

    supports_ttl = True

    def __init__(
        self,
        *,
        environment: str | None = None,
        scope: str = "",
        embed: Callable[[str], Sequence[float]] | None = None,
    ) -> None:
        self._environment = environment
        self._scope = scope
        self._embed = embed

    def batch(self, ops: Iterable[Any]) -> list[Any]:
        """The results in order; each operation is a call of its own."""
        return [self._result(op) for op in ops]

    async def abatch(self, ops: Iterable[Any]) -> list[Any]:
        """`batch`, without holding the event loop."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _result(self, op: Any) -> Any:
        match op:
            case GetOp():
                return self._get(op)
            case PutOp():
                return self._put(op)
            case SearchOp():
                return self._search(op)
            case ListNamespacesOp():
                return self._namespaces(op)
        raise Invalid(f"this store does not know {type(op).__name__}")

    def _get(self, op: GetOp) -> Item | None:
        with self._call("search_memory", op.namespace, key=op.key) as call:
            found = call.read()
        return None if found is None else _item(found)

    def _put(self, op: PutOp) -> None:
        if op.value is None:
            with self._call("delete_memory", op.namespace, key=op.key) as call:
                call.delete([op.key])
            return
        ttl_s = None if op.ttl is None else op.ttl * 60
        vector = None if op.index is False else self._vector(as_text(op.value))
        with self._call("upsert_memory", op.namespace, key=op.key, content=op.value) as call:
            call.write(op.value, ttl_s=ttl_s, embedding=vector)

    def _search(self, op: SearchOp) -> list[SearchItem]:
        query = op.query or ""
        vector = self._vector(query) if query else None
        where = {"under": _written(op.namespace_prefix), "scope": self._scope}
        with MemoryCall("search_memory", where, environment=self._environment, query=query) as call:
            found = call.search(
                limit=op.limit, offset=op.offset, filters=op.filter, embedding=vector
            )
        return [_found(entry, scored=bool(query)) for entry in found]

    def _namespaces(self, op: ListNamespacesOp) -> list[Namespace]:
        where = {"namespace": "", "scope": self._scope}
        with MemoryCall("search_memory", where, environment=self._environment) as call:
            every = [_read(name) for name in call.namespaces()]
        conditions = op.match_conditions or ()
        kept = {name for name in every if all(_matches(one, name) for one in conditions)}
        cut = sorted({name[: op.max_depth] for name in kept})
        return cut[op.offset : op.offset + op.limit]

    def _call(self, operation: str, namespace: Namespace, **about: Any) -> MemoryCall:
        where = {"namespace": _written(namespace), "scope": self._scope}
        return MemoryCall(operation, where, environment=self._environment, **about)

    def _vector(self, text: str) -> list[float] | None:
        return None if self._embed is None else [float(one) for one in self._embed(text)]


def _written(namespace: Namespace) -> str:
    return "/".join(label.replace("%", "%25").replace("/", "%2F") for label in namespace)


def _read(namespace: str) -> Namespace:
    return tuple(unquote(label) for label in namespace.split("/"))


def _matches(condition: MatchCondition, namespace: Namespace) -> bool:
    """`*` in the condition's path stands for any one label."""
    path = tuple(condition.path)
    if len(namespace) < len(path):
        return False
    part = (
        namespace[: len(path)]
        if condition.match_type == "prefix"
        else namespace[len(namespace) - len(path) :]
    )
    return all(asked in ("*", label) for asked, label in zip(path, part, strict=True))


def _item(entry: MemoryEntry) -> Item:
    at = datetime.fromisoformat(entry.written_at)
    return Item(
        value=entry.value,
        key=entry.key,
        namespace=_read(entry.namespace),
        created_at=at,
        updated_at=at,
    )


def _found(entry: MemoryEntry, *, scored: bool) -> SearchItem:
    at = datetime.fromisoformat(entry.written_at)
    return SearchItem(
        namespace=_read(entry.namespace),
        key=entry.key,
        value=entry.value,
        created_at=at,
        updated_at=at,
        score=entry.score if scored else None,
    )
