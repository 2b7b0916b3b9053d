-- Spans that began in [since, until), roots before all others, then the newest first: their keys, for
-- whoever lists spans without knowing a trace.  Such a list is cut somewhere, and who reads it looks
-- for where things began.  `named` keeps those whose sender's resource says so; '' = all.
SELECT
    trace_id,
    span_id
FROM spans
WHERE project_id = {project_id:String}
  AND start_ns >= {since_ns:Int64}
  AND start_ns >= {floor_ns:Int64}
  AND start_ns < {until_ns:Int64}
  AND ({named:String} = '' OR JSONExtractString(resource, 'attributes', {attribute:String}) = {named:String})
GROUP BY trace_id, span_id
ORDER BY min(parent_span_id) = '' DESC, max(start_ns) DESC, trace_id, span_id
LIMIT {limit:UInt32} OFFSET {offset:UInt32}
