"""
What Langfuse exports, taken apart: which observation is what, what it counted, what was said.

`formats/langfuse_trace.py` reads a file with them.
"""
