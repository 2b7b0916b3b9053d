"""
The real application over the real stores: chDB in memory of this process, SQLite in a folder.

Only the clock is ours, so that a test can let a key expire without waiting.
"""

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from api.built_app import built_app
from api.conforming import ConformingTransport
from api.made import refresh_session
from quarterdeck.api.access import Access
from quarterdeck.api.app import create_app
from quarterdeck.api.parts import Parts
from quarterdeck.model.ids import ProjectId
from quarterdeck.settings import Settings
from quarterdeck.storage.events.connection import EventConnection
from quarterdeck.storage.records import accounts, keys, memberships, projects
from quarterdeck.storage.records.connection import Records, open_records

NOW = 1_790_000_000_000_000_000
HOUR = 3_600_000_000_000
PASSWORD = "four random words here"
ORIGIN = "http://quarterdeck.test"


class Clock:
    def __init__(self) -> None:
        self.now_ns = NOW

    def __call__(self) -> int:
        return self.now_ns

    def forward(self, ns: int) -> None:
        self.now_ns += ns


@dataclass
class World:
    """A server with two projects that know nothing of each other, `acme` and `twin`."""

    app: FastAPI
    records: Records
    events: EventConnection
    access: Access
    clock: Clock
    settings: Settings
    refreshed: list[tuple[str, str]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    forgotten: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    unable: list[str] = field(default_factory=list)
    """Put a reason in, and the server is not ready for it."""

    def client(self, **options: object) -> httpx.AsyncClient:
        transport = ConformingTransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=ORIGIN, **options)  # type: ignore[arg-type]

    def key(self, project_id: str, *scopes: str, expires_ns: int | None = None) -> keys.CreatedKey:
        return keys.create_key(
            self.records,
            project_id=project_id,
            name="test",
            scopes=scopes or ("ingest", "read", "write", "admin"),
            created_by="test",
            now_ns=self.clock(),
            expires_ns=expires_ns,
        )

    def account(self, email: str, *, role: str = "", owner: bool = False) -> accounts.Account:
        account = accounts.create_account(
            self.records, email=email, password=PASSWORD, owner=owner, now_ns=self.clock()
        )
        self.access.account_made()
        if role:
            memberships.set_role(
                self.records, project_id="acme", account_id=account.account_id, role=role
            )
        return account

    async def log_in(self, email: str) -> httpx.AsyncClient:
        client = self.client(headers={"origin": ORIGIN})
        answer = await client.post("/api/v1/login", json={"email": email, "password": PASSWORD})
        assert answer.status_code == 200, answer.text
        return client


def bearer(key: keys.CreatedKey) -> dict[str, str]:
    return {"authorization": f"Bearer {key.secret}"}


@pytest.fixture
def events(chdb_database: EventConnection) -> EventConnection:
    return chdb_database


@pytest.fixture
def local_world(tmp_path: Path, events: EventConnection) -> Iterator[World]:
    """Bound to loopback, and nobody has an account."""
    yield from _make_world(tmp_path, events, Settings(data=tmp_path))


@pytest.fixture
def world(tmp_path: Path, events: EventConnection) -> Iterator[World]:
    """Open to others: an owner exists."""
    for made in _make_world(tmp_path, events, Settings(data=tmp_path, host="0.0.0.0")):
        made.account("owner@example.org", owner=True)
        yield made


def _make_world(folder: Path, events: EventConnection, settings: Settings) -> Iterator[World]:
    records = open_records(f"sqlite:///{folder / f'{uuid.uuid4().hex}.db'}")
    clock = Clock()
    projects.ensure_default_project(records, now_ns=NOW)
    for project_id in ("acme", "twin"):
        projects.create_project(records, project_id=project_id, now_ns=NOW)
    access = Access(records=records, settings=settings, now_ns=clock)
    refreshed: list[tuple[str, str]] = []
    changed: list[str] = []
    forgotten: list[tuple[str, tuple[str, ...]]] = []
    unable: list[str] = []

    def refresh(project_id: ProjectId, session_id: str) -> None:
        refreshed.append((project_id, session_id))
        refresh_session(events, project_id, session_id, now_ns=clock())

    def forget(project_id: ProjectId, traces: Sequence[str]) -> None:
        forgotten.append((project_id, tuple(traces)))

    parts = Parts(
        settings=settings,
        records=records,
        events=events,
        access=access,
        now_ns=clock,
        refresh=refresh,
        forget=forget,
        held=nullcontext,
        project_changed=changed.append,
        oldest_unprocessed_s=lambda: 0.25,
        why_unable=lambda: "".join(unable),
        metrics=lambda: "quarterdeck_up 1\n",
    )
    yield World(
        app=create_app(parts, web_folder=built_app(folder / "web")),
        records=records,
        events=events,
        access=access,
        clock=clock,
        settings=settings,
        refreshed=refreshed,
        changed=changed,
        forgotten=forgotten,
        unable=unable,
    )
    records.close()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.client() as client:
        yield client
