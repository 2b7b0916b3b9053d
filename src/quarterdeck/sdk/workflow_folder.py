"""
A workflow's folder on a disk: what `push`, `validate` and `load_workflow(path=…)` read.

Only `workflow.yaml`, what it names, and what lies in `prompts/` and `tools/` is read: the folder
may be a repository with a million other files.

Refused: a link that leads out of the folder (a push from a machine must not carry that machine's
files), anything that is no plain file, files and folders over the limits of
`workflows/folder_files.py`.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.errors import Invalid, NotFound
from quarterdeck.workflows.folder import named_paths
from quarterdeck.workflows.folder_files import (
    MANIFEST,
    MAX_FILE,
    MAX_FILES,
    MAX_FOLDER,
    path_problem,
)
from quarterdeck.workflows.manifest import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

BESIDE = (("prompts", ".md"), ("tools", ".json"))
"""Read although nothing names them, so that a forgotten file is told of."""


def from_disk(path: str | os.PathLike[str]) -> Folder:
    """
    Read a folder's files; `workflows.folder.read` says what they mean.

    A named file that is missing is left out here and told there.  Raises `NotFound` where there is
    no `workflow.yaml`, and `Invalid` for what is refused or can't be read.
    """
    root = Path(path)
    if not root.is_dir():
        raise NotFound(f"there is no folder {str(path)!r}")
    manifest = _read(root, MANIFEST)
    if manifest is None:
        raise NotFound(
            f"there is no {MANIFEST} in {str(path)!r}",
            hint="quarterdeck workflow init writes one",
        )
    files = {MANIFEST: manifest}
    left = MAX_FOLDER
    for name in dict.fromkeys((*named_paths(manifest), *_beside(root))):
        if path_problem(name) or name in files or len(files) > MAX_FILES:
            continue
        content = _read(root, name)
        if content is None:
            continue
        left -= len(content)
        if left < 0:
            raise Invalid(f"the files of {str(path)!r} have more than {MAX_FOLDER:,} bytes")
        files[name] = content
    return Folder(files=files)


def write_to_disk(files: dict[str, bytes], path: str | os.PathLike[str]) -> tuple[Path, ...]:
    """
    Write files into a folder, which is made where it is missing; gives their paths.

    Raises `Invalid` before anything is written where one of them is there already, where its path
    leads out of the folder, or where it can't be written.
    """
    root = Path(path)
    for name in files:
        why = path_problem(name)
        if why:
            raise Invalid(f"{name!r}: {why}")
        if (root / name).exists() or (root / name).is_symlink():
            raise Invalid(
                f"{str(root / name)!r} is there already", hint="write into another folder"
            )
    written = []
    try:
        for name, content in files.items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.parent.resolve().is_relative_to(root.resolve()):
                raise Invalid(f"{str(target.parent)!r} leads out of {str(root)!r}")
            with target.open("xb") as file:
                file.write(content)
            written.append(target)
    except OSError as error:
        raise Invalid(f"can't write into {str(root)!r}: {error.strerror or error}") from error
    return tuple(written)


def _beside(root: Path) -> Iterator[str]:
    for folder, suffix in BESIDE:
        try:
            names = sorted(entry.name for entry in os.scandir(root / folder))
        except OSError:
            continue
        yield from (f"{folder}/{name}" for name in names[:MAX_FILES] if name.endswith(suffix))


def _read(root: Path, name: str) -> bytes | None:
    """A file's bytes; None where there is none."""
    path = root / name
    try:
        if not path.resolve().is_relative_to(root.resolve()):
            raise Invalid(f"{str(path)!r} is a link out of the folder", hint="copy the file in")
        # Looked at after opening, without waiting: a pipe would block, and a name can be swapped.
        descriptor = os.open(path.resolve(), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Invalid(f"{str(path)!r} is no plain file")
            content = file.read(MAX_FILE + 1)
    except FileNotFoundError:
        return None
    except (OSError, RuntimeError, ValueError) as error:
        raise Invalid(f"can't read {str(path)!r}: {error}") from error
    if len(content) > MAX_FILE:
        raise Invalid(f"{str(path)!r} has more than {MAX_FILE:,} bytes")
    return content
