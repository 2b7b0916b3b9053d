-- Events of log records for some spans.  Twice the same is one row, by its hash.
SELECT
    trace_id,
    span_id,
    event_hash,
    event
FROM lifted FINAL
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND span_id IN {span_ids:Array(String)}
