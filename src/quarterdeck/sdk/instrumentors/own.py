"""
Libraries that tell by themselves, and how each is asked to.

A module comes in as the agent imported it: nothing here imports a library that it did not.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


def pydantic_ai(module: ModuleType, provider: "TracerProvider", capture_content: bool) -> bool:
    """For all agents that do not say otherwise themselves."""
    settings = import_module("pydantic_ai.models.instrumented").InstrumentationSettings
    module.Agent.instrument_all(settings(tracer_provider=provider, include_content=capture_content))
    return True


def pydantic_ai_is_on(module: ModuleType) -> bool:
    return bool(getattr(module.Agent, "_instrument_default", False))


def anthropic(module: ModuleType, _provider: "TracerProvider", capture_content: bool) -> bool:
    """
    Its client reports since version 2, to the process's provider and without content.  The
    variable that adds content is read when a client is made, so it is early enough here.
    """
    if find_spec(f"{module.__name__}._tracing") is None:
        return False
    if os.environ.get("ANTHROPIC_OPEN_TELEMETRY", "").lower() == "false":
        return False
    if capture_content:
        os.environ.setdefault("ANTHROPIC_OPEN_TELEMETRY_TRACES_CONTENT_MODE", "content")
    return True
