"""
Memory: what agents put, get, search and delete, and what people look at.

An agent's key needs the scope `run`, and says for which session it acts: that is the provenance of
what it writes, and its reads are noted.  Without a session it is a person's act, and reading leaves
no trace.  Secrets are hidden in values before anything is kept.

Refused: a secret in an address.  Hidden there, the memories of two users could become one.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Request, Response
from pydantic import AfterValidator, Field, StringConstraints

from quarterdeck.api.access import READ_OR_RUN, RUN, Principal, allow, guarded_router
from quarterdeck.api.answers.memory import (
    MemoryDeleted,
    MemoryEntry,
    MemoryEntryList,
    MemoryHistory,
    MemoryNamespaces,
    MemorySearchResult,
    MemoryWritten,
)
from quarterdeck.api.bodies import answer
from quarterdeck.api.forms import Form, storable
from quarterdeck.api.memory_answers import (
    address_shown,
    at_or_null,
    entry_shown,
    outcomes_of,
    reading_shown,
)
from quarterdeck.api.pages import next_cursor, next_offset, read_cursor, read_offset
from quarterdeck.api.parts import Parts, Who, With
from quarterdeck.errors import Invalid
from quarterdeck.memories.addresses import Address
from quarterdeck.model.ids import public_id
from quarterdeck.model.instants import to_rfc3339
from quarterdeck.normalize.redact import Redactor
from quarterdeck.receive.redaction import clean_tree
from quarterdeck.storage.records import memory_history, memory_reads, memory_search, memory_writes
from quarterdeck.storage.records.memory_history import Hiding, Write
from quarterdeck.storage.records.memory_reads import Which
from quarterdeck.storage.records.memory_rows import Provenance
from quarterdeck.storage.records.memory_writes import BATCH, DIMENSIONS, LONGEST_TTL_S, NewEntry

router = guarded_router("memory")

MOST_FOUND = 200
"""Entries of one search; an agent can't use more, and a person pages through the list."""

_STORABLE = AfterValidator(storable)
# Longer than anything that can be kept, so that what is too long is told by the rule for addresses.
Part = Annotated[str, StringConstraints(max_length=20_000), _STORABLE]
SessionText = Annotated[str, StringConstraints(max_length=2000), _STORABLE]
Word = Annotated[str, StringConstraints(max_length=400), _STORABLE]
Trace = Annotated[str, StringConstraints(max_length=32), _STORABLE]
SpanText = Annotated[str, StringConstraints(max_length=16), _STORABLE]
Name = Annotated[str, StringConstraints(max_length=100), _STORABLE]
Version = Annotated[int, Field(ge=0, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str, Query(max_length=200)]


class AddressForm(Form):
    environment: Part = ""
    namespace: Part
    scope: Part = ""
    key: Part

    def address(self) -> Address:
        return Address(
            environment=self.environment, namespace=self.namespace, scope=self.scope, key=self.key
        )


class ProvenanceForm(Form):
    session_id: SessionText = ""
    trace_id: Trace = ""
    span_id: SpanText = ""
    agent: Word = ""
    user: Word = ""
    workflow: Name = ""
    version: Version | None = None


class EntryForm(AddressForm):
    value: Any
    ttl_s: float | None = Field(
        default=None, gt=0, le=LONGEST_TTL_S, allow_inf_nan=False,
        description="Seconds from now after which it is gone; left out: it stays.",
    )  # fmt: skip
    embedding: list[float] | None = Field(
        default=None, max_length=DIMENSIONS,
        description="Of the value, by a function of the caller's own.",
    )  # fmt: skip


class PutForm(Form):
    entries: list[EntryForm] = Field(min_length=1, max_length=BATCH)
    provenance: ProvenanceForm = ProvenanceForm()


class DeleteForm(Form):
    addresses: list[AddressForm] = Field(min_length=1, max_length=BATCH)
    provenance: ProvenanceForm = ProvenanceForm()


class SearchForm(Form):
    environment: Part | None = Field(default="", description="null: all of them.")
    namespace: Part = Field(default="", description="Exactly this one; empty: all.")
    under: Part = Field(default="", description="This namespace and those below it, after a `/`.")
    scope: Part | None = Field(default=None, description="null: all; empty: everybody's.")
    query: Part = ""
    embedding: list[float] | None = Field(default=None, max_length=DIMENSIONS)
    filter: dict[str, Any] = Field(
        default={},
        max_length=50,
        description="Fields of values: equal to, or `$eq $ne $gt $gte $lt $lte`.",
    )
    limit: int = Field(default=10, ge=1, le=MOST_FOUND)
    offset: int = Field(default=0, ge=0, le=memory_search.CANDIDATES)
    provenance: ProvenanceForm = ProvenanceForm()


# ----------------------------------------------------------------------------- what agents write


@router.put(
    "/memory/entries",
    summary="Write entries, all of them or none",
    responses={200: {"model": MemoryWritten}},
)
@allow(RUN)
async def put(request: Request, form: PutForm, parts: With, who: Who) -> Response:
    return answer(request, await asyncio.to_thread(_put, parts, who, form))


def _put(parts: Parts, who: Principal, form: PutForm) -> dict[str, Any]:
    redactor = parts.redactor_of(who.project_id)
    written = memory_writes.put_entries(
        parts.records,
        project_id=who.project_id,
        entries=[
            NewEntry(
                address=_free_of_secrets(entry.address(), redactor),
                value=clean_tree(entry.value, redactor),
                ttl_s=entry.ttl_s,
                embedding=entry.embedding,
            )
            for entry in form.entries
        ],
        provenance=provenance_of(form.provenance, redactor),
        by=who.actor,
        now_ns=parts.now_ns(),
    )
    return {
        "written": [
            {
                **address_shown(one.address),
                "seq": one.seq,
                "expires_at": at_or_null(one.expires_ns),
            }
            for one in written
        ]
    }


@router.post(
    "/memory/delete",
    summary="Delete entries; a revert brings them back",
    responses={200: {"model": MemoryDeleted}},
)
@allow(RUN)
async def delete(request: Request, form: DeleteForm, parts: With, who: Who) -> Response:
    gone = await asyncio.to_thread(
        memory_writes.delete_entries,
        parts.records,
        project_id=who.project_id,
        addresses=[one.address() for one in form.addresses],
        provenance=provenance_of(form.provenance, parts.redactor_of(who.project_id)),
        by=who.actor,
        now_ns=parts.now_ns(),
    )
    return answer(request, {"deleted": [address_shown(address) for address in gone]})


def _free_of_secrets(address: Address, redactor: Redactor) -> Address:
    for name in ("environment", "namespace", "scope", "key"):
        text = getattr(address, name)
        if redactor.redact_text(text) != text:
            raise Invalid(
                f"the {name} holds a secret, or what this project hides",
                hint="Name entries by something that may be read, and keep it in no value either.",
            )
    return address


def provenance_of(form: ProvenanceForm, redactor: Redactor) -> Provenance:
    """As it is kept: the session by the id that its page has, and no secret in any name."""
    clean = redactor.redact_text
    return Provenance(
        session_id=clean(public_id(form.session_id)) if form.session_id else "",
        trace_id=form.trace_id,
        span_id=form.span_id,
        agent=clean(form.agent),
        user=clean(form.user),
        workflow=clean(form.workflow),
        version=form.version,
    )


# ------------------------------------------------------------------------------ what agents read


@router.get(
    "/memory/entry", summary="What is found at an address", responses={200: {"model": MemoryEntry}}
)
@allow(READ_OR_RUN)
async def get(
    request: Request,
    parts: With,
    who: Who,
    namespace: Part,
    key: Part,
    environment: Part = "",
    scope: Part = "",
    session_id: Annotated[
        SessionText, Query(description="Who reads: with a session, the read is noted.")
    ] = "",
    trace_id: Trace = "",
    span_id: SpanText = "",
    agent: Word = "",
    workflow: Name = "",
    version: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
) -> Response:
    address = Address(environment=environment, namespace=namespace, scope=scope, key=key)
    reader = ProvenanceForm(
        session_id=session_id,
        trace_id=trace_id,
        span_id=span_id,
        agent=agent,
        workflow=workflow,
        version=version,
    )
    return answer(request, await asyncio.to_thread(_get, parts, who, address, reader))


def _get(parts: Parts, who: Principal, address: Address, reader: ProvenanceForm) -> dict[str, Any]:
    entry = memory_reads.get_entry(
        parts.records,
        project_id=who.project_id,
        address=address,
        reader=provenance_of(reader, parts.redactor_of(who.project_id)),
        now_ns=parts.now_ns(),
    )
    return entry_shown(
        entry,
        memory_reads.count_readers(parts.records, project_id=who.project_id, seq=entry.seq),
    )


@router.post(
    "/memory/search",
    summary="The entries that fit words, an embedding or both, best first",
    responses={200: {"model": MemorySearchResult}},
)
@allow(READ_OR_RUN)
async def search(request: Request, form: SearchForm, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(
        memory_search.search_entries,
        parts.records,
        project_id=who.project_id,
        which=Which(
            environment=form.environment,
            namespace=form.namespace,
            under=form.under,
            scope=form.scope,
        ),
        query=form.query,
        embedding=form.embedding,
        filter=form.filter,
        limit=form.limit,
        offset=form.offset,
        reader=provenance_of(form.provenance, parts.redactor_of(who.project_id)),
        now_ns=parts.now_ns(),
    )
    return answer(
        request,
        {"entries": [{**entry_shown(one.entry, one.readers), "score": one.score} for one in found]},
    )


# ---------------------------------------------------------------------------- what people look at


@router.get(
    "/memory/entries",
    summary="Entries, newest first: now, or as they were at a checkpoint",
    responses={200: {"model": MemoryEntryList}},
)
@allow(READ_OR_RUN)
async def list_some(
    request: Request,
    parts: With,
    who: Who,
    environment: Annotated[
        Part | None, Query(description="Empty is an environment of its own; left out: all.")
    ] = None,
    namespace: Part = "",
    under: Annotated[Part, Query(description="This namespace and those below it.")] = "",
    scope: Annotated[Part | None, Query(description="Empty is everybody's; left out: all.")] = None,
    prefix: Annotated[Part, Query(description="What the key begins with.")] = "",
    q: Annotated[Part, Query(description="Words that are all in the key or the value.")] = "",
    session_id: Annotated[SessionText, Query(description="Who wrote it.")] = "",
    workflow: Name = "",
    version: Annotated[int | None, Query(ge=0, le=2**31 - 1)] = None,
    user: Word = "",
    at: Annotated[Part, Query(description="A checkpoint's id or name.")] = "",
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Response:
    which = Which(
        environment=environment,
        namespace=namespace,
        under=under,
        scope=scope,
        prefix=prefix,
        words=q,
        session_id=public_id(session_id) if session_id else "",
        workflow=workflow,
        version=version,
        user=user,
    )
    belongs_to = f"{who.project_id}?{which!r}\x00{at}"
    before = read_cursor(cursor, "memory", belongs_to, kinds=(int,))
    page = await asyncio.to_thread(
        memory_reads.list_entries,
        parts.records,
        project_id=who.project_id,
        which=which,
        checkpoint=at,
        before_seq=min(max(0, before[0]), 2**63 - 1) if before else None,
        limit=limit,
        now_ns=parts.now_ns(),
    )
    more = page.next_seq
    return answer(
        request,
        {
            "entries": [entry_shown(one, page.readers.get(one.seq, 0)) for one in page.entries],
            "next_cursor": None if more is None else next_cursor("memory", belongs_to, more),
        },
    )


@router.get(
    "/memory/namespaces",
    summary="Namespaces in which something is found",
    responses={200: {"model": MemoryNamespaces}},
)
@allow(READ_OR_RUN)
async def namespaces(request: Request, parts: With, who: Who) -> Response:
    found = await asyncio.to_thread(
        memory_reads.list_namespaces,
        parts.records,
        project_id=who.project_id,
        now_ns=parts.now_ns(),
    )
    return answer(
        request,
        {
            "namespaces": [
                {
                    "environment": one.environment,
                    "namespace": one.namespace,
                    "entries": one.entries,
                    "scopes": one.scopes,
                    "last_at": to_rfc3339(one.last_ns),
                }
                for one in found
            ]
        },
    )


@router.get(
    "/memory/history",
    summary="Every write of a key: by whom, what hid it, who read it",
    responses={200: {"model": MemoryHistory}},
)
@allow(READ_OR_RUN)
async def history(
    request: Request,
    parts: With,
    who: Who,
    namespace: Part,
    key: Part,
    environment: Part = "",
    scope: Part = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Cursor = "",
) -> Response:
    address = Address(environment=environment, namespace=namespace, scope=scope, key=key)
    belongs_to = f"{who.project_id}?{address!r}"
    offset = read_offset(cursor, "memory history", belongs_to)
    told = await asyncio.to_thread(_history, parts, who, address, limit, offset)
    end = offset + len(told["writes"])
    told["next_cursor"] = next_offset(
        "memory history", belongs_to, end if end < told["total"] else 0
    )
    return answer(request, told)


def _history(
    parts: Parts, who: Principal, address: Address, limit: int, offset: int
) -> dict[str, Any]:
    page = memory_history.history_of(
        parts.records, project_id=who.project_id, address=address, limit=limit, offset=offset
    )
    readings = (reading.session_id for write in page.writes for reading in write.readings)
    outcomes = outcomes_of(parts, who, readings)
    now_ns = parts.now_ns()
    return {
        **address_shown(address),
        "writes": [_write_shown(write, outcomes, now_ns=now_ns) for write in page.writes],
        "total": page.total,
    }


def _write_shown(write: Write, outcomes: dict[str, str], *, now_ns: int) -> dict[str, Any]:
    expires_ns = write.entry.expires_ns
    return {
        **entry_shown(write.entry, write.readers),
        "deleted": write.deleted,
        "expired": expires_ns is not None and expires_ns <= now_ns,
        "swept": write.swept,
        "current": write.current,
        "hidden": write.hidden,
        "hidings": [_hiding_shown(hiding) for hiding in write.hidings],
        "read_by": [reading_shown(reading, outcomes) for reading in write.readings],
    }


def _hiding_shown(hiding: Hiding) -> dict[str, Any]:
    return {
        "revert_id": hiding.revert_id,
        "from_at": to_rfc3339(hiding.from_ns),
        "until_at": at_or_null(hiding.until_ns),
        "by": hiding.by,
        "reason": hiding.reason,
    }
