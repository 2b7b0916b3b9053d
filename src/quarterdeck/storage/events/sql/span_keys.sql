-- Which spans some traces have and when each began, every delivery; for paging without payload.
SELECT
    trace_id,
    span_id,
    start_ns,
    ver
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND start_ns >= {floor_ns:Int64}
