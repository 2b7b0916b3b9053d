-- Sessions: one row each, computed anew from the spans whenever they change, the greatest `ver` counts.
-- Columns are what lists filter, sort and sum by; `record` is the whole session.  A session merged
-- into another leaves a tombstone (is_deleted).  128 rows a granule: a page reads 50 records.

-- step: sessions
CREATE TABLE IF NOT EXISTS sessions{local}{on_cluster} (
    project_id      LowCardinality(String),
    session_id      String,
    started_ns      Int64 CODEC(Delta, ZSTD(1)),
    last_seen_ns    Int64 CODEC(Delta, ZSTD(1)),
    ended_ns        Int64 CODEC(Delta, ZSTD(1)),
    status          LowCardinality(String),
    outcome         LowCardinality(String),
    task            String CODEC(ZSTD(1)),
    task_type       LowCardinality(String),
    workflow        LowCardinality(String),
    version         LowCardinality(String),
    environment     LowCardinality(String),
    user_id         String CODEC(ZSTD(1)),
    tags            Array(LowCardinality(String)),
    experiment      UInt8,
    span_count      UInt32,
    step_count      UInt32,
    error_spans     UInt32,
    interventions   UInt32,
    human_kinds     Array(LowCardinality(String)),
    waited_ns       Int64 CODEC(ZSTD(1)),
    handoffs        UInt32,
    episodes        UInt32,
    recovered       UInt32,
    retries         UInt32,
    cost_usd        Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    wasted_usd      Nullable(Decimal(18, 9)) CODEC(ZSTD(1)),
    priced_calls    UInt32,
    unpriced_calls  UInt32,
    quality         Nullable(Float64),
    models          Array(LowCardinality(String)),
    model_calls     Array(UInt32),
    model_errors    Array(UInt32),
    model_input     Array(UInt64),
    model_output    Array(UInt64),
    model_cost      Array(Nullable(Decimal(18, 9))),
    model_unpriced  Array(UInt32),
    tools           Array(LowCardinality(String)),
    tool_calls      Array(UInt32),
    tool_errors     Array(UInt32),
    tool_denied     Array(UInt32),
    agents          Array(LowCardinality(String)),
    agent_models    Array(UInt32),
    agent_tools     Array(UInt32),
    agent_errors    Array(UInt32),
    agent_cost      Array(Nullable(Decimal(18, 9))),
    trace_ids       Array(String) CODEC(ZSTD(1)),
    record          String CODEC(ZSTD(1)),
    ver             UInt64,
    is_deleted      UInt8,
    INDEX by_trace trace_ids TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = {replicated}ReplacingMergeTree(ver, is_deleted)
ORDER BY (project_id, session_id)
SETTINGS
    index_granularity = 128,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: sessions over the cluster
-- only: cluster
CREATE TABLE IF NOT EXISTS sessions{on_cluster} AS sessions_local
ENGINE = Distributed('{cluster}', currentDatabase(), sessions_local, cityHash64(project_id, session_id));
