"""
Brings an event store's tables to this version's schema.

Numbered files, forward only.  DDL has no transactions, so each statement is a step that may be
run twice, and a step is written down after it: killed anywhere, the next start goes on there.
A store that a newer version has migrated is refused.
"""

import hashlib
import re
from importlib import resources
from typing import NamedTuple

from quarterdeck.errors import Misconfigured
from quarterdeck.storage.events.connection import EventConnection

_FILE = re.compile(r"(\d{4})_(\w+)\.sql")
_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_steps{on_cluster} (
    migration   UInt32,
    step        UInt32,
    name        String,
    sha256      String,
    applied_at  DateTime DEFAULT now()
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (migration, step)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1
"""


class Step(NamedTuple):
    migration: int
    step: int
    """From 1, within its migration."""
    name: str
    sql: str


def migrate(db: EventConnection) -> list[str]:
    """The names of the steps run now; [] if the schema was current.  Raises `Misconfigured`."""
    db.execute(render(_VERSIONS, cluster=db.cluster))
    done = {(row[0], row[1]) for row in db.rows("SELECT migration, step FROM schema_steps")}
    steps = steps_for(db.cluster)
    newest = max((step.migration for step in steps), default=0)
    if (found := max((migration for migration, _ in done), default=0)) > newest:
        raise Misconfigured(
            f"the event store has schema {found}, this version knows {newest}",
            hint="Start the version that migrated it, or a newer one.",
        )
    run = []
    for step in steps:
        if (step.migration, step.step) in done:
            continue
        db.execute(step.sql)
        _write_down(db, step)
        run.append(f"{step.migration:04d} {step.name}")
    return run


def steps_for(cluster: str) -> list[Step]:
    """Every step in order; `cluster` "" leaves out those that only a cluster needs."""
    steps: list[Step] = []
    folder = resources.files("quarterdeck.storage.events") / "migrations"
    files = sorted(
        (found[1], found[2], entry)
        for entry in folder.iterdir()
        if (found := _FILE.fullmatch(entry.name))
    )
    for number, _, entry in files:
        nth = 0
        for part in entry.read_text().split("-- step: ")[1:]:
            name, _, sql = part.partition("\n")
            nth += 1
            if "-- only: cluster\n" in sql and not cluster:
                continue
            text = render(sql.replace("-- only: cluster\n", ""), cluster=cluster)
            steps.append(Step(int(number), nth, name.strip(), text.strip().rstrip(";")))
    return steps


def render(sql: str, *, cluster: str) -> str:
    """The same statement for one node or for a cluster.  `cluster` comes from the operator."""
    if cluster and not re.fullmatch(r"[A-Za-z0-9_.-]+", cluster):
        raise Misconfigured(f"not a cluster's name: {cluster!r}")
    return (
        sql.replace("{on_cluster}", f" ON CLUSTER '{cluster}'" if cluster else "")
        .replace("{replicated}", "Replicated" if cluster else "")
        .replace("{local}", "_local" if cluster else "")
        .replace("{cluster}", cluster)
    )


def _write_down(db: EventConnection, step: Step) -> None:
    db.execute(
        "INSERT INTO schema_steps (migration, step, name, sha256)"
        " SELECT {migration:UInt32}, {step:UInt32}, {name:String}, {sha256:String}",
        {
            "migration": step.migration,
            "step": step.step,
            "name": step.name,
            "sha256": hashlib.sha256(step.sql.encode()).hexdigest(),
        },
    )
