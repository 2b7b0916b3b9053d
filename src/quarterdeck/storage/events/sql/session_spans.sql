-- The facts of all spans of some traces, every delivery of each; the reader keeps the best.
-- That is cheaper than FINAL here: facts are long, and duplicates are rare.
SELECT
    trace_id,
    span_id,
    ver,
    facts
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND start_ns >= {floor_ns:Int64}
  AND received_ns > {received_after_ns:Int64}
