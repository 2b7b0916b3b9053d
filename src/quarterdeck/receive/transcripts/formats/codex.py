"""
OpenAI Codex: one rollout (JSONL) for each thread, from 0.2 on.

A sub-agent's thread is a part of the session of the thread that started it.  Approvals of
commands are not written down, so only refusals show as acts of people.
"""

from quarterdeck.receive.transcripts.codex.reading import Recorder, is_rollout, meta_of, read
from quarterdeck.receive.transcripts.format import Followed, Format
from quarterdeck.receive.transcripts.members import text
from quarterdeck.receive.transcripts.source import Source

CODEX = Recorder(name="codex", agent="codex")


def recognizes(source: Source) -> bool:
    return is_rollout(source) and not text(meta_of(source).get("model_provider")).startswith("trae")


FORMAT = Format(
    name="codex",
    title="Codex",
    recognizes=recognizes,
    read=lambda source: read(source, CODEX),
    follows=(
        Followed("~/.codex", "sessions/**/rollout-*.jsonl", "CODEX_HOME"),
        Followed("~/.codex", "archived_sessions/rollout-*.jsonl", "CODEX_HOME"),
    ),
)
