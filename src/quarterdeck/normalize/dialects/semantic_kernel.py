"""
Semantic Kernel (1.45): the GenAI conventions before v1.37, with content in events.

Planning loops and prompt functions are steps around the calls they make; an agent's usage is a
sum of its calls'.
"""

from quarterdeck.normalize.dialect import (
    Dialect,
    Draft,
    Kind,
    KindSource,
    Recognizes,
)

_KINDS = {
    "autofunctioninvocationloop": Kind("step", "loop"),
}


def _adjust(draft: Draft) -> None:
    found = draft.found
    if found["kind"] != "model" and "usage" in found:
        found["usage_is_aggregate"] = True


DIALECT = Dialect(
    name="semantic_kernel",
    framework="semantic_kernel",
    recognizes=Recognizes(
        scopes=("Microsoft.SemanticKernel", "semantic_kernel"), keys=("sk.", "semantic_kernel.")
    ),
    kinds=(KindSource(5, "", _KINDS, gated=True),),
    adjust=_adjust,
)
