"""
What the store needs now and then: the text index of parts that came too fast to be indexed.

Large inserts leave the index to the merges; a burst's last parts may not be merged for hours, and
a search scans them meanwhile (4 us a span).  Nothing here changes what any read returns.
"""

from quarterdeck.storage.events.connection import EventConnection, question
from quarterdeck.storage.events.migrate import render


def unindexed_spans(db: EventConnection) -> int:
    """Spans that a search has to scan."""
    return int(db.rows(question("unindexed_spans"))[0][0])


def index_new_parts(db: EventConnection) -> int:
    """
    Builds the text index where it is missing; how many spans that were.  Costs 20 us a span, so
    call it when intake is quiet.  Parts that have the index are left as they are.
    """
    spans = unindexed_spans(db)
    if spans:
        sql = "ALTER TABLE spans{local}{on_cluster} MATERIALIZE INDEX search"
        db.execute(render(sql, cluster=db.cluster))
    return spans
