"""
The frameworks' examples, as far as that can be told without their frameworks.

`make clients CLIENTS=--examples` runs them; here they are read, and the model that they share is
asked by real clients.  About three seconds.
"""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from clients.environments import lock_of
from clients.examples import EXAMPLES, FOLDER, Example, facts_of

PAGE = FOLDER.parent / "docs" / "how-to" / "see-your-framework.md"

each = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)


@each
def test_an_example_is_small_and_says_how_it_is_run(example: Example) -> None:
    text = (FOLDER / example.name / "agent.py").read_text()
    told = ast.get_docstring(ast.parse(text)) or ""
    assert "python ../scripted_model python agent.py" in told
    assert "pip install -r requirements.txt" in told
    assert len(text.splitlines()) < 100


@each
def test_an_examples_versions_are_those_that_its_framework_is_proved_with(example: Example) -> None:
    locked = lock_of(example.lock).read_text()
    for line in (FOLDER / example.name / "requirements.txt").read_text().splitlines():
        package, _, version = re.sub(r"\[.*\]", "", line).partition("==")
        if package == "quarterdeck":
            continue
        assert version, f"{line!r} names no version"
        pinned = re.search(rf"^{re.escape(package)}==(\S+)", locked, re.MULTILINE)
        assert pinned is None or pinned[1] == version


@each
def test_an_example_has_facts_and_a_place_on_the_page(example: Example) -> None:
    assert facts_of(example.name)["sessions"]
    assert example.name in (FOLDER / "README.md").read_text()
    assert re.search(
        rf"^## {example.name.replace('_', ' ')}$", PAGE.read_text(), re.MULTILINE | re.IGNORECASE
    )


_ASKS = """
import json, os, httpx, openai
client = openai.OpenAI()
tool = {"name": "find_order", "parameters": {"type": "object", "properties": {}}}
chat = {"model": "gpt-4o-mini", "tools": [{"type": "function", "function": tool}]}
first = client.chat.completions.create(messages=[{"role": "user", "content": "?"}], **chat)
call = first.choices[0].message
failed = [call, {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "no answer"}]
again = client.chat.completions.create(messages=failed, **chat)
chunks = list(client.chat.completions.create(
    messages=failed, stream=True, stream_options={"include_usage": True}, **chat))
response = client.responses.create(
    model="gpt-4o-mini", input="?", tools=[{"type": "function", **tool, "strict": False}])
message = httpx.post(os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages", trust_env=False, json={
    "model": "m", "messages": [{"role": "user", "content": "?"}], "tools": [{"name": "s__refund"}]})
print(json.dumps([
    call.tool_calls[0].function.name, again.choices[0].message.tool_calls[0].function.name,
    chunks[0].choices[0].delta.tool_calls[0].function.name, chunks[-1].usage.prompt_tokens > 0,
    response.output[0].name, message.json()["content"][0]["name"],
]))
"""


def test_the_scripted_model_answers_real_clients_and_calls_again_what_failed(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "scripted_model"), sys.executable, "-c", _ASKS],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "find_order", "find_order", "find_order", True, "find_order", "s__refund"
    ]  # fmt: skip
