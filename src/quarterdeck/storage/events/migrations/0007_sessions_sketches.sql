-- What a list shows of a session without its record or its spans, and its decision path.
--
-- Rows that an earlier version wrote have none of it ('' and 0: not yet read) until their session is
-- computed anew.  `path` is JSON of `model/sketches.py`.

-- step: sessions, sketches
ALTER TABLE sessions{local}{on_cluster}
    ADD COLUMN IF NOT EXISTS asked          String CODEC(ZSTD(1)) AFTER trace_ids,
    ADD COLUMN IF NOT EXISTS answered       String CODEC(ZSTD(1)) AFTER asked,
    ADD COLUMN IF NOT EXISTS last_error     String CODEC(ZSTD(1)) AFTER answered,
    ADD COLUMN IF NOT EXISTS shape          String CODEC(ZSTD(1)) AFTER last_error,
    ADD COLUMN IF NOT EXISTS path           String CODEC(ZSTD(3)) AFTER shape,
    ADD COLUMN IF NOT EXISTS sketched_spans UInt32 AFTER path;

-- step: sessions over the cluster, sketches
-- only: cluster
ALTER TABLE sessions{on_cluster}
    ADD COLUMN IF NOT EXISTS asked          String CODEC(ZSTD(1)) AFTER trace_ids,
    ADD COLUMN IF NOT EXISTS answered       String CODEC(ZSTD(1)) AFTER asked,
    ADD COLUMN IF NOT EXISTS last_error     String CODEC(ZSTD(1)) AFTER answered,
    ADD COLUMN IF NOT EXISTS shape          String CODEC(ZSTD(1)) AFTER last_error,
    ADD COLUMN IF NOT EXISTS path           String CODEC(ZSTD(3)) AFTER shape,
    ADD COLUMN IF NOT EXISTS sketched_spans UInt32 AFTER path;
