"""Which version is installed, and which one answers."""

from __future__ import annotations

NOT_INSTALLED = "0+unknown"
"""Run from a folder that was never installed: there is no metadata to read."""


def this_version() -> str:
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed_version

    try:
        return installed_version("quarterdeck")
    except PackageNotFoundError:
        return NOT_INSTALLED


def version() -> None:
    """Print the installed version."""
    print(this_version())
