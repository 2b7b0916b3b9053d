-- Spans of some traces of which a log record's event may hold a text; see find_spans.
SELECT
    trace_id,
    span_id
FROM lifted
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND multiSearchAnyCaseInsensitiveUTF8(event, {spellings:Array(String)})
