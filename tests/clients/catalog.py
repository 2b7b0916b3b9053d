"""
The clients that are run unchanged against a server: what each is, and the one thing it is told.

Data only.  A client's runs are its driver's scenarios; each has a project of its own, so that the
drivers' session ids, which repeat, stay apart.  What must come out is in `expected/<name>.json`.

In `address` and `settings` these are filled in:

    {server}    http://127.0.0.1:4400, the server without any prefix
    {wire}      the same with the client's prefix: http://127.0.0.1:4400/langsmith
    {grpc}      the port of its OTLP/gRPC
    {key}       a key of the run's project, which may send and read ("" in local mode: any works)
    {model}     http://127.0.0.1:8190/v1, the scripted model server
    {gateway}   {wire}, but that model calls are answered by the model server (`gateway.py`)
    {folder}    an empty folder of this run
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

ModelServer = Literal["refunds", "billing"]
"""Which scripted model answers: set1's (a refund) or set2's (a bug in billing)."""


class Made(NamedTuple):
    """A JSON request to the wire, which must succeed."""

    path: str
    """Below the client's prefix: "/v1/prompt"."""
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One start of a driver, in a project of its own."""

    name: str
    """The scenario, as the recordings label it; names the run in `expected/<client>.json`."""
    arguments: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)
    driver: str = ""
    """Where it is another than the client's."""
    within_s: float = 180.0
    """A driver that takes longer hangs."""
    before: tuple[Made, ...] = ()
    """What the driver takes for granted that somebody made, such as a prompt that it only loads."""
    quick: bool = False
    """Run in CI: its environment is installed in seconds, its driver takes few."""
    recordings: tuple[str, ...] = ()
    """Labels of the recorded traffic that are this run; () = the run's name.  "all" = the whole
    recording, whatever its labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    name: str
    """As the folder of its recorded traffic."""
    product: str
    package: str
    """Package and version, as its registry calls it: "langsmith 0.15.0"."""
    prefix: str
    """Under which the server speaks its protocol; "" = the root."""
    variable: str
    """The one that its users change, to `address`; an argument where it reads no variable."""
    environment: str
    """In `requirements/`."""
    driver: str
    """Below the shared clients folder.  A `.mjs` is run by Node."""
    runs: tuple[Run, ...]
    address: str = "{wire}"
    also: tuple[tuple[str, str], ...] = ()
    """A second one, of a client that can't do with one."""
    reads: str = ""
    """Of a driver that makes `variable` from a name of its own: that name, given "{wire}"."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """What else the driver reads: its key, its names, the model server."""
    overrides: tuple[str, ...] = ()
    """Of `settings`, those that a driver sets for itself and the run's value must win over."""
    model: ModelServer | None = "refunds"
    recorded_key: str = ""
    """The made-up key of its recording, where that is in bodies or addresses too."""
    local_only: str = ""
    """Why its key can't be given; it is run in local mode only."""


_REFUNDS = {"FAKE_OPENAI": "{model}"}
_LANGSMITH = {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_API_KEY": "{key}",
    "LANGSMITH_PROJECT": "agentops-ls",
    **_REFUNDS,
}
_BILLING = {
    "LLM": "{model}",
    "OPENAI_API_KEY": "sk-fake",
    "OPENAI_BASE_URL": "{model}",
}
"""What set2's drivers read; `REC` is their word for the address."""
_OTLP = {**_BILLING, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20{key}"}
_LANGFUSE = {
    "LANGFUSE_PUBLIC_KEY": "pk-lf-11111111-fake",
    "LANGFUSE_SECRET_KEY": "{key}",
    **_REFUNDS,
}


def _runs(*names: str, quick: str = "") -> tuple[Run, ...]:
    """Scenarios that are the driver's only argument."""
    return tuple(Run(name=name, arguments=(name,), quick=name == quick) for name in names)


_ALL = (Run(name="all", recordings=("all",)),)

LANGSMITH = (
    Client(
        name="langsmith",
        product="LangSmith",
        package="langsmith 0.15.0",
        variable="LANGSMITH_ENDPOINT",
        prefix="/langsmith",
        environment="langsmith",
        driver="set1/drive_langsmith.py",
        settings=_LANGSMITH,
        runs=(
            Run(
                name="success",
                arguments=("success",),
                quick=True,
                recordings=("success_zstd", "success_batch_json"),
            ),
            Run(name="failure", arguments=("failure",), recordings=("failure_multipart_plain",)),
            Run(
                name="plain_runtree",
                arguments=("plain_runtree",),
                recordings=("runtree_manual_info404",),
            ),
            *_runs("prompts", "misc_feedback"),
            Run(name="datasets", arguments=("datasets",), recordings=("datasets_experiment",)),
            Run(
                name="otel_mode",
                arguments=("success",),
                settings={"LANGSMITH_TRACING_MODE": "otel"},
            ),
        ),
    ),
    Client(
        name="langgraph",
        product="LangGraph with LangSmith",
        package="langgraph 1.2.22",
        variable="LANGSMITH_ENDPOINT",
        prefix="/langsmith",
        address="{wire}/api/v1",
        environment="langsmith",
        driver="set1/drive_langgraph.py",
        settings=_LANGSMITH,
        runs=(
            Run(name="success", arguments=("success",), recordings=("success_zstd",)),
            Run(name="failure", arguments=("failure",), recordings=("failure_plain",)),
        ),
    ),
    Client(
        name="langsmith_js",
        product="LangSmith for JavaScript",
        package="langsmith 0.12.0 (npm)",
        variable="LANGSMITH_ENDPOINT",
        prefix="/langsmith",
        environment="node",
        driver="set1/drive_langsmith_js.mjs",
        settings=_LANGSMITH,
        runs=(Run(name="success"),),
    ),
)

_BRAINTRUST = {"BRAINTRUST_API_KEY": "{key}", **_REFUNDS}
_BRAINTRUST_PROMPTS = Run(
    name="prompts",
    arguments=("prompts",),
    before=(
        Made(
            "/v1/prompt",
            {
                "project_name": "agentops-bt",
                "name": "Support planner",
                "slug": "support-planner",
                # Brought over from Braintrust with the number that the application has pinned.
                "_xact_id": "1000195953",
                "prompt_data": {
                    "prompt": {
                        "type": "chat",
                        "messages": [
                            {
                                "role": "system",
                                "content": "You are the planner of a customer-support agent.",
                            },
                            {"role": "user", "content": "{{question}}"},
                        ],
                    },
                    "options": {"model": "gpt-4o", "params": {"temperature": 0.2}},
                },
            },
        ),
    ),
)

BRAINTRUST = (
    Client(
        name="braintrust",
        product="Braintrust",
        package="braintrust 0.47.0",
        variable="BRAINTRUST_APP_URL",
        prefix="/braintrust",
        environment="braintrust",
        driver="set1/drive_braintrust.py",
        settings=_BRAINTRUST,
        runs=(
            *_runs("success", "failure", "datasets", "attachments", quick="success"),
            _BRAINTRUST_PROMPTS,
            Run(
                name="otel",
                driver="set1/drive_braintrust_otel.py",
                settings={
                    "BRAINTRUST_API_URL": "{wire}",
                    "BRAINTRUST_PARENT": "project_name:agentops-bt",
                },
            ),
        ),
    ),
    Client(
        name="braintrust_old",
        product="Braintrust, API of 2025",
        package="braintrust 0.3.15",
        variable="BRAINTRUST_APP_URL",
        prefix="/braintrust",
        environment="braintrust_old",
        driver="set1/drive_braintrust.py",
        settings=_BRAINTRUST,
        runs=(*_runs("success", "failure", "datasets", "attachments"), _BRAINTRUST_PROMPTS),
    ),
    Client(
        name="braintrust_js",
        product="Braintrust for JavaScript",
        package="braintrust 3.35.0 (npm)",
        variable="BRAINTRUST_APP_URL",
        prefix="/braintrust",
        environment="node",
        driver="set1/drive_braintrust_js.mjs",
        settings=_BRAINTRUST,
        runs=(Run(name="success"),),
    ),
)

LANGFUSE = (
    Client(
        name="langfuse",
        product="Langfuse",
        package="langfuse 5.0.4",
        variable="LANGFUSE_BASE_URL",
        prefix="/langfuse",
        environment="langfuse",
        driver="set1/drive_langfuse.py",
        settings={
            **_LANGFUSE,
            "LANGFUSE_TRACING_ENVIRONMENT": "staging",
            "LANGFUSE_RELEASE": "rel-7",
        },
        runs=_runs(
            "success",
            "failure",
            "prompts",
            "datasets",
            "openai",
            "langgraph",
            "media",
            quick="success",
        ),
    ),
    Client(
        name="langfuse3",
        product="Langfuse 3",
        package="langfuse 3.15.0",
        variable="LANGFUSE_HOST",
        prefix="/langfuse",
        environment="langfuse3",
        driver="set1/drive_langfuse.py",
        settings={**_LANGFUSE, "LANGFUSE_TRACING_ENVIRONMENT": "staging"},
        runs=_runs("success", "failure", "prompts", "openai", "datasets"),
    ),
    Client(
        name="langfuse2",
        product="Langfuse 2",
        package="langfuse 2.60.10",
        variable="LANGFUSE_HOST",
        prefix="/langfuse",
        environment="langfuse2",
        driver="set1/drive_langfuse2.py",
        settings=_LANGFUSE,
        runs=_runs("success", "failure", "decorator", "openai", "prompts", "datasets"),
    ),
    Client(
        name="langfuse_js",
        product="Langfuse for JavaScript",
        package="@langfuse/otel 5.11.1 (npm)",
        variable="LANGFUSE_BASE_URL",
        prefix="/langfuse",
        environment="node",
        driver="set1/drive_langfuse_js.mjs",
        settings=_LANGFUSE,
        runs=(Run(name="success"),),
        model=None,
    ),
    Client(
        name="langfuse_js3",
        product="Langfuse 3 for JavaScript",
        package="langfuse 3.39.2 (npm)",
        variable="LANGFUSE_BASEURL",
        prefix="/langfuse",
        environment="node",
        driver="set1/drive_langfuse_js3.mjs",
        settings=_LANGFUSE,
        runs=(Run(name="success"),),
        model=None,
    ),
)

OPENPIPE = (
    Client(
        name="openpipe",
        product="OpenPipe",
        package="openpipe 5.0.0",
        variable="OPENPIPE_BASE_URL",
        prefix="/openpipe",
        address="{gateway}/api/v1",
        environment="openpipe",
        driver="set1/drive_openpipe.py",
        settings={
            "OPENPIPE_API_KEY": "{key}",
            "OPENAI_BASE_URL": "{model}",
            "OPENAI_API_KEY": "sk-fake-openai",
            **_REFUNDS,
        },
        runs=_runs("success", "failure", "datasets"),
    ),
)

_PORTKEY_PROMPTS = tuple(
    Made(
        path="/v1/prompts",
        body={
            "name": "Support planner",
            "collection_id": "support",
            "string": json.dumps(
                [{"role": "system", "content": said}, {"role": "user", "content": "{{question}}"}]
            ),
            "parameters": {"temperature": 0.2},
            "model": "gpt-4o",
        },
    )
    for said in ("Plan.", "Plan, then act.", "You are the planner.")
)
_PORTKEY = {"PORTKEY_API_KEY": "{key}", **_REFUNDS}

PORTKEY = (
    Client(
        name="portkey",
        product="Portkey",
        package="portkey-ai 2.3.4",
        variable="PORTKEY_PROXY",
        prefix="/portkey",
        address="{gateway}/v1",
        environment="portkey",
        driver="set1/drive_portkey.py",
        settings=_PORTKEY,
        runs=(
            *_runs("success", "failure"),
            Run(name="prompts", arguments=("prompts",), before=_PORTKEY_PROMPTS),
            *_runs("admin", "openai_sdk"),
        ),
    ),
    Client(
        name="portkey_otel",
        product="Portkey's instrumentation",
        package="portkey-ai 2.3.4",
        variable="PORTKEY_PROXY",
        prefix="/portkey",
        address="{gateway}/v1",
        environment="portkey",
        driver="set1/drive_portkey_otel.py",
        settings=_PORTKEY,
        runs=_runs("otel", "langchain_cb"),
    ),
)

_HELICONE_PROMPT = Made(
    path="/v1/prompt-2025",
    body={
        "name": "sup001",
        "promptVersionId": "11111111-2222-4333-8444-555555555555",
        "environment": "staging",
        "promptBody": {
            "model": "gpt-4o",
            "temperature": 0.2,
            "messages": [
                {"role": "system", "content": "You are the planner for {{hc:brand:string}}."},
                {"role": "user", "content": "{{hc:question:string}}"},
            ],
        },
    },
)
_HELICONE = {"HELICONE_API_KEY": "{key}", **_REFUNDS}

HELICONE = (
    Client(
        name="helicone",
        product="Helicone",
        package="helicone-helpers 1.2.1",
        variable="HeliconeManualLogger(logging_endpoint=)",
        reads="HELICONE_WORKER_URL",
        prefix="/helicone",
        environment="helicone",
        driver="set1/drive_helicone.py",
        settings={
            **_HELICONE,
            "HELICONE_API_URL": "{wire}",
            "OPENAI_BASE_URL": "{gateway}/v1",
        },
        runs=(
            *_runs("success", "failure", "gateway_features"),
            Run(name="prompts", arguments=("prompts",), before=(_HELICONE_PROMPT,)),
            *_runs("ai_gateway"),
        ),
    ),
    Client(
        name="helicone_async",
        product="Helicone's async logger",
        package="helicone-async 1.1.1",
        variable="HeliconeAsyncLogger(base_url=)",
        address="{wire}/v1/trace/log-python",
        reads="HELICONE_API_URL",
        prefix="/helicone",
        environment="helicone_async",
        driver="set1/drive_helicone_async.py",
        settings=_HELICONE,
        runs=_runs("success", "failure"),
    ),
    Client(
        name="helicone_old",
        product="Helicone of 2023",
        package="helicone 1.0.14",
        variable="helicone_global.base_url",
        reads="HELICONE_API_URL",
        prefix="/helicone",
        environment="helicone_old",
        driver="set1/drive_helicone_old.py",
        settings={**_HELICONE, "HELICONE_PROXY_URL": "{gateway}/v1"},
        runs=_runs("proxy", "async", "runs"),
    ),
    Client(
        name="helicone_js",
        product="Helicone for JavaScript",
        package="@helicone/helpers 1.8.3 (npm)",
        variable="HeliconeManualLogger({ loggingEndpoint })",
        address="{wire}/custom/v1/log",
        reads="HELICONE_WORKER_URL",
        prefix="/helicone",
        environment="node_helicone",
        driver="set1/drive_helicone_js.mjs",
        settings={**_HELICONE, "HELICONE_API_URL": "{wire}"},
        runs=(Run(name="success", before=(_HELICONE_PROMPT,)),),
    ),
)

_AGENTOPS = {**_BILLING, "AGENTOPS_API_KEY": "{key}"}

AGENTOPS = (
    Client(
        name="agentops",
        product="AgentOps",
        package="agentops 0.4.21",
        variable="AGENTOPS_API_ENDPOINT",
        also=(("AGENTOPS_EXPORTER_ENDPOINT", "{wire}/v1/traces"),),
        reads="REC",
        prefix="/agentops",
        environment="agentops",
        driver="set2/drive_agentops.py",
        settings=_AGENTOPS,
        overrides=("AGENTOPS_API_KEY",),
        recorded_key="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        runs=_ALL,
        model="billing",
    ),
    Client(
        name="agentops_openai_agents",
        product="AgentOps with OpenAI Agents",
        package="agentops 0.4.21",
        variable="AGENTOPS_API_ENDPOINT",
        also=(("AGENTOPS_EXPORTER_ENDPOINT", "{wire}/v1/traces"),),
        reads="REC",
        prefix="/agentops",
        environment="agentops",
        driver="set2/drive_agentops_agents.py",
        settings=_AGENTOPS,
        overrides=("AGENTOPS_API_KEY",),
        recorded_key="aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
        runs=_ALL,
        model="billing",
    ),
)

OPIK = (
    Client(
        name="opik",
        product="Opik",
        package="opik 2.2.122",
        variable="OPIK_URL_OVERRIDE",
        reads="REC",
        address="{wire}/api/",
        prefix="/opik",
        environment="opik",
        driver="set2/drive_opik.py",
        settings={**_BILLING, "OPIK_API_KEY": "{key}"},
        overrides=("OPIK_API_KEY",),
        runs=_ALL,
        model="billing",
    ),
    Client(
        name="comet_ml",
        product="Comet",
        package="comet_ml 3.58.8",
        variable="COMET_URL_OVERRIDE",
        reads="REC",
        address="{wire}/clientlib/",
        prefix="/comet",
        environment="comet_ml",
        driver="set2/drive_comet_ml.py",
        settings={"COMET_API_KEY": "{key}"},
        overrides=("COMET_API_KEY",),
        runs=_ALL,
        model=None,
    ),
)

MLFLOW = (
    Client(
        name="mlflow",
        product="MLflow",
        package="mlflow 3.17.2",
        variable="MLFLOW_TRACKING_URI",
        reads="REC",
        prefix="/mlflow",
        environment="mlflow",
        driver="set2/drive_mlflow.py",
        settings={**_BILLING, "MLFLOW_TRACKING_TOKEN": "{key}"},
        overrides=("MLFLOW_TRACKING_TOKEN",),
        runs=(Run(name="all", within_s=400.0, recordings=("all",)),),
        model="billing",
    ),
    Client(
        name="dagshub",
        product="DagsHub",
        package="dagshub 0.7.3",
        variable="DAGSHUB_CLIENT_HOST",
        reads="REC",
        prefix="/dagshub",
        environment="dagshub",
        driver="set2/drive_dagshub.py",
        settings={"DAGSHUB_USER_TOKEN": "{key}"},
        overrides=("DAGSHUB_USER_TOKEN",),
        runs=_ALL,
        model=None,
    ),
)

_PHOENIX = {**_BILLING, "PHOENIX_API_KEY": "{key}"}

PHOENIX = (
    Client(
        name="phoenix",
        product="Phoenix",
        package="arize-phoenix-otel 0.17.2",
        variable="PHOENIX_COLLECTOR_ENDPOINT",
        reads="REC",
        prefix="",
        environment="phoenix",
        driver="set2/drive_phoenix.py",
        settings=_PHOENIX,
        overrides=("PHOENIX_API_KEY",),
        runs=_ALL,
        model="billing",
    ),
    Client(
        name="phoenix_grpc_default",
        product="Phoenix over gRPC",
        package="arize-phoenix-otel 0.17.2",
        variable="PHOENIX_COLLECTOR_ENDPOINT",
        prefix="",
        address="http://127.0.0.1:{grpc}",
        environment="phoenix",
        driver="set2/drive_phoenix_grpc.py",
        settings={"PHOENIX_API_KEY": "{key}", "GP": "{grpc}"},
        overrides=("PHOENIX_API_KEY", "PHOENIX_COLLECTOR_ENDPOINT"),
        runs=_ALL,
        model=None,
    ),
)

_AGENTS = "set2/drive_openai_agents.py"

OPENAI_AGENTS = (
    Client(
        name="openai_agents",
        product="OpenAI Agents' own exporter",
        package="openai-agents 0.24.0",
        variable="BackendSpanExporter(endpoint=)",
        reads="REC",
        address="{wire}/v1/traces/ingest",
        prefix="/openai-traces",
        environment="openai_agents",
        driver=_AGENTS,
        settings={**_BILLING, "OPENAI_API_KEY": "{key}", "MODE": "native"},
        runs=_ALL,
        model="billing",
    ),
    Client(
        name="openai_agents_openinference",
        product="OpenAI Agents with OpenInference",
        package="openinference-instrumentation-openai-agents 2.6.0",
        variable="PHOENIX_COLLECTOR_ENDPOINT",
        reads="REC",
        prefix="",
        environment="openai_agents",
        driver=_AGENTS,
        settings={**_PHOENIX, "MODE": "openinference"},
        overrides=("PHOENIX_API_KEY",),
        runs=_ALL,
        model="billing",
    ),
    Client(
        name="openai_agents_traceloop",
        product="OpenAI Agents with OpenLLMetry",
        package="opentelemetry-instrumentation-openai-agents 0.62.4",
        variable="OTEL_EXPORTER_OTLP_ENDPOINT",
        reads="REC",
        prefix="",
        environment="openai_agents",
        driver=_AGENTS,
        settings={**_OTLP, "MODE": "traceloop"},
        overrides=("OTEL_EXPORTER_OTLP_HEADERS",),
        runs=_ALL,
        model="billing",
    ),
)


def _otlp(name: str, product: str, package: str, environment: str, **settings: str) -> Client:
    """A framework that sends plain OTLP."""
    driver = settings.pop("driver")
    by_phoenix = settings.get("MODE") == "openinference"
    return Client(
        name=name,
        product=product,
        package=package,
        variable="PHOENIX_COLLECTOR_ENDPOINT" if by_phoenix else "OTEL_EXPORTER_OTLP_ENDPOINT",
        reads="REC",
        prefix="",
        environment=environment,
        driver=driver,
        settings={**_OTLP, "PHOENIX_API_KEY": "{key}", **settings},
        overrides=("OTEL_EXPORTER_OTLP_HEADERS", "PHOENIX_API_KEY"),
        runs=_ALL,
        model="billing",
    )


_AUTOGEN = "set2/drive_autogen.py"
_CREWAI = "set2/drive_crewai.py"
_PYDANTIC = "set2/drive_pydantic_ai.py"
_PYDANTIC_1 = "set2/drive_pydantic_ai_old.py"
_AUTOGEN_IS = "autogen-agentchat 0.7.5"
_CREWAI_IS = "crewai 1.15.30"
_PYDANTIC_IS = "pydantic-ai-slim 2.68.0"
_PYDANTIC_1_IS = "pydantic-ai-slim 1.0.5"

FRAMEWORKS = (
    _otlp("autogen", "AutoGen", _AUTOGEN_IS, "autogen", driver=_AUTOGEN),
    _otlp(
        "autogen_openai_noroot", "AutoGen without a root span", _AUTOGEN_IS, "autogen",
        driver=_AUTOGEN, MODE="openai", ROOT="0", GZIP="1",
    ),
    _otlp("autogen_swarm", "AutoGen Swarm", _AUTOGEN_IS, "autogen", driver=_AUTOGEN, MODE="swarm"),
    _otlp(
        "crewai_openinference", "CrewAI with OpenInference", _CREWAI_IS, "crewai",
        driver=_CREWAI, MODE="openinference",
    ),
    _otlp(
        "crewai_traceloop", "CrewAI with OpenLLMetry", _CREWAI_IS, "crewai",
        driver=_CREWAI, MODE="traceloop",
    ),
    _otlp("pydantic_ai", "Pydantic AI", _PYDANTIC_IS, "pydantic_ai", driver=_PYDANTIC),
    _otlp(
        "pydantic_ai_v2", "Pydantic AI, spans of version 2", _PYDANTIC_IS, "pydantic_ai",
        driver=_PYDANTIC, MODE="v2",
    ),
    _otlp(
        "pydantic_ai_v3", "Pydantic AI, spans of version 3", _PYDANTIC_IS, "pydantic_ai",
        driver=_PYDANTIC, MODE="v3",
    ),
    _otlp(
        "pydantic_ai_logfire", "Pydantic AI with Logfire", _PYDANTIC_IS, "pydantic_ai",
        driver=_PYDANTIC, MODE="logfire",
    ),
    _otlp(
        "pydantic_ai_1.0_v1_attributes", "Pydantic AI 1.0", _PYDANTIC_1_IS, "pydantic_ai_1",
        driver=_PYDANTIC_1, MODE="v1_attributes",
    ),
    _otlp(
        "pydantic_ai_1.0_v1_logs", "Pydantic AI 1.0, messages as logs", _PYDANTIC_1_IS,
        "pydantic_ai_1", driver=_PYDANTIC_1, MODE="v1_logs",
    ),
    _otlp(
        "pydantic_ai_1.0_v2", "Pydantic AI 1.0, spans of version 2", _PYDANTIC_1_IS,
        "pydantic_ai_1", driver=_PYDANTIC_1, MODE="v2",
    ),
    _otlp(
        "claude_agent_sdk", "Claude Agent SDK", "claude-agent-sdk 0.2.187", "claude_agent_sdk",
        driver="set2/drive_claude.py",
        OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer {key}",
    ),
)  # fmt: skip

CLIENTS: tuple[Client, ...] = (
    *LANGSMITH, *LANGFUSE, *BRAINTRUST, *OPIK, *AGENTOPS, *MLFLOW, *PHOENIX, *OPENPIPE, *PORTKEY,
    *HELICONE, *OPENAI_AGENTS, *FRAMEWORKS,
)  # fmt: skip
