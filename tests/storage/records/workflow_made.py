"""Workflow versions for tests that don't look at what they say."""

import hashlib
from typing import Any

from sqlalchemy import insert

from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.workflow_tables import WORKFLOW_VERSIONS, WORKFLOWS

NOW = 1_790_000_000_000_000_000


def digest_of(version: int) -> str:
    return f"sha256:{hashlib.sha256(str(version).encode()).hexdigest()}"


def make_versions(
    records: Records,
    count: int,
    *,
    project_id: str = "acme",
    name: str = "triage",
    checkpoints: dict[int, str] | None = None,
) -> str:
    """The workflow's id: a workflow with versions 1 to `count`, without files; of those that
    `checkpoints` has, the manifest names one."""
    key: dict[str, Any] = {"project_id": project_id, "workflow_id": f"{project_id}-{name}"}
    with records.writing() as connection:
        connection.execute(
            insert(WORKFLOWS).values(
                **key, name=name, created_ns=NOW, created_by="test", numbered=count
            )
        )
        for version in range(1, count + 1):
            manifest = {"name": name, "agents": {"a": {}}}
            if checkpoint := (checkpoints or {}).get(version):
                manifest["memory_checkpoint"] = checkpoint
            connection.execute(
                insert(WORKFLOW_VERSIONS).values(
                    **key,
                    version=version,
                    digest=digest_of(version),
                    content={"manifest": manifest, "prompts": {}, "tools": {}},
                    pins=[],
                    message="",
                    git={},
                    created_ns=NOW,
                    created_by="test",
                )
            )
    return str(key["workflow_id"])
