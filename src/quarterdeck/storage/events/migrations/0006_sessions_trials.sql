-- Which case of a suite a session is a trial of, what its test expected, and what is odd about its data.
--
-- Rows that an earlier version wrote have none of it ('' and NULL) until their session is computed anew.

-- step: sessions, trials and findings
ALTER TABLE sessions{local}{on_cluster}
    ADD COLUMN IF NOT EXISTS case_id        LowCardinality(String) AFTER experiment,
    ADD COLUMN IF NOT EXISTS trial          Nullable(UInt32) AFTER case_id,
    ADD COLUMN IF NOT EXISTS expected_calls Nullable(UInt32) AFTER trial,
    ADD COLUMN IF NOT EXISTS matched_calls  Nullable(UInt32) AFTER expected_calls,
    ADD COLUMN IF NOT EXISTS findings       Array(LowCardinality(String)) AFTER matched_calls;

-- step: sessions over the cluster, trials and findings
-- only: cluster
ALTER TABLE sessions{on_cluster}
    ADD COLUMN IF NOT EXISTS case_id        LowCardinality(String) AFTER experiment,
    ADD COLUMN IF NOT EXISTS trial          Nullable(UInt32) AFTER case_id,
    ADD COLUMN IF NOT EXISTS expected_calls Nullable(UInt32) AFTER trial,
    ADD COLUMN IF NOT EXISTS matched_calls  Nullable(UInt32) AFTER expected_calls,
    ADD COLUMN IF NOT EXISTS findings       Array(LowCardinality(String)) AFTER matched_calls;
