"""
What Inspect writes, taken apart: samples, their events, and what the scorers said.

`formats/inspect_ai.py` reads a log with them.
"""
