-- Judgements of people and programs given through the API: feedback, corrected outcomes.
-- (session, scope, target, name, identifier) is one score, the last wins; scores that spans carry are in
-- their facts.

-- step: scores
CREATE TABLE IF NOT EXISTS scores{local}{on_cluster} (
    project_id      LowCardinality(String),
    session_id      String,
    scope           LowCardinality(String),
    trace_id        String,
    span_id         String,
    name            LowCardinality(String),
    identifier      String,
    value           Nullable(Float64),
    label           String,
    judge           LowCardinality(String),
    author          String,
    at_ns           Int64,
    score           String CODEC(ZSTD(1)),
    ver             UInt64,
    is_deleted      UInt8
)
ENGINE = {replicated}ReplacingMergeTree(ver, is_deleted)
ORDER BY (project_id, session_id, scope, trace_id, span_id, name, identifier)
SETTINGS
    index_granularity = 1024,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: scores over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS scores{on_cluster} AS scores_local
ENGINE = Distributed('{cluster}', currentDatabase(), scores_local, cityHash64(project_id, session_id));
