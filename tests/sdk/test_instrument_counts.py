"""
However a client is instrumented, a session shows each of its calls once: real parts throughout.

The real `openai` client calls a provider on loopback from a process of its own, once instrumented
by us, once by the application, once by both; a real server takes the spans; and the session that
it shows is held against what the provider did.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.real_server import serving
from sdk.chat_server import Performed, chat_server

pytestmark = pytest.mark.real_server

CALLS = """
import asyncio, sys
import openai

ASKED = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hello"}])
TELL = {"include_usage": True}

def call(provider):
    client = openai.OpenAI(base_url=provider, api_key="none")
    client.chat.completions.create(**ASKED)
    for _ in client.chat.completions.create(**ASKED, stream=True, stream_options=TELL):
        pass
    for _ in client.chat.completions.create(**ASKED, stream=True):  # which tells no tokens
        pass
    client.chat.completions.with_raw_response.create(**ASKED)

async def acall(provider):
    async with openai.AsyncOpenAI(base_url=provider, api_key="none") as client:
        both = (client.chat.completions.create(**ASKED) for _ in range(2))
        await asyncio.gather(*both)
        stream = await client.chat.completions.create(**ASKED, stream=True, stream_options=TELL)
        async for _ in stream:
            pass

def work(qd, session_id, provider):
    with qd.session("hold the counts", id=session_id), qd.agent("caller"):
        call(provider)
        asyncio.run(acall(provider))
"""

OPENLLMETRY = "from opentelemetry.instrumentation.openai import OpenAIInstrumentor as Theirs\n"
OPENINFERENCE = "from openinference.instrumentation.openai import OpenAIInstrumentor as Other\n"
PROVIDER = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
trace.set_tracer_provider(TracerProvider())
"""

CASES = {
    "init before the import": "qd.init()" + CALLS,
    "init after the import": CALLS + "qd.init()",
    "the application's OpenLLMetry, then init": (
        f"{PROVIDER}{OPENLLMETRY}Theirs().instrument()\nqd.init(){CALLS}"
    ),
    "init, then the application's OpenInference": (
        f"qd.init(){CALLS}{OPENINFERENCE}Other().instrument()\n"
    ),
    "init, then the application's OpenLLMetry": (
        f"qd.init(){CALLS}{OPENLLMETRY}Theirs().instrument()\n"
    ),
    "both by the application": (
        f"{PROVIDER}{OPENLLMETRY}{OPENINFERENCE}"
        f"Theirs().instrument()\nOther().instrument()\nqd.init(){CALLS}"
    ),
}


BELOW_LANGCHAIN = """
qd.init()
import sys
import openai
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda, RunnableParallel

ASKED = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hello"}])

class Chat(BaseChatModel):
    model_name: str = "gpt-4o-mini"
    address: str
    @property
    def _llm_type(self):
        return "chat"
    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        client = openai.OpenAI(base_url=self.address, api_key="none")
        said = client.chat.completions.create(**ASKED)
        told = {"input_tokens": said.usage.prompt_tokens,
                "output_tokens": said.usage.completion_tokens,
                "total_tokens": said.usage.total_tokens}
        message = AIMessage(said.choices[0].message.content, usage_metadata=told)
        return ChatResult(generations=[ChatGeneration(message=message)])

def work(qd, session_id, provider):
    chat = Chat(address=provider)
    def step(given):
        with qd.agent("caller"):
            chat.invoke("hi")
            client = openai.OpenAI(base_url=provider, api_key="none")
            client.chat.completions.create(**ASKED)  # beside the framework
    with qd.session("hold the counts", id=session_id):
        chat.invoke("hi")
        RunnableParallel(one=chat, other=chat).invoke("hi")
        RunnableLambda(step).invoke("hi")
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("counts") / "data") as found:
        yield found


@pytest.mark.parametrize("case", CASES)
def test_each_call_its_tokens_and_its_cost_are_counted_once(
    case: str, address: str, tmp_path: Path
) -> None:
    session_id = f"counts-{list(CASES).index(case)}"
    with chat_server() as provider:
        perform(CASES[case], session_id, address=address, provider=provider.url, folder=tmp_path)
        performed = provider.performed
    assert performed.calls == 7

    session = shown(address, session_id)
    assert counted(session) == performed
    assert Decimal(session["cost"]["total_usd"]) == price(performed)


def test_a_call_of_a_framework_through_its_client_is_counted_once(
    address: str, tmp_path: Path
) -> None:
    with chat_server() as provider:
        perform(BELOW_LANGCHAIN, "below", address=address, provider=provider.url, folder=tmp_path)
        performed = provider.performed
    assert performed.calls == 5

    session = shown(address, "below")
    assert counted(session) == performed
    assert Decimal(session["cost"]["total_usd"]) == price(performed)
    assert [(agent["agent"], agent["model_calls"]) for agent in session["agents"]] == [
        ("caller", 2)
    ]


def perform(script: str, session_id: str, *, address: str, provider: str, folder: Path) -> None:
    """Runs the script as an application does: it ends, and what was not sent by then is lost."""
    told = {k: v for k, v in os.environ.items() if not k.startswith(("QUARTERDECK_", "OTEL_"))}
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import quarterdeck as qd\n{script}\nwork(qd, sys.argv[1], sys.argv[2])",
            session_id,
            provider,
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**told, "QUARTERDECK_URL": address, "QUARTERDECK_SPOOL_DIR": str(folder / "spool")},
    )
    assert done.returncode == 0, done.stderr


def shown(address: str, session_id: str, *, within_s: float = 20.0) -> dict[str, Any]:
    """The session once its root has ended: the root is sent last."""
    deadline = time.monotonic() + within_s
    while True:
        reply = httpx.get(f"{address}/api/v1/sessions/{session_id}", trust_env=False)
        if reply.status_code == 200:
            session: dict[str, Any] = json.loads(reply.content)
            if session["ended_at"] and session["models_used"]:
                return session
        assert time.monotonic() < deadline, reply.text
        time.sleep(0.1)


def counted(session: dict[str, Any]) -> Performed:
    models = session["models_used"]
    return Performed(
        sum(model["calls"] for model in models),
        sum(model["input_tokens"] for model in models),
        sum(model["output_tokens"] for model in models),
    )


def price(performed: Performed) -> Decimal:
    """gpt-4o-mini: 0.15 and 0.60 USD for a million tokens."""
    told = performed.input_tokens * Decimal("0.15") + performed.output_tokens * Decimal("0.60")
    return told / 1_000_000
