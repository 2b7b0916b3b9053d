"""
Which version a session runs: asked by agents when they begin, so it has to be quick.

What runs is remembered, and read again after each move in this process and every second for those
of other replicas; a version's content never changes and is kept ready as JSON.  A session that was
seen before costs no question to the records, a new one one row.  The events are not needed: agents
begin while the store is down.

Refused: guessing.  An environment in which nothing was released is an error that says what exists.
"""

import asyncio
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Annotated, NamedTuple

import msgspec
import orjson
from fastapi import Request, Response
from pydantic import Field, StringConstraints
from sqlalchemy import Connection

from quarterdeck.api.access import RUN, allow, guarded_router, principal_of
from quarterdeck.api.answers.environments import Resolution
from quarterdeck.api.bodies import packed
from quarterdeck.api.forms import Form, Long
from quarterdeck.api.parts import parts_of
from quarterdeck.api.segments import Segment
from quarterdeck.errors import NotFound
from quarterdeck.storage.records import environment_rows, environments, workflows
from quarterdeck.storage.records.assignments import SESSION_LENGTH, Assigned, Assignments, Key
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.environments import EnvironmentState
from quarterdeck.workflows.assign import arm_of

router = guarded_router("environments")

FRESH_S = 1.0
"""How long a move in another replica may go unseen: a release counts everywhere within 2 s."""

_MOST_RUNNING = 1_000
"""Environments that are remembered; about 1 KiB each, and only such as exist."""
_MOST_CONTENTS = 64
"""Versions that are kept as JSON, about 100 KiB each.  What runs is a handful."""
_NAMED = 20


class ResolveForm(Form):
    environment: Annotated[Long, Field(min_length=1, max_length=100)]
    session_id: Annotated[Long, Field(max_length=SESSION_LENGTH)] = ""
    """Without one nothing is kept: the stable version, or that of the user or task."""
    user: Annotated[Long, Field(max_length=400)] = ""
    task_type: Annotated[Long, Field(max_length=400)] = ""
    have: list[Annotated[str, StringConstraints(max_length=100)]] = Field(
        default=[], max_length=200, description="Digests of which the caller has the content."
    )


class Running(NamedTuple):
    """What an environment runs, as it was read."""

    state: EnvironmentState
    split: bytes
    """As JSON."""
    moved: object
    """`Records.moved` of then."""
    until_s: float
    """On the monotonic clock."""


class Content(NamedTuple):
    digest: str
    body: bytes
    """As JSON."""


class Place(NamedTuple):
    project_id: str
    workflow: str
    environment: str


class Resolver:
    """What a server remembers for resolving.  One per server; used in its event loop."""

    def __init__(
        self,
        records: Records,
        *,
        now_ns: Callable[[], int],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._records = records
        self._now_ns = now_ns
        self._now_s = now_s
        self._assignments = Assignments(records)
        self._running: dict[Place, Running] = {}
        self._lock = threading.Lock()
        """Protects `_contents`, which threads fill."""
        self._contents: OrderedDict[tuple[str, int], Content] = OrderedDict()

    async def resolve(self, project_id: str, workflow: str, form: ResolveForm) -> bytes:
        """The answer as JSON.  Raises `NotFound`; `Misconfigured` for a version that was tampered
        with."""
        place = Place(project_id, workflow, form.environment)
        running = self._remembered(place)
        if running is None:
            running = await asyncio.to_thread(self._read, place)
        if form.session_id:
            given, running = await self._keep(project_id, running, form)
        else:
            given = _wanted(running.state, form)
        content = self._content(running.state.workflow_id, given.version)
        if content is None:
            content = await asyncio.to_thread(self.load, project_id, workflow, given.version)
        head = {
            "workflow": workflow,
            "environment": form.environment,
            "version": given.version,
            "digest": content.digest,
            "arm": given.arm,
            "release_id": given.release_id,
            "revision": running.state.revision,
        }
        body = b"null" if content.digest in form.have else content.body
        return b'%b,"split":%b,"content":%b}' % (orjson.dumps(head)[:-1], running.split, body)

    def load(self, project_id: str, workflow: str, version: int) -> Content:
        """A version's content, verified, kept for those who will ask.  Blocks."""
        found = workflows.read_version(
            self._records, project_id=project_id, name=workflow, version=version
        )
        told = {
            "manifest": found.content.manifest,
            "prompts": found.content.prompts,
            "tools": found.content.tools,
            "pins": found.content.pins,
        }
        content = Content(found.row.digest, msgspec.json.encode(told))
        with self._lock:
            self._contents[found.row.workflow_id, version] = content
            while len(self._contents) > _MOST_CONTENTS:
                self._contents.popitem(last=False)
        return content

    def _content(self, workflow_id: str, version: int) -> Content | None:
        with self._lock:
            content = self._contents.get((workflow_id, version))
            if content is not None:
                self._contents.move_to_end((workflow_id, version))
            return content

    async def _keep(
        self, project_id: str, running: Running, form: ResolveForm
    ) -> tuple[Assigned, Running]:
        """What the session began with, and what was running when that was looked up."""
        workflow_id = running.state.workflow_id
        key = Key(project_id, workflow_id, form.environment, form.session_id)
        now_ns = self._now_ns()
        given = self._assignments.known(key, now_ns=now_ns) or self._assignments.try_first(
            key, _wanted(running.state, form), now_ns=now_ns
        )
        if given is None:
            return await asyncio.to_thread(self._wait, running, key, form, now_ns)
        return given, running

    def _wait(
        self, running: Running, key: Key, form: ResolveForm, now_ns: int
    ) -> tuple[Assigned, Running]:
        def wanted(connection: Connection) -> Assigned:
            nonlocal running
            newest = environment_rows.newest_of(
                connection,
                key.project_id,
                workflow_id=key.workflow_id,
                environment=key.environment,
            )
            if newest is not None and newest.revision != running.state.revision:
                state = environment_rows.with_digests(connection, key.project_id, newest)
                running = _running_of(state, moved=None, until_s=0)
            return _wanted(running.state, form)

        return self._assignments.first(key, wanted, now_ns=now_ns), running

    def _remembered(self, place: Place) -> Running | None:
        running = self._running.get(place)
        if running is None or running.moved is not self._records.moved:
            return None
        return running if self._now_s() < running.until_s else None

    def _read(self, place: Place) -> Running:
        # Before the state is read: a move in between is then seen as one.
        moved = self._records.moved
        project_id, workflow, environment = place
        state = environments.state_of(
            self._records, project_id=project_id, name=workflow, environment=environment
        ) if environments.is_environment(environment) else None  # fmt: skip
        if state is None:
            raise self._nothing_there(place)
        running = _running_of(state, moved=moved, until_s=self._now_s() + FRESH_S)
        if len(self._running) >= _MOST_RUNNING:
            self._running.clear()
        self._running[place] = running
        return running

    def _nothing_there(self, place: Place) -> NotFound:
        found = environments.list_environments(
            self._records, project_id=place.project_id, name=place.workflow
        )
        there = ", ".join(one.environment for one in found)
        return NotFound(
            f"nothing of workflow {place.workflow!r} was released to {place.environment!r}",
            hint=f"It runs in: {there}." if there else "It runs nowhere yet: release a version.",
        )


def _running_of(state: EnvironmentState, *, moved: object, until_s: float) -> Running:
    runs, digests = state.state, state.digests
    split = {
        "stable": {"version": runs.stable, "digest": digests[runs.stable]},
        "candidate": None
        if runs.candidate is None
        else {"version": runs.candidate, "digest": digests[runs.candidate]},
        "share_bp": runs.share_bp,
        "sticky_by": runs.sticky_by,
        "release_id": runs.release_id,
        "revision": state.revision,
    }
    return Running(state, orjson.dumps(split), moved, until_s)


def _wanted(state: EnvironmentState, form: ResolveForm) -> Assigned:
    """What a session that begins now is given."""
    runs = state.state
    arm = arm_of(
        release_id=runs.release_id,
        share_bp=runs.share_bp,
        sticky_by=runs.sticky_by,
        session_id=form.session_id,
        user=form.user,
        task=form.task_type,
    )
    version = runs.candidate if arm == "candidate" else runs.stable
    return Assigned(version or runs.stable, arm, runs.release_id)


@router.post(
    "/workflows/{name}/resolve",
    summary="The version that a session runs, and what it says; the first answer is kept",
    responses={200: {"model": Resolution}},
)
@allow(RUN)
async def resolve(request: Request, name: Segment, form: ResolveForm) -> Response:
    # Not by dependencies, which would each take a thread: half of the time that this takes.
    parts, who = parts_of(request), principal_of(request)
    resolver: Resolver = request.app.state.resolver
    try:
        body = await resolver.resolve(who.project_id, name, form)
    except NotFound as error:
        if error.hint:
            raise
        raise await asyncio.to_thread(_with_names, parts.records, who.project_id, error) from error
    return packed(request, body, media_type="application/json")


def _with_names(records: Records, project_id: str, error: NotFound) -> NotFound:
    """The same, with the workflows that there are."""
    page = workflows.list_workflows(records, project_id=project_id, limit=_NAMED)
    names = ", ".join(one.name for one in page.items)
    more = ", …" if page.total > _NAMED else ""
    return NotFound(
        error.message,
        hint=f"There are: {names}{more}." if names else "None was pushed yet: workflow push.",
    )
