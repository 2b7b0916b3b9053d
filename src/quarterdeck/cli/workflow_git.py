"""
What git knows of a workflow's folder when it is pushed: commit, branch, whether something is not
committed, and the repository's address without credentials.

Nothing here fails a push: where there is no git, no repository, or no answer within seconds,
nothing is told.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

TIMEOUT_S = 10.0
"""`git status` of a large repository on a slow disk takes seconds."""


def facts(directory: Path) -> dict[str, Any]:
    """`commit`, `branch`, `dirty`, `repository`, as far as git tells; {} outside a repository."""
    commit = _git(directory, "rev-parse", "--verify", "HEAD")
    if commit is None:
        return {}
    changed = _git(directory, "status", "--porcelain", "--untracked-files=all", "--", ".")
    branch = _git(directory, "symbolic-ref", "--short", "-q", "HEAD")
    remote = _git(directory, "remote", "get-url", "origin")
    found: dict[str, Any] = {"commit": commit, "branch": branch or ""}
    if changed is not None:
        found["dirty"] = bool(changed)
    if remote:
        found["repository"] = without_credentials(remote)
    return {key: value for key, value in found.items() if value != ""}


def without_credentials(remote: str) -> str:
    """
    A remote's address that may be stored; "" for one that says nothing to others.

    Of `https://user:token@host/path?token=…` host and path stay.  `git@host:path` is how ssh is
    spelled, and names no secret; with a password before the `@` it does.  A path of this machine
    is nobody else's.
    """
    if "://" in remote:
        try:
            parts = urlsplit(remote)
        except ValueError:
            return ""
        host = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{host}{parts.path}" if host else ""
    user, at, rest = remote.rpartition("@")
    if ":" not in rest or rest.startswith(("/", ".")):
        return ""
    return f"{user}@{rest}" if at and user.isalnum() else rest


def _git(directory: Path, *arguments: str) -> str | None:
    """What git prints, or None where it fails."""
    try:
        done = subprocess.run(  # noqa: S603  # no shell, and no word of a stranger
            # A repository's own settings may name a program to watch files with: not run here.
            ["git", "-c", "core.fsmonitor=false", "-C", str(directory), *arguments],  # noqa: S607
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
