"""
Codex's rollout files, taken apart; `formats/codex.py` and `formats/traex.py` read them with these.

TRAE's command line is a Codex under another name, and writes the same lines.
"""
