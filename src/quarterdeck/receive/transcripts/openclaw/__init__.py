"""
What OpenClaw writes, taken apart: the entries of a session, and who asked whom to work.

Up to 2026.4 it keeps pi's JSONL files, later the same entries in SQLite; `formats/openclaw.py`
reads both with these.
"""
