"""
LlamaIndex, as OpenInference tells it: every method of a model's object is a span of kind LLM.

`_prepare_chat_with_tools` calls no model: it puts the request together.
"""

from quarterdeck.normalize.dialect import Dialect, Kind, KindSource, Recognizes


def _by_name(name: str) -> Kind | None:
    return Kind("step") if name.endswith("._prepare_chat_with_tools") else None


DIALECT = Dialect(
    name="llama_index",
    framework="llama_index",
    recognizes=Recognizes(scopes=("openinference.instrumentation.llama_index",)),
    kinds=(KindSource(0, "", read=_by_name, gated=True),),
)
