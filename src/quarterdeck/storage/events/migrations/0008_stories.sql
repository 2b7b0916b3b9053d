-- What a page of a large session is drawn from, worked out beforehand: its skeleton in columns, its
-- steps, cut into chunks and compressed.  No content.  Derived from the spans, so it may be lost.
--
-- `revision` names the row of `sessions` that it was made for; a reader believes no other.

-- step: stories
CREATE TABLE IF NOT EXISTS stories{local}{on_cluster} (
    project_id      LowCardinality(String),
    session_id      String,
    part            LowCardinality(String),
    number          UInt32,
    revision        String,
    first_ns        Int64,
    body            String CODEC(NONE),
    ver             UInt64
)
ENGINE = {replicated}ReplacingMergeTree(ver)
ORDER BY (project_id, session_id, part, number)
SETTINGS
    index_granularity = 64,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: stories over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS stories{on_cluster} AS stories_local
ENGINE = Distributed('{cluster}', currentDatabase(), stories_local, cityHash64(project_id, session_id));
