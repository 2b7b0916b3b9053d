"""
Whose a session file is that OpenClaw and pi both may have written: OpenClaw's is known by the
entries only it writes, by its folder, or by the trajectory beside it.
"""

from quarterdeck.receive.transcripts.members import mapping, text
from quarterdeck.receive.transcripts.source import Source


def is_openclaws(source: Source) -> bool:
    """Of a JSONL file.  Never raises."""
    first = mapping(source.head[0]) if source.head else {}
    if first.get("type") != "session" or not text(first.get("id")) or "cwd" not in first:
        return False
    kinds = {text(mapping(line).get("customType")) for line in source.head}
    parts = source.path.parts
    return (
        any(kind == "model-snapshot" or kind.startswith("openclaw") for kind in kinds)
        or (len(parts) > 3 and parts[-4] == "agents" and parts[-2] == "sessions")
        or source.beside(f"{source.stem}.trajectory.jsonl") is not None
    )
