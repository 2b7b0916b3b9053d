"""
What ATIF files hold, taken apart: the steps of a run, which files are one session, the verdict.

`formats/atif.py` reads a file with these.
"""
