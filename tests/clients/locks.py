"""
Resolving an environment's requirements again: `run.py --lock NAME`.

A lock names exact versions and hashes and no place to get them from; versions of the old lock stay
where they still fit.
"""

import subprocess
import tempfile
from pathlib import Path

from clients.environments import PYTHON, REQUIREMENTS, uv

_RESOLVED = '"resolved":'


def lock(name: str) -> None:
    """Raises `subprocess.CalledProcessError`, with the resolver's words on standard error."""
    if (REQUIREMENTS / name).is_dir():
        _lock_node(REQUIREMENTS / name)
        return
    subprocess.run(
        [uv(), "pip", "compile", f"{name}.in", "--quiet", "--python-version", PYTHON,
         "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header",
         "--no-annotate", "-o", f"{name}.txt"],
        cwd=REQUIREMENTS, check=True,
    )  # fmt: skip


def _lock_node(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        work = Path(made)
        for file in folder.iterdir():
            (work / file.name).write_text(file.read_text())
        subprocess.run(
            ["npm", "install", "--package-lock-only", "--legacy-peer-deps", "--silent"],
            cwd=work, check=True,
        )  # fmt: skip
        lines = (work / "package-lock.json").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.strip().startswith(_RESOLVED)]
    (folder / "package-lock.json").write_text("".join(kept))
