-- Spans: the facts of each for assembly, and the raw span verbatim.  Never updated.
--
-- A delivery that completes an earlier one has a greater `ver` (span_writes.content_version), so
-- the order of arrival does not matter.  No partitions: an insert is one part, all or nothing,
-- whatever the senders' clocks say.  1,024 rows a granule: a page of one session reads few.
-- What only people's own SQL asks for is an alias: a column costs every insert and merge, an alias
-- only who reads it.  `words` is what is searched: `search` splits it on everything but letters and digits; the escapes of JSON are blanked first, or
-- the n of \n would stick to the next word.  In a text that is JSON itself, as most messages are, \n may end a line or be in C:\new: what follows
-- is a word with the n and without it.

-- step: spans
CREATE TABLE IF NOT EXISTS spans{local}{on_cluster} (
    project_id      LowCardinality(String),
    trace_id        String,
    span_id         String,
    parent_span_id  String,
    start_ns        Int64 CODEC(Delta, ZSTD(1)),
    end_ns          Int64 CODEC(Delta, ZSTD(1)),
    name            LowCardinality(String),
    kind            LowCardinality(String),
    status          LowCardinality(String),
    facts           String CODEC(ZSTD(1)),
    keys            LowCardinality(String),
    raw             String CODEC(ZSTD(1)),
    resource        LowCardinality(String),
    received_ns     Int64 CODEC(Delta, ZSTD(1)),
    ver             UInt64 CODEC(ZSTD(1)),
    agent           String ALIAS JSONExtractString(facts, 'agent'),
    provider        String ALIAS JSONExtractString(facts, 'provider'),
    tool            String ALIAS JSONExtractString(facts, 'tool'),
    model           String ALIAS if(
        JSONHas(facts, 'model_served'),
        JSONExtractString(facts, 'model_served'),
        JSONExtractString(facts, 'model_requested')
    ),
    input_tokens    Nullable(Int64) ALIAS JSONExtract(facts, 'usage', 'input_tokens', 'Nullable(Int64)'),
    output_tokens   Nullable(Int64) ALIAS JSONExtract(facts, 'usage', 'output_tokens', 'Nullable(Int64)'),
    cost_usd        Nullable(Decimal(18, 9)) ALIAS toDecimal64OrNull(JSONExtractString(facts, 'charge', 'usd'), 9),
    words           String ALIAS lowerUTF8(concat(replaceAll(replaceAll(replaceAll(replaceAll(raw, '\\\\', ' '), '\\n', ' '), '\\t', ' '), '\\r', ' '), ' ', arrayStringConcat(extractAll(raw, '\\\\\\\\[nt](\\w+)'), ' '))),
    INDEX search lowerUTF8(concat(replaceAll(replaceAll(replaceAll(replaceAll(raw, '\\\\', ' '), '\\n', ' '), '\\t', ' '), '\\r', ' '), ' ', arrayStringConcat(extractAll(raw, '\\\\\\\\[nt](\\w+)'), ' ')))
        TYPE text(tokenizer = 'splitByNonAlpha') GRANULARITY 100000000
)
ENGINE = {replicated}ReplacingMergeTree(ver)
ORDER BY (project_id, toDate(fromUnixTimestamp64Nano(start_ns, 'UTC')), trace_id, start_ns, span_id)
SETTINGS
    index_granularity = 1024,
    index_granularity_bytes = 4194304,
    min_bytes_for_wide_part = 67108864,
    fsync_after_insert = 1,
    fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1,
    min_compressed_bytes_to_fsync_after_merge = 1,
    old_parts_lifetime = 480,
    non_replicated_deduplication_window = 1000;

-- step: spans over the cluster; a trace lives on one shard, so FINAL and LIMIT 1 BY are right
-- only: cluster
CREATE TABLE IF NOT EXISTS spans{on_cluster} AS spans_local
ENGINE = Distributed('{cluster}', currentDatabase(), spans_local, cityHash64(project_id, trace_id));
