-- Which traces and join keys belong together: `trace:<id>` and `key:<join key>`, both directions.

-- step: session_links
CREATE TABLE IF NOT EXISTS session_links{local}{on_cluster} (
    project_id      LowCardinality(String),
    node            String,
    peer            String,
    seen_ns         Int64 CODEC(Delta, ZSTD(1))
)
ENGINE = {replicated}ReplacingMergeTree(seen_ns)
ORDER BY (project_id, node, peer)
SETTINGS
    index_granularity = 1024,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: session_links over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS session_links{on_cluster} AS session_links_local
ENGINE = Distributed('{cluster}', currentDatabase(), session_links_local, cityHash64(project_id, node));
