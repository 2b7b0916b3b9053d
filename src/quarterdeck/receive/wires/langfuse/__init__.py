"""
Langfuse's HTTP protocol, for its SDKs of every generation.

Those from Python 3 and JavaScript 4 on send traces by OpenTelemetry, the older ones as batches of
events; scores, prompts and datasets go the same way for all.  `wire.py` lists the addresses.
"""
