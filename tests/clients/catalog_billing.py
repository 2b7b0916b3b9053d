"""
Clients whose drivers play one story: a planner, a coder and a critic mend a bug in billing; a test
fails and is run again, a person approves.
"""

from clients.client import ALL, Client, Run

_BILLING = {
    "LLM": "{model}",
    "OPENAI_API_KEY": "sk-fake",
    "OPENAI_BASE_URL": "{model}",
}
"""What set2's drivers read; `REC` is their word for the address."""
_OTLP = {**_BILLING, "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20{key}"}

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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
        runs=ALL,
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
