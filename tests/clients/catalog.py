"""
The clients that are run unchanged against a server, in the order of the reference.

Data only.  A client's runs are its driver's scenarios; each has a project of its own, so that the
drivers' session ids, which repeat, stay apart.  What must come out is in `expected/<name>.json`.
"""

from clients.catalog_billing import AGENTOPS, FRAMEWORKS, MLFLOW, OPENAI_AGENTS, OPIK, PHOENIX
from clients.catalog_refunds import BRAINTRUST, HELICONE, LANGFUSE, LANGSMITH, OPENPIPE, PORTKEY
from clients.client import Client

CLIENTS: tuple[Client, ...] = (
    *LANGSMITH, *LANGFUSE, *BRAINTRUST, *OPIK, *AGENTOPS, *MLFLOW, *PHOENIX, *OPENPIPE, *PORTKEY,
    *HELICONE, *OPENAI_AGENTS, *FRAMEWORKS,
)  # fmt: skip
