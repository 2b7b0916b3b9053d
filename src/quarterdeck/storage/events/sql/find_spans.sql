-- Spans of some traces, begun in a span of time, whose content may hold a text: one row a delivery.
-- Content is JSON, and often JSON within JSON, so the text comes in all its spellings.
SELECT
    trace_id,
    span_id
FROM spans
WHERE project_id = {project_id:String}
  AND trace_id IN {trace_ids:Array(String)}
  AND start_ns >= {since_ns:Int64}
  AND start_ns <= {until_ns:Int64}
  AND multiSearchAnyCaseInsensitiveUTF8(raw, {spellings:Array(String)})
