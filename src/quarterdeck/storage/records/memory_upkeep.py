"""
What goes from memory for good: values whose time has come, old notes of who read, and a user.

All else stays: the log is what history, checkpoints and reverts are made of.
"""

from sqlalchemy import delete, null, update

from quarterdeck.storage.records.connection import Records
from quarterdeck.storage.records.memory_rows import W
from quarterdeck.storage.records.memory_tables import MEMORY_READS, MEMORY_WRITES
from quarterdeck.storage.records.storable import is_name

USER_SCOPE = "user:"
"""A scope that begins so is one user's."""


def sweep_expired(records: Records, *, now_ns: int) -> int:
    """
    Takes value, text and embedding off every write whose time has come, of all projects; how many.

    Who wrote it, where and when stays in the history.  Expired entries are found by nobody from
    their instant on, whether they were swept or not.
    """
    with records.writing() as connection:
        swept = connection.execute(
            update(MEMORY_WRITES)
            .where(~W.swept, W.expires_ns <= now_ns)
            .values(value=None, text="", embedding=null(), swept=True)
        )
    return int(swept.rowcount)


def forget_reads(records: Records, *, project_id: str, before_ns: int) -> int:
    """Notes of reads before that instant: the project keeps its sessions no longer.  How many."""
    with records.writing() as connection:
        gone = connection.execute(
            delete(MEMORY_READS).where(
                MEMORY_READS.c.project_id == project_id, MEMORY_READS.c.at_ns < before_ns
            )
        )
    return int(gone.rowcount)


def forget_user(records: Records, *, project_id: str, user: str) -> int:
    """
    Deletes what was kept in the user's own scope, with its history, and takes the name off what was
    written for others to use.  How many writes are gone.  Reverts and checkpoints keep what is
    left.
    """
    if not is_name(user, longest=500):
        return 0
    with records.writing() as connection:
        gone = connection.execute(
            delete(MEMORY_WRITES).where(
                W.project_id == project_id, W.scope == f"{USER_SCOPE}{user}"
            )
        )
        connection.execute(
            update(MEMORY_WRITES)
            .where(W.project_id == project_id, W.user_id == user)
            .values(user_id="")
        )
    return int(gone.rowcount)
