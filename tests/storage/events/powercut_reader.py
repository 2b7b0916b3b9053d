"""
What is there after the power came back: prints the batches found whole, or why it did not open.

`python powercut_reader.py FOLDER`, a process of its own because the tests hold another folder.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from quarterdeck.storage.events.chdb import ChdbEngine
from quarterdeck.storage.events.migrate import migrate
from storage.events.powercut_writer import SPANS


def main(folder: str) -> None:
    engine = ChdbEngine.open(folder)
    db = engine.connect("cut")
    migrate(db)
    rows = db.rows("SELECT trace_id, toInt64(count()) FROM spans FINAL GROUP BY trace_id")
    assert {count for _, count in rows} <= {SPANS}
    for trace_id, _ in rows:
        print(int(trace_id, 16))
    db.close()
    engine.close()


if __name__ == "__main__":
    main(sys.argv[1])
