"""
Agents of other frameworks, built from a workflow version: one file for each framework.

Each gives the framework's own object: instructions, the tools that the version offers, each call of
them guarded, the model with its parameters, and the agents that control may go to.  It is built
inside the session that runs it, so the next session gets what is released by then.  What a
framework has no place for is in its file's `CANNOT`.
"""
