"""
A client's span stands below the framework's call that it is made for.

The first tests have OpenTelemetry's SDK alone, the others LangChain's core and its instrumentor.
LlamaIndex's, which brings a hundred packages, are skipped where they are not installed.
"""

import json
import os
import subprocess
import sys
import textwrap
from importlib.util import find_spec
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span

from quarterdeck.sdk.instrumentors.beneath import ProviderBeneath, name_call
from sdk.chat_server import chat_server


def parent_of(span: Span) -> int | None:
    parent = getattr(span, "parent", None)
    return None if parent is None else int(parent.span_id)


def id_of(span: Span) -> int:
    return span.get_span_context().span_id


def test_a_clients_span_stands_below_the_named_call_while_that_goes_on() -> None:
    provider = TracerProvider()
    frameworks, clients = provider.get_tracer("f"), ProviderBeneath(provider).get_tracer("c")
    call = frameworks.start_span("call")
    name_call(call)
    inside = clients.start_span("client")
    with clients.start_as_current_span("client") as also_inside:
        call.end()
    after = clients.start_span("client")
    assert parent_of(inside) == parent_of(also_inside) == id_of(call)
    assert parent_of(after) is None


def test_a_span_that_was_opened_inside_the_call_is_nearer() -> None:
    provider = TracerProvider()
    tracer, clients = provider.get_tracer("f"), ProviderBeneath(provider).get_tracer("c")
    with tracer.start_as_current_span("root"):
        call = tracer.start_span("call")
        name_call(call)
        with tracer.start_as_current_span("mine") as mine:
            below = clients.start_span("client")
        given = clients.start_span("client", trace.set_span_in_context(mine))
        beside = clients.start_span("client")
    assert parent_of(below) == parent_of(given) == id_of(mine)
    assert parent_of(beside) == id_of(call)


def test_the_provider_beneath_is_in_all_else_the_one_that_it_is_given() -> None:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    beneath = ProviderBeneath(provider)
    beneath.add_span_processor(SimpleSpanProcessor(exporter))
    beneath.get_tracer("c", "1.0").start_span("client").end()
    (span,) = exporter.get_finished_spans()
    assert span.instrumentation_scope is not None
    assert (span.instrumentation_scope.name, span.instrumentation_scope.version) == ("c", "1.0")
    assert beneath.resource is provider.resource


needs_llama_index = pytest.mark.skipif(
    find_spec("llama_index") is None or find_spec("openinference") is None,
    reason="needs llama-index-core and openinference-instrumentation-llama-index",
)
OUTER = "with tracer.start_as_current_span('outer'):\n    "

PREFACE = """
import asyncio, json, sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)
tracer = provider.get_tracer("app")

from quarterdeck.sdk.instrument import instrument
instrument(True, tracer_provider=provider)

import openai

ADDRESS = sys.argv[1]
ASKED = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hello"}])

def direct():
    openai.OpenAI(base_url=ADDRESS, api_key="x").chat.completions.create(**ASKED)

BODY

spans = exporter.get_finished_spans()
names = {span.context.span_id: span.name for span in spans}
print(json.dumps(sorted(
    [span.name, names[span.parent.span_id] if span.parent else ""] for span in spans
)))
"""


LANGCHAIN = """
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableLambda

class Chat(BaseChatModel):
    @property
    def _llm_type(self):
        return "chat"
    def _generate(self, messages, stop=None, run_manager=None, **kwargs):
        said = openai.OpenAI(base_url=ADDRESS, api_key="x").chat.completions.create(**ASKED)
        message = AIMessage(said.choices[0].message.content)
        return ChatResult(generations=[ChatGeneration(message=message)])
    async def _agenerate(self, messages, stop=None, run_manager=None, **kwargs):
        async with openai.AsyncOpenAI(base_url=ADDRESS, api_key="x") as client:
            said = await client.chat.completions.create(**ASKED)
        message = AIMessage(said.choices[0].message.content)
        return ChatResult(generations=[ChatGeneration(message=message)])
    def _stream(self, messages, stop=None, run_manager=None, **kwargs):
        client = openai.OpenAI(base_url=ADDRESS, api_key="x")
        for chunk in client.chat.completions.create(**ASKED, stream=True):
            said = chunk.choices[0].delta.content or ""
            yield ChatGenerationChunk(message=AIMessageChunk(said))

chat = Chat()
"""

LLAMA_INDEX = """
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
from llama_index.core.llms.callbacks import llm_completion_callback

class Model(CustomLLM):
    @property
    def metadata(self):
        return LLMMetadata()
    @llm_completion_callback()
    def complete(self, prompt, formatted=False, **kwargs):
        direct()
        return CompletionResponse(text="said")
    @llm_completion_callback()
    def stream_complete(self, prompt, formatted=False, **kwargs):
        def said():
            client = openai.OpenAI(base_url=ADDRESS, api_key="x")
            for chunk in client.chat.completions.create(**ASKED, stream=True):
                yield CompletionResponse(text="", delta=chunk.choices[0].delta.content or "")
        return said()

model = Model()
"""


def tree(body: str, *, framework: str = LANGCHAIN) -> list[list[str]]:
    """Each span's name and its parent's, sorted, of a program that uses the framework."""
    script = PREFACE.replace("BODY", framework + textwrap.dedent(body))
    with chat_server() as provider:
        done = subprocess.run(
            [sys.executable, "-c", script, provider.url],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        )
    assert done.returncode == 0, done.stderr
    found: list[list[str]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "call",
    [
        "chat.invoke('hi')",
        "for _ in chat.stream('hi'): pass",
        "asyncio.run(chat.ainvoke('hi'))",
        OUTER + "chat.invoke('hi')",
    ],
)
def test_langchains_model_run_has_the_clients_span_below_it(call: str) -> None:
    assert ["ChatCompletion", "Chat"] in tree(call)


def test_a_span_that_a_step_opens_stands_below_the_step_and_has_the_steps_calls_below_it() -> None:
    found = tree(
        """
        def step(given):
            with tracer.start_as_current_span("mine"):
                chat.invoke("hi")
                direct()
            return given
        RunnableLambda(step).invoke(1)
        """
    )
    assert found == [
        ["Chat", "mine"],
        ["ChatCompletion", "Chat"],
        ["ChatCompletion", "mine"],
        ["mine", "step"],
        ["step", ""],
    ]


def test_a_stream_that_nobody_reads_to_its_end_takes_no_later_call_below_it() -> None:
    found = tree(
        """
        stream = chat.stream("hi")
        next(stream)
        stream.close()
        direct()
        """
    )
    assert ["ChatCompletion", ""] in found


@needs_llama_index
@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("model.complete('hi')", "Model.complete"),
        ("for _ in model.stream_complete('hi'): pass", "Model.stream_complete"),
        (OUTER + "for _ in model.stream_complete('hi'): pass", "Model.stream_complete"),
    ],
)
def test_llama_indexs_call_has_the_clients_span_below_it(call: str, name: str) -> None:
    assert ["ChatCompletion", name] in tree(call, framework=LLAMA_INDEX)
