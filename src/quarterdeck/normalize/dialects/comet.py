"""Comet: runs of its classic SDK, spelled by `receive` under `comet.`."""

from quarterdeck.normalize.dialect import ContentSource, Dialect, Recognizes, Source

DIALECT = Dialect(
    name="comet",
    recognizes=Recognizes(keys=("comet.",)),
    sources=(Source("session_key", 115, "comet.experiment_key"),),
    contents=(
        ContentSource("input", 150, "comet.parameters"),
        ContentSource("output", 150, "comet.metrics"),
        ContentSource("metadata", 70, "comet.others"),
    ),
)
