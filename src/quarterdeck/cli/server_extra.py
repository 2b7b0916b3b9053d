"""
What the light package lacks, and how to get it.

The server's settings and libraries come with the extra `server`.  Commands that work on the
server's own machine import them when they run, and say what to install where they are absent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.errors import Misconfigured

if TYPE_CHECKING:
    from quarterdeck.settings import Settings

EXTRA_HINT = "Install them with: pip install 'quarterdeck[server]'"


def read_server_settings(**options: object) -> Settings:
    """As `settings.read_settings`; raises `Misconfigured` too where the extra is absent."""
    try:
        from quarterdeck.settings import read_settings
    except ModuleNotFoundError as error:
        raise server_extra_missing(error) from error
    return read_settings(**options)


def server_extra_missing(error: ModuleNotFoundError) -> Exception:
    """
    What to raise when an import of the server failed: how to install the extra.

    A missing module of ours is a fault of ours, and stays what it is.
    """
    if error.name is None or error.name.split(".")[0] == "quarterdeck":
        return error
    return Misconfigured(
        f"the server's libraries are not installed ({error.name} is missing)", hint=EXTRA_HINT
    )
