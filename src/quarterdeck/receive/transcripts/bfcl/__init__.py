"""
How BFCL judges a function call; `formats/bfcl.py` reads its files with it.
"""
