"""
A workflow from a folder on this machine: for tests, examples and work in progress.

It is checked as `quarterdeck workflow validate` checks it; what has an error is refused with the
place of the first one.  Prompts of the registry are not fetched: an agent that names one is
refused too, since it would run without its instructions.
"""

from __future__ import annotations

from pathlib import Path

from quarterdeck.errors import Invalid
from quarterdeck.sdk.workflow_folder import from_disk
from quarterdeck.workflows.digest import digest_of
from quarterdeck.workflows.folder import read
from quarterdeck.workflows.manifest import Manifest, RegisteredPrompt, Version


def version_in(path: Path) -> Version:
    """
    The version that this folder would be; its number is 0.

    Raises `NotFound` and `Invalid`, and `Misconfigured` in the light install.
    """
    reading = read(from_disk(path))
    if reading.manifest is None:
        first = reading.errors[0]
        raise Invalid(
            f"{path / first.file}:{first.line}:{first.column}: {first.message}",
            hint=first.hint or "quarterdeck workflow validate tells all of them.",
        )
    _refuse_registered(reading.manifest)
    return Version(
        workflow=reading.manifest.name,
        version=0,
        digest=digest_of(reading.folder),
        manifest=reading.manifest,
        prompts=reading.prompts,
        tools=reading.tools,
    )


def _refuse_registered(manifest: Manifest) -> None:
    for name, agent in manifest.agents.items():
        if isinstance(agent.instructions, RegisteredPrompt):
            raise Invalid(
                f"the instructions of agent {name!r} are the prompt "
                f"{agent.instructions.registry!r} of a server's registry",
                hint="Push the workflow, release it and load it by name.",
            )
