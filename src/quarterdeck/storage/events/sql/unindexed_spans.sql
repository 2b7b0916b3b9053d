-- How many spans lie in parts without the text index.  Of all projects: parts are.
SELECT
    toInt64(sum(rows)) AS spans
FROM system.parts
WHERE database = currentDatabase()
  AND table IN ('spans', 'spans_local')
  AND active
  AND secondary_indices_compressed_bytes = 0
