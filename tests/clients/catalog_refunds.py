"""
Clients whose drivers play one story: a customer wants money back, a refund fails and is retried, a
critic judges, a person approves.
"""

import json

from clients.client import Client, Made, Run, runs

_REFUNDS = {"FAKE_OPENAI": "{model}"}
_LANGSMITH = {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_API_KEY": "{key}",
    "LANGSMITH_PROJECT": "agentops-ls",
    **_REFUNDS,
}
_LANGFUSE = {
    "LANGFUSE_PUBLIC_KEY": "pk-lf-11111111-fake",
    "LANGFUSE_SECRET_KEY": "{key}",
    **_REFUNDS,
}

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
            *runs("prompts", "misc_feedback"),
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
            *runs("success", "failure", "datasets", "attachments", quick="success"),
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
        runs=(*runs("success", "failure", "datasets", "attachments"), _BRAINTRUST_PROMPTS),
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
        runs=runs(
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
        runs=runs("success", "failure", "prompts", "openai", "datasets"),
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
        runs=runs("success", "failure", "decorator", "openai", "prompts", "datasets"),
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
        runs=runs("success", "failure", "datasets"),
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
            *runs("success", "failure"),
            Run(name="prompts", arguments=("prompts",), before=_PORTKEY_PROMPTS),
            *runs("admin", "openai_sdk"),
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
        runs=runs("otel", "langchain_cb"),
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
            *runs("success", "failure", "gateway_features"),
            Run(name="prompts", arguments=("prompts",), before=(_HELICONE_PROMPT,)),
            *runs("ai_gateway"),
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
        runs=runs("success", "failure"),
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
        runs=runs("proxy", "async", "runs"),
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
