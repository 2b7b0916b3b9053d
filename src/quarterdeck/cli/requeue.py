"""
`quarterdeck requeue`: quarantined data gets another try.

What the pipeline could not process is kept in the spool's quarantine; after an upgrade that
mends the fault it can be processed.  Works on this machine's spool.  A server reads its spool
when it starts, so one that runs takes the rows up after its next start.
"""

from __future__ import annotations

from contextlib import closing

from quarterdeck.cli.here import Data
from quarterdeck.cli.server_extra import read_server_settings, server_extra_missing
from quarterdeck.errors import NotFound


def requeue(data: Data = None) -> None:
    """Put quarantined data back in line, for the server's next start."""
    settings = read_server_settings(data=data)
    path = settings.data_folder() / "spool" / "spool.db"
    if not path.exists():
        raise NotFound(
            f"there is no spool: {str(path)!r} does not exist",
            hint="Name the folder that the server keeps its data in: --data DIR.",
        )
    try:
        from quarterdeck.receive.spool import open_spool
    except ModuleNotFoundError as error:
        raise server_extra_missing(error) from error
    with closing(open_spool(path, max_bytes=settings.spool_max_bytes)) as spool:
        rows = spool.requeue_quarantined()
    print(f"{rows} quarantined {'body is' if rows == 1 else 'bodies are'} in line again.")
