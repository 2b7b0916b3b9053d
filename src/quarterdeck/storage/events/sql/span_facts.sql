-- The facts of some spans by their ids, every delivery of each; the reader keeps the best.  A pair
-- of another trace may come with them: the reader drops it.
SELECT
    trace_id,
    span_id,
    ver,
    facts
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND span_id IN {span_ids:Array(String)}
  AND start_ns >= {floor_ns:Int64}
