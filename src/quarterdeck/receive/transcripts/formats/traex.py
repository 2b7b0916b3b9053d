"""TRAE's command line: rollouts as Codex writes them, of the model provider `trae`."""

from quarterdeck.receive.transcripts.codex.reading import Recorder, is_rollout, meta_of, read
from quarterdeck.receive.transcripts.format import Format
from quarterdeck.receive.transcripts.members import text
from quarterdeck.receive.transcripts.source import Source

TRAEX = Recorder(name="traex", agent="trae")


def recognizes(source: Source) -> bool:
    return is_rollout(source) and text(meta_of(source).get("model_provider")).startswith("trae")


FORMAT = Format(
    name="traex",
    title="TRAE",
    recognizes=recognizes,
    read=lambda source: read(source, TRAEX),
)
