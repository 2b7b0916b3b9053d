-- The latest spans of one project whose content holds all words, one row per delivery.
SELECT
    trace_id,
    span_id,
    start_ns,
    kind,
    name,
    ver
FROM spans
WHERE project_id = {project_id:String}
  AND start_ns >= {since_ns:Int64}
  AND start_ns < {until_ns:Int64}
  AND {holds_words}
ORDER BY start_ns DESC, trace_id, span_id
LIMIT {limit:UInt32}
