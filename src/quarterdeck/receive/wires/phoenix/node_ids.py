"""
Phoenix's ids: the base64 of a type and an id, `Dataset:1`.

Its client looks at the type to tell an id from a name, and takes the rest as it is; so do we.
"""

import base64
import binascii
from typing import Literal

from quarterdeck.errors import NotFound

NodeType = Literal[
    "Dataset", "DatasetVersion", "DatasetExample", "Experiment", "ExperimentRun",
    "ExperimentEvaluation", "Prompt", "PromptVersion", "PromptVersionTag", "Project", "Span",
    "SpanAnnotation", "TraceAnnotation", "ProjectSessionAnnotation", "SpanDocumentAnnotation",
    "Trace", "ProjectSession",
]  # fmt: skip


def node_id(kind: NodeType, own: str | int) -> str:
    return base64.b64encode(f"{kind}:{own}".encode()).decode()


def own_id(kind: NodeType, given: str) -> str:
    """Raises `NotFound` for what is no id of this type: nothing has it."""
    found = own_id_or_none(kind, given)
    if found is None:
        raise NotFound(f"{given[:80]!r} is no id of a {kind}")
    return found


def own_id_or_none(kind: NodeType, given: str) -> str | None:
    try:
        plain = base64.b64decode(given, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    told, colon, own = plain.partition(":")
    return own if colon and told == kind and own else None
