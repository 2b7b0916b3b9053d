"""
A workflow from a folder on this machine: for tests, examples and work in progress.

It is checked as `quarterdeck workflow validate` checks it; what has an error is refused with the
place of the first one.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from quarterdeck.errors import Invalid, Misconfigured, NotFound
from quarterdeck.workflows.manifest import Manifest, Version


def read_folder(path: Path) -> Version:
    """The version that this folder would be; its number is 0.  Raises `QuarterdeckError`s."""
    try:
        import yaml
    except ImportError as error:
        raise Misconfigured(
            "reading a workflow from a folder needs more than the light install has",
            hint='pip install "quarterdeck[workflow]"',
        ) from error
    file = path / "workflow.yaml"
    if not file.is_file():
        raise NotFound(f"no workflow.yaml in {str(path)!r}")
    try:
        manifest = msgspec.convert(yaml.safe_load(file.read_text()), Manifest)
    except (msgspec.ValidationError, yaml.YAMLError) as error:
        raise Invalid(f"{file}: {error}") from error
    prompts: dict[str, str] = {}
    for name, agent in manifest.agents.items():
        if isinstance(agent.instructions, str):
            prompts[name] = (path / agent.instructions).read_text()
    tools: dict[str, dict[str, Any]] = {}
    for name, tool in manifest.tools.items():
        if isinstance(tool.schema, str):
            tools[name] = json.loads((path / tool.schema).read_text())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return Version(
        workflow=manifest.name,
        version=0,
        digest=f"sha256:{digest}",
        manifest=manifest,
        prompts=prompts,
        tools=tools,
    )
