"""
Writing to memory: put and delete, which are both rows of the log.

Nothing is changed in place but `current`, which says what a get finds.  What is written must be
free of secrets already: whoever calls has redacted it.
"""

import json
import math
import struct
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update

from quarterdeck.errors import Invalid, TooLarge
from quarterdeck.memories.addresses import Address, checked, entry_id_of
from quarterdeck.memories.matching import searchable
from quarterdeck.model.instants import NS_PER_S
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_rows import (
    Provenance,
    W,
    chunks,
    found_now,
    is_there,
    kept_provenance,
    take_seqs,
)
from quarterdeck.storage.records.memory_tables import MEMORY_WRITES
from quarterdeck.storage.records.storable import actor_of, json_of, time_of

VALUE_BYTES = 256 * 1024
"""Of a value as JSON.  What an agent learned is a sentence or a page; a document belongs in a store
of documents, and its address here.  A page of 200 such values is 50 MB."""
BATCH = 500
"""Entries of one put or delete: one transaction, in which nobody else of the project writes."""
DIMENSIONS = 4096
"""Of an embedding; the widest in use have 3,072 to 4,096.  16 kB each."""
DEPTH = 100
"""Of a value's objects and arrays.  Writers of JSON end at 250 to 1,000; nobody reads so deep."""
LONGEST_TTL_S = 10 * 366 * 86_400
_FLOAT32_MAX = 3.4028234663852886e38


class NewEntry(msgspec.Struct, frozen=True, kw_only=True):
    address: Address
    value: Any
    ttl_s: float | None = None
    """None: it stays until somebody deletes it."""
    embedding: Sequence[float] | None = None


class Written(msgspec.Struct, frozen=True, kw_only=True):
    address: Address
    seq: int
    expires_ns: int | None


def put_entries(
    records: Records,
    *,
    project_id: str,
    entries: Sequence[NewEntry],
    provenance: Provenance,
    by: str,
    now_ns: int,
) -> list[Written]:
    """
    All of them or none, in their order: of two for one address the later one counts.

    Raises `NotFound` for the project; `Invalid` for an address, a time or an embedding that can't
    be kept; `TooLarge` for a value or a batch over its limit.
    """
    _check_batch(len(entries))
    rows = [_new_row(entry, now_ns=now_ns) for entry in entries]
    if not rows:
        return []
    with records.writing() as connection:
        _append(connection, project_id, rows, provenance=provenance, by=by, now_ns=now_ns)
    return [
        Written(address=entry.address, seq=row["seq"], expires_ns=row["expires_ns"])
        for entry, row in zip(entries, rows, strict=True)
    ]


def delete_entries(
    records: Records,
    *,
    project_id: str,
    addresses: Sequence[Address],
    provenance: Provenance,
    by: str,
    now_ns: int,
) -> list[Address]:
    """
    Those that were there and no longer are, in the order asked.  A delete is a write as any other:
    it can be reverted.  Nothing is written where nothing was.  Raises as `put_entries`.
    """
    _check_batch(len(addresses))
    asked = {entry_id_of(checked(address)): address for address in addresses}
    with records.writing() as connection:
        # The lock comes first: what is there must still be there when it is deleted.
        take_seqs(connection, project_id, 0)
        there: set[str] = set()
        for some in chunks(list(asked)):
            query = select(W.entry_id).where(
                found_now(project_id), W.entry_id.in_(some), is_there(now_ns)
            )
            there.update(connection.execute(query).scalars())
        gone = [address for entry_id, address in asked.items() if entry_id in there]
        rows = [_row(address, deleted=True) for address in gone]
        if rows:
            _append(connection, project_id, rows, provenance=provenance, by=by, now_ns=now_ns)
    return gone


def _append(
    connection: Connection,
    project_id: str,
    rows: list[dict[str, Any]],
    *,
    provenance: Provenance,
    by: str,
    now_ns: int,
) -> None:
    first = take_seqs(connection, project_id, len(rows))
    shared = {
        "project_id": project_id,
        **kept_provenance(provenance),
        "by": actor_of(by),
        "at_ns": time_of(now_ns),
        "swept": False,
        "hidden_by": "",
    }
    newest = {row["entry_id"]: number for number, row in enumerate(rows)}
    for number, row in enumerate(rows):
        row |= shared | {"seq": first + number, "current": newest[row["entry_id"]] == number}
    for some in chunks(list(newest)):
        connection.execute(
            update(MEMORY_WRITES)
            .where(W.project_id == project_id, W.entry_id.in_(some), W.current)
            .values(current=False)
        )
    connection.execute(insert(MEMORY_WRITES), rows)


def _new_row(entry: NewEntry, *, now_ns: int) -> dict[str, Any]:
    _check_depth(entry)
    value = json_of(entry.value)
    size = len(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    if size > VALUE_BYTES:
        raise TooLarge(
            f"the value of {entry.address.key[:80]!r} has {size} bytes, and may have {VALUE_BYTES}",
            hint="Keep a document where documents are kept, and its address in memory.",
        )
    row = _row(checked(entry.address), deleted=False)
    return row | {
        "value": value,
        "text": searchable(entry.address.key, value),
        "embedding": None if entry.embedding is None else packed(entry.embedding),
        "expires_ns": _expiry(entry.ttl_s, now_ns=now_ns),
    }


def _check_depth(entry: NewEntry) -> None:
    level = [entry.value]
    for _ in range(DEPTH + 1):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list | tuple)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return
    raise Invalid(f"the value of {entry.address.key[:80]!r} is nested more than {DEPTH} deep")


def _row(address: Address, *, deleted: bool) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(address),
        "entry_id": entry_id_of(address),
        "value": None,
        "text": "",
        "embedding": None,
        "deleted": deleted,
        "expires_ns": None,
    }


def packed(embedding: Sequence[float]) -> bytes:
    """
    float32, little-endian, of length 1: only its direction counts.  Raises `Invalid` for what has
    none or has too many dimensions.
    """
    if not 1 <= len(embedding) <= DIMENSIONS:
        raise Invalid(f"an embedding has 1 to {DIMENSIONS} dimensions, not {len(embedding)}")
    if not all(math.isfinite(number) and abs(number) <= _FLOAT32_MAX for number in embedding):
        raise Invalid("an embedding is made of finite numbers")
    length = math.sqrt(sum(number * number for number in embedding))
    if length == 0:
        raise Invalid("an embedding of zeros points nowhere")
    return struct.pack(f"<{len(embedding)}f", *(number / length for number in embedding))


def _expiry(ttl_s: float | None, *, now_ns: int) -> int | None:
    if ttl_s is None:
        return None
    if not 0 < ttl_s <= LONGEST_TTL_S:
        raise Invalid(
            f"an entry lives for more than 0 and at most {LONGEST_TTL_S} s, not {ttl_s}",
            hint="Leave ttl_s out to keep it.",
        )
    return time_of(now_ns + int(ttl_s * NS_PER_S))


def _check_batch(count: int) -> None:
    if count > BATCH:
        raise TooLarge(f"{count} entries at once; {BATCH} are taken", hint="Send them in parts.")
