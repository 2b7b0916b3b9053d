-- Where spans of these ids are, for scores that name a span alone.
SELECT DISTINCT
    span_id,
    trace_id
FROM spans
WHERE project_id = {project_id:String}
  AND span_id IN {span_ids:Array(String)}
