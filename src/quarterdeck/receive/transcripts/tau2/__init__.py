"""
What τ²-bench writes of a simulation, taken apart: who said and did what, and how it was judged.

`formats/tau2_bench.py` reads a results file with them.
"""
