"""
Checkpoints: names for moments of memory.

One costs a row, whatever memory holds: the log has every write and every hiding with its number, so
memory as it was then is read from it.  A checkpoint never changes and is not deleted; a workflow
version can pin one.  It prolongs no life: what has expired since is in no view.
"""

import uuid

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from quarterdeck.errors import Conflict
from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_rows import (
    Checkpoint,
    checkpoint_in,
    checkpoint_of,
    take_seqs,
)
from quarterdeck.storage.records.memory_tables import MEMORY_CHECKPOINTS
from quarterdeck.storage.records.storable import Page, actor_of, id_of, text_of, time_of


def make_checkpoint(
    records: Records,
    *,
    project_id: str,
    name: str = "",
    description: str = "",
    by: str,
    now_ns: int,
) -> Checkpoint:
    """
    Of all of the project's memory, as it is now.  Without a name it is called by its id.

    Raises `NotFound` for the project, `Invalid` for a name that can't be kept, `Conflict` for one
    that is taken.
    """
    checkpoint_id = uuid.uuid4().hex
    wanted = id_of("name of a checkpoint", name) if name else checkpoint_id
    try:
        with records.writing() as connection:
            checkpoint = Checkpoint(
                checkpoint_id=checkpoint_id,
                name=wanted,
                seq=take_seqs(connection, project_id, 1),
                description=text_of(description),
                by=actor_of(by),
                at_ns=time_of(now_ns),
            )
            values = {field: getattr(checkpoint, field) for field in checkpoint.__struct_fields__}
            connection.execute(insert(MEMORY_CHECKPOINTS).values(project_id=project_id, **values))
    except IntegrityError as error:
        raise Conflict(f"a checkpoint is called {wanted!r} already") from error
    return checkpoint


def find_checkpoint(records: Records, *, project_id: str, which: str) -> Checkpoint:
    """By id or name.  Raises `NotFound`."""
    with records.reading() as connection:
        return checkpoint_in(connection, project_id, which)


def list_checkpoints(
    records: Records, *, project_id: str, limit: int = 100, offset: int = 0
) -> Page[Checkpoint]:
    """Newest first."""
    mine = MEMORY_CHECKPOINTS.c.project_id == project_id
    with records.reading() as connection:
        total = connection.execute(
            select(func.count()).select_from(MEMORY_CHECKPOINTS).where(mine)
        ).scalar_one()
        rows = connection.execute(
            select(MEMORY_CHECKPOINTS)
            .where(mine)
            .order_by(MEMORY_CHECKPOINTS.c.seq.desc())
            .limit(limit)
            .offset(offset)
        ).mappings()
        return Page([checkpoint_of(row) for row in rows], total)
