"""
A session's skeleton and steps in a form to keep: small chunks, of which a page opens few.

Pure: the same skeleton and steps give the same bytes.  `revision` is a digest of all of them, so
two stories of one revision are equal row for row.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import zstandard

from quarterdeck.assembly.skeleton import COLUMNS, Skeleton, Texts, differences
from quarterdeck.model.sessions import Step

ROWS_A_CHUNK = 10_000
"""What a browser asks for at once; compressed some 220 kB."""
STEPS_A_CHUNK = 1_000
"""A page has at most 200, so it opens one or two: 1 ms each."""
_LEVEL = 3

_encode = msgspec.json.encode
_steps = msgspec.msgpack.Decoder(tuple[Step, ...])


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """All but rows and steps."""

    started_ns: int
    rows: int
    steps: int
    names: list[str]
    kinds: list[str]
    agents: list[str]
    traces: list[str]
    acts: list[dict[str, Any]]
    rows_a_chunk: int = ROWS_A_CHUNK
    steps_a_chunk: int = STEPS_A_CHUNK
    chunk_starts_us: list[int]
    """Of each chunk's first row, from the session's start."""

    def texts(self) -> Texts:
        return Texts(self.names, self.kinds, self.agents, self.traces)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    head: Head
    revision: str
    rows: tuple[bytes, ...]
    steps: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Bytes that it holds, without its texts."""
        return sum(map(len, self.rows)) + sum(map(len, self.steps))

    def parts(self) -> dict[str, Sequence[bytes]]:
        """To be kept, and given to `read`."""
        head = _packed(msgspec.msgpack.encode((self.revision, self.head)))
        return {"head": (head,), "rows": self.rows, "steps": self.steps}


def read(parts: Mapping[str, Sequence[bytes]]) -> Story | None:
    """What `Story.parts` gave; None if it is not whole, or of another version."""
    try:
        revision, head = _revised_heads.decode(_unpacked(parts["head"][0]))
    except (KeyError, IndexError, msgspec.DecodeError, zstandard.ZstdError):
        return None
    rows, steps = tuple(parts.get("rows", ())), tuple(parts.get("steps", ()))
    whole = len(rows) == -(-head.rows // head.rows_a_chunk) == len(head.chunk_starts_us)
    if not whole or len(steps) != -(-head.steps // head.steps_a_chunk):
        return None
    return Story(head=head, revision=revision, rows=rows, steps=steps)


_revised_heads = msgspec.msgpack.Decoder(tuple[str, Head])


def tell(
    drawn: Skeleton,
    steps: Sequence[Step],
    *,
    rows_a_chunk: int = ROWS_A_CHUNK,
    steps_a_chunk: int = STEPS_A_CHUNK,
) -> Story:
    starts = drawn.columns["start_us"]
    head = Head(
        started_ns=drawn.started_ns,
        rows=len(drawn),
        steps=len(steps),
        names=drawn.names,
        kinds=drawn.kinds,
        agents=drawn.agents,
        traces=drawn.traces,
        acts=drawn.acts,
        rows_a_chunk=rows_a_chunk,
        steps_a_chunk=steps_a_chunk,
        chunk_starts_us=starts[::rows_a_chunk],
    )
    columns = {**drawn.columns, "start_us": differences(starts)}
    rows = [
        b"\n".join(_encode(columns[name][first : first + rows_a_chunk]) for name in COLUMNS)
        for first in range(0, len(drawn), rows_a_chunk)
    ]
    told = [
        msgspec.msgpack.encode(steps[first : first + steps_a_chunk])
        for first in range(0, len(steps), steps_a_chunk)
    ]
    digest = hashlib.blake2b(msgspec.msgpack.encode(head), digest_size=9)
    for chunk in (*rows, *told):
        digest.update(chunk)
    return Story(
        head=head,
        revision=digest.hexdigest(),
        rows=tuple(map(_packed, rows)),
        steps=tuple(map(_packed, told)),
    )


def page_json(
    story: Story,
    envelope: Mapping[str, Any],
    *,
    since: int = 0,
    limit: int | None = None,
    ids: bool = True,
) -> bytes:
    """The rows as `skeleton.page` tells them, as JSON behind the keys of `envelope`."""
    head = story.head
    end = head.rows if limit is None else min(head.rows, since + limit)
    told = {
        **envelope,
        "started_ns": str(head.started_ns),
        "since": since,
        "count": max(0, end - since),
        "total": head.rows,
        "steps": head.steps,
        "names": head.names,
        "kinds": head.kinds,
        "agents": head.agents,
        "traces": head.traces,
        "acts": [act for act in head.acts if since <= act["row"] < end],
    }
    pieces = [_piece(story, chunk, since, end) for chunk in _chunks(since, end, head.rows_a_chunk)]
    shown = [
        (at, name) for at, name in enumerate(COLUMNS) if ids or name != "span"
    ]  # fmt: skip
    texts = [_encode(told)[:-1]]
    for at, name in shown:
        inner = b",".join(piece[at][1:-1] for piece in pieces)
        texts.append(b'"%s":[%s]' % (name.encode(), inner))
    return b",".join(texts) + b"}"


def _piece(story: Story, chunk: int, since: int, end: int) -> list[bytes]:
    """The columns of a chunk's rows in [since, end), each as a JSON array."""
    size = story.head.rows_a_chunk
    first = chunk * size
    columns = _unpacked(story.rows[chunk]).split(b"\n")
    at = COLUMNS.index("start_us")
    if since <= first and min(first + size, story.head.rows) <= end:
        if since == first:
            starts = columns[at][1:-1].partition(b",")
            columns[at] = b"[%d%s%s]" % (story.head.chunk_starts_us[chunk], *starts[1:])
        return columns
    low, high = max(0, since - first), end - first
    values = [msgspec.json.decode(column) for column in columns]
    if low or since == first:
        values[at][low] = story.head.chunk_starts_us[chunk] + sum(values[at][1 : low + 1])
    return [_encode(column[low:high]) for column in values]


def steps_from(story: Story, first: int, limit: int) -> list[Step]:
    """Steps number `first` (from 1) and following, at most `limit`."""
    size = story.head.steps_a_chunk
    since, end = max(0, first - 1), min(story.head.steps, max(0, first - 1) + max(0, limit))
    found: list[Step] = []
    for chunk in _chunks(since, end, size):
        steps = _steps.decode(_unpacked(story.steps[chunk]))
        before = chunk * size
        found.extend(steps[max(0, since - before) : end - before])
    return found


def all_steps(story: Story) -> tuple[Step, ...]:
    return tuple(step for chunk in story.steps for step in _steps.decode(_unpacked(chunk)))


def drawn(story: Story) -> Skeleton:
    """The skeleton that it was told of."""
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for chunk in story.rows:
        for name, column in zip(COLUMNS, _unpacked(chunk).split(b"\n"), strict=True):
            columns[name] += msgspec.json.decode(column)
    at_us, starts = 0, []
    for step_us in columns["start_us"]:
        at_us += step_us
        starts.append(at_us)
    head = story.head
    return Skeleton(
        started_ns=head.started_ns, steps=head.steps, names=head.names, kinds=head.kinds,
        agents=head.agents, traces=head.traces, columns={**columns, "start_us": starts},
        acts=head.acts,
    )  # fmt: skip


def _chunks(since: int, end: int, size: int) -> range:
    return range(since // size, -(-end // size)) if since < end else range(0)


def _packed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=_LEVEL).compress(data)


def _unpacked(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(data)
