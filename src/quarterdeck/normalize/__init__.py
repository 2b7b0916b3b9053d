"""
NORMALIZE: many spellings -> one model.  Pure, and never raises.

Public: `normalize_span`, `read_content`, `explain`, `lift` (normalize.py); `interpret_log`
(logs.py), `interpret_metric` (metrics.py); `Redactor` (redact.py).
"""
