-- Spans with payload by their ids, every delivery.  A pair of another trace may come with them: the
-- reader drops it.
SELECT
    trace_id,
    span_id,
    parent_span_id,
    received_ns,
    ver,
    facts,
    keys,
    raw,
    resource
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND span_id IN {span_ids:Array(String)}
  AND start_ns >= {floor_ns:Int64}
