-- What foreign SDKs said of their objects, a part at a time: a run's post and its patch, a feedback.
-- All parts are kept and an object's spans are made from all of them, so the order of arrival does
-- not matter.  `home` is the object whose spans it is a part of; what is about another object has a
-- row at both.  The same part sent twice is one row, the first.

-- step: fragments
CREATE TABLE IF NOT EXISTS fragments{local}{on_cluster} (
    project_id      LowCardinality(String),
    home            String,
    object          String,
    part            UInt64,
    arrived_ns      Int64 CODEC(Delta, ZSTD(1)),
    fragment        String CODEC(ZSTD(1)),
    ver             UInt64
)
ENGINE = {replicated}ReplacingMergeTree(ver)
ORDER BY (project_id, home, object, part)
SETTINGS
    index_granularity = 1024,
    index_granularity_bytes = 4194304,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: fragments over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS fragments{on_cluster} AS fragments_local
ENGINE = Distributed('{cluster}', currentDatabase(), fragments_local, cityHash64(project_id, home));

-- step: members, what a client will list: an experiment's runs
CREATE TABLE IF NOT EXISTS members{local}{on_cluster} (
    project_id      LowCardinality(String),
    collection      String,
    object          String,
    arrived_ns      Int64 CODEC(Delta, ZSTD(1)),
    ver             UInt64
)
ENGINE = {replicated}ReplacingMergeTree(ver)
ORDER BY (project_id, collection, object)
SETTINGS
    index_granularity = 1024,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: members over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS members{on_cluster} AS members_local
ENGINE = Distributed('{cluster}', currentDatabase(), members_local, cityHash64(project_id, collection));
