"""
Which traces and join keys belong together, as a graph of `trace:<id>` and `key:<join key>`.

Every link is written in both directions, so one question per wave of nodes walks the graph.
"""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from quarterdeck.model.ids import ProjectId
from quarterdeck.storage.events.columns import labels, texts
from quarterdeck.storage.events.connection import EventConnection, question

Pair = tuple[str, str]

_NODES_A_QUESTION = 2_000


def write_links(
    db: EventConnection, project_id: ProjectId, pairs: Iterable[Pair], *, seen_ns: int = 0
) -> None:
    """Undirected pairs of nodes; the same pair again is the same link, with the later `seen_ns`."""
    links = sorted({link for a, b in pairs for link in ((a, b), (b, a)) if a != b})
    if not links:
        return
    batch = pa.RecordBatch.from_pydict(
        {
            "project_id": labels([project_id] * len(links)),
            "node": texts([node for node, _ in links]),
            "peer": texts([peer for _, peer in links]),
            "seen_ns": pa.array([seen_ns] * len(links), pa.int64()),
        }
    )
    db.insert("session_links", batch)


def linked(db: EventConnection, project_id: ProjectId, nodes: Sequence[str]) -> list[Pair]:
    """The (node, peer) links of the nodes: one step, not everything that can be reached."""
    found: list[Pair] = []
    for first in range(0, len(nodes), _NODES_A_QUESTION):
        some = list(nodes[first : first + _NODES_A_QUESTION])
        rows = db.rows(question("linked"), {"project_id": project_id, "nodes": some})
        found.extend((row[0], row[1]) for row in rows)
    return found


def has_nodes(db: EventConnection, project_id: ProjectId, prefix: str) -> bool:
    """Whether any node of the project begins with `prefix`."""
    return bool(db.rows(question("has_nodes"), {"project_id": project_id, "prefix": prefix}))
