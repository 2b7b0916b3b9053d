"""`quarterdeck demo`: a small real job for real agents on a local language model."""
