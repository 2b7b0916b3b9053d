"""
The page on building agents from a version: its snippets fit the adapters, and it tells of each
what it can't.  Run with the frameworks themselves by `make clients CLIENTS=--frameworks`.
"""

import ast
import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from clients.frameworks import FRAMEWORKS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "build-agents-from-a-version.md"
HEADINGS = {
    "langgraph": "LangGraph", "autogen": "AutoGen", "crewai": "CrewAI",
    "openai_agents": "OpenAI Agents", "pydantic_ai": "Pydantic AI",
}  # fmt: skip

each = pytest.mark.parametrize("name", [framework.name for framework in FRAMEWORKS])


def section(name: str) -> str:
    parts = re.split(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))[HEADINGS[name]]


def adapter(name: str) -> Any:
    return import_module(f"quarterdeck.frameworks.{name}")


@each
def test_a_framework_s_snippet_calls_its_adapter_as_it_is(name: str) -> None:
    [code] = re.findall(r"```python\n(.*?)```", section(name), re.DOTALL)
    calls = [
        call
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == name
    ]
    assert calls
    for call in calls:
        assert isinstance(call.func, ast.Attribute)
        function = getattr(adapter(name), call.func.attr)
        named = {str(keyword.arg): None for keyword in call.keywords}
        inspect.signature(function).bind(*call.args, **named)


@each
def test_the_page_tells_what_an_adapter_can_t(name: str) -> None:
    told = tuple(re.findall(r"^- (.+)$", section(name), re.MULTILINE))
    assert told == adapter(name).CANNOT


def test_an_adapter_is_imported_without_its_framework() -> None:
    assert [name for name in HEADINGS if not callable(adapter(name).agent)] == []
