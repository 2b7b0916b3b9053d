"""
What the server said last, on disk: contents by digest, what each environment runs, and the version
that each session of this machine began with.

Any process of the user may read and write at any time, so each file is written beside and renamed.
Every file begins with the SHA-256 of its rest: what a crash, a full disk or a hand has changed is
removed when it is read, and fetched again.  The folder is the user's own (0700, files 0600),
belongs to one server and one key, and is bounded in number and age.  The cache is a service: what
can't be written is passed over, and nothing here raises.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from quarterdeck.sdk.rim import swallow
from quarterdeck.workflows.manifest import Manifest, Pin, StickyBy, Version

T = TypeVar("T")

MAX_CONTENTS = 200
"""Versions, some 20 KB each: the oldest that nobody read go first."""
MAX_CONTENT_BYTES = 32 * 1024 * 1024
"""The server takes 16 MB of files for one version."""
MAX_SESSIONS = 20_000
"""Some 300 bytes each."""
SESSION_AGE_S = 30 * 86_400.0
"""As the server keeps assignments."""
TRIM_EVERY = 256
"""Writes of one process between looks at the bounds: listing takes milliseconds."""


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a version says, as the server sends it."""

    manifest: Manifest
    prompts: dict[str, str]
    tools: dict[str, dict[str, Any]]
    pins: tuple[Pin, ...] = ()


class Numbered(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    digest: str


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment runs, and how sessions are dealt out between two versions."""

    stable: Numbered
    candidate: Numbered | None = None
    share_bp: int = 0
    sticky_by: StickyBy = "session"
    release_id: str = ""
    revision: int = 0


class KeptSplit(msgspec.Struct, frozen=True, kw_only=True):
    split: Split
    at_ns: int
    """When the server said so."""


class KeptSession(msgspec.Struct, frozen=True, kw_only=True):
    """What a session began with."""

    version: int
    digest: str
    arm: Literal["stable", "candidate"]
    release_id: str = ""
    is_ours: bool = False
    """Dealt out here while the server was away: it does not know."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A content, under the name that it has."""

    digest: str
    version: int
    workflow: str
    content: Content


class Cache:
    """Of one server and key.  Used by any thread and process; `root` None keeps nothing."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._written = 0
        self._read: dict[str, Version] = {}
        """By workflow and digest: what this process has read or written, whole."""

    # -- contents ------------------------------------------------------------------------------

    def content(self, workflow: str, digest: str) -> Version | None:
        key = _name(workflow, digest)
        found = self._read.get(key)
        if found is not None:
            return found
        kept = self._load("contents", key, Kept)
        if kept is None or kept.digest != digest or kept.workflow != workflow:
            return None
        version = _version(kept)
        self._remember(key, version)
        path = self._path("contents", key)
        if path is not None:
            try:
                os.utime(path)  # so that what is used is not the oldest
            except OSError as error:
                swallow("workflow cache", error)
        return version

    def keep_content(
        self, workflow: str, *, version: int, digest: str, content: Content
    ) -> Version:
        kept = Kept(digest=digest, version=version, workflow=workflow, content=content)
        made = _version(kept)
        key = _name(workflow, digest)
        self._remember(key, made)
        self._save("contents", key, kept)
        return made

    def digests(self, workflow: str) -> list[str]:
        """Of this workflow's versions that are here, at most `MAX_CONTENTS`."""
        # Copied first, here and below: other threads put versions in meanwhile.
        known = {one.digest for one in list(self._read.values()) if one.workflow == workflow}
        for path in self._files("contents"):
            if len(known) >= MAX_CONTENTS:
                break  # files are trimmed now and then, and the server takes no more
            kept = self._load("contents", path.stem, Kept) if path.stem not in self._read else None
            if kept is None:
                continue
            # Those of other workflows too, or they would be read again for each session.
            self._remember(path.stem, _version(kept))
            if kept.workflow == workflow:
                known.add(kept.digest)
        return sorted(known)[:MAX_CONTENTS]

    def _remember(self, key: str, version: Version) -> None:
        for oldest in list(self._read)[: max(0, len(self._read) + 1 - MAX_CONTENTS)]:
            self._read.pop(oldest, None)
        self._read[key] = version

    # -- what runs -----------------------------------------------------------------------------

    def split(self, workflow: str, environment: str) -> KeptSplit | None:
        return self._load("environments", _name(workflow, environment), KeptSplit)

    def keep_split(self, workflow: str, environment: str, split: Split) -> None:
        kept = KeptSplit(split=split, at_ns=time.time_ns())
        self._save("environments", _name(workflow, environment), kept)

    def session(self, workflow: str, environment: str, session_id: str) -> KeptSession | None:
        return self._load("sessions", _name(workflow, environment, session_id), KeptSession)

    def keep_session(
        self, workflow: str, environment: str, session_id: str, kept: KeptSession
    ) -> None:
        self._save("sessions", _name(workflow, environment, session_id), kept)

    # -- files ---------------------------------------------------------------------------------

    def _path(self, kind: str, name: str) -> Path | None:
        return None if self._root is None else self._root / kind / f"{name}.json"

    def _load(self, kind: str, name: str, shape: type[T]) -> T | None:
        path = self._path(kind, name)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                whole = file.read(MAX_CONTENT_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            swallow("workflow cache", error)
            return None
        try:
            return _checked(whole, shape)
        except (ValueError, msgspec.MsgspecError) as error:
            swallow("workflow cache", error)
            _remove(path)
            return None

    def _save(self, kind: str, name: str, value: Any) -> None:
        path = self._path(kind, name)
        if path is None or self._root is None:
            return
        partly = path.with_name(f"{name}.{os.getpid()}-{time.time_ns()}.tmp")
        try:
            for folder in (self._root, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                if folder.stat().st_mode & 0o077:
                    folder.chmod(0o700)
            body = msgspec.json.encode(value)
            descriptor = os.open(partly, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
            # Not synced: what a power cut takes is fetched again.
            partly.replace(path)
        except OSError as error:
            swallow("workflow cache", error)
            _remove(partly)
        if self._written % TRIM_EVERY == 0:
            self._trim()
        self._written += 1

    def _files(self, kind: str) -> list[Path]:
        if self._root is None:
            return []
        try:
            return [path for path in (self._root / kind).iterdir() if path.suffix == ".json"]
        except OSError:
            return []

    def _trim(self) -> None:
        now = time.time()
        _drop_oldest(self._files("contents"), keep=MAX_CONTENTS, before=0.0)
        _drop_oldest(self._files("sessions"), keep=MAX_SESSIONS, before=now - SESSION_AGE_S)
        if self._root is not None:
            # What a killed process left half written.
            _drop_oldest(self._root.glob("*/*.tmp"), keep=TRIM_EVERY, before=now - 3600)


def _checked(whole: bytes, shape: type[T]) -> T:
    told, _, body = whole.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != told:
        raise ValueError("the file is not what was written")
    return msgspec.json.decode(body, type=shape)


def _version(kept: Kept) -> Version:
    return Version(
        workflow=kept.workflow,
        version=kept.version,
        digest=kept.digest,
        manifest=kept.content.manifest,
        prompts=kept.content.prompts,
        tools=kept.content.tools,
        pins=kept.content.pins,
    )


def _name(*parts: str) -> str:
    """Names and session ids are strangers' text: their hash is the file's name."""
    whole = "\x00".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(whole).hexdigest()[:40]


def _drop_oldest(paths: Iterable[Path], *, keep: int, before: float) -> None:
    aged: list[tuple[float, Path]] = []
    for path in paths:
        try:
            aged.append((path.stat().st_mtime, path))
        except OSError:
            continue
    aged.sort(reverse=True)
    for at, (modified, path) in enumerate(aged):
        if at >= keep or modified < before:
            _remove(path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        swallow("workflow cache", error)
