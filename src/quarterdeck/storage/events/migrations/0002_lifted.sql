-- Events of log records that belong to spans: whichever comes first, record or span, both meet.
-- The same record sent twice has the same hash and is one row.

-- step: lifted
CREATE TABLE IF NOT EXISTS lifted{local}{on_cluster} (
    project_id      LowCardinality(String),
    trace_id        String,
    span_id         String,
    event_hash      UInt64,
    time_ns         Int64 CODEC(Delta, ZSTD(1)),
    event           String CODEC(ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree
ORDER BY (project_id, trace_id, span_id, event_hash)
SETTINGS
    index_granularity = 1024,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: lifted over the cluster, beside its trace
-- only: cluster
CREATE TABLE IF NOT EXISTS lifted{on_cluster} AS lifted_local
ENGINE = Distributed('{cluster}', currentDatabase(), lifted_local, cityHash64(project_id, trace_id));
