"""
Plain OpenTelemetry spans of HTTP, databases and messaging in an agent's trace.

They are steps that count as no agent's work; HTTP spans below a model span show its attempts.
A vector store's span is a retrieval.
"""

from quarterdeck.normalize.dialect import Dialect, Kind, KindSource, Recognizes

_VECTOR_STORES = ("pinecone", "chroma", "milvus", "qdrant", "weaviate", "lancedb", "marqo")


def _database(spelled: str) -> Kind | None:
    if spelled.startswith(_VECTOR_STORES):
        return Kind("retrieval")
    return Kind("step", "db", generic=True)


def _http(_spelled: str) -> Kind | None:
    return Kind("step", "http", generic=True)


def _messaging(_spelled: str) -> Kind | None:
    return Kind("step", "messaging", generic=True)


def _rpc(_spelled: str) -> Kind | None:
    return Kind("step", "rpc", generic=True)


DIALECT = Dialect(
    name="infrastructure",
    recognizes=Recognizes(keys=("http.", "db.", "messaging.", "rpc.")),
    kinds=(
        KindSource(11, "db.system", {}, _database),
        KindSource(11, "db.system.name", {}, _database),
        KindSource(12, "http.request.method", {}, _http),
        KindSource(12, "http.method", {}, _http),
        KindSource(12, "messaging.system", {}, _messaging),
        KindSource(12, "messaging.operation", {}, _messaging),
        KindSource(12, "rpc.system", {}, _rpc),
    ),
)
