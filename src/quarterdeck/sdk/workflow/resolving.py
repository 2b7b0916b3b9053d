"""
Which version a session runs: asked of the server, and from the cache while that is away.

Away is: no connection, no answer within `AWAY_S` (where the cache can answer; else within what the
caller allows), a 5xx, a 429.  Then the server is left alone for a while that grows, so that a
hundred sessions do not wait a hundred times.  A 401, 403 or 404 is the answer of a living server:
it is raised, whatever the cache has.

A session keeps what it began with: the server knows, and this machine does while it is away.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from time import monotonic
from typing import Any, Literal

import msgspec

from quarterdeck.errors import Invalid, QuarterdeckError, TryAgain
from quarterdeck.sdk.client import name_segment
from quarterdeck.sdk.rim import notice
from quarterdeck.sdk.sending.delivery import backoff_s
from quarterdeck.sdk.workflow.cache import Cache, Content, KeptSession, Numbered, Split
from quarterdeck.sdk.workflow.fetching import Server
from quarterdeck.sdk.workflow.parts import Resolved
from quarterdeck.workflows.assign import arm_of
from quarterdeck.workflows.manifest import Version

AWAY_S = 0.9
"""What a session waits for a server that does not answer, where the cache does."""

MAX_AWAY_S = 60.0


class Resolution(msgspec.Struct, frozen=True, kw_only=True):
    """What the server answers."""

    workflow: str
    environment: str
    version: int
    digest: str
    split: Split
    arm: Literal["stable", "candidate"] = "stable"
    release_id: str = ""
    content: Content | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """For whom a version is wanted."""

    workflow: str
    environment: str
    session_id: str = ""
    """"" = for no session: the stable version."""
    user: str = ""
    task_type: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    release: Resolved
    content: Version


class Resolver:
    """Of one server and key.  Used by any thread; a forked child goes on with what is known."""

    def __init__(self, *, server: Server, cache: Cache) -> None:
        self.server = server
        self._cache = cache
        self._failures = 0
        self._away_until = 0.0
        """Written by any thread without a lock: at worst one more session asks."""

    def resolve(self, asking: Asking, *, timeout_s: float) -> Found:
        """Raises `QuarterdeckError`s."""
        cached = self._from_cache(asking)
        if cached is not None and monotonic() < self._away_until:
            return self._told_stale(cached)
        try:
            return self._ask(
                asking, timeout_s=timeout_s if cached is None else min(AWAY_S, timeout_s)
            )
        except QuarterdeckError as error:
            if not _is_away(error):
                raise
            self._note_away(error)
            if cached is None:
                raise _without(asking, error) from error
            return self._told_stale(cached)

    # -- the server ----------------------------------------------------------------------------

    def _ask(self, asking: Asking, *, timeout_s: float) -> Found:
        if self._failures:
            # One session tries whether it is back; those beside it do not wait for that.
            self._away_until = monotonic() + timeout_s + 0.5
        cache, name, environment = self._cache, asking.workflow, asking.environment
        answer = self._post(asking, have=cache.digests(name), timeout_s=timeout_s)
        content = self._content_of(answer, asking)
        if content is None:
            # It was cleared while we asked, or could not be read.
            answer = self._post(asking, have=[], timeout_s=timeout_s)
            content = self._content_of(answer, asking)
        if content is None:
            raise TryAgain(f"the server names a version of {name!r} and does not send it")
        self._failures, self._away_until = 0, 0.0
        cache.keep_split(name, environment, answer.split)
        kept = cache.session(name, environment, asking.session_id) if asking.session_id else None
        if kept is not None and kept.is_ours:
            began_with = cache.content(name, kept.digest)
            if began_with is not None:
                return Found(_release(asking, kept, source="server"), began_with)
        told = KeptSession(
            version=answer.version,
            digest=answer.digest,
            arm=answer.arm,
            release_id=answer.release_id,
        )
        if asking.session_id and kept != told:
            cache.keep_session(name, environment, asking.session_id, told)
        return Found(_release(asking, told, source="server"), content)

    def _post(self, asking: Asking, *, have: list[str], timeout_s: float) -> Resolution:
        body: dict[str, Any] = {
            "environment": asking.environment,
            "have": have,
            "session_id": asking.session_id,
            "user": asking.user,
            "task_type": asking.task_type,
        }
        path = f"/api/v1/workflows/{name_segment(asking.workflow)}/resolve"
        said = self.server.post(
            path, {k: v for k, v in body.items() if v != ""}, timeout_s=timeout_s
        )
        try:
            return msgspec.convert(said, Resolution)
        except msgspec.ValidationError as error:
            raise Invalid(
                f"the server's answer for {asking.workflow!r} can't be read: {error}",
                hint="Is this SDK older than the server? pip install --upgrade quarterdeck",
            ) from error

    def _content_of(self, answer: Resolution, asking: Asking) -> Version | None:
        if answer.content is None:
            return self._cache.content(asking.workflow, answer.digest)
        return self._cache.keep_content(
            asking.workflow,
            version=answer.version,
            digest=answer.digest,
            content=answer.content,
        )

    def _note_away(self, error: QuarterdeckError) -> None:
        self._failures += 1
        pause_s = backoff_s(self._failures)
        if isinstance(error, TryAgain):
            pause_s = max(pause_s, min(float(error.retry_after_s), MAX_AWAY_S))
        self._away_until = monotonic() + pause_s

    # -- the cache -----------------------------------------------------------------------------

    def _from_cache(self, asking: Asking) -> _Cached | None:
        """What this machine knows; None where it has no version to run."""
        cache, name, environment = self._cache, asking.workflow, asking.environment
        kept_split = cache.split(name, environment)
        if asking.session_id:
            session = cache.session(name, environment, asking.session_id)
            content = None if session is None else cache.content(name, session.digest)
            if session is not None and content is not None:
                age_s = 0.0 if kept_split is None else _age_s(kept_split.at_ns)
                return _Cached(asking, session, content, age_s, is_new=False)
        if kept_split is None:
            return None
        split, age_s = kept_split.split, _age_s(kept_split.at_ns)
        for chosen in _dealt(split, asking):
            content = cache.content(name, chosen.digest)
            if content is not None:
                return _Cached(asking, chosen, content, age_s, is_new=bool(asking.session_id))
        return None

    def _told_stale(self, cached: _Cached) -> Found:
        asking = cached.asking
        notice(
            "load_workflow",
            f"the server is away: {asking.workflow!r} runs version {cached.session.version} from "
            f"the cache, as the server said {cached.age_s:.0f} s ago",
        )
        if cached.is_new:
            self._cache.keep_session(
                asking.workflow, asking.environment, asking.session_id, cached.session
            )
        release = _release(asking, cached.session, source="cache", stale_s=round(cached.age_s, 3))
        return Found(release, cached.content)


@dataclass(frozen=True, slots=True)
class _Cached:
    asking: Asking
    session: KeptSession
    content: Version
    age_s: float
    is_new: bool
    """Whether the session begins with this now."""


def _dealt(split: Split, asking: Asking) -> list[KeptSession]:
    """What the server would choose, and the stable version where that is not here."""
    stable = _arm(split, split.stable, "stable")
    if split.candidate is None or not asking.session_id:
        return [stable]
    arm = arm_of(
        release_id=split.release_id,
        share_bp=split.share_bp,
        sticky_by=split.sticky_by,
        session_id=asking.session_id,
        user=asking.user,
        task=asking.task_type,
    )
    candidate = _arm(split, split.candidate, "candidate")
    return [candidate, stable] if arm == "candidate" else [stable]


def _arm(split: Split, one: Numbered, arm: Literal["stable", "candidate"]) -> KeptSession:
    return KeptSession(
        version=one.version,
        digest=one.digest,
        arm=arm,
        release_id=split.release_id,
        is_ours=True,
    )


def _release(
    asking: Asking,
    kept: KeptSession,
    *,
    source: Literal["server", "cache"],
    stale_s: float = 0.0,
) -> Resolved:
    return Resolved(
        workflow=asking.workflow,
        environment=asking.environment,
        version=kept.version,
        digest=kept.digest,
        arm=kept.arm,
        release_id=kept.release_id,
        source=source,
        stale_s=stale_s,
    )


def _is_away(error: QuarterdeckError) -> bool:
    """Whether nothing was learned: no answer, an error of the server's own, a stranger's page."""
    return isinstance(error, TryAgain) or type(error) is QuarterdeckError


def _without(asking: Asking, error: QuarterdeckError) -> QuarterdeckError:
    return TryAgain(
        f"the workflow {asking.workflow!r} can't be loaded: {error.message}, and nothing is cached "
        f"for {asking.environment!r} on this machine",
        hint=error.hint or "Start the server, or load a folder: load_workflow(path=…).",
    )


def _age_s(at_ns: int) -> float:
    return max(0.0, (time.time_ns() - at_ns) / 1e9)
