"""
The process that loses its power: writes batches and says so after each, until it is killed.

`python powercut_writer.py FOLDER FIRST` prints the number of each batch that was acknowledged.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from quarterdeck.storage.events import span_writes
from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.migrate import migrate
from storage.events.made import row, trace

SPANS = 5
"""A batch; small ones make many parts, and so many merges in a few seconds."""


def main(folder: str, first: int) -> None:
    engine = ChdbEngine.open(folder)
    db = engine.connect("cut")
    migrate(db)
    print("ready", flush=True)
    for number in range(first, first + 1_000_000):
        rows = [row(n, trace_id=trace(number), text=f"batch {number}") for n in range(1, SPANS + 1)]
        span_writes.write_spans(db, rows, token=f"batch {number}")
        print(number, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
