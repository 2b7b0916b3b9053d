"""
`quarterdeck workflow init|validate|schema`: writing a workflow's folder, and checking it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Directory = Annotated[Path, typer.Argument(help="The workflow's folder.", show_default=False)]


def init(directory: Directory = Path()) -> None:
    """Write a small workflow folder to begin with."""
    raise NotImplementedError


def validate(directory: Directory = Path()) -> None:
    """Check a workflow's folder and tell every problem with its file, line and column."""
    raise NotImplementedError


def schema() -> None:
    """Print the JSON Schema of `workflow.yaml`, for editors."""
    raise NotImplementedError
