"""
What Claude Code writes, taken apart: who did what, what it cost, where sub-agents and copies are.

`formats/claude_code.py` reads a file with these.  They have a folder because no other recorder
needs them, and one file would be too long to read.
"""
