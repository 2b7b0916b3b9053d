"""
Why does nothing show up?  The checks of `quarterdeck doctor`, from the address to the session.

`run.py` has their order.  Each file asks one question and answers with `Check`s; none raises for
what it finds, and none ever tells a key, whole or in part.
"""
