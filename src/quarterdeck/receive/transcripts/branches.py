"""
Entries that form a tree by their parents: which of them the session ended with.

Going back and trying again leaves a branch that the last entry does not descend from.  What
happened there was done and paid for, so it is kept and only marked.
"""

from collections.abc import Iterable
from typing import NamedTuple


class Link(NamedTuple):
    id: str
    parent: str
    """"" = a root, or not told."""


def active_ids(links: Iterable[Link]) -> frozenset[str] | None:
    """
    On the way from the last entry back to its root; None where the tree is broken, or has none:
    then nothing can be called left.
    """
    parents = {link.id: link.parent for link in links if link.id}
    roots = [one for one, parent in parents.items() if not parent]
    found: set[str] = set()
    step = next(reversed(parents), "")
    while step and step not in found:
        found.add(step)
        step = parents.get(step, "")
    return frozenset(found) if len(roots) == 1 and roots[0] in found else None
