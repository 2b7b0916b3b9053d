"""
`quarterdeck workflow pull`: a version's files, byte for byte, into a folder.

What comes is not believed: files and pins must have the digest that the server names (and that was
asked for, where it was), and every path must lie in the folder, links followed.  Nothing is
written before all of it is checked.

Refused: replacing a file that says something else, without `--force`.  Files that are no part of
the version are left alone.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from quarterdeck.cli import terminal
from quarterdeck.cli.sessions import AsJson
from quarterdeck.cli.terminal import plural, styled
from quarterdeck.cli.workflow_registry import Reference, called, version_path
from quarterdeck.errors import Conflict, Invalid
from quarterdeck.sdk.client import Client
from quarterdeck.workflows.manifest import Folder, Pin

SHOWN_PATHS = 10


def pull(
    ctx: typer.Context,
    workflow: Reference,
    directory: Annotated[
        Path, typer.Argument(help="Where the files go; made where it is missing.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace files that say something else.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a version's files, byte for byte, into a folder."""
    client: Client = ctx.obj
    name, version = called(workflow)
    told = shown_version(client, name, version)
    # By number: a tag may move between the two questions.
    folder = fetched(client, told)
    if version.startswith("sha256:") and not told["digest"].startswith(version):
        raise Invalid(f"the server answered {told['digest']!r} when asked for {version!r}")
    written = write(folder, directory, force=force)
    if as_json:
        answer = {
            "workflow": name,
            "version": told["version"],
            "digest": told["digest"],
            "files": sorted(folder.files),
            "written": written,
        }
        terminal.print_json(json.dumps(answer).encode())
        return
    console = terminal.make_console()
    for path in written:
        console.print(styled(str(directory / path)), soft_wrap=True)
    same = len(folder.files) - len(written)
    had = f", {plural(same, 'file')} there already" if same else ""
    console.print(
        styled(f"{name}@{told['version']}", "bold green")
        + styled(f"  {plural(len(written), 'file')} written{had}")
    )


def shown_version(client: Client, name: str, version: str) -> dict[str, Any]:
    """What the server shows of a version.  Raises `Invalid` for an answer that is none."""
    told = client.get_json(version_path(name, version))
    if (
        not isinstance(told, dict)
        or not isinstance(told.get("digest"), str)
        or not {"workflow", "version", "pins"} <= told.keys()
    ):
        raise Invalid(f"the server's answer on {name}@{version} can't be read")
    return told


def fetched(client: Client, version: dict[str, Any]) -> Folder:
    """
    The files of a version that the server showed, verified against the digest that it showed.

    Raises `Invalid` for files that are not what the digest names.
    """
    from quarterdeck.workflows.digest import digest_of

    where = f"{version['workflow']}@{version['version']}"
    path = version_path(str(version["workflow"]), str(version["version"]))
    answer = client.get_json(f"{path}/files")
    try:
        files = {
            str(path): base64.b64decode(text, validate=True)
            for path, text in answer["files"].items()
        }
        pins = msgspec.convert(version["pins"], tuple[Pin, ...])
    except (KeyError, TypeError, AttributeError, binascii.Error, ValueError) as error:
        raise Invalid(f"the server's answer on {where} can't be read: {error}") from error
    folder = Folder(files=files)
    if digest_of(folder, pins) != version["digest"]:
        raise Invalid(
            f"the files that came for {where} are not those of {version['digest']}",
            hint="Something between here and the server changed them, or the server did.",
        )
    return folder


def write(folder: Folder, directory: Path, *, force: bool) -> list[str]:
    """
    The paths that were written, sorted; those that say the same already are not.

    Raises `Invalid` for a path that leads out of the folder, `Conflict` where a file says
    something else and `force` is not given; then nothing was written.
    """
    from quarterdeck.workflows.folder_files import path_problem

    to_write: list[str] = []
    others: list[str] = []
    for path in sorted(folder.files):
        why = path_problem(path) or _leads_out(directory, path)
        if why:
            raise Invalid(f"the server names a file {path!r}: {why}; nothing was written")
        now = _content(directory / path)
        if now != folder.files[path]:
            to_write.append(path)
            if now is not None:
                others.append(path)
    if others and not force:
        shown = ", ".join(others[:SHOWN_PATHS]) + (", …" if len(others) > SHOWN_PATHS else "")
        raise Conflict(
            f"{str(directory)!r} has other content in {shown}; nothing was written",
            hint="Pull into another folder, or replace them with --force.",
        )
    try:
        for path in to_write:
            _replace(directory / path, folder.files[path])
    except OSError as error:
        raise Invalid(f"can't write into {str(directory)!r}: {error.strerror or error}") from error
    return to_write


def _leads_out(directory: Path, path: str) -> str:
    """Why a path is not below the folder that was named; "" where it is."""
    at = directory
    for part in path.split("/")[:-1]:
        at = at / part
        if at.is_symlink():
            return f"{str(at)!r} is a link"
        if at.exists() and not at.is_dir():
            return f"{str(at)!r} is no folder"
    return ""


def _content(path: Path) -> bytes | None:
    """What a file says; b"" never equal to what is no plain file, None where nothing is there."""
    if path.is_symlink():
        return b"\x00 a link"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Invalid(f"can't read {str(path)!r}: {error.strerror or error}") from error


def _replace(path: Path, content: bytes) -> None:
    """In one step: a link is replaced and not followed, and no reader sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partly = tempfile.mkstemp(dir=path.parent, prefix=".pull-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(partly).chmod(0o666 & ~mask)
        Path(partly).replace(path)
    except BaseException:
        Path(partly).unlink(missing_ok=True)
        raise
