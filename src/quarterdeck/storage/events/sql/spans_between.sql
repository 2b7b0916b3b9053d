-- The facts of some traces' spans that began in [since, until]: one page of a session.
SELECT
    trace_id,
    span_id,
    ver,
    facts
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND start_ns >= {since_ns:Int64}
  AND start_ns <= {until_ns:Int64}
