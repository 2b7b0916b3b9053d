"""
docs/reference/clients.md, made from the catalog and the expected facts: nothing is claimed there
that a run of the client does not prove.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

from clients.catalog import CLIENTS
from clients.client import Client
from clients.facts import EXPECTED, GOLDEN

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "clients.md"

_SERVER = "http://127.0.0.1:4400"
_GRPC = "4317"
_WIDTH = 100

_HEAD = """# Clients

SDKs and frameworks that report to Quarterdeck unchanged, and the one thing to set. Each row is a
version that `make clients` runs against a real server and holds to what its driver did: ✓ is what
came out as it was performed. The addresses are those of a server on your machine. A key goes where
the client's own key goes; in local mode any text will do.

"""

_COLUMNS = (
    "product", "version", "set", "to", "agents", "tools", "tokens", "people", "scores", "prompts",
    "datasets",
)  # fmt: skip

_LEGEND = """
- **agents**: their names, and roles where the client tells them.
- **tools**: each call with its arguments, its result and its error.
- **tokens**: by model, with cached and reasoning tokens where the client tells them.
- **people**: approvals, answers, refusals. **scores**: feedback of people and of evaluators.
- **prompts**: the client's own calls make and fetch them here. **datasets**: these too, and
  experiments on them with the client's own call.

Other frameworks that send OpenTelemetry need no row: see
[send from a framework](../how-to/send-from-a-framework.md). OpenClaw's telemetry and transcripts
are held to recordings.

## What a client does not send

Nobody can show what was not sent. In the runs behind the table that was:

"""

_LACKS = {
    "langsmith": "No field says that a run is an agent: metadata or LangGraph's nodes name them. "
    "Feedback on runs that were sent in its OpenTelemetry mode can't be joined to them: it names "
    "an id that is not in the telemetry.",
    "langsmith_js": "No field says that a run is an agent.",
    "langfuse": "An approval is an event: how long it took is not known.",
    "langfuse2": "It knows neither agents nor tools: both are read from names and metadata.",
    "braintrust": "The Python wrapper of OpenAI sends of a failed call that it ended, and not why.",
    "opik": "Only what the application calls an agent is one; who gave a score is not told.",
    "comet_ml": "A classic run has no agents, models or tools, and ends without an outcome.",
    "mlflow": "Reasoning tokens. LangGraph's nodes are chains, so they are no agents; the thread "
    "names the session, nothing a user.",
    "phoenix": "LangGraph's nodes are chains: their names are the agents' names. Who resumed an "
    "interrupted graph is only in the text.",
    "portkey": "A model call goes to its gateway, which alone sees it. A log by hand tells no "
    "time: its arrival counts.",
    "portkey_otel": "The callback keeps of an answer its text, not the tool calls in it.",
    "helicone": "A model call goes to its gateway, which alone sees it; feedback on it is kept. "
    "Agents are read from the session's path.",
    "helicone_async": "Failed calls of today's OpenAI SDK; tokens of streams and cached tokens.",
    "helicone_old": "When a run began and ended: its arrival counts.",
    "openpipe": "A report knows of its own call alone: no agents, no tools that ran, no tokens of "
    "streamed calls.",
    "openai_agents": "Spans of the Responses API carry tokens and no model; who approved, and how "
    "long that took, is not told.",
    "openai_agents_openinference": "The group's id, so that a second run is a session of its own; "
    "who approved.",
    "openai_agents_traceloop": "Session, user and the workflow's name; the target of a handoff, "
    "which is read from the agent that starts next; who approved.",
    "autogen": "Its own telemetry names no model and tells no cached tokens; without a root span "
    "it names no session. A streamed call has no tokens.",
    "crewai_openinference": "People's feedback is only in later prompts.",
    "crewai_traceloop": "Session and user; tools have no spans: they are read from what the model "
    "asked for and was told, so that a tool's error is text.",
    "pydantic_ai": "Who approved. Versions before 2 send no cached tokens.",
    "claude_agent_sdk": "The main agent has no name, an interaction no outcome, a person no name.",
}
"""By client, for its users; not what only its driver leaves out."""


def text() -> str:
    """The whole page."""
    rows = [_COLUMNS, ["---"] * len(_COLUMNS), *(_row(client) for client in _described())]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{_HEAD}{table}\n{_LEGEND}" + "".join(
        _bullet(f"**{client.product}**: {_LACKS[client.name]}")
        for client in _described()
        if client.name in _LACKS
    )


def _bullet(words: str) -> str:
    return fill(words, _WIDTH, initial_indent="- ", subsequent_indent="  ") + "\n"


def _described() -> Iterator[Client]:
    for client in CLIENTS:
        if (EXPECTED / f"{client.name}.json").exists():
            yield client


def _told(client: Client) -> dict[str, Any]:
    """The expectations with those that they refer to."""
    told: dict[str, Any] = json.loads((EXPECTED / f"{client.name}.json").read_text())
    if "same_as" not in told:
        return told
    golden = json.loads((GOLDEN / f"{told['same_as']}.json").read_text())
    return {"runs": {"all": {"sessions": golden["sessions"]}}}


def _row(client: Client) -> list[str]:
    set_to = ((client.variable, client.address), *client.also)
    runs = _told(client)["runs"].values()
    return [
        client.product,
        client.package,
        "<br>".join(f"`{name}`" for name, _ in set_to),
        "<br>".join(f"`{_filled(client, address)}`" for _, address in set_to),
        *("✓" if any(shows(run) for run in runs) else "" for shows in _SHOWN),
    ]


def _filled(client: Client, address: str) -> str:
    wire = _SERVER + client.prefix
    return address.format(server=_SERVER, wire=wire, gateway=wire, grpc=_GRPC)


def _in_a_session(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    def shows(run: Mapping[str, Any]) -> bool:
        return any(one.get(key) for one in run.get("sessions", ()) for key in keys)

    return shows


def _of_the_run(*keys: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda run: any(run.get(key) for key in keys)


_SHOWN = (
    _in_a_session("agents", "agents_include", "roles"),
    _in_a_session("tool_calls"),
    _in_a_session("models"),
    _in_a_session("interventions"),
    _in_a_session("scores", "scores_include"),
    _of_the_run("prompts"),
    _of_the_run("datasets", "experiments"),
)
